"""Metrics of conditional models, and the conditions that they are evaluated with."""

import numpy as np
import pytest
from ganzoo.export.evaluation.features import convnet
from ganzoo.export.evaluation.features.extractor import FeatureBatch
from ganzoo.export.evaluation.image.metrics import (
    ImageComparison,
    NotComputableError,
    attributes,
    gan_test,
    gan_train,
    intra_fid,
    r_precision,
)
from ganzoo.export.evaluation.image.sample_conditions import SampleConditions, conditions_for
from ganzoo.training import load
from ganzoo.zoo import CGAN, GAN
from ganzoo.zoo.families.condition_specs import Captions
from ganzoo.zoo.sequences.vocabulary import Vocabulary

NAMES = ["ant", "bee", "cat"]


class Source:
    """The attributes of a source that the metrics use."""

    is_image = True
    class_names = NAMES
    facts = {"captioned_factors": ["shape", "color"]}
    held_out_factors = {
        "shape": np.array([0, 1, 2, 0]),
        "color": np.array([1, 1, 0, 0]),
        "unseen": np.array([False, False, True, True]),
    }


class Classifier:
    name = "classifier"
    values = {"label": NAMES, "color": ["red", "blue"]}


class ImageReference:
    source, extractor, held_out = Source(), Classifier(), None


def batch(features=None, labels=None, rows=None, **logits):
    num_samples = len(next(iter(logits.values()))) if logits else len(features)
    features = np.zeros((num_samples, 2), "float32") if features is None else features
    return FeatureBatch(np.zeros((num_samples, 2, 2, 1), np.uint8), features, logits, labels, rows)


def one_hot(values, count):
    return np.eye(count, dtype="float32")[values]


def comparison(fake, real=None):
    real = real or batch(np.zeros((3, 2), "float32"), labels=np.arange(3))
    return ImageComparison(real, fake, ImageReference())


def test_gan_test_is_the_share_of_correctly_classified_labels():
    fake = batch(label=one_hot([0, 0, 1, 2], 3), labels=np.array([0, 1, 1, 2]))
    assert gan_test.measure(comparison(fake)) == {"gan_test": 0.75, "gan_test_worst": "bee: 0.500"}


def test_intra_fid_is_the_mean_of_the_classes_distances():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 40)
    features = rng.normal(size=(120, 2)).astype("float32")
    # Class 1 is shifted by (3, 4): its distance is 25, the others' are 0.
    shifted = features + np.where(labels == 1, 1, 0)[:, np.newaxis] * np.array([3.0, 4.0], "float32")
    results = intra_fid.measure(comparison(batch(shifted, labels=labels), batch(features, labels=labels)))
    assert results["intra_fid"] == pytest.approx(25 / 3, abs=1e-3)
    assert results["intra_fid_worst"] == "bee: 25.00"
    few = batch(features[:42], labels=labels[:42])
    with pytest.raises(NotComputableError, match="bee has 2 real and 40 evaluated"):
        intra_fid.measure(comparison(batch(shifted, labels=labels), few))


def test_attributes_count_samples_with_all_captioned_attributes():
    # The label head predicts shapes; rows 2 and 3 have unseen combinations.
    fake = batch(label=one_hot([0, 1, 2, 1], 3), color=one_hot([1, 0, 0, 0], 2), rows=np.arange(4))
    results = attributes.measure(comparison(fake))
    assert results == {
        "attributes": 0.5,
        "attributes_seen": 0.5,
        "attributes_unseen": 0.5,
        "attributes_each": {"shape": 0.75, "color": 0.75},
    }


def test_gan_train_tests_a_classifier_of_the_samples_on_real_images(monkeypatch):
    # Dark and light images; with swapped labels the classifier learns the opposite.
    monkeypatch.setattr(convnet, "MIN_IMAGES", 2000)
    labels = np.arange(256) % 2
    noise = np.random.default_rng(0).integers(0, 60, (256, 8, 8, 1))
    images = (noise + 180 * labels[:, np.newaxis, np.newaxis, np.newaxis]).astype(np.uint8)

    def images_with(labels):
        return FeatureBatch(images.copy(), np.zeros((256, 2), "float32"), {}, labels)

    class LabeledReference(ImageReference):
        held_out = images_with(labels)

    class TwoClasses(Source):
        class_names = ["dark", "light"]

    LabeledReference.source = TwoClasses()
    for train_labels, least, most in ((labels, 0.95, 1.0), (1 - labels, 0.0, 0.05)):
        results = gan_train.measure(ImageComparison(images_with(labels), images_with(train_labels), LabeledReference()))
        assert least <= results["gan_train"] <= most
    # The held-out baseline is a classifier of the real training images.
    assert (
        gan_train.measure(ImageComparison(images_with(labels), LabeledReference.held_out, LabeledReference()))[
            "gan_train"
        ]
        > 0.95
    )


def test_metrics_return_their_declared_results():
    fake = batch(np.random.default_rng(0).normal(size=(40, 2)), labels=np.arange(40) % 3, rows=np.arange(40) % 4)
    logits = {"label": one_hot(np.arange(40) % 3, 3), "color": one_hot(np.arange(40) % 2, 2)}
    fake = FeatureBatch(fake.samples, fake.features, logits, fake.labels, fake.rows)
    for module in (gan_test, intra_fid, attributes):
        assert set(module.measure(comparison(fake, fake))) == set(module.RESULTS)


@pytest.mark.parametrize("module", [gan_test, gan_train, intra_fid, attributes, r_precision])
def test_samples_without_conditions_have_no_such_score(module):
    with pytest.raises(NotComputableError, match="generated without"):
        module.measure(comparison(batch(label=one_hot([0], 3))))


def test_models_are_evaluated_with_the_labels_of_seeds_or_with_held_out_captions(tiny):
    source = load("shapes", resolution=16, count=60, unseen_fraction=0.2)
    model = tiny(CGAN, network="conditional_dcgan", num_classes=8)
    conditions = conditions_for(model, source, 100, 5)
    np.testing.assert_array_equal(conditions.labels, model.sampling_labels(np.arange(100, 105)))
    assert conditions_for(tiny(GAN), source, 100, 5) == SampleConditions({})

    class TextToImageModel:
        condition_specs = (Captions(Vocabulary(["red", "circle"], 3), ["a red circle"]),)

    conditions = conditions_for(TextToImageModel(), source, 100, 2 * len(source.held_out))
    for text, row in zip(conditions.conditions["texts"], conditions.rows, strict=True):
        assert text in source.held_out_captions[row]
    # Each held-out row is used equally often.
    assert set(np.bincount(conditions.rows)) == {2}


def test_unseen_combinations_are_in_no_training_image():
    source = load("shapes", resolution=16, count=800, unseen_fraction=0.25)
    assert len(source) + len(source.held_out) == 800
    captioned_factors = source.facts["captioned_factors"]

    def combinations(factors, rows=slice(None)):
        return set(zip(*(factors[name][rows].tolist() for name in captioned_factors), strict=True))

    unseen = source.held_out_factors["unseen"]
    assert 150 < unseen.sum() < 250
    assert not combinations(source.factors) & combinations(source.held_out_factors, unseen)
    assert not source.factors["unseen"].any()
    assert source.fingerprint != load("shapes", resolution=16, count=800).fingerprint
