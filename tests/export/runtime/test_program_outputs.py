"""What the stand-alone programs write: marked PNG files, and nothing in place of the user's files."""

import numpy as np
import pytest
from ganzoo.export.runtime import sample, translate
from ganzoo.zoo.core.own_files import is_own_png
from PIL import Image


class Translator:
    """Returns black images of 8x8."""

    shape = (8, 8, 3)

    def __init__(self, *arguments):
        pass

    def __call__(self, images):
        return np.zeros((len(images), *self.shape))


class Sampler(Translator):
    """Returns black images, or texts of one letter, in place of a file's."""

    outputs_tokens, words = False, None

    def __call__(self, seeds, *conditions):
        return np.zeros((len(seeds), 1) if self.outputs_tokens else (len(seeds), 8, 8, 4))

    def decode(self, samples):
        return ["a"] * len(samples)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with the white image `photos/a.png`."""
    monkeypatch.setattr(translate, "Translator", Translator)
    monkeypatch.setattr(sample, "Sampler", Sampler)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (8, 8), "white").save(tmp_path / "photos" / "a.png")
    return tmp_path


def refused(program, arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        program.main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_translations_are_marked_and_replaced_but_photos_are_not(folder, capsys):
    content = (folder / "photos" / "a.png").read_bytes()
    for _ in range(2):
        translate.main(["x.tflite", "photos/a.png", "--out", "out"])
    assert is_own_png(folder / "out" / "a.png")
    refused(translate, ["x.tflite", "photos/a.png", "--out", "photos"], "received a folder with photos/a.png", capsys)
    (folder / "photos" / "b.png").write_bytes(content)
    refused(translate, ["x.tflite", "out/a.png", "--out", "photos"], "received a folder with photos/a.png", capsys)
    refused(translate, ["x.tflite", "out/a.png", "--out", "out"], "received a folder with out/a.png", capsys)
    assert (folder / "photos" / "a.png").read_bytes() == content


def test_samples_are_marked_and_no_file_is_replaced(folder, capsys, monkeypatch):
    for _ in range(2):
        sample.main(["x.tflite", "--num-samples", "2", "--out", "out"])
    names = ["seed-0000000000.png", "seed-0000000001.png"]
    assert sorted(path.name for path in (folder / "out").iterdir()) == names
    assert all(is_own_png(folder / "out" / name) for name in names)
    (folder / "a.npz").write_text("mine")
    refused(sample, ["x.tflite", "--out", "a.npz"], "'a.npz', a file that exists", capsys)
    monkeypatch.setattr(Sampler, "outputs_tokens", True)
    (folder / "thesis.txt").write_text("mine")
    refused(sample, ["x.tflite", "--out", "thesis.txt"], "'thesis.txt', a file that exists", capsys)
    sample.main(["x.tflite", "--num-samples", "2", "--out", "new.txt"])
    assert (folder / "new.txt").read_text() == "a\na\n"
    assert (folder / "thesis.txt").read_text() == "mine"
