"""Paths as users write them."""

import os

import pytest
from ganzoo.zoo.core.user_paths import shell_path, user_path
from ganzoo.zoo.errors import UserError


@pytest.mark.parametrize(
    "text",
    ["~/my photos", "~/my photos/", "~//./my photos", "~/other/../my photos", "my photos", "./my photos/.", "link"],
)
def test_every_spelling_of_a_path_is_one_path(tmp_path, monkeypatch, text):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my photos").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to("my photos")
    assert user_path(text) == os.path.realpath(tmp_path / "my photos")


def test_the_folder_above_a_link_is_that_of_its_target(tmp_path):
    (tmp_path / "disk" / "photos").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "photos")
    assert user_path(tmp_path / "link" / "..") == os.path.realpath(tmp_path / "disk")


def test_unknown_users_are_part_of_the_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert user_path("~no.such.user/a") == os.path.realpath(tmp_path / "~no.such.user" / "a")


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("file:///data/my%20photos", "write '/data/my photos'"),
        ("FILE:///data/a", "write '/data/a'"),
        ("https://example.org/photos.zip", "download it"),
        ("gs://bucket/data", "download it"),
        ("a\0b", "expected a path"),
    ],
)
def test_what_is_no_path_is_refused_in_one_line(text, cure):
    with pytest.raises(UserError, match=cure) as caught:
        user_path(text)
    assert "\n" not in str(caught.value)


def test_paths_for_a_shell_are_quoted():
    assert [shell_path(path) for path in ("a", "a b", "-a")] == ["a", "'a b'", "./-a"]
