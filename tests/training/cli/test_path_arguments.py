"""Paths on the command line: `~` is the home folder in every argument, however it is attached."""

import pytest
from ganzoo.training.cli.command_line import build_parser


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["data", "digits", "--out=~/a.png"], ["out"]),
        (["train", "~/a.toml", "--out=~/run", "--init-from=~/old"], ["recipe", "out", "init_from"]),
        (["train", "--resume=~/run"], ["resume"]),
        (["evaluate", "~/run", "--out=~/a.json"], ["run", "out"]),
        (["evaluate", "--real=digits", "--fake=~/samples"], ["fake"]),
        (["sample", "~/run", "--out=~/a.png", "--text-file=~/a.txt"], ["source", "out", "text_file"]),
        (["translate", "~/run", "~/in", "~/out"], ["run", "source", "out"]),
        (["export", "~/run", "--out=~/models"], ["run", "out"]),
    ],
)
def test_the_home_folder_is_expanded(arguments, names, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    options = vars(build_parser().parse_args(arguments))
    for name in names:
        assert options[name].startswith("/home/me/"), name
