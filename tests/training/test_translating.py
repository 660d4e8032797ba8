"""Translators as runs: trained from a recipe, looked at while they learn, and let loose on files of any size."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.pictures import GAP, tile_scale
from ganzoo.training import load, load_run, translating
from ganzoo.training.callbacks import TranslationGrid
from ganzoo.training.cli import main
from ganzoo.training.fit import build_model
from ganzoo.training.recipe import load_recipe
from ganzoo.training.weights import take_weights
from ganzoo.zoo import CycleGAN, Pix2Pix
from ganzoo.zoo.images import to_uint8
from PIL import Image

RECIPE = """
[data]
source = "restyled:fill"
resolution = 16
count = 40
[model]
variant = "cyclegan"
pool_size = 4
[model.generator]
width = 2
blocks = 1
[model.discriminator]
width = 2
[train]
steps = 2
batch_size = 2
log_every = 1
sample_every = 2
"""
GAN = '[data]\nsource = "digits"\nresolution = 8\n[model]\nvariant = "gan"\ngenerator = "mlp"\ndiscriminator = "mlp"\n'
ORIENTATION = 0x0112


def train(folder, text=RECIPE, *arguments):
    path = folder.parent / f"{folder.name}.toml"
    path.write_text(text)
    return main(["train", str(path), "--out", str(folder), "--quiet", *arguments])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of a tiny CycleGAN."""
    folder = tmp_path_factory.mktemp("runs") / "cycle"
    assert train(folder) == 0
    return folder


@pytest.fixture(scope="module")
def model(run):
    return load_run(run)


@pytest.fixture
def loaded(model, monkeypatch):
    """Spares a test of the command the reading of the run, and the traces it has already."""
    monkeypatch.setattr(translating, "load_run", lambda *given: model)


@pytest.fixture(scope="module")
def drawing_run(tmp_path_factory):
    """A finished run that draws from latents."""
    folder = tmp_path_factory.mktemp("runs") / "gan"
    assert train(folder, GAN + "[train]\nsteps = 1\nbatch_size = 8\n") == 0
    return folder


def picture(path, width, height, seed=0, mode="RGB", **options):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = Image.fromarray(pixels).convert(mode)
    drawn.save(path, **options)
    return np.asarray(drawn)


def translated(run, source, out, capsys, *arguments, code=0):
    assert main(["translate", str(run), *arguments, str(source), str(out), "--json"]) == code
    captured = capsys.readouterr()
    return (json.loads(captured.out) if captured.out else None), captured.err


