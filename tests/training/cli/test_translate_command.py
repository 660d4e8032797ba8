"""`ganzoo translate`: image files of any size, translated by a run."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.training import load_run
from ganzoo.training.cli import translate_command as translating
from ganzoo.training.cli.command_line import main
from ganzoo.zoo import CycleGAN
from ganzoo.zoo.core.image_scaling import to_uint8
from PIL import Image

ORIENTATION = 0x0112


@pytest.fixture
def run(translation_run):
    return translation_run


@pytest.fixture
def model(translation_model):
    return translation_model


@pytest.fixture
def loaded(model, monkeypatch):
    """Makes the command use the model that is loaded already, with its traces."""
    monkeypatch.setattr(translating, "load_run", lambda *arguments: model)


def write_image(path, width, height, seed=0, mode="RGB", **options):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels).convert(mode)
    image.save(path, **options)
    return np.asarray(image)


def translate(run, source, out, capsys, *arguments, code=0):
    assert main(["translate", str(run), *arguments, str(source), str(out), "--json"]) == code
    captured = capsys.readouterr()
    return (json.loads(captured.out) if captured.out else None), captured.err


def test_names_sizes_and_pixels_are_those_of_the_model(run, model, tmp_path, capsys, read_png, list_tree):
    source, out = tmp_path / "in", tmp_path / "out"
    sizes = {"a": (16, 16), "b": (16, 16), "deep/er/c": (33, 20), "d.e": (7, 50), "deep/f": (16, 16)}
    inputs = {
        name: write_image(source / f"{name}.png", *size, seed)
        for seed, (name, size) in enumerate(sorted(sizes.items()))
    }
    facts, _ = translate(run, source, out, capsys, "--batch-size", "2")
    assert (facts["translated"], facts["skipped"], facts["to"]) == (5, {}, "y")
    assert list_tree(out) == sorted(f"{name}.png" for name in sizes)
    for name, pixels in inputs.items():
        expected = to_uint8(model.translate(pixels[np.newaxis]))[0]
        # Rounding may differ by one because images were translated in batches of other sizes.
        assert np.abs(read_png(out / f"{name}.png").astype(int) - expected).max() <= 1


@pytest.mark.usefixtures("loaded")
def test_one_image_is_translated_in_both_directions_into_a_named_file(
    run, model, tmp_path, capsys, read_png, list_tree
):
    pixels = write_image(tmp_path / "in.png", 20, 24)
    for to in ("y", "x"):
        translate(run, tmp_path / "in.png", tmp_path / "new" / f"{to}.png", capsys, "--to", to)
        expected = to_uint8(model.translate(pixels[np.newaxis], to=to))[0]
        np.testing.assert_array_equal(read_png(tmp_path / "new" / f"{to}.png"), expected)
    assert (read_png(tmp_path / "new" / "x.png") != read_png(tmp_path / "new" / "y.png")).any()
    translate(run, tmp_path / "in.png", tmp_path / "folder", capsys)
    assert list_tree(tmp_path / "folder") == ["in.png"]


@pytest.mark.usefixtures("loaded")
def test_files_that_are_not_images_are_named_and_skipped(run, tmp_path, capsys, list_tree):
    write_image(tmp_path / "in" / "good.png", 16, 16)
    (tmp_path / "in" / "torn.png").write_bytes((tmp_path / "in" / "good.png").read_bytes()[:300])
    (tmp_path / "in" / "notes.txt").write_text("not an image")
    (tmp_path / "in" / "gone.png").symlink_to("nowhere")
    facts, errors = translate(run, tmp_path / "in", tmp_path / "out", capsys)
    assert facts["translated"] == 1
    assert set(facts["skipped"]) == {"torn.png", "notes.txt", "gone.png"}
    assert "skipped notes.txt: not an image" in errors
    assert list_tree(tmp_path / "out") == ["good.png"]
    os.remove(tmp_path / "in" / "good.png")
    _, errors = translate(run, tmp_path / "in", tmp_path / "other", capsys, code=2)
    assert "received no image that can be translated" in errors.splitlines()[-1]
    assert not (tmp_path / "other").exists()


@pytest.mark.usefixtures("loaded")
def test_images_are_read_like_those_of_the_data_sources(run, model, tmp_path, capsys, read_png, list_tree):
    """Rotated by their EXIF data, transparency on white, gray as color if the domain is in color."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    stored = write_image(tmp_path / "in" / "rotated.png", 30, 20, exif=exif)
    gray = write_image(tmp_path / "in" / "gray.png", 17, 16, mode="L")
    clear = Image.new("RGBA", (16, 18), (0, 0, 0, 0))
    clear.save(tmp_path / "in" / "clear.png")
    translate(run, tmp_path / "in", tmp_path / "out", capsys)
    for name, pixels in {
        "rotated": np.rot90(stored, -1),
        "gray": np.repeat(gray[..., np.newaxis], 3, -1),
        "clear": np.full((18, 16, 3), 255, np.uint8),
    }.items():
        expected = to_uint8(model.translate(np.ascontiguousarray(pixels)[np.newaxis]))[0]
        np.testing.assert_array_equal(read_png(tmp_path / "out" / f"{name}.png"), expected, err_msg=name)


