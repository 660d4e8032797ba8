"""Extractors that are trained on the reference: caching, retraining, and rejection."""

import re
import shutil

import keras
import numpy as np
import pytest
from ganzoo.export.evaluation import ExtractorError, make_extractor
from ganzoo.export.evaluation.features import convnet, trained_extractor
from ganzoo.export.evaluation.features.extractors import classifier, rotation
from ganzoo.training.data import ImageSource, load

# Sufficient for digits; a fifth of the default.
TRAINING_IMAGES = 12_000


def shorten(patch, images=TRAINING_IMAGES):
    """Shortens the training to a number of images; it is part of the cache key."""
    patch.setattr(convnet, "MIN_IMAGES", images)
    patch.setattr(trained_extractor, "MIN_IMAGES", images)


def refuse_to_train(*_, **__):
    raise AssertionError("a cached network was trained again")


@pytest.fixture(scope="session")
def digits():
    return load("digits", resolution=16)


@pytest.fixture(scope="session")
def plain(digits):
    """The same digits without labels."""
    return ImageSource("plain", digits.samples, digits.held_out)


@pytest.fixture(scope="session")
def train_once(tmp_path_factory):
    """Trains an extractor once for all tests: `train_once("classifier", source)` -> (extractor, cache folder)."""
    extractors = {}

    def make(kind, source):
        if kind not in extractors:
            home = tmp_path_factory.mktemp(kind)
            with pytest.MonkeyPatch.context() as patch:
                shorten(patch)
                extractors[kind] = make_extractor(kind, source, cache_dir=str(home)), home
        return extractors[kind]

    return make


@pytest.fixture
def untrained(monkeypatch):
    """Skips all training; the list has an entry for each network that should have been trained."""
    calls = []
    monkeypatch.setattr(trained_extractor, "train_convnet", lambda *arguments: calls.append(arguments))
    return calls


def two_classes(count=120, held_out=60, shuffled=False):
    """Zeros and ones."""
    all_digits = load("digits")
    selected = all_digits.labels < 2
    images, labels = all_digits.samples[selected], all_digits.labels[selected]
    if shuffled:
        labels = np.random.default_rng(0).permutation(labels)
    end = count + held_out
    return ImageSource("few", images[:count], images[count:end], labels[:count], labels[count:end])


def rejection(kind, source, home):
    with pytest.raises(ExtractorError) as caught:
        make_extractor(kind, source, cache_dir=str(home))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_classifier_predicts_held_out_digits(train_once, digits):
    extractor, _ = train_once("classifier", digits)
    actual = extractor.embed(digits.held_out)
    right = (actual.logits["label"].argmax(1) == digits.held_out_labels).mean()
    assert right >= 0.9
    assert extractor.accuracy == {"label": pytest.approx(right, abs=1e-4)}
    assert extractor.identity["held_out_accuracy"] == extractor.accuracy
    assert extractor.identity["trained_on"] == digits.fingerprint
    assert extractor.identity["name"] == "classifier"
    assert extractor.values == {"label": list("0123456789")}
    assert actual.features.shape == (179, 64)
    assert actual.logits["label"].shape == (179, 10)


def test_an_extractor_is_trained_once_and_loaded_from_the_cache(train_once, digits, monkeypatch):
    extractor, home = train_once("classifier", digits)
    shorten(monkeypatch)
    monkeypatch.setattr(trained_extractor, "train_convnet", refuse_to_train)
    reloaded = make_extractor("auto", digits, cache_dir=str(home))
    assert reloaded.identity == extractor.identity
    assert reloaded.values == extractor.values
    np.testing.assert_array_equal(reloaded.embed(digits.held_out).features, extractor.embed(digits.held_out).features)


