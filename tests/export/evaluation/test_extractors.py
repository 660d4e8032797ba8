"""Extractors that bring their own weights: what they are fed, what they are known by, what they refuse."""

import hashlib
import os
import shutil
import time
import zipfile
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.evaluation import Extractor, ExtractorError, make_extractor
from ganzoo.export.evaluation.extractor import Points
from ganzoo.export.evaluation.extractors import inception
from ganzoo.training.data import load

PICTURES = SimpleNamespace(is_image=True, shape=(8, 8, 3))
# Nothing listens at this port, whatever network the machine has.
NOWHERE = "https://127.0.0.1:9/inception"


def picture(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save_module(folder, function, shape, **variables):
    module = tf.Module()
    for name, value in variables.items():
        setattr(module, name, value)
    module.__call__ = tf.function(function, input_signature=[tf.TensorSpec(shape, tf.float32)], autograph=False)
    tf.saved_model.save(module, str(folder))
    return str(folder)


def refusal(spec, source=PICTURES):
    with pytest.raises(ExtractorError) as caught:
        make_extractor(spec, source)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="session")
def tfgan_like(tmp_path_factory):
    """(folder, network): a SavedModel that answers as TF-GAN's Inception does, and the Keras model inside it."""
    network = keras.applications.InceptionV3(weights=None, classes=1008, classifier_activation=None)
    network = keras.Model(network.input, {"pool_3": network.get_layer("avg_pool").output, "logits": network.output})
    random = np.random.default_rng(0)
    for weight in network.weights:
        if weight.path.endswith("kernel"):
            # Keras' own draw lets the features shrink to a thousandth, where everything is equal to everything.
            scale = np.sqrt(2 / np.prod(weight.shape[:-1]), dtype=np.float32)
            weight.assign(scale * random.standard_normal(weight.shape, np.float32))
    folder = save_module(
        tmp_path_factory.mktemp("inception"),
        lambda images: network(images, training=False),
        (None, 299, 299, 3),
        kept=[weight.value for weight in network.weights],
    )
    return folder, network


@pytest.fixture(scope="session")
def what_it_is_fed(tmp_path_factory):
    """The folder of a SavedModel with Inception's signature whose features are 13 x 13 of the pixels it is given."""
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
    """Linear interpolation between pixel centres, the nearest pixel beyond the outermost ones; no antialiasing."""
    for axis in (1, 2):
        length = images.shape[axis]
        places = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        low = np.floor(places).astype(int)
        share = (places - low).reshape([-1 if each == axis else 1 for each in range(4)])
        high = np.minimum(low + 1, length - 1)
        images = (1 - share) * images.take(low, axis) + share * images.take(high, axis)
    return images


def test_inception_gives_tfgans_outputs_and_grey_is_as_good_as_its_rgb(tfgan_like):
    folder, network = tfgan_like
    extractor = make_extractor(f"inception:{folder}", PICTURES)
    extractor.batch_size = 2
    grey = picture(2, 16, 16, 1)
    found = extractor.embed(grey)
    assert found.features.shape == (2, 2048)
    assert found.logits["label"].shape == (2, 1008)
    fed = bilinear(np.repeat(grey / 127.5 - 1, 3, axis=-1)).astype(np.float32)
    expected = network(fed, training=False)
    # The pictures differ by far more than the tolerance.
    assert np.abs(found.features[0] - found.features[1]).mean() > 0.05 * found.features.std() > 0.01
    np.testing.assert_allclose(found.features, expected["pool_3"], rtol=1e-3, atol=1e-3 * found.features.std())
    np.testing.assert_allclose(found.logits["label"], expected["logits"], rtol=1e-3, atol=1e-3)
    again = extractor.embed(np.repeat(grey, 3, axis=-1))
    np.testing.assert_allclose(again.features, found.features, rtol=1e-4, atol=1e-4)
    assert extractor.identity["layer"] == "pool_3"
    assert extractor.identity["resizer"] == "tf-bilinear-299"
    assert extractor.identity["input_range"] == [-1, 1]


@pytest.mark.parametrize("shape", [(16, 16, 1), (32, 32, 3), (400, 400, 3), (100, 200, 1)])
def test_inception_is_fed_bilinear_pixels_from_minus_one_to_one(what_it_is_fed, shape):
    extractor = make_extractor(f"inception:{what_it_is_fed}", PICTURES)
    extractor.batch_size = 2
    images = picture(2, *shape)
    images[0, :2, :2], images[0, -2:, -2:] = 0, 255
    expected = np.broadcast_to(bilinear(images / 127.5 - 1), (2, 299, 299, 3))[:, 11::23, 11::23]
    np.testing.assert_allclose(extractor.embed(images).features, expected.reshape(2, -1), atol=1e-4)


