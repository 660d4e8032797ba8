"""The Inception extractor: its input, its outputs, the cache of TensorFlow Hub, and rejected modules."""

import hashlib
import os
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.evaluation import ExtractorError, make_extractor
from ganzoo.export.evaluation.features.extractors import inception

from .extractor_inputs import SOURCE, random_images, rejection, save_module

# No server listens at this port.
NOWHERE = "https://127.0.0.1:9/inception"


@pytest.fixture(scope="session")
def tfgan_like(tmp_path_factory):
    """(folder, network): a SavedModel with the outputs of TF-GAN's Inception, and the Keras model inside it."""
    network = keras.applications.InceptionV3(weights=None, classes=1008, classifier_activation=None)
    network = keras.Model(network.input, {"pool_3": network.get_layer("avg_pool").output, "logits": network.output})
    random = np.random.default_rng(0)
    for weight in network.weights:
        if weight.path.endswith("kernel"):
            # With the default initialization of Keras all features would be nearly equal.
            scale = np.sqrt(2 / np.prod(weight.shape[:-1]), dtype=np.float32)
            weight.assign(scale * random.standard_normal(weight.shape, np.float32))
    folder = save_module(
        tmp_path_factory.mktemp("inception"),
        lambda images: network(images, training=False),
        (None, 299, 299, 3),
        weights=[weight.value for weight in network.weights],
    )
    return folder, network


