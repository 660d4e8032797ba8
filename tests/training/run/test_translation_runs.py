"""Runs of image translation models: their grids, recipes, warm starts and data."""

import json
import re

import numpy as np
import pytest
from ganzoo.export.visualization import GAP, tile_scale
from ganzoo.training import load
from ganzoo.training.callbacks import TranslationGrid
from ganzoo.training.cli.command_line import main
from ganzoo.training.config.recipe import load_recipe
from ganzoo.training.run.training_run import build_model
from ganzoo.training.run.warm_start import warm_start_from
from ganzoo.zoo import CycleGAN, Pix2Pix
from ganzoo.zoo.core.image_scaling import to_uint8


@pytest.fixture
def run(translation_run):
    return translation_run


@pytest.fixture
def model(translation_model):
    return translation_model


def rows_and_columns(png, size=16):
    step = size * tile_scale(size) + GAP
    return (png.shape[0] - GAP) // step, (png.shape[1] - GAP) / step


def test_a_run_shows_both_directions_of_held_out_images(run, model, read_png, list_tree):
    assert list_tree(run / "samples") == ["step-000000.png", "step-000002.png"]
    png = read_png(run / "samples" / "step-000002.png")
    # Four held-out images of each domain, four columns of each, and a gap of 4 + 1 grid lines between them.
    assert png.shape == (GAP + 4 * 50, 2 * (GAP + 4 * 50) + 4 * GAP, 3)
    source = load("restyled:fill", resolution=16, count=40)
    left = [source.x.held_out, translations := model.translate(source.x.held_out)]
    left += [model.translate(translations, to="x"), model.translate(source.x.held_out, to="x")]
    for number, column in enumerate(left):
        corner = png[GAP : GAP + 48 : 3, GAP + 50 * number : GAP + 50 * number + 48 : 3]
        np.testing.assert_array_equal(corner, column[0] if column.dtype == np.uint8 else to_uint8(column)[0])
    right = png[GAP : GAP + 48 : 3, 202 + 8 + GAP : 202 + 8 + GAP + 48 : 3]
    np.testing.assert_array_equal(right, source.y.held_out[0])


@pytest.mark.thorough
def test_one_direction_shows_the_targets_and_gray_next_to_color(tmp_path, read_png):
    small = {"width": 2}
    model = Pix2Pix.create((16, 16, 1), small, small, target_shape=(16, 16, 3))
    model.compile()
    random = np.random.default_rng(0)
    x, y = (random.integers(0, 256, (3, 16, 16, channels), np.uint8) for channels in (1, 3))
    grid = TranslationGrid(tmp_path, 5, x, y, num_samples=2)
    model.fit((x, y), batch_size=2, steps_per_epoch=1, callbacks=[grid], verbose=0)
    png = read_png(tmp_path / "step-000001.png")
    assert rows_and_columns(png) == (2, 3)
    columns = [png[GAP : GAP + 48 : 3, GAP + 50 * number : GAP + 50 * number + 48 : 3] for number in range(3)]
    np.testing.assert_array_equal(columns[0], x[0].repeat(3, -1))
    np.testing.assert_array_equal(columns[1], to_uint8(model.translate(x[:1]))[0])
    np.testing.assert_array_equal(columns[2], y[0])
    with pytest.raises(ValueError, match="received 0 and 3 images"):
        TranslationGrid(tmp_path, 5, x[:0], y)


def test_domains_of_other_channels_have_no_identity_column(tmp_path, read_png):
    small = {"width": 2}
    model = CycleGAN.create((16, 16, 1), small | {"blocks": 1}, small, target_shape=(16, 16, 3))
    x, y = (np.zeros((2, 16, 16, channels), np.uint8) for channels in (1, 3))
    grid = TranslationGrid(tmp_path, 1, x, y)
    grid.set_model(model)
    assert grid.render().shape == (GAP + 2 * 50, 2 * (GAP + 3 * 50) + 4 * GAP, 3)


# The recipe, and runs that start from a run.


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
def test_a_recipe_validates_the_keys_of_translation_models(run, override, message):
    if message is None:
        recipe = load_recipe(str(run / "recipe.toml"), [override, "model.generator={network='unet', width=2}"])
        assert recipe.model["generator"]["network"] == "unet"
        return
    with pytest.raises(ValueError, match=message):
        load_recipe(str(run / "recipe.toml"), [override])


@pytest.mark.thorough
def test_a_run_may_start_from_the_weights_of_a_translation_run(run, model, image_run, train_toml, tmp_path, capsys):
    recipe = load_recipe(str(run / "recipe.toml"))
    fresh = build_model(recipe, load(**recipe.data))
    warm_start_from(fresh, str(run))
    # After the first step an average differs from its network.
    assert (model.ema_generator_xy.weights[0].numpy() != model.generator_xy.weights[0].numpy()).any()
    for role in (*model.network_roles, "ema_generator_xy", "ema_generator_yx"):
        for a, b in zip(getattr(model, role).weights, getattr(fresh, role).weights, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=role)
    wider = ["--set=model.generator.width=3"]
    assert train_toml(tmp_path / "wider", "--init-from", str(run), *wider) == 2
    assert "whose generator_xy has weights" in capsys.readouterr().err
    assert train_toml(tmp_path / "gan", "--init-from", str(image_run)) == 2
    assert "of GAN with networks ['generator', 'discriminator', 'averaged generator']" in capsys.readouterr().err


def test_a_batch_larger_than_the_data_is_refused(train_toml, tmp_path, capsys):
    assert train_toml(tmp_path / "run", "--set=train.batch_size=64") == 2
    assert "received 64 for 18 images" in capsys.readouterr().err


def test_data_shows_both_domains(tmp_path, capsys, read_png):
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
