"""Captioned images: which caption belongs to which image, and which files are refused."""

import json

import numpy as np
import pytest
from ganzoo.training import load
from PIL import Image


@pytest.fixture
def write(tmp_path):
    """Writes 20 images of different shades and their captions; returns the folder."""

    def write(rows=None, num_samples=20):
        folder = tmp_path / "images"
        (folder / "more").mkdir(parents=True, exist_ok=True)
        files = [f"{'more/' if number % 2 else ''}{number:02d}.png" for number in range(num_samples)]
        for number, file in enumerate(files):
            Image.new("L", (8, 8), 10 * number).save(folder / file)
        rows = rows or [{"file_name": file, "text": f"shade {number}"} for number, file in enumerate(files)]
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (folder / "metadata.jsonl").write_text("\n".join(lines), encoding="utf-8")
        return folder

    return write


def read(folder, **options):
    return load(f"captions:{folder}", 8, **options)


def test_captions_stay_with_their_images(write):
    source = read(write())
    assert (len(source), len(source.held_out), source.shape) == (18, 2, (8, 8, 1))
    for images, captions in ((source.samples, source.captions), (source.held_out, source.held_out_captions)):
        for image, (caption,) in zip(images, captions, strict=True):
            assert caption == f"shade {image[0, 0, 0] // 10}"
    again = read(write())
    assert again.fingerprint == source.fingerprint
    np.testing.assert_array_equal(again.samples, source.samples)


def test_several_lines_are_several_captions(write):
    rows = [
        {"file_name": f"{'more/' if n % 2 else ''}{n:02d}.png", "text": f"shade {n}", "other": 1} for n in range(20)
    ]
    rows += [{"file_name": "00.png", "text": "black"}, ""]
    source = read(write(rows))
    assert source.captions[0].tolist() == ["shade 0", "black"]
    assert source.captions[1].tolist() == ["shade 1", "shade 1"]


def test_unreadable_images_are_skipped_with_their_captions(write, capsys):
    folder = write()
    (folder / "04.png").write_bytes(b"not an image")
    (folder / "more" / "05.png").unlink()
    source = read(folder)
    assert source.facts["skipped"] == 2
    message = capsys.readouterr().err
    assert "2 images skipped" in message
    assert "04.png" in message
    for image, (caption,) in zip(source.samples, source.captions, strict=True):
        assert caption == f"shade {image[0, 0, 0] // 10}"


def test_a_changed_caption_changes_the_fingerprint(write):
    folder = write()
    first = read(folder).fingerprint
    text = (folder / "metadata.jsonl").read_text().replace("shade 7", "seven")
    (folder / "metadata.jsonl").write_text(text)
    source = read(folder)
    assert source.fingerprint != first
    assert "seven" in source.captions


@pytest.mark.parametrize("line", ["no JSON", "[]", '{"file_name": "00.png"}', '{"file_name": "00.png", "text": 3}'])
def test_invalid_lines_are_identified(write, line):
    folder = write([{"file_name": "00.png", "text": "a"}, line])
    with pytest.raises(ValueError, match="line 2 of metadata.jsonl: received"):
        read(folder)


def test_folders_without_captions_are_refused(tmp_path):
    with pytest.raises(ValueError, match="metadata.jsonl cannot be read"):
        read(tmp_path)
    (tmp_path / "metadata.jsonl").write_text("\n")
    with pytest.raises(ValueError, match="expected a folder with captions"):
        read(tmp_path)
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "none.png", "text": "a"}')
    with pytest.raises(ValueError, match=r"received 0 readable images, .*none.png"):
        read(tmp_path)