@pytest.fixture(scope="session")
def input_probe(tmp_path_factory):
    """The folder of a SavedModel with Inception's signature whose features are 13 x 13 of its input pixels."""
    return save_module(
        tmp_path_factory.mktemp("pixels"),
        lambda images: {"pool_3": images[:, 11::23, 11::23], "logits": tf.zeros((tf.shape(images)[0], 1008))},
        (None, 299, 299, 3),
    )


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of TensorFlow Hub."""
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "hub"


def bilinear(images, size=299):
    """Linear interpolation between pixel centers with edge padding; no antialiasing."""
    for axis in (1, 2):
        length = images.shape[axis]
        positions = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        low = np.floor(positions).astype(int)
        share = (positions - low).reshape([-1 if each == axis else 1 for each in range(4)])
        high = np.minimum(low + 1, length - 1)
        images = (1 - share) * images.take(low, axis) + share * images.take(high, axis)
    return images


@pytest.mark.thorough
def test_inception_has_the_outputs_of_tfgan_and_gray_images_equal_their_rgb_copies(tfgan_like):
    folder, network = tfgan_like
    extractor = make_extractor(f"inception:{folder}", SOURCE)
    extractor.batch_size = 2
    gray = random_images(2, 16, 16, 1)
    actual = extractor.embed(gray)
    assert actual.features.shape == (2, 2048)
    assert actual.logits["label"].shape == (2, 1008)
    inputs = bilinear(np.repeat(gray / 127.5 - 1, 3, axis=-1)).astype(np.float32)
    expected = network(inputs, training=False)
    # The images differ by far more than the tolerance.
    assert np.abs(actual.features[0] - actual.features[1]).mean() > 0.05 * actual.features.std() > 0.01
    np.testing.assert_allclose(actual.features, expected["pool_3"], rtol=1e-3, atol=1e-3 * actual.features.std())
    np.testing.assert_allclose(actual.logits["label"], expected["logits"], rtol=1e-3, atol=1e-3)
    color = extractor.embed(np.repeat(gray, 3, axis=-1))
    np.testing.assert_allclose(color.features, actual.features, rtol=1e-4, atol=1e-4)
    assert extractor.identity["layer"] == "pool_3"
    assert extractor.identity["resizer"] == "tf-bilinear-299"
    assert extractor.identity["input_range"] == [-1, 1]


@pytest.mark.parametrize("shape", [(16, 16, 1), (32, 32, 3), (400, 400, 3), (100, 200, 1)])
def test_the_input_of_inception_is_resized_bilinearly_to_minus_one_to_one(input_probe, shape):
    extractor = make_extractor(f"inception:{input_probe}", SOURCE)
    extractor.batch_size = 2
    images = random_images(2, *shape)
    images[0, :2, :2], images[0, -2:, -2:] = 0, 255
    expected = np.broadcast_to(bilinear(images / 127.5 - 1), (2, 299, 299, 3))[:, 11::23, 11::23]
    np.testing.assert_allclose(extractor.embed(images).features, expected.reshape(2, -1), atol=1e-4)


def test_one_inception_embeds_gray_and_color_in_sequence(input_probe):
    extractor = make_extractor(f"inception:{input_probe}", SOURCE)
    extractor.batch_size = 2
    gray = random_images(2, 8, 8, 1)
    first = extractor.embed(gray).features
    np.testing.assert_array_equal(extractor.embed(np.repeat(gray, 3, axis=-1)).features, first)
    np.testing.assert_array_equal(extractor.embed(gray).features, first)


def test_inception_warns_about_gray_images(input_probe):
    gray = SimpleNamespace(is_image=True, shape=(8, 8, 1))
    (warning,) = make_extractor(f"inception:{input_probe}", gray).warnings
    assert "poorly suited to gray images" in warning
    assert not make_extractor(f"inception:{input_probe}", SOURCE).warnings


def test_an_unavailable_inception_is_rejected_before_any_download(hub, monkeypatch):
    monkeypatch.setattr(inception, "reachable", lambda urls: urls != [NOWHERE])
    message = rejection(f"inception:{NOWHERE}")
    for needle in (NOWHERE, str(hub), "inception:FOLDER", "TFHUB_CACHE_DIR", "classifier", "rotation"):
        assert needle in message
    # A download from that address would have been refused.
    assert "refused" not in message


def test_a_failed_download_is_rejected_with_alternatives(hub, monkeypatch):
    monkeypatch.setattr(inception, "reachable", lambda urls: True)
    message = rejection(f"inception:{NOWHERE}")
    assert "inception:FOLDER" in message
    assert "refused" in message


def test_a_module_in_the_cache_of_tensorflow_hub_is_used(hub, input_probe):
    position = hub / hashlib.sha1(NOWHERE.encode()).hexdigest()
    position.mkdir(parents=True)
    # An interrupted download leaves an empty folder, which is no module.
    assert "no answer from the network" in rejection(f"inception:{NOWHERE}")
    position.rmdir()
    os.symlink(input_probe, position)
    extractor = make_extractor(f"inception:{NOWHERE}", SOURCE)
    assert extractor.identity["weights"] == make_extractor(f"inception:{input_probe}", SOURCE).weights_hash
    assert extractor.identity["handle"] == NOWHERE
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        import tensorflow_hub
    assert tensorflow_hub.resolve(NOWHERE) == str(position)


def test_the_handle_of_tfgan_is_the_default(hub, monkeypatch):
    monkeypatch.setattr(inception, "reachable", lambda urls: False)
    assert "https://tfhub.dev/tensorflow/tfgan/eval/inception/1" in rejection("inception")
    assert "inception:FOLDER" in rejection("inception:no/such/folder")


@pytest.mark.parametrize(("outputs", "missing"), [(["pool_3"], "['logits']"), (["a", "b"], "['logits', 'pool_3']")])
def test_a_saved_model_without_the_outputs_of_inception_is_rejected(tmp_path, outputs, missing):
    folder = save_module(
        tmp_path / "other", lambda images: dict.fromkeys(outputs, images[:, 0, 0]), (None, 299, 299, 3)
    )
    extractor = make_extractor(f"inception:{folder}", SOURCE)
    extractor.batch_size = 2
    with pytest.raises(ExtractorError, match="^inception: received a SavedModel without the outputs") as caught:
        extractor.embed(random_images(2, 8, 8, 1))
    assert f"{missing}, expected" in str(caught.value)