@pytest.mark.usefixtures("loaded")
def test_names_that_would_collide_stay_distinct(run, tmp_path, capsys, list_tree):
    for name in ("a.png", "a.bmp", "A.tif", "a.bmp.png", "b.bmp"):
        write_image(tmp_path / "in" / name, 16, 16)
    facts, _ = translate(run, tmp_path / "in", tmp_path / "out", capsys)
    assert facts["translated"] == 5
    assert list_tree(tmp_path / "out") == ["A.tif.png", "a.bmp-2.png", "a.bmp.png", "a.png.png", "b.png"]


def test_nothing_is_overwritten_and_mistakes_are_one_line(run, image_run, tmp_path, capsys, list_tree):
    write_image(tmp_path / "in" / "a.png", 16, 16)
    (tmp_path / "empty").mkdir()
    here, new = str(tmp_path / "in"), str(tmp_path / "new")
    for arguments, message in (
        ([run, here, here], "OUT: .*inside the data source 'folder:"),
        ([run, here, f"{here}/new"], "OUT: .*inside the data source 'folder:"),
        ([run, here, tmp_path], r"OUT: .*a folder that is not empty \(empty, in\), expected a new one"),
        ([run, f"{here}/a.png", f"{here}/a.png"], "OUT: .*a file that exists"),
        ([run, here, f"{new}.png"], "for the folder .*, expected a folder"),
        ([run, f"{here}/a.png", f"{new}.jpg"], "expected a .png file or a folder"),
        ([run, f"{here}/a.png", f"{here}/a.png/b"], "expected a folder, and a path that can be written to"),
        ([run, f"{here}/a.png", f"{here}/a.png/b.png"], "expected a path that can be written to"),
        ([run, "nowhere", new], "received 'nowhere', expected an existing image or folder"),
        ([run, tmp_path / "empty", new], "received no image that can be translated, .*it is empty"),
        ([run, here, new, "--to", "z"], r"--to: received 'z', expected one of \['y', 'x'\]: CycleGAN"),
        ([run, here, new, "--batch-size", "0"], "--batch-size: received 0, expected at least 1"),
        ([image_run, here, new], f"received a run of GAN, .*`ganzoo sample {image_run}`"),
    ):
        assert main(["translate", *map(str, arguments)]) == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert re.search(message, lines[-1]), lines
        assert not Path(new).exists()
    assert main(["sample", str(run)]) == 2
    assert f"`ganzoo translate {run} IN OUT`" in capsys.readouterr().err
    assert list_tree(tmp_path / "in") == ["a.png"]


def test_twelve_sizes_trace_once_and_few_images_wait(run, tmp_path, capsys, monkeypatch):
    models, waiting_pixels = [], []
    monkeypatch.setattr(translating, "load_run", lambda *arguments: models.append(load_run(*arguments)) or models[0])
    monkeypatch.setattr(translating, "BATCH_PIXELS", 700)
    monkeypatch.setattr(translating, "WAITING_PIXELS", 2000)
    make_batches = translating._make_batches

    def checked(images, batch_size):
        waiting = []

        def counted():
            for file, pixels in images:
                waiting.append(pixels.shape[0] * pixels.shape[1])
                waiting_pixels.append(sum(waiting))
                yield file, pixels

        for batch in make_batches(counted(), batch_size):
            assert len({pixels.shape for _, pixels in batch}) == 1
            assert len(batch) == 1 or sum(pixels[..., 0].size for _, pixels in batch) <= 700
            for _, pixels in batch:
                waiting.remove(pixels[..., 0].size)
            yield batch

    monkeypatch.setattr(translating, "_make_batches", checked)
    for number in range(24):
        write_image(tmp_path / "in" / f"{number}.png", 16 + number % 12, 18, number)
    write_image(tmp_path / "in" / "large.png", 90, 60)
    facts, _ = translate(run, tmp_path / "in", tmp_path / "out", capsys)
    assert facts["translated"] == 25
    assert models[0]._translators["y"]._run.experimental_get_tracing_count() == 1
    assert max(waiting_pixels) <= 2000 + 90 * 60


