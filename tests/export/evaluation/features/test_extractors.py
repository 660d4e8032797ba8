"""Extractors of user models: selected outputs, identities, batches, and rejected models."""

import shutil
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.evaluation import Extractor, ExtractorError, make_extractor
from ganzoo.export.evaluation.features.extractor import IdentityExtractor
from ganzoo.training.data import load

from .extractor_inputs import SOURCE, random_images, rejection, save_module


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


def test_a_keras_file_has_the_features_of_its_output_or_of_a_layer(network_file):
    images = random_images(3, 8, 8, 1)
    floats = (images / 127.5 - 1).astype(np.float32)
    network = small_network()
    np.testing.assert_allclose(
        make_extractor(f"model:{network_file}", SOURCE).embed(images).features, network(floats), atol=1e-5
    )
    early = make_extractor(f"model:{network_file}#early", SOURCE)
    # A spatial output is flattened, position by position: 3 x 3 with 4 channels.
    expected = network.get_layer("early")(floats).numpy().reshape(3, 36)
    np.testing.assert_allclose(early.embed(images).features, expected, atol=1e-5)
    assert early.embed(images).logits == {}


def test_a_keras_object_has_the_features_of_its_file(tmp_path):
    images, network = random_images(3, 8, 8, 1), small_network()
    network.save(tmp_path / "it.keras")
    from_file, from_object = make_extractor(f"model:{tmp_path / 'it.keras'}", SOURCE), make_extractor(network, SOURCE)
    np.testing.assert_array_equal(from_file.embed(images).features, from_object.embed(images).features)
    assert from_file.identity == from_object.identity
    assert make_extractor(from_object, SOURCE) is from_object


def test_a_saved_model_has_the_features_of_the_selected_output(tmp_path):
    images = random_images(3, 4, 4, 1)
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
        actual = make_extractor(f"model:{spec}", SOURCE).embed(images).features
        np.testing.assert_allclose(actual, expected.reshape(3, -1), atol=1e-6)


def test_a_keras_export_is_called_by_its_signature(tmp_path, network_file):
    small_network().export(tmp_path / "exported", verbose=False)
    images = random_images(3, 8, 8, 1)
    actual = make_extractor(f"model:{tmp_path / 'exported'}", SOURCE).embed(images).features
    np.testing.assert_allclose(
        actual, make_extractor(f"model:{network_file}", SOURCE).embed(images).features, atol=1e-5
    )


def test_ambiguous_outputs_are_rejected(tmp_path):
    two = save_module(tmp_path / "two", lambda x: {"a": x[:, 0], "b": x[:, 1]}, (None, 4, 4, 1))
    with pytest.raises(ExtractorError, match=r"received outputs \['a', 'b'\].*#NAME"):
        make_extractor(f"model:{two}", SOURCE).embed(random_images(1, 4, 4, 1))
    with pytest.raises(ExtractorError, match=r"received outputs \['a', 'b'\], expected 'c'"):
        make_extractor(f"model:{two}#c", SOURCE).embed(random_images(1, 4, 4, 1))
    inputs = keras.Input((4, 4, 1))
    pair = keras.Model(inputs, [keras.layers.Flatten()(inputs), keras.layers.Flatten()(inputs)])
    with pytest.raises(ExtractorError, match="received 2 unnamed outputs, expected one"):
        make_extractor(pair, SOURCE).embed(random_images(1, 4, 4, 1))


def test_unusable_model_files_are_rejected_by_name(tmp_path, network_file, flip_bit):
    junk = tmp_path / "junk.keras"
    junk.write_text("no network")
    damaged = tmp_path / "damaged.keras"
    shutil.copy(network_file, damaged)
    with zipfile.ZipFile(damaged) as archive:
        flip_bit(damaged, archive.getinfo("model.weights.h5").header_offset + 1000)
    (tmp_path / "empty").mkdir()
    assert "model:PATH" in rejection("model")
    assert "no/such.keras" in rejection("model:no/such.keras")
    assert "junk.keras, which is no Keras model" in rejection(f"model:{junk}")
    assert "damaged.keras, which is no Keras model" in rejection(f"model:{damaged}")
    assert "empty, which is no SavedModel" in rejection(f"model:{tmp_path / 'empty'}")
    assert "'lat'" in rejection(f"model:{network_file}#lat")
    assert "'late'" in rejection(f"model:{network_file}#lat")
    assert "inception" in rejection("inceptoin")
    assert "received int" in rejection(3)


