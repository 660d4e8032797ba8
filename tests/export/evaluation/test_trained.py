"""Extractors that learn the reference itself: when they are trusted, when they are made anew, when they are refused."""

import re
import shutil

import keras
import numpy as np
import pytest
from ganzoo.export.evaluation import ExtractorError, convnet, make_extractor, trained
from ganzoo.export.evaluation.extractors import classifier, rotation
from ganzoo.training.data import ImageSource, load

# Enough for digits; a fifth of what people get.
LESSONS = 12_000


def shorten(patch, images=LESSONS):
    """Ends the schooling after that many images; part of what a kept network hangs on."""
    patch.setattr(convnet, "LEAST_IMAGES", images)
    patch.setattr(trained, "LEAST_IMAGES", images)


def refuse_to_train(*_, **__):
    raise AssertionError("a network that is kept was trained again")


@pytest.fixture(scope="session")
def digits():
    return load("digits", resolution=16)


@pytest.fixture(scope="session")
def plain(digits):
    """The same digits without labels."""
    return ImageSource("plain", digits.samples, digits.held_out)


@pytest.fixture(scope="session")
def learn(tmp_path_factory):
    """Trains an extractor once for all tests: `learn("classifier", source)` -> (extractor, cache folder)."""
    known = {}

    def make(kind, source):
        if kind not in known:
            home = tmp_path_factory.mktemp(kind)
            with pytest.MonkeyPatch.context() as patch:
                shorten(patch)
                known[kind] = make_extractor(kind, source, cache_dir=str(home)), home
        return known[kind]

    return make


@pytest.fixture
def untaught(monkeypatch):
    """Leaves networks as they were drawn; the list has an entry for every one that should have been trained."""
    calls = []
    monkeypatch.setattr(trained, "train_convnet", lambda *arguments: calls.append(arguments))
    return calls


def two_classes(count=120, held_out=60, shuffled=False):
    """Noughts and ones."""
    whole = load("digits")
    chosen = whole.labels < 2
    images, labels = whole.samples[chosen], whole.labels[chosen]
    if shuffled:
        labels = np.random.default_rng(0).permutation(labels)
    end = count + held_out
    return ImageSource("few", images[:count], images[count:end], labels[:count], labels[count:end])


def refusal(kind, source, home):
    with pytest.raises(ExtractorError) as caught:
        make_extractor(kind, source, cache_dir=str(home))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_classifier_reads_digits_that_it_never_saw(learn, digits):
    extractor, _ = learn("classifier", digits)
    found = extractor.embed(digits.held_out)
    right = (found.logits["label"].argmax(1) == digits.held_out_labels).mean()
    assert right >= 0.9
    assert extractor.accuracy == {"label": pytest.approx(right, abs=1e-4)}
    assert extractor.identity["held_out_accuracy"] == extractor.accuracy
    assert extractor.identity["trained_on"] == digits.fingerprint
    assert extractor.identity["name"] == "classifier"
    assert extractor.values == {"label": list("0123456789")}
    assert found.features.shape == (179, 64)
    assert found.logits["label"].shape == (179, 10)


def test_it_is_trained_once_and_found_again(learn, digits, monkeypatch):
    extractor, home = learn("classifier", digits)
    shorten(monkeypatch)
    monkeypatch.setattr(trained, "train_convnet", refuse_to_train)
    again = make_extractor("auto", digits, cache_dir=str(home))
    assert again.identity == extractor.identity
    assert again.values == extractor.values
    np.testing.assert_array_equal(again.embed(digits.held_out).features, extractor.embed(digits.held_out).features)