def tree(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


# The command.


def test_names_sizes_and_pixels_are_those_of_the_model(run, model, tmp_path, capsys, read_png):
    source, out = tmp_path / "in", tmp_path / "out"
    sizes = {"a": (16, 16), "b": (16, 16), "deep/er/c": (33, 20), "d.e": (7, 50), "deep/f": (16, 16)}
    given = {
        name: picture(source / f"{name}.png", *size, seed) for seed, (name, size) in enumerate(sorted(sizes.items()))
    }
    facts, _ = translated(run, source, out, capsys, "--batch-size", "2")
    assert (facts["translated"], facts["skipped"], facts["to"]) == (5, {}, "y")
    assert tree(out) == sorted(f"{name}.png" for name in sizes)
    for name, pixels in given.items():
        expected = to_uint8(model.translate(pixels[np.newaxis]))[0]
        # Rounding may fall either way where pictures went through in batches of other sizes.
        assert np.abs(read_png(out / f"{name}.png").astype(int) - expected).max() <= 1


@pytest.mark.usefixtures("loaded")
def test_both_directions_of_one_picture_into_a_named_file(run, model, tmp_path, capsys, read_png):
    pixels = picture(tmp_path / "in.png", 20, 24)
    for to in ("y", "x"):
        translated(run, tmp_path / "in.png", tmp_path / "new" / f"{to}.png", capsys, "--to", to)
        expected = to_uint8(model.translate(pixels[np.newaxis], to=to))[0]
        np.testing.assert_array_equal(read_png(tmp_path / "new" / f"{to}.png"), expected)
    assert (read_png(tmp_path / "new" / "x.png") != read_png(tmp_path / "new" / "y.png")).any()
    translated(run, tmp_path / "in.png", tmp_path / "folder", capsys)
    assert tree(tmp_path / "folder") == ["in.png"]


@pytest.mark.usefixtures("loaded")
def test_files_that_are_no_pictures_are_named_and_left_out(run, tmp_path, capsys):
    picture(tmp_path / "in" / "good.png", 16, 16)
    (tmp_path / "in" / "torn.png").write_bytes((tmp_path / "in" / "good.png").read_bytes()[:300])
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    (tmp_path / "in" / "gone.png").symlink_to("nowhere")
    facts, errors = translated(run, tmp_path / "in", tmp_path / "out", capsys)
    assert facts["translated"] == 1
    assert set(facts["skipped"]) == {"torn.png", "notes.txt", "gone.png"}
    assert "skipped notes.txt: not a picture" in errors
    assert tree(tmp_path / "out") == ["good.png"]
    os.remove(tmp_path / "in" / "good.png")
    _, errors = translated(run, tmp_path / "in", tmp_path / "other", capsys, code=2)
    assert "received no picture that can be translated" in errors.splitlines()[-1]
    assert not (tmp_path / "other").exists()


@pytest.mark.usefixtures("loaded")
def test_pictures_are_read_as_the_data_sources_read_them(run, model, tmp_path, capsys, read_png):
    """Turned by their EXIF data, transparency on white, grey as colour where the domain is in colour."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    stored = picture(tmp_path / "in" / "turned.png", 30, 20, exif=exif)
    grey = picture(tmp_path / "in" / "grey.png", 17, 16, mode="L")
    clear = Image.new("RGBA", (16, 18), (0, 0, 0, 0))
    clear.save(tmp_path / "in" / "clear.png")
    translated(run, tmp_path / "in", tmp_path / "out", capsys)
    for name, pixels in {
        "turned": np.rot90(stored, -1),
        "grey": np.repeat(grey[..., np.newaxis], 3, -1),
        "clear": np.full((18, 16, 3), 255, np.uint8),
    }.items():
        expected = to_uint8(model.translate(np.ascontiguousarray(pixels)[np.newaxis]))[0]
        np.testing.assert_array_equal(read_png(tmp_path / "out" / f"{name}.png"), expected, err_msg=name)


@pytest.mark.usefixtures("loaded")
def test_names_that_fall_together_stay_apart(run, tmp_path, capsys):
    for name in ("a.png", "a.bmp", "A.tif", "a.bmp.png", "b.bmp"):
        picture(tmp_path / "in" / name, 16, 16)
    facts, _ = translated(run, tmp_path / "in", tmp_path / "out", capsys)
    assert facts["translated"] == 5
    assert tree(tmp_path / "out") == ["A.tif.png", "a.bmp-2.png", "a.bmp.png", "a.png.png", "b.png"]


def test_nothing_is_overwritten_and_mistakes_are_one_line(run, drawing_run, tmp_path, capsys):
    picture(tmp_path / "in" / "a.png", 16, 16)
    (tmp_path / "empty").mkdir()
    here, new = str(tmp_path / "in"), str(tmp_path / "new")
    for arguments, message in (
        ([run, here, here], "OUT: .*a folder that is not empty, expected a new one: nothing is overwritten"),
        ([run, f"{here}/a.png", f"{here}/a.png"], "OUT: .*a file that exists"),
        ([run, here, f"{new}.png"], "for the folder .*, expected a folder"),
        ([run, f"{here}/a.png", f"{new}.jpg"], "expected a .png file or a folder"),
        ([run, here, f"{here}/a.png/b"], "expected a place that can be written to"),
        ([run, "nowhere", new], "received 'nowhere', expected a picture or a folder"),
        ([run, tmp_path / "empty", new], "received no picture that can be translated, .*it is empty"),
        ([run, here, new, "--to", "z"], r"--to: received 'z', expected one of \['y', 'x'\]: CycleGAN"),
        ([run, here, new, "--batch-size", "0"], "--batch-size: received 0, expected at least 1"),
        ([drawing_run, here, new], f"received a run of GAN, .*`ganzoo sample {drawing_run}`"),
    ):
        assert main(["translate", *map(str, arguments)]) == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert re.search(message, lines[-1]), lines
        assert not Path(new).exists()
    assert main(["sample", str(run)]) == 2
    assert f"`ganzoo translate {run} IN OUT`" in capsys.readouterr().err
    assert tree(tmp_path / "in") == ["a.png"]


def test_twelve_sizes_trace_once_and_few_pictures_wait(run, tmp_path, capsys, monkeypatch):
    models, held = [], []
    monkeypatch.setattr(translating, "load_run", lambda *given: models.append(load_run(*given)) or models[0])
    monkeypatch.setattr(translating, "BATCH_PIXELS", 700)
    monkeypatch.setattr(translating, "WAITING_PIXELS", 2000)
    batches = translating._batches

    def watched(pictures, batch_size):
        waiting = []

        def counted():
            for file, pixels in pictures:
                waiting.append(pixels.shape[0] * pixels.shape[1])
                held.append(sum(waiting))
                yield file, pixels

        for batch in batches(counted(), batch_size):
            assert len({pixels.shape for _, pixels in batch}) == 1
            assert len(batch) == 1 or sum(pixels[..., 0].size for _, pixels in batch) <= 700
            for _, pixels in batch:
                waiting.remove(pixels[..., 0].size)
            yield batch

    monkeypatch.setattr(translating, "_batches", watched)
    for number in range(24):
        picture(tmp_path / "in" / f"{number}.png", 16 + number % 12, 18, number)
    picture(tmp_path / "in" / "large.png", 90, 60)
    facts, _ = translated(run, tmp_path / "in", tmp_path / "out", capsys)
    assert facts["translated"] == 25
    assert models[0]._translators["y"]._run.experimental_get_tracing_count() == 1
    assert max(held) <= 2000 + 90 * 60


@pytest.mark.usefixtures("loaded")
def test_pictures_that_do_not_fit_are_told_from_the_others(run, tmp_path, capsys, monkeypatch):
    def translate(self, images, to, batch_size):
        if images[..., 0].size > 600:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM")
        if images.shape[1] < 2:
            raise tf.errors.InvalidArgumentError(None, None, "paddings must be less than the dimension size")
        return np.zeros(images.shape, np.float32)

    monkeypatch.setattr(CycleGAN, "translate", translate)
    for name, width in {"a": 16, "b": 16, "c": 16, "large": 50}.items():
        picture(tmp_path / "in" / f"{name}.png", width, 16)
    picture(tmp_path / "in" / "flat.png", 16, 1)
    facts, _ = translated(run, tmp_path / "in", tmp_path / "out", capsys)
    assert facts["translated"] == 3
    assert facts["skipped"] == {
        "flat.png": "16 x 1 pixels are a size that the network cannot take",
        "large.png": "50 x 16 pixels need more memory than there is",
    }


# Pictures while it learns.


def rows_and_columns(png, size=16):
    step = size * tile_scale(size) + GAP
    return (png.shape[0] - GAP) // step, (png.shape[1] - GAP) / step


def test_a_run_shows_both_ways_of_held_out_pictures(run, model, read_png):
    assert tree(run / "samples") == ["step-000000.png", "step-000002.png"]
    png = read_png(run / "samples" / "step-000002.png")
    # Four held-out pictures of each domain, four columns of each, and a gap between of 4 and 1 grid lines.
    assert png.shape == (GAP + 4 * 50, 2 * (GAP + 4 * 50) + 4 * GAP, 3)
    source = load("restyled:fill", resolution=16, count=40)
    left = [source.x.held_out, there := model.translate(source.x.held_out)]
    left += [model.translate(there, to="x"), model.translate(source.x.held_out, to="x")]
    for number, column in enumerate(left):
        corner = png[GAP : GAP + 48 : 3, GAP + 50 * number : GAP + 50 * number + 48 : 3]
        np.testing.assert_array_equal(corner, column[0] if column.dtype == np.uint8 else to_uint8(column)[0])
    right = png[GAP : GAP + 48 : 3, 202 + 8 + GAP : 202 + 8 + GAP + 48 : 3]
    np.testing.assert_array_equal(right, source.y.held_out[0])


def test_one_way_shows_the_truth_and_grey_beside_colour(tmp_path, read_png):
    small = {"width": 2}
    model = Pix2Pix.create((16, 16, 1), small, small, target_shape=(16, 16, 3))
    model.compile()
    random = np.random.default_rng(0)
    x, y = (random.integers(0, 256, (3, 16, 16, channels), np.uint8) for channels in (1, 3))
    grid = TranslationGrid(tmp_path, 5, x, y, num=2)
    model.fit((x, y), batch_size=2, steps_per_epoch=1, callbacks=[grid], verbose=0)
    png = read_png(tmp_path / "step-000001.png")
    assert rows_and_columns(png) == (2, 3)
    columns = [png[GAP : GAP + 48 : 3, GAP + 50 * number : GAP + 50 * number + 48 : 3] for number in range(3)]
    np.testing.assert_array_equal(columns[0], x[0].repeat(3, -1))
    np.testing.assert_array_equal(columns[1], to_uint8(model.translate(x[:1]))[0])
    np.testing.assert_array_equal(columns[2], y[0])
    with pytest.raises(ValueError, match="received 0 and 3 pictures"):
        TranslationGrid(tmp_path, 5, x[:0], y)


def test_domains_of_other_channels_have_no_identity_column(tmp_path, read_png):
    small = {"width": 2}
    model = CycleGAN.create((16, 16, 1), small | {"blocks": 1}, small, target_shape=(16, 16, 3))
    x, y = (np.zeros((2, 16, 16, channels), np.uint8) for channels in (1, 3))
    grid = TranslationGrid(tmp_path, 1, x, y)
    grid.set_model(model)
    assert grid.picture().shape == (GAP + 2 * 50, 2 * (GAP + 3 * 50) + 4 * GAP, 3)


# The recipe, and what goes on from a run.


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.generator.network=unet", None),
        ("model.cycle_weight=-1", "model.cycle_weight: received -1"),
        ("model.target_shape=3", "model.target_shape: unknown key"),
        ("model.generator_xy=unet", "model.generator_xy: unknown key"),
        ("model.generator.bloks=1", "model.generator.bloks: unknown argument of cycle_resnet_generator"),
        ("model.discriminator.network=unet", "model.discriminator.network: received 'unet'"),
        ("train.linear_decay=1.5", "train.linear_decay: received 1.5"),
    ],
)
def test_the_recipe_knows_a_translators_keys(run, override, message):
    if message is None:
        recipe = load_recipe(str(run / "recipe.toml"), [override, "model.generator={network='unet', width=2}"])
        assert recipe.model["generator"]["network"] == "unet"
        return
    with pytest.raises(ValueError, match=message):
        load_recipe(str(run / "recipe.toml"), [override])


def test_another_run_may_start_from_a_translators_weights(run, model, drawing_run, tmp_path, capsys):
    recipe = load_recipe(str(run / "recipe.toml"))
    fresh = build_model(recipe, load(**recipe.data))
    take_weights(fresh, str(run))
    # Past the first step an average is no copy of its network.
    assert (model.averaged_xy.weights[0].numpy() != model.generator_xy.weights[0].numpy()).any()
    for role in (*model.network_roles, "averaged_xy", "averaged_yx"):
        for a, b in zip(getattr(model, role).weights, getattr(fresh, role).weights, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=role)
    wider = ["--set=model.generator.width=3"]
    assert train(tmp_path / "wider", RECIPE, "--init-from", str(run), *wider) == 2
    assert "whose generator_xy has weights" in capsys.readouterr().err
    assert train(tmp_path / "gan", RECIPE, "--init-from", str(drawing_run)) == 2
    assert "of GAN with networks ['generator', 'discriminator', 'averaged generator']" in capsys.readouterr().err


def test_a_batch_larger_than_the_data_is_refused(tmp_path, capsys):
    assert train(tmp_path / "run", RECIPE, "--set=train.batch_size=64") == 2
    assert "received 64 for 18 images" in capsys.readouterr().err


def test_data_shows_both_sides(tmp_path, capsys, read_png):
    out = tmp_path / "data.png"
    arguments = ["data", "restyled:fill", "--resolution", "16", "--set", "count=40", "--out", str(out)]
    assert main([*arguments, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["x"]["train"], facts["y"]["held_out"], facts["y"]["shape"]) == (18, 4, [16, 16, 3])
    assert (facts["paired"], facts["truth"]) == (False, "known")
    source, png = load("restyled:fill", resolution=16, count=40), read_png(out)
    assert rows_and_columns(png) == (4, 8)
    np.testing.assert_array_equal(png[GAP : GAP + 48 : 3, GAP : GAP + 48 : 3], source.x.samples[0])
    np.testing.assert_array_equal(png[GAP + 50 : GAP + 98 : 3, GAP : GAP + 48 : 3], source.y.samples[0])
    assert main(arguments) == 0
    assert re.search(r"^x\.train +18$", capsys.readouterr().err, re.MULTILINE)