@pytest.mark.usefixtures("loaded")
def test_images_that_do_not_fit_do_not_affect_the_others(run, tmp_path, capsys, monkeypatch):
    def limited(self, images, to, batch_size):
        if images[..., 0].size > 600:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM")
        if images.shape[1] < 2:
            raise tf.errors.InvalidArgumentError(None, None, "paddings must be less than the dimension size")
        return np.zeros(images.shape, np.float32)

    monkeypatch.setattr(CycleGAN, "translate", limited)
    for name, width in {"a": 16, "b": 16, "c": 16, "large": 50}.items():
        write_image(tmp_path / "in" / f"{name}.png", width, 16)
    write_image(tmp_path / "in" / "flat.png", 16, 1)
    facts, _ = translate(run, tmp_path / "in", tmp_path / "out", capsys)
    assert facts["translated"] == 3
    assert facts["skipped"] == {
        "flat.png": "16 x 1 pixels are a size that the network does not support",
        "large.png": "50 x 16 pixels do not fit into memory",
    }


@pytest.mark.usefixtures("loaded")
def test_translations_are_replaced_by_those_of_the_next_call(run, tmp_path, capsys, list_tree):
    source, out = tmp_path / "in", tmp_path / "out"
    for name in ("a.png", "deep/b.png"):
        write_image(source / name, 16, 16)
    facts, _ = translate(run, source, out, capsys)
    assert (facts["translated"], facts["removed"]) == (2, 0)
    os.remove(source / "a.png")
    (out / "notes.txt").write_text("mine")
    facts, _ = translate(run, source, out, capsys)
    assert (facts["translated"], facts["removed"]) == (1, 1)
    assert list_tree(out) == ["deep/b.png", "notes.txt"]
    # A picture that was edited is no longer ganzoo's.
    edited = write_image(out / "deep" / "b.png", 16, 16)
    _, errors = translate(run, source, out, capsys, code=2)
    assert "with b.png, which ganzoo did not write" in errors
    with Image.open(out / "deep" / "b.png") as image:
        np.testing.assert_array_equal(np.asarray(image), edited)


@pytest.mark.usefixtures("loaded")
def test_translations_can_be_translated_but_not_onto_themselves(run, tmp_path, capsys, list_tree):
    write_image(tmp_path / "in" / "a.png", 16, 16)
    write_image(tmp_path / "in" / "b.png", 16, 16)
    translate(run, tmp_path / "in", tmp_path / "there", capsys)
    facts, _ = translate(run, tmp_path / "there", tmp_path / "back", capsys, "--to", "x")
    assert facts["translated"] == 2
    single = tmp_path / "there" / "a.png"
    for out, message in (
        (single, "expected a path outside of it: the file would be read as one of them"),
        (tmp_path / "there", "expected a path that nothing is read from"),
    ):
        _, errors = translate(run, single, out, capsys, code=2)
        assert message in errors
    # Among the user's own images they are not inputs.
    single.rename(tmp_path / "in" / "c.png")
    facts, errors = translate(run, tmp_path / "in", tmp_path / "again", capsys)
    assert (facts["translated"], facts["skipped"]) == (2, {"c.png": "a picture that ganzoo wrote"})


@pytest.mark.usefixtures("loaded")
def test_a_translation_in_a_named_file_is_replaced_but_no_other_file(run, tmp_path, capsys):
    write_image(tmp_path / "in.png", 16, 16)
    for _ in range(2):
        translate(run, tmp_path / "in.png", tmp_path / "out.png", capsys)
    write_image(tmp_path / "mine.png", 16, 16)
    _, errors = translate(run, tmp_path / "in.png", tmp_path / "mine.png", capsys, code=2)
    assert "a file that exists and that ganzoo did not write" in errors