def test_one_inception_reads_grey_and_colour_one_after_the_other(what_it_is_fed):
    extractor = make_extractor(f"inception:{what_it_is_fed}", PICTURES)
    extractor.batch_size = 2
    grey = picture(2, 8, 8, 1)
    first = extractor.embed(grey).features
    np.testing.assert_array_equal(extractor.embed(np.repeat(grey, 3, axis=-1)).features, first)
    np.testing.assert_array_equal(extractor.embed(grey).features, first)


def test_inception_says_that_it_fits_grey_images_badly(what_it_is_fed):
    grey = SimpleNamespace(is_image=True, shape=(8, 8, 1))
    (warning,) = make_extractor(f"inception:{what_it_is_fed}", grey).warnings
    assert "fits grey images badly" in warning
    assert not make_extractor(f"inception:{what_it_is_fed}", PICTURES).warnings


def test_inception_that_is_neither_here_nor_to_be_had_is_refused_at_once_with_the_cure(hub):
    start = time.monotonic()
    message = refusal(f"inception:{NOWHERE}")
    assert time.monotonic() - start < 10
    for needle in (NOWHERE, str(hub), "inception:FOLDER", "TFHUB_CACHE_DIR", "classifier", "rotation"):
        assert needle in message


def test_a_download_that_fails_is_refused_with_the_cure(hub, monkeypatch):
    monkeypatch.setattr(inception, "reachable", lambda urls: True)
    message = refusal(f"inception:{NOWHERE}")
    assert "inception:FOLDER" in message
    assert "refused" in message


def test_a_module_in_the_hubs_cache_is_found_where_the_hub_itself_finds_it(hub, what_it_is_fed):
    place = hub / hashlib.sha1(NOWHERE.encode()).hexdigest()
    place.mkdir(parents=True)
    # A download that was broken off leaves an empty folder, which is no module.
    assert "the network does not answer" in refusal(f"inception:{NOWHERE}")
    place.rmdir()
    os.symlink(what_it_is_fed, place)
    extractor = make_extractor(f"inception:{NOWHERE}", PICTURES)
    assert extractor.identity["weights"] == make_extractor(f"inception:{what_it_is_fed}", PICTURES).weights_hash
    assert extractor.identity["handle"] == NOWHERE
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        import tensorflow_hub
    assert tensorflow_hub.resolve(NOWHERE) == str(place)


def test_tfgans_own_handle_is_looked_for_where_no_other_is_said(hub, monkeypatch):
    monkeypatch.setattr(inception, "reachable", lambda urls: False)
    assert "https://tfhub.dev/tensorflow/tfgan/eval/inception/1" in refusal("inception")
    assert "inception:FOLDER" in refusal("inception:no/such/folder")


@pytest.mark.parametrize(("outputs", "lacking"), [(["pool_3"], "['logits']"), (["a", "b"], "['logits', 'pool_3']")])
def test_a_saved_model_that_is_no_inception_is_refused_by_the_outputs_it_lacks(tmp_path, outputs, lacking):
    folder = save_module(
        tmp_path / "other", lambda images: dict.fromkeys(outputs, images[:, 0, 0]), (None, 299, 299, 3)
    )
    extractor = make_extractor(f"inception:{folder}", PICTURES)
    extractor.batch_size = 2
    with pytest.raises(ExtractorError, match="^inception: received a SavedModel without the outputs") as caught:
        extractor.embed(picture(2, 8, 8, 1))
    assert f"{lacking}, expected" in str(caught.value)


