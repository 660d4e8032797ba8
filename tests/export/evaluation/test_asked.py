"""Conditional models are judged by what they were asked for."""

import numpy as np
import pytest
from ganzoo.export.evaluation import convnet
from ganzoo.export.evaluation.asked import Asked, asked_of
from ganzoo.export.evaluation.extractor import Embedded
from ganzoo.export.evaluation.metrics import (
    Comparison,
    NotComputableError,
    attributes,
    gan_test,
    gan_train,
    intra_fid,
    r_precision,
)
from ganzoo.training import load
from ganzoo.zoo import GAN, ConditionalGAN

NAMES = ["ant", "bee", "cat"]


class Source:
    """What the metrics need of a source."""

    is_image = True
    class_names = NAMES
    facts = {"spoken": ["shape", "colour"]}
    held_out_factors = {
        "shape": np.array([0, 1, 2, 0]),
        "colour": np.array([1, 1, 0, 0]),
        "unseen": np.array([False, False, True, True]),
    }


class Reader:
    name = "reader"
    values = {"label": NAMES, "colour": ["red", "blue"]}


class Reference:
    source, extractor, held_out = Source(), Reader(), None


def embedded(features=None, labels=None, rows=None, **logits):
    num = len(next(iter(logits.values()))) if logits else len(features)
    features = np.zeros((num, 2), "float32") if features is None else features
    return Embedded(np.zeros((num, 2, 2, 1), np.uint8), features, logits, labels, rows)


def one_hot(values, count):
    return np.eye(count, dtype="float32")[values]


def compared(fake, real=None):
    real = real or embedded(np.zeros((3, 2), "float32"), labels=np.arange(3))
    return Comparison(real, fake, Reference())


def test_gan_test_is_the_share_of_labels_that_are_met():
    fake = embedded(label=one_hot([0, 0, 1, 2], 3), labels=np.array([0, 1, 1, 2]))
    assert gan_test.measure(compared(fake)) == {"gan_test": 0.75, "gan_test_worst": "bee: 0.500"}


def test_intra_fid_is_the_mean_of_the_classes_distances():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 40)
    features = rng.normal(size=(120, 2)).astype("float32")
    # Class 1 is shifted by (3, 4): its distance is 25, the others' are 0.
    moved = features + np.where(labels == 1, 1, 0)[:, np.newaxis] * np.array([3.0, 4.0], "float32")
    found = intra_fid.measure(compared(embedded(moved, labels=labels), embedded(features, labels=labels)))
    assert found["intra_fid"] == pytest.approx(25 / 3, abs=1e-3)
    assert found["intra_fid_worst"] == "bee: 25.00"
    few = embedded(features[:42], labels=labels[:42])
    with pytest.raises(NotComputableError, match="bee has 2 real and 40 judged"):
        intra_fid.measure(compared(embedded(moved, labels=labels), few))


def test_attributes_count_where_all_spoken_ones_are_right():
    # The label head reads shapes; rows 2 and 3 were never seen in training.
    fake = embedded(label=one_hot([0, 1, 2, 1], 3), colour=one_hot([1, 0, 0, 0], 2), rows=np.arange(4))
    found = attributes.measure(compared(fake))
    assert found == {
        "attributes": 0.5,
        "attributes_seen": 0.5,
        "attributes_unseen": 0.5,
        "attributes_each": {"shape": 0.75, "colour": 0.75},
    }


def test_gan_train_asks_a_pupil_of_the_samples_about_real_images(monkeypatch):
    # Dark and light images; of mislabelled samples the pupil learns the opposite.
    monkeypatch.setattr(convnet, "LEAST_IMAGES", 2000)
    labels = np.arange(256) % 2
    noise = np.random.default_rng(0).integers(0, 60, (256, 8, 8, 1))
    images = (noise + 180 * labels[:, np.newaxis, np.newaxis, np.newaxis]).astype(np.uint8)

    def seen(labels):
        return Embedded(images.copy(), np.zeros((256, 2), "float32"), {}, labels)

    class Known(Reference):
        held_out = seen(labels)

    class Two(Source):
        class_names = ["dark", "light"]

    Known.source = Two()
    for given, least, most in ((labels, 0.95, 1.0), (1 - labels, 0.0, 0.05)):
        found = gan_train.measure(Comparison(seen(labels), seen(given), Known()))
        assert least <= found["gan_train"] <= most
    # The ceiling is that of a pupil of the real images.
    assert gan_train.measure(Comparison(seen(labels), Known.held_out, Known()))["gan_train"] > 0.95


def test_metrics_give_what_they_announce():
    fake = embedded(np.random.default_rng(0).normal(size=(40, 2)), labels=np.arange(40) % 3, rows=np.arange(40) % 4)
    logits = {"label": one_hot(np.arange(40) % 3, 3), "colour": one_hot(np.arange(40) % 2, 2)}
    fake = Embedded(fake.samples, fake.features, logits, fake.labels, fake.rows)
    for module in (gan_test, intra_fid, attributes):
        assert set(module.measure(compared(fake, fake))) == set(module.RESULTS)


@pytest.mark.parametrize("module", [gan_test, gan_train, intra_fid, attributes, r_precision])
def test_samples_that_were_asked_for_nothing_have_no_such_score(module):
    with pytest.raises(NotComputableError, match="asked for no"):
        module.measure(compared(embedded(label=one_hot([0], 3))))


def test_models_are_asked_for_their_seeds_labels_or_for_held_out_captions(tiny):
    source = load("shapes", resolution=16, count=60, unseen=0.2)
    model = tiny(ConditionalGAN, network="labelled_dcgan", num_classes=8)
    asked = asked_of(model, source, 100, 5)
    np.testing.assert_array_equal(asked.labels, model.sampling_labels(np.arange(100, 105)))
    assert asked_of(tiny(GAN), source, 100, 5) == Asked({})

    class Speaker:
        sampling_texts = None

    asked = asked_of(Speaker(), source, 100, 2 * len(source.held_out))
    for text, row in zip(asked.conditions["texts"], asked.rows, strict=True):
        assert text in source.held_out_captions[row]
    # Each held-out row is asked for as often as any other.
    assert set(np.bincount(asked.rows)) == {2}


def test_unseen_combinations_are_in_no_training_picture():
    source = load("shapes", resolution=16, count=800, unseen=0.25)
    assert len(source) + len(source.held_out) == 800
    spoken = source.facts["spoken"]

    def combinations(factors, kept=slice(None)):
        return set(zip(*(factors[name][kept].tolist() for name in spoken), strict=True))

    unseen = source.held_out_factors["unseen"]
    assert 150 < unseen.sum() < 250
    assert not combinations(source.factors) & combinations(source.held_out_factors, unseen)
    assert not source.factors["unseen"].any()
    assert source.fingerprint != load("shapes", resolution=16, count=800).fingerprint
