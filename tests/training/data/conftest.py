"""Fixtures that several data tests share."""

import socket

import pytest
from ganzoo.training.data import load


@pytest.fixture
def no_network(monkeypatch):
    """Refuses every attempt to resolve a name or to connect, and returns the list of attempts."""
    attempts = []

    def refuse(*arguments, **_):
        attempts.append(arguments)
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return attempts


@pytest.fixture
def forbid_network(monkeypatch):
    """Fails the test when it uses the network."""

    def refuse(*_, **__):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def home(tmp_path):
    """An empty image folder; the cache is next to it."""
    path = tmp_path / "images"
    path.mkdir()
    return path


@pytest.fixture
def read(home, tmp_path):
    """Loads the image folder."""

    def load_folder(resolution=8, **options):
        return load(f"folder:{home}", resolution, cache_dir=str(tmp_path / "cache"), **options)

    return load_folder