def small_network(factor=1.0, seed=0, name="small"):
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Rescaling(factor)(inputs)
    x = keras.layers.Conv2D(4, 3, strides=2, kernel_initializer=keras.initializers.HeNormal(seed), name="early")(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(5, kernel_initializer=keras.initializers.HeNormal(seed), name="late")(x)
    return keras.Model(inputs, x, name=name)


@pytest.fixture(scope="session")
def network_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "small.keras"
    small_network().save(path)
    return str(path)


def test_a_keras_file_gives_its_output_or_a_layers(network_file):
    images = picture(3, 8, 8, 1)
    floats = (images / 127.5 - 1).astype(np.float32)
    network = small_network()
    np.testing.assert_allclose(
        make_extractor(f"model:{network_file}", PICTURES).embed(images).features, network(floats), atol=1e-5
    )
    early = make_extractor(f"model:{network_file}#early", PICTURES)
    # A layer with places is flattened, place by place: 3 x 3 of them, 4 wide.
    expected = network.get_layer("early")(floats).numpy().reshape(3, 36)
    np.testing.assert_allclose(early.embed(images).features, expected, atol=1e-5)
    assert early.embed(images).logits == {}


def test_a_keras_object_is_as_good_as_its_file(tmp_path):
    images, network = picture(3, 8, 8, 1), small_network()
    network.save(tmp_path / "it.keras")
    read, given = make_extractor(f"model:{tmp_path / 'it.keras'}", PICTURES), make_extractor(network, PICTURES)
    np.testing.assert_array_equal(read.embed(images).features, given.embed(images).features)
    assert read.identity == given.identity
    assert make_extractor(given, PICTURES) is given


def test_a_saved_model_gives_the_output_that_is_asked_for(tmp_path):
    images = picture(3, 4, 4, 1)
    floats = (images / 127.5 - 1).astype(np.float32)
    several = save_module(tmp_path / "several", lambda x: {"features": x[:, 0], "other": x[:, 1, :2]}, (None, 4, 4, 1))
    one = save_module(tmp_path / "one", lambda x: {"embedding": x[:, 2]}, (None, 4, 4, 1))
    unnamed = save_module(tmp_path / "unnamed", lambda x: x[:, 3], (None, 4, 4, 1))
    for spec, expected in (
        (several, floats[:, 0]),
        (f"{several}#other", floats[:, 1, :2]),
        (one, floats[:, 2]),
        (unnamed, floats[:, 3]),
    ):
        found = make_extractor(f"model:{spec}", PICTURES).embed(images).features
        np.testing.assert_allclose(found, expected.reshape(3, -1), atol=1e-6)


def test_what_keras_exports_is_read_by_its_signature(tmp_path, network_file):
    small_network().export(tmp_path / "exported", verbose=False)
    images = picture(3, 8, 8, 1)
    found = make_extractor(f"model:{tmp_path / 'exported'}", PICTURES).embed(images).features
    np.testing.assert_allclose(
        found, make_extractor(f"model:{network_file}", PICTURES).embed(images).features, atol=1e-5
    )


def test_outputs_that_cannot_be_told_apart_are_refused(tmp_path):
    two = save_module(tmp_path / "two", lambda x: {"a": x[:, 0], "b": x[:, 1]}, (None, 4, 4, 1))
    with pytest.raises(ExtractorError, match=r"received outputs \['a', 'b'\].*#NAME"):
        make_extractor(f"model:{two}", PICTURES).embed(picture(1, 4, 4, 1))
    with pytest.raises(ExtractorError, match=r"received outputs \['a', 'b'\], expected 'c'"):
        make_extractor(f"model:{two}#c", PICTURES).embed(picture(1, 4, 4, 1))
    inputs = keras.Input((4, 4, 1))
    pair = keras.Model(inputs, [keras.layers.Flatten()(inputs), keras.layers.Flatten()(inputs)])
    with pytest.raises(ExtractorError, match="received 2 unnamed outputs, expected one"):
        make_extractor(pair, PICTURES).embed(picture(1, 4, 4, 1))


def test_models_that_cannot_be_had_are_refused_by_name(tmp_path, network_file, flip):
    junk = tmp_path / "junk.keras"
    junk.write_text("no network")
    damaged = tmp_path / "damaged.keras"
    shutil.copy(network_file, damaged)
    with zipfile.ZipFile(damaged) as archive:
        flip(damaged, archive.getinfo("model.weights.h5").header_offset + 1000)
    (tmp_path / "empty").mkdir()
    assert "model:PATH" in refusal("model")
    assert "no/such.keras" in refusal("model:no/such.keras")
    assert "junk.keras is no Keras model" in refusal(f"model:{junk}")
    assert "damaged.keras is no Keras model" in refusal(f"model:{damaged}")
    assert "empty is no SavedModel" in refusal(f"model:{tmp_path / 'empty'}")
    assert "'lat'" in refusal(f"model:{network_file}#lat")
    assert "'late'" in refusal(f"model:{network_file}#lat")
    assert "inception" in refusal("inceptoin")
    assert "received int" in refusal(3)


def test_a_keras_model_without_weights_yet_is_refused():
    network = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)], name="unbuilt")
    assert "call it on images once" in refusal(network)
    network(np.zeros((1, 4, 4, 1), np.float32))
    assert make_extractor(network, PICTURES).embed(picture(3, 4, 4, 1)).features.shape == (3, 2)