@pytest.mark.parametrize("damage", ["truncated", "gone", "early", "middle", "late"])
def test_a_damaged_network_is_made_anew_and_never_trusted(learn, digits, monkeypatch, tmp_path, untaught, flip, damage):
    extractor, home = learn("classifier", digits)
    shorten(monkeypatch)
    monkeypatch.setattr(classifier, "LEAST_ACCURACY", 0)
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    (file,) = tmp_path.rglob(trained.MODEL)
    size = file.stat().st_size
    if damage == "gone":
        file.unlink()
    elif damage == "truncated":
        with open(file, "r+b") as part:
            part.truncate(size // 2)
    else:
        flip(file, {"early": 40, "middle": size // 2, "late": size - 200}[damage])
    anew = make_extractor("classifier", digits, cache_dir=str(tmp_path))
    assert len(untaught) == 1
    assert anew.identity["weights"] != extractor.identity["weights"]
    monkeypatch.setattr(trained, "train_convnet", refuse_to_train)
    assert make_extractor("classifier", digits, cache_dir=str(tmp_path)).identity == anew.identity


def test_other_data_or_a_longer_schooling_train_another_network(learn, digits, monkeypatch, tmp_path, untaught):
    _, home = learn("classifier", digits)
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(classifier, "LEAST_ACCURACY", 0)
    shorten(monkeypatch, LESSONS + 1)
    make_extractor("classifier", digits, cache_dir=str(tmp_path))
    assert len(untaught) == 1
    shorten(monkeypatch)
    samples = digits.samples.copy()
    samples[5, 3, 3] ^= 1
    other = ImageSource("digits", samples, digits.held_out, digits.labels, digits.held_out_labels)
    make_extractor("classifier", other, cache_dir=str(tmp_path))
    assert len(untaught) == 2


def test_fewer_images_than_a_batch_are_learned_as_well(monkeypatch, tmp_path):
    shorten(monkeypatch, 2_000)
    assert convnet.BATCH > 100
    extractor = make_extractor("classifier", two_classes(count=100), cache_dir=str(tmp_path))
    assert extractor.accuracy["label"] >= 0.95


def test_a_classifier_that_learned_too_little_is_refused_with_its_accuracy(monkeypatch, tmp_path):
    shorten(monkeypatch, 1_000)
    message = refusal("classifier", two_classes(shuffled=True), tmp_path)
    (told,) = re.findall(r"reads \{'label': (0\.\d+)\} of few's held-out images right", message)
    # Labels that mean nothing are guessed: 60 of them come out within a fifth of a half.
    assert 0.3 < float(told) < 0.7
    assert "at least 0.9" in message
    assert "rotation or inception" in message


def test_a_source_that_cannot_teach_classes_is_refused(digits, plain, tmp_path):
    train, held_out = digits.samples[:50], digits.held_out[:50]
    ones = np.ones(50, int)
    single = ImageSource("single", train, held_out, ones, ones)
    no_rest = ImageSource("all", train, held_out[:0], digits.labels[:50], digits.held_out_labels[:0])
    assert "plain has no labels" in refusal("classifier", plain, tmp_path)
    assert "--extractor rotation" in refusal("classifier", plain, tmp_path)
    assert "single has one class, expected at least two" in refusal("classifier", single, tmp_path)
    assert "all" in refusal("classifier", no_rest, tmp_path)
    assert "'classifier:deep'" in refusal("classifier:deep", digits, tmp_path)
    assert "'rotation:90'" in refusal("rotation:90", digits, tmp_path)
    oblong = ImageSource("oblong", train[:, :8], held_out[:, :8])
    assert "(8, 16, 1), expected squares" in refusal("rotation", oblong, tmp_path)


def test_shapes_are_read_by_every_factor_that_varies(monkeypatch, tmp_path):
    shorten(monkeypatch, 1)
    monkeypatch.setattr(classifier, "LEAST_ACCURACY", 0)
    source = load("shapes", resolution=16, count=400, cache_dir=str(tmp_path))
    extractor = make_extractor("classifier", source, cache_dir=str(tmp_path))
    factors = source.facts["factors"]
    # The shape is the label, and not asked for twice; the background is always light.
    expected = {"label": factors["shape"]} | {name: factors[name] for name in ("colour", "size", "position", "fill")}
    assert extractor.values == expected
    found = extractor.embed(source.held_out)
    for name, values in expected.items():
        assert found.logits[name].shape == (40, len(values))
        truth = source.held_out_labels if name == "label" else source.held_out_factors[name]
        right = (found.logits[name].argmax(1) == truth).mean()
        assert extractor.accuracy[name] == pytest.approx(right, abs=1e-4)
    # Five passes over 360 pictures do not teach much, but where a picture is dark: chance is a ninth.
    assert extractor.accuracy["position"] > 1 / 3


def test_a_background_that_varies_is_one_more_factor(monkeypatch, tmp_path, untaught):
    monkeypatch.setattr(classifier, "LEAST_ACCURACY", 0)
    source = load("shapes", resolution=16, count=400, background="mixed", cache_dir=str(tmp_path))
    extractor = make_extractor("classifier", source, cache_dir=str(tmp_path))
    assert extractor.values["background"] == source.facts["factors"]["background"]
    assert "shape" not in extractor.values
    # What falls short is told for each factor.
    monkeypatch.setattr(classifier, "LEAST_ACCURACY", 1.01)
    message = refusal("classifier", source, tmp_path)
    assert all(f"'{name}'" in message for name in extractor.values)


def test_rotation_learns_images_without_labels(learn, digits, plain):
    extractor, _ = learn("rotation", plain)
    assert extractor.identity["name"] == "rotation"
    assert extractor.identity["trained_on"] == plain.fingerprint
    assert plain.fingerprint != digits.fingerprint
    # Far above the quarter of chance, though a nought has no top.
    assert extractor.accuracy["turn"] > 0.8
    assert extractor.warnings == []
    found = extractor.embed(plain.held_out[:5])
    assert found.features.shape == (5, 64)
    assert found.logits == {}
    assert extractor.values == {}


def test_rotation_is_what_images_without_labels_get(learn, plain, monkeypatch):
    extractor, home = learn("rotation", plain)
    shorten(monkeypatch)
    monkeypatch.setattr(trained, "train_convnet", refuse_to_train)
    assert make_extractor("auto", plain, cache_dir=str(home)).identity == extractor.identity


def test_turns_are_counter_clockwise_quarters():
    square = np.array([[1, 2], [3, 4]], np.uint8)[..., np.newaxis]
    found = rotation.turned(np.stack([square] * 4), np.arange(4))
    by_hand = [[[1, 2], [3, 4]], [[2, 4], [1, 3]], [[4, 3], [2, 1]], [[3, 1], [4, 2]]]
    np.testing.assert_array_equal(found[..., 0], by_hand)


def test_pictures_without_a_top_are_judged_with_a_warning(tmp_path, untaught):
    # One answer to eight equal pictures is right for the two that were turned so.
    flat = np.full((8, 8, 8, 1), 90, np.uint8)
    extractor = make_extractor("rotation", ImageSource("flat", flat, flat), cache_dir=str(tmp_path))
    assert extractor.accuracy == {"turn": 0.25}
    (warning,) = extractor.warnings
    assert warning.startswith("rotation: names only 25% of the turns right")


def test_larger_images_are_shrunk_and_it_is_told(tmp_path, untaught):
    large = np.zeros((8, 96, 96, 1), np.uint8)
    small = np.zeros((8, 32, 32, 1), np.uint8)
    found = [
        make_extractor("rotation", ImageSource("flat", images, images), cache_dir=str(tmp_path))
        for images in (large, small)
    ]
    assert [extractor.identity["resizer"] for extractor in found] == ["tf-bilinear-antialias", "none"]
    assert found[0].embed(large).features.shape == (8, 64)
    (shrink,) = [layer for layer in found[0].model.layers if isinstance(layer, keras.layers.Resizing)]
    # Every third pixel of a chessboard would be a chessboard again; their mean is grey.
    chessboard = (-1.0) ** np.indices((96, 96)).sum(0)[np.newaxis, ..., np.newaxis]
    shrunk = shrink(chessboard.astype(np.float32)).numpy()
    assert shrunk.shape == (1, 32, 32, 1)
    assert np.abs(shrunk).max() < 0.2


def test_small_sets_are_gone_through_more_often():
    # At least 60,000 images are seen, at most 300,000, else each of them five times.
    lessons = {num: convnet.schooling(num) for num in (100, 1_618, 20_000, 60_000, 100_000, 1_000_000)}
    assert lessons == {100: 600, 1_618: 37, 20_000: 5, 60_000: 5, 100_000: 3, 1_000_000: 1}


def test_a_pass_shows_each_image_at_most_once_and_its_number_names_the_order():
    first = list(convnet.shuffled(1_000, 3, 128))
    assert [len(rows) for rows in first] == [128] * 7
    assert len(set(np.concatenate(first).tolist())) == 896
    np.testing.assert_array_equal(first, list(convnet.shuffled(1_000, 3, 128)))
    assert not np.array_equal(first, list(convnet.shuffled(1_000, 4, 128)))


def test_one_seed_draws_one_network():
    drawn = [
        trained.TrainedExtractor("it", convnet.build_convnet((8, 8, 1), {"label": 2}, seed), {}, {}, "")
        for seed in (0, 0, 1)
    ]
    assert drawn[0].weights_hash == drawn[1].weights_hash != drawn[2].weights_hash