def test_an_unbuilt_keras_model_is_rejected():
    network = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)], name="unbuilt")
    assert "call it on images once" in rejection(network)
    network(np.zeros((1, 4, 4, 1), np.float32))
    assert make_extractor(network, SOURCE).embed(random_images(3, 4, 4, 1)).features.shape == (3, 2)


def test_non_finite_features_are_rejected():
    network = small_network(name="diverged")
    network.get_layer("late").bias.assign([0, 0, np.nan, 0, 0])
    with pytest.raises(ExtractorError, match="^keras:diverged: received non-finite features"):
        make_extractor(network, SOURCE).embed(random_images(2, 8, 8, 1))


def test_images_of_another_shape_are_rejected_in_one_line(network_file):
    with pytest.raises(ExtractorError, match=r"^keras:small: received images of shape \(9, 9, 3\)") as caught:
        make_extractor(f"model:{network_file}", SOURCE).embed(random_images(2, 9, 9, 3))
    assert "\n" not in str(caught.value)


def test_the_identity_changes_with_everything_that_changes_the_features(network_file, tmp_path):
    first = make_extractor(f"model:{network_file}", SOURCE).identity
    assert {"name", "layer", "weights", "input_range", "resizer"} <= set(first)
    assert make_extractor(f"model:{network_file}", SOURCE).identity == first
    layer = make_extractor(f"model:{network_file}#early", SOURCE).identity
    assert make_extractor(f"model:{network_file}#early", SOURCE).identity == layer
    others = [
        layer,
        make_extractor(small_network(seed=1), SOURCE).identity,
        # A Rescaling layer has no weights.
        make_extractor(small_network(factor=2.0), SOURCE).identity,
        make_extractor(small_network(name="other"), SOURCE).identity,
    ]
    assert all(other != first for other in others)
    assert others[1]["weights"] != first["weights"]


def test_the_identity_of_a_saved_model_depends_on_its_variables_and_on_constants_of_its_graph(tmp_path):
    def save(position, value, constant):
        weight = tf.Variable(value)
        return save_module(
            tmp_path / position / "same", lambda x: x[:, 0] * weight + constant, (None, 4, 4, 1), weight=weight
        )

    def identity(folder):
        return make_extractor(f"model:{folder}", SOURCE).identity

    first, other = save("first", 1.0, 1.0), save("other", 2.0, 1.0)
    copied = shutil.copytree(first, tmp_path / "copied" / "same")
    assert identity(copied) == identity(first)
    # The graph of one with the variables of the other: two exports of one graph differ in function names.
    shutil.copytree(f"{other}/variables", copied / "variables", dirs_exist_ok=True)
    assert identity(copied) != identity(first)
    constant = save("constant", 1.0, 2.0)
    shutil.copytree(f"{first}/variables", f"{constant}/variables", dirs_exist_ok=True)
    assert identity(constant) != identity(first)


class BatchSizeDependent(Extractor):
    """Features that depend on the batch size."""

    batch_size = 8

    def __init__(self):
        self.input_shapes = []

    def network(self, images):
        self.input_shapes.append(tuple(images.shape))
        return {"features": tf.reduce_mean(images, (1, 2)) + images.shape[0], "label": images[:, 0, 0]}


def test_features_of_an_image_do_not_depend_on_the_number_of_images(network_file):
    images = random_images(21, 8, 8, 1)
    dependent, network = BatchSizeDependent(), make_extractor(f"model:{network_file}", SOURCE)
    network.batch_size = 8
    for extractor in (dependent, network):
        all_images = extractor.embed(images)
        for count in (1, 7, 8, 9, 16, 20):
            subset = extractor.embed(images[:count])
            assert len(subset) == count
            np.testing.assert_array_equal(subset.features, all_images.features[:count])
            np.testing.assert_allclose(
                extractor.embed(images[-count:]).features, all_images.features[-count:], atol=1e-5
            )
    assert dependent.input_shapes == [(8, 8, 8, 1)]
    np.testing.assert_array_equal(dependent.embed(images).logits["label"], first_pixels(images))


def first_pixels(images):
    return (images[:, 0, 0].astype(np.float32) * np.float32(2 / 255)) - 1


def test_points_are_their_own_features():
    source = load("mixture:grid")
    extractor = make_extractor("auto", source)
    assert isinstance(extractor, IdentityExtractor)
    np.testing.assert_array_equal(extractor.embed(source.samples[:5]).features, source.samples[:5])
    assert "points are their own features" in rejection("classifier", source)