def test_features_that_are_no_numbers_are_refused():
    network = small_network(name="diverged")
    network.get_layer("late").bias.assign([0, 0, np.nan, 0, 0])
    with pytest.raises(ExtractorError, match="^keras:diverged: gives features that are no numbers"):
        make_extractor(network, PICTURES).embed(picture(2, 8, 8, 1))


def test_images_of_another_shape_are_refused_in_one_line(network_file):
    with pytest.raises(ExtractorError, match=r"^keras:small: cannot read images of shape \(9, 9, 3\)") as caught:
        make_extractor(f"model:{network_file}", PICTURES).embed(picture(2, 9, 9, 3))
    assert "\n" not in str(caught.value)


def test_an_identity_changes_with_whatever_changes_the_features(network_file, tmp_path):
    first = make_extractor(f"model:{network_file}", PICTURES).identity
    assert {"name", "layer", "weights", "input_range", "resizer"} <= set(first)
    assert make_extractor(f"model:{network_file}", PICTURES).identity == first
    layer = make_extractor(f"model:{network_file}#early", PICTURES).identity
    assert make_extractor(f"model:{network_file}#early", PICTURES).identity == layer
    others = [
        layer,
        make_extractor(small_network(seed=1), PICTURES).identity,
        # A scaling has no weights.
        make_extractor(small_network(factor=2.0), PICTURES).identity,
        make_extractor(small_network(name="other"), PICTURES).identity,
    ]
    assert all(other != first for other in others)
    assert others[1]["weights"] != first["weights"]


def test_the_identity_of_a_saved_model_hangs_on_its_variables_and_on_constants_of_its_graph(tmp_path):
    def save(place, value, constant):
        weight = tf.Variable(value)
        return save_module(
            tmp_path / place / "same", lambda x: x[:, 0] * weight + constant, (None, 4, 4, 1), weight=weight
        )

    def identity(folder):
        return make_extractor(f"model:{folder}", PICTURES).identity

    first, other = save("first", 1.0, 1.0), save("other", 2.0, 1.0)
    copied = shutil.copytree(first, tmp_path / "copied" / "same")
    assert identity(copied) == identity(first)
    # The graph of one, the variables of the other: two savings of one graph differ in the names of its functions.
    shutil.copytree(f"{other}/variables", copied / "variables", dirs_exist_ok=True)
    assert identity(copied) != identity(first)
    constant = save("constant", 1.0, 2.0)
    shutil.copytree(f"{first}/variables", f"{constant}/variables", dirs_exist_ok=True)
    assert identity(constant) != identity(first)


class Crowd(Extractor):
    """Features that would give away how many images are read at once."""

    batch_size = 8

    def __init__(self):
        self.seen = []

    def network(self, images):
        self.seen.append(tuple(images.shape))
        return {"features": tf.reduce_mean(images, (1, 2)) + images.shape[0], "label": images[:, 0, 0]}


def test_features_of_an_image_do_not_hang_on_how_many_others_there_are(network_file):
    images = picture(21, 8, 8, 1)
    crowd, network = Crowd(), make_extractor(f"model:{network_file}", PICTURES)
    network.batch_size = 8
    for extractor in (crowd, network):
        every = extractor.embed(images)
        for count in (1, 7, 8, 9, 16, 20):
            some = extractor.embed(images[:count])
            assert len(some) == count
            np.testing.assert_array_equal(some.features, every.features[:count])
            np.testing.assert_allclose(extractor.embed(images[-count:]).features, every.features[-count:], atol=1e-5)
    assert crowd.seen == [(8, 8, 8, 1)]
    np.testing.assert_array_equal(crowd.embed(images).logits["label"], every_corner(images))


def every_corner(images):
    return (images[:, 0, 0].astype(np.float32) * np.float32(2 / 255)) - 1


def test_points_are_their_own_features():
    source = load("mixture:grid")
    extractor = make_extractor("auto", source)
    assert isinstance(extractor, Points)
    np.testing.assert_array_equal(extractor.embed(source.samples[:5]).features, source.samples[:5])
    assert "points are their own features" in refusal("classifier", source)