@pytest.mark.parametrize("damage", ["truncated", "gone", "early", "middle", "late"])
def test_a_damaged_network_is_trained_again(train_once, digits, monkeypatch, tmp_path, untrained, flip_bit, damage):
    extractor, home = train_once("classifier", digits)
    shorten(monkeypatch)
    monkeypatch.setattr(classifier, "MIN_ACCURACY", 0)
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    (file,) = tmp_path.rglob(trained_extractor.MODEL)
    size = file.stat().st_size
    if damage == "gone":
        file.unlink()
    elif damage == "truncated":
        with open(file, "r+b") as part:
            part.truncate(size // 2)
    else:
        flip_bit(file, {"early": 40, "middle": size // 2, "late": size - 200}[damage])
    retrained = make_extractor("classifier", digits, cache_dir=str(tmp_path))
    assert len(untrained) == 1
    assert retrained.identity["weights"] != extractor.identity["weights"]
    monkeypatch.setattr(trained_extractor, "train_convnet", refuse_to_train)
    assert make_extractor("classifier", digits, cache_dir=str(tmp_path)).identity == retrained.identity


def test_other_data_or_longer_training_train_another_network(train_once, digits, monkeypatch, tmp_path, untrained):
    _, home = train_once("classifier", digits)
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(classifier, "MIN_ACCURACY", 0)
    shorten(monkeypatch, TRAINING_IMAGES + 1)
    make_extractor("classifier", digits, cache_dir=str(tmp_path))
    assert len(untrained) == 1
    shorten(monkeypatch)
    samples = digits.samples.copy()
    samples[5, 3, 3] ^= 1
    other = ImageSource("digits", samples, digits.held_out, digits.labels, digits.held_out_labels)
    make_extractor("classifier", other, cache_dir=str(tmp_path))
    assert len(untrained) == 2


def test_fewer_images_than_a_batch_can_be_learned(monkeypatch, tmp_path):
    shorten(monkeypatch, 2_000)
    assert convnet.BATCH > 100
    extractor = make_extractor("classifier", two_classes(count=100), cache_dir=str(tmp_path))
    assert extractor.accuracy["label"] >= 0.95


def test_a_classifier_of_low_accuracy_is_rejected(monkeypatch, tmp_path):
    shorten(monkeypatch, 1_000)
    message = rejection("classifier", two_classes(shuffled=True), tmp_path)
    (reported,) = re.findall(r"accuracy \{'label': (0\.\d+)\} on held-out images of few", message)
    # Random labels are predicted at chance: within 0.2 of 0.5 for 60 of them.
    assert 0.3 < float(reported) < 0.7
    assert "at least 0.9" in message
    assert "rotation or inception" in message


def test_sources_without_classes_to_learn_are_rejected(digits, plain, tmp_path):
    train, held_out = digits.samples[:50], digits.held_out[:50]
    ones = np.ones(50, int)
    single = ImageSource("single", train, held_out, ones, ones)
    no_rest = ImageSource("all", train, held_out[:0], digits.labels[:50], digits.held_out_labels[:0])
    assert "plain has no labels" in rejection("classifier", plain, tmp_path)
    assert "--extractor rotation" in rejection("classifier", plain, tmp_path)
    assert "single has one class, expected at least two" in rejection("classifier", single, tmp_path)
    assert "all" in rejection("classifier", no_rest, tmp_path)
    assert "'classifier:deep'" in rejection("classifier:deep", digits, tmp_path)
    assert "'rotation:90'" in rejection("rotation:90", digits, tmp_path)
    oblong = ImageSource("oblong", train[:, :8], held_out[:, :8])
    assert "(8, 16, 1), expected squares" in rejection("rotation", oblong, tmp_path)


def test_the_classifier_of_shapes_predicts_every_varying_factor(monkeypatch, tmp_path):
    shorten(monkeypatch, 1)
    monkeypatch.setattr(classifier, "MIN_ACCURACY", 0)
    source = load("shapes", resolution=16, count=400, cache_dir=str(tmp_path))
    extractor = make_extractor("classifier", source, cache_dir=str(tmp_path))
    factors = source.facts["factors"]
    # The shape is the label, which is predicted once; the background is constant.
    expected = {"label": factors["shape"]} | {name: factors[name] for name in ("color", "size", "position", "fill")}
    assert extractor.values == expected
    actual = extractor.embed(source.held_out)
    for name, values in expected.items():
        assert actual.logits[name].shape == (40, len(values))
        truth = source.held_out_labels if name == "label" else source.held_out_factors[name]
        right = (actual.logits[name].argmax(1) == truth).mean()
        assert extractor.accuracy[name] == pytest.approx(right, abs=1e-4)
    # Five epochs of 360 images suffice for little more than the position, whose chance is 1/9.
    assert extractor.accuracy["position"] > 1 / 3


def test_a_varying_background_is_a_further_factor(monkeypatch, tmp_path, untrained):
    monkeypatch.setattr(classifier, "MIN_ACCURACY", 0)
    source = load("shapes", resolution=16, count=400, background="mixed", cache_dir=str(tmp_path))
    extractor = make_extractor("classifier", source, cache_dir=str(tmp_path))
    assert extractor.values["background"] == source.facts["factors"]["background"]
    assert "shape" not in extractor.values
    # Low accuracies are reported per factor.
    monkeypatch.setattr(classifier, "MIN_ACCURACY", 1.01)
    message = rejection("classifier", source, tmp_path)
    assert all(f"'{name}'" in message for name in extractor.values)


def test_rotation_is_trained_on_images_without_labels(train_once, digits, plain):
    extractor, _ = train_once("rotation", plain)
    assert extractor.identity["name"] == "rotation"
    assert extractor.identity["trained_on"] == plain.fingerprint
    assert plain.fingerprint != digits.fingerprint
    # Far above the chance of 0.25, although a zero looks the same upside down.
    assert extractor.accuracy["rotation"] > 0.8
    assert extractor.warnings == []
    actual = extractor.embed(plain.held_out[:5])
    assert actual.features.shape == (5, 64)
    assert actual.logits == {}
    assert extractor.values == {}


def test_rotation_is_the_default_for_images_without_labels(train_once, plain, monkeypatch):
    extractor, home = train_once("rotation", plain)
    shorten(monkeypatch)
    monkeypatch.setattr(trained_extractor, "train_convnet", refuse_to_train)
    assert make_extractor("auto", plain, cache_dir=str(home)).identity == extractor.identity


def test_rotations_are_counter_clockwise():
    square = np.array([[1, 2], [3, 4]], np.uint8)[..., np.newaxis]
    actual = rotation.rotate(np.stack([square] * 4), np.arange(4))
    expected = [[[1, 2], [3, 4]], [[2, 4], [1, 3]], [[4, 3], [2, 1]], [[3, 1], [4, 2]]]
    np.testing.assert_array_equal(actual[..., 0], expected)


def test_rotationally_symmetric_images_give_a_warning(tmp_path, untrained):
    # A constant prediction for eight equal images is correct for two of them.
    flat = np.full((8, 8, 8, 1), 90, np.uint8)
    extractor = make_extractor("rotation", ImageSource("flat", flat, flat), cache_dir=str(tmp_path))
    assert extractor.accuracy == {"rotation": 0.25}
    (warning,) = extractor.warnings
    assert warning.startswith("rotation: predicts only 25% of the rotations correctly")


def test_larger_images_are_downscaled_and_the_identity_says_so(tmp_path, untrained):
    large = np.zeros((8, 96, 96, 1), np.uint8)
    small = np.zeros((8, 32, 32, 1), np.uint8)
    actual = [
        make_extractor("rotation", ImageSource("flat", images, images), cache_dir=str(tmp_path))
        for images in (large, small)
    ]
    assert [extractor.identity["resizer"] for extractor in actual] == ["tf-bilinear-antialias", "none"]
    assert actual[0].embed(large).features.shape == (8, 64)
    (flat_features,) = [layer for layer in actual[0].model.layers if isinstance(layer, keras.layers.Resizing)]
    # Without antialiasing, every third pixel of a chessboard would form a chessboard again.
    chessboard = (-1.0) ** np.indices((96, 96)).sum(0)[np.newaxis, ..., np.newaxis]
    shrunk = flat_features(chessboard.astype(np.float32)).numpy()
    assert shrunk.shape == (1, 32, 32, 1)
    assert np.abs(shrunk).max() < 0.2


def test_small_sets_get_more_epochs():
    # Five epochs, within 60,000 to 300,000 images in total.
    epochs = {
        num_samples: convnet.num_epochs(num_samples) for num_samples in (100, 1_618, 20_000, 60_000, 100_000, 1_000_000)
    }
    assert epochs == {100: 600, 1_618: 37, 20_000: 5, 60_000: 5, 100_000: 3, 1_000_000: 1}


def test_an_epoch_has_each_image_at_most_once_in_an_order_that_depends_on_its_index():
    first = list(convnet.shuffled_batches(1_000, 3, 128))
    assert [len(rows) for rows in first] == [128] * 7
    assert len(set(np.concatenate(first).tolist())) == 896
    np.testing.assert_array_equal(first, list(convnet.shuffled_batches(1_000, 3, 128)))
    assert not np.array_equal(first, list(convnet.shuffled_batches(1_000, 4, 128)))


def test_equal_seeds_initialize_equal_networks():
    networks = [
        trained_extractor.TrainedExtractor("it", convnet.build_convnet((8, 8, 1), {"label": 2}, seed), {}, {}, "")
        for seed in (0, 0, 1)
    ]
    assert networks[0].weights_hash == networks[1].weights_hash != networks[2].weights_hash
