"""Sampling from TFLite files: with `sample.py`, without ganzoo, and with the command."""

import keras
import numpy as np
import pytest
from ganzoo.export import export_tflite
from ganzoo.export.runtime import sample
from ganzoo.export.visualization import overview
from ganzoo.training.cli.command_line import main
from ganzoo.zoo import GAN
from ganzoo.zoo.core.image_scaling import to_uint8
from ganzoo.zoo.core.prng import sampling_latents
from ganzoo.zoo.sequences.tokenization import split_words
from ganzoo.zoo.sequences.vocabulary import Vocabulary
from keras import layers

from ..pixels import assert_same_pixels
from ..programs import run_program


@pytest.fixture(scope="module")
def exported(randomize_weights, tmp_path_factory):
    """Channels -> (model, path): the batch size is 3 for gray images and 1 for RGB."""
    exports = {}
    for channels, batch_size in ((1, 3), (3, 1)):
        network = {"network": "dcgan", "width": 4}
        model = GAN.create((8, 8, channels), network, network, latent_dim=4)
        randomize_weights(model.ema_generator)
        path = tmp_path_factory.mktemp("device") / "digits.tflite"
        export_tflite(model, path, batch_size=batch_size, repeats=0)
        exports[channels] = model, path
    return exports


@pytest.mark.parametrize("channels", [1, 3])
def test_the_program_generates_the_images_of_the_model(channels, exported, tmp_path, read_png):
    model, path = exported[channels]
    # 7 is not a multiple of the batch size 3.
    process = run_program(
        path.parent / "sample.py",
        path,
        "--num-samples",
        7,
        "--seed",
        40,
        "--out",
        "generated",
        "--threads",
        1,
        folder=tmp_path,
    )
    assert process.returncode == 0, process.stderr
    names = sorted(file.name for file in (tmp_path / "generated").iterdir())
    assert names == [f"seed-{seed:010d}.png" for seed in range(40, 47)]
    actual = np.stack([read_png(tmp_path / "generated" / name) for name in names])
    expected = to_uint8(model.generate(7, seed=40))
    assert expected.std(axis=0).mean() > 10
    assert_same_pixels(actual.reshape(expected.shape), expected, 1e-3)


def test_points_are_written_as_an_array_and_labels_are_repeated(randomize_weights, tmp_path):
    inputs = [keras.Input((4,), name="latents"), keras.Input((), dtype="int32", name="labels")]
    x = layers.Concatenate()([inputs[0], layers.Embedding(5, 4)(inputs[1])])
    network = randomize_weights(keras.Model(inputs, layers.Dense(2)(x)), gain=2.5)
    path = tmp_path / "points.tflite"
    export_tflite(network, path, batch_size=2, num_classes=5, repeats=0)
    process = run_program(
        tmp_path / "sample.py", path, "--num-samples", 5, "--seed", 3, "--labels", "4,1", "--out", "p", folder=tmp_path
    )
    assert process.returncode == 0, process.stderr
    latents = sampling_latents(np.arange(3, 8, dtype="int32"), 4)
    expected = np.asarray(network([latents.numpy(), np.array([4, 1, 4, 1, 4])]))
    with np.load(tmp_path / "p.npz") as content:
        np.testing.assert_allclose(content["samples"], expected, rtol=0, atol=1e-5)
        assert list(content["seeds"]) == [3, 4, 5, 6, 7]
    without = run_program(tmp_path / "sample.py", path, folder=tmp_path)
    assert without.returncode != 0
    assert "labels: received none" in without.stderr


def test_the_program_is_a_copy(exported):
    _, path = exported[1]
    with open(sample.__file__, "rb") as file:
        assert (path.parent / "sample.py").read_bytes() == file.read()
    assert sorted(file.name for file in path.parent.iterdir()) == ["digits.tflite", "sample.py"]


def test_the_command_samples_from_files_as_from_runs(exported, tmp_path, read_png):
    for channels, (model, path) in exported.items():
        expected = model.generate(5, seed=11)
        out = tmp_path / str(channels)
        for name in (f"{channels}.png", f"{channels}.npz", f"{channels}"):
            assert main(["sample", str(path), "--num-samples", "5", "--seed", "11", "--out", str(tmp_path / name)]) == 0
        with np.load(out.with_suffix(".npz")) as content:
            np.testing.assert_allclose(content["samples"], expected, rtol=0, atol=1e-5)
        grid = overview(expected)
        assert_same_pixels(read_png(out.with_suffix(".png")).reshape(grid.shape), grid, 1e-3)
        pixels = np.stack([read_png(file).reshape(expected.shape[1:]) for file in sorted(out.glob("*.png"))])
        assert_same_pixels(pixels, to_uint8(expected), 1e-3)


def test_what_cannot_be_sampled_is_reported_in_one_line(exported, tmp_path, capsys):
    _, path = exported[1]
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(path.read_bytes()[:5000])
    out = str(tmp_path / "a.png")
    for arguments, expected in [
        ([str(tmp_path / "none.tflite")], "none.tflite: cannot be sampled"),
        ([str(cut)], "cut.tflite: cannot be sampled"),
        ([str(path), "--num-samples", "0"], "expected at least 1"),
        ([str(path), "--seed", "-1"], "expected at least 1, and seeds from 0"),
        ([str(path), "--checkpoint", "best"], "--checkpoint: received 'best' with a .tflite file"),
    ]:
        assert main(["sample", *arguments, "--out", out]) == 2
        message = capsys.readouterr().err
        assert expected in message
        assert "Traceback" not in message
    assert [file.name for file in tmp_path.iterdir()] == ["cut.tflite"]


def test_captions_are_tokenized_as_in_the_zoo():
    texts = ["Man’s shoe, black-and-white!", "A red SQUARE", "straße é_2 ünïcode", "", "?!", "red " * 9]
    for text in texts:
        assert sample.split_words(text) == split_words(text)
    vocabulary = Vocabulary(["red", "square", "straße", "é", "2"], 4)
    sampler = sample.Sampler.__new__(sample.Sampler)
    sampler.length = 4
    sampler.words = {word: token + 2 for token, word in enumerate(vocabulary.words)}
    np.testing.assert_array_equal(sampler.encode(texts), vocabulary.encode(texts))
    assert sampler.unknown(texts) == vocabulary.unknown(texts)
