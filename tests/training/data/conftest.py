"""What several tests of data share."""

import socket

import pytest


@pytest.fixture
def no_network(monkeypatch):
    """Every attempt to look up a name or to connect is noted and refused."""
    attempts = []

    def refuse(*arguments, **_):
        attempts.append(arguments)
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return attempts
