"""Samples of TFLite files where nothing of ganzoo is: `sample.py` beside the file, and the command beside it."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from ganzoo.export import export_tflite
from ganzoo.export.pictures import overview
from ganzoo.training.cli import main
from ganzoo.zoo import GAN
from ganzoo.zoo.images import to_uint8
from ganzoo.zoo.latents import sampling_latents
from keras import layers

# Runs a program in a process where these cannot be imported.
ALONE = """
import runpy, sys
for name in ("tensorflow", "keras", "ganzoo"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_alone(*arguments, folder):
    command = [sys.executable, "-c", ALONE, *map(str, arguments)]
    # As on a device: nothing that this process has set.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GANZOO", "PYTHON"))}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def assert_same_pixels(found, expected):
    """A value on the edge of two grey levels may fall to either side in another runtime."""
    assert (found.shape, found.dtype) == (expected.shape, np.uint8)
    apart = abs(found.astype(int) - expected)
    assert apart.max() <= 1
    assert (apart > 0).mean() < 1e-3


@pytest.fixture(scope="module")
def exported(enliven, tmp_path_factory):
    """Channels -> (model, file): grey ones three at a time, coloured ones singly."""
    given = {}
    for channels, batch_size in ((1, 3), (3, 1)):
        network = {"network": "dcgan", "width": 4}
        model = GAN.create((8, 8, channels), network, network, latent_dim=4)
        enliven(model.averaged_generator)
        path = tmp_path_factory.mktemp("device") / "digits.tflite"
        export_tflite(model, path, batch_size=batch_size, repeats=0)
        given[channels] = model, path
    return given


@pytest.mark.parametrize("channels", [1, 3])
def test_the_program_beside_the_file_draws_the_models_pictures(channels, exported, tmp_path, read_png):
    model, path = exported[channels]
    # 7 are no whole number of batches of 3.
    done = run_alone(
        path.parent / "sample.py", path, "--num", 7, "--seed", 40, "--out", "drawn", "--threads", 1, folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    names = sorted(file.name for file in (tmp_path / "drawn").iterdir())
    assert names == [f"seed-{seed:010d}.png" for seed in range(40, 47)]
    found = np.stack([read_png(tmp_path / "drawn" / name) for name in names])
    expected = to_uint8(model.generate(7, seed=40))
    assert expected.std(axis=0).mean() > 10
    assert_same_pixels(found.reshape(expected.shape), expected)


def test_samples_that_are_no_images_become_an_array_and_labels_go_in_turn(enliven, tmp_path):
    inputs = [keras.Input((4,), name="latents"), keras.Input((), dtype="int32", name="labels")]
    x = layers.Concatenate()([inputs[0], layers.Embedding(5, 4)(inputs[1])])
    network = enliven(keras.Model(inputs, layers.Dense(2)(x)), gain=2.5)
    path = tmp_path / "points.tflite"
    export_tflite(network, path, batch_size=2, num_classes=5, repeats=0)
    done = run_alone(
        tmp_path / "sample.py", path, "--num", 5, "--seed", 3, "--labels", "4,1", "--out", "p", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    latents = sampling_latents(np.arange(3, 8, dtype="int32"), 4)
    expected = np.asarray(network([latents.numpy(), np.array([4, 1, 4, 1, 4])]))
    with np.load(tmp_path / "p.npz") as content:
        np.testing.assert_allclose(content["samples"], expected, rtol=0, atol=1e-5)
        assert list(content["seeds"]) == [3, 4, 5, 6, 7]
    without = run_alone(tmp_path / "sample.py", path, folder=tmp_path)
    assert without.returncode != 0
    assert "labels: received none" in without.stderr


def test_the_program_is_the_one_that_ganzoo_has(exported):
    _, path = exported[1]
    from ganzoo.export import sample

    with open(sample.__file__, "rb") as file:
        assert (path.parent / "sample.py").read_bytes() == file.read()
    assert sorted(file.name for file in path.parent.iterdir()) == ["digits.tflite", "sample.py"]


def test_the_command_draws_from_files_as_from_runs(exported, tmp_path, read_png):
    for channels, (model, path) in exported.items():
        expected = model.generate(5, seed=11)
        out = tmp_path / str(channels)
        for name in (f"{channels}.png", f"{channels}.npz", f"{channels}"):
            assert main(["sample", str(path), "--num", "5", "--seed", "11", "--out", str(tmp_path / name)]) == 0
        with np.load(out.with_suffix(".npz")) as content:
            np.testing.assert_allclose(content["samples"], expected, rtol=0, atol=1e-5)
        grid = overview(expected)
        assert_same_pixels(read_png(out.with_suffix(".png")).reshape(grid.shape), grid)
        pixels = np.stack([read_png(file).reshape(expected.shape[1:]) for file in sorted(out.iterdir())])
        assert_same_pixels(pixels, to_uint8(expected))


def test_what_cannot_be_sampled_is_told_in_a_line(exported, tmp_path, capsys):
    _, path = exported[1]
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(path.read_bytes()[:5000])
    out = str(tmp_path / "a.png")
    for arguments, named in [
        ([str(tmp_path / "none.tflite")], "none.tflite: cannot be sampled"),
        ([str(cut)], "cut.tflite: cannot be sampled"),
        ([str(path), "--num", "0"], "expected at least 1"),
        ([str(path), "--seed", "-1"], "expected at least 1, and seeds from 0"),
        ([str(path), "--checkpoint", "best"], "--checkpoint: received 'best' beside a .tflite file"),
    ]:
        assert main(["sample", *arguments, "--out", out]) == 2
        message = capsys.readouterr().err
        assert named in message
        assert "Traceback" not in message
    assert [file.name for file in tmp_path.iterdir()] == ["cut.tflite"]
