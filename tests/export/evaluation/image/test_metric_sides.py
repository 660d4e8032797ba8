"""What image metrics take from which side, and their counts, on inputs where the sides differ."""

from types import SimpleNamespace

import numpy as np
import pytest
from ganzoo.export.evaluation.features.extractor import FeatureBatch
from ganzoo.export.evaluation.image.image_reference import subsample_rows
from ganzoo.export.evaluation.image.metrics import (
    ImageComparison,
    NotComputableError,
    attributes,
    duplicates,
    fid,
    gan_test,
    gan_train,
    inception_score,
    intra_fid,
    kid,
    memorization,
    metric,
    metric_names,
    modes,
)

from .metric_inputs import batch, copies_reference, mixture_reference, normal, on_a_line, one_hot_logits

NAMES = ["ant", "bee", "cat"]


def labeled(features, labels, **logits):
    return FeatureBatch(np.asarray(features), np.asarray(features, np.float32), logits, np.asarray(labels))


def reference(**attributes):
    source = SimpleNamespace(class_names=NAMES, is_image=True, **attributes.pop("source", {}))
    extractor = SimpleNamespace(name="classifier", values={"label": NAMES})
    return SimpleNamespace(source=source, extractor=extractor, **attributes)


def test_metrics_say_which_conditions_they_need():
    needs_labels = {name for name in metric_names() if getattr(metric(name), "NEEDS_LABELS", False)}
    needs_captions = {name for name in metric_names() if getattr(metric(name), "NEEDS_CAPTIONS", False)}
    assert needs_labels == {"gan_test", "gan_train", "intra_fid"}
    assert needs_captions == {"attributes", "r_precision"}


def test_attributes_of_seen_and_unseen_combinations_are_separate():
    source = SimpleNamespace(
        name="shapes",
        facts={"captioned_factors": ["shape"]},
        held_out_factors={"shape": np.array([0, 1, 2]), "unseen": np.array([False, False, True])},
    )
    extractor = SimpleNamespace(name="classifier", values={"label": NAMES})
    # Two of three captions are right: one of two seen ones, and the unseen one.
    logits = {"label": one_hot_logits([0, 0, 2], 3)}
    fake = FeatureBatch(normal(3), normal(3), logits, None, np.arange(3))
    comparison = ImageComparison(batch(normal(3)), fake, SimpleNamespace(source=source, extractor=extractor))
    assert attributes.measure(comparison) == {
        "attributes": 2 / 3, "attributes_seen": 0.5, "attributes_unseen": 1.0, "attributes_each": {"shape": 0.6667},
    }  # fmt: skip


def test_duplicates_compare_random_subsets_of_equal_size():
    # The first 150 real points are far apart, the others are pairs: a random subset has pairs.
    real = np.concatenate([1000.0 * np.arange(150), 1e6 + 10 * np.arange(200), 1e6 + 10 * np.arange(200) + 0.5])
    fake = np.concatenate([10.0 * np.arange(75), 10.0 * np.arange(75) + 0.4])
    comparison = ImageComparison(batch(on_a_line(real)), batch(on_a_line(fake)), None)
    chosen = np.sort(real[subsample_rows(550, 150)])
    assert (np.diff(chosen) == 0.5).sum() >= 2
    assert duplicates.measure(comparison) == {"duplicates": 1.0}
    apart = ImageComparison(comparison.real, batch(on_a_line(10.0 * np.arange(150))), None)
    assert duplicates.measure(apart) == {"duplicates": 0.0}
    assert duplicates.counts(comparison) == {"real images": (150, 550), "samples": (150, 150)}


def test_fid_needs_more_samples_than_features():
    for count in (3, 4):
        comparison = ImageComparison(batch(normal(count, 3)), batch(normal(9, 3)), None)
        if count == 3:
            with pytest.raises(NotComputableError, match="at least 4 are needed: a covariance of 3 features"):
                fid.measure(comparison)
        else:
            assert fid.measure(comparison)["fid"] > 0


@pytest.mark.parametrize("module", [fid, kid])
def test_notes_are_about_the_smaller_side(module):
    for sizes in ((2048, 90), (90, 2048)):
        (note,) = module.warnings(ImageComparison(*(batch(np.zeros((size, 2))) for size in sizes), None)) or ("",)
        # 2,048 rows are two blocks of a kernel distance.
        assert ("computed from 90 samples" in note) == (module is fid)


def test_the_worst_class_is_the_first_of_equally_bad_ones():
    fake = labeled(normal(4), [2, 0, 2, 1], label=one_hot_logits([1, 1, 1, 1], 3))
    results = gan_test.measure(ImageComparison(labeled(normal(3), [0, 1, 2]), fake, reference()))
    assert results == {"gan_test": 0.25, "gan_test_worst": "ant: 0.000"}


class Classifier:
    """Records how it is built, trained and used; its logits are those of `predicted`."""

    def __init__(self, monkeypatch, predicted):
        self.predicted, self.calls = predicted, []
        monkeypatch.setattr(gan_train, "build_convnet", lambda *arguments: self.calls.append(arguments) or self)
        monkeypatch.setattr(gan_train, "train_convnet", lambda *arguments: self.calls.append(arguments))
        monkeypatch.setattr(gan_train, "TrainedExtractor", lambda name, model, *others: model)

    def embed(self, samples):
        self.calls.append(samples)
        return SimpleNamespace(logits={"label": one_hot_logits(self.predicted, 3)})


def test_gan_train_trains_on_the_samples_and_tests_on_held_out_images(monkeypatch):
    classifier = Classifier(monkeypatch, [0, 1, 1, 1])
    held_out = labeled(np.zeros((4, 8, 8, 1), np.uint8), [0, 1, 2, 1])
    fake = labeled(np.arange(5 * 64).reshape(5, 8, 8, 1), [2, 1, 0, 1, 2])
    real = labeled(-np.arange(3 * 64).reshape(3, 8, 8, 1), [0, 1, 2])
    compared = reference(held_out=held_out, held_out_rows=np.arange(4), source={"held_out": np.zeros(9)})
    assert gan_train.measure(ImageComparison(real, fake, compared)) == {"gan_train": 0.75}
    built, (model, batches, count), embedded = classifier.calls
    assert built == ((8, 8, 1), {"label": 3})
    assert (model, count) == (classifier, 5)
    assert embedded is held_out.samples
    # Batches are at most as large as the set, and cover it in an order of each epoch.
    for batch_size, sizes in ((64, [5]), (2, [2, 2])):
        read = list(batches(0, batch_size))
        assert [len(images) for images, _ in read] == sizes
        for images, labels in read:
            rows = images[:, 0, 0, 0] // 64
            np.testing.assert_array_equal(labels["label"], fake.labels[rows])
    orders = {tuple(images[0, 0, 0, 0] for images, _ in batches(epoch, 1)) for epoch in range(4)}
    assert len(orders) > 1
    counts = gan_train.counts(ImageComparison(real, fake, compared))
    assert counts == {"samples": (5, 5), "held-out images": (4, 9)}
    # The baseline is a classifier of real training images: it is not trained on what it is tested on.
    classifier.calls.clear()
    gan_train.measure(ImageComparison(real, held_out, compared))
    (images, labels), *_ = classifier.calls[1][1](0, 64)
    np.testing.assert_array_equal(images, real.samples)
    np.testing.assert_array_equal(labels["label"], real.labels)


def test_predictions_are_computed_for_two_thousand_samples_at_a_time(monkeypatch):
    sizes, softmax = [], inception_score.softmax
    monkeypatch.setattr(inception_score, "softmax", lambda rows, axis: sizes.append(len(rows)) or softmax(rows, axis))
    inception_score.entropies(np.zeros((4001, 2)))
    assert sizes == [2000, 2000, 1]


def test_intra_fid_compares_the_classes_of_the_data():
    features = np.tile(normal(20), (2, 1))
    labels = np.repeat([1, 0], 20)
    real, fake = labeled(features, labels), labeled(features + np.float32([3, 4]), labels)
    # Both classes are 5 away: the first one is named.
    results = intra_fid.measure(ImageComparison(real, fake, reference()))
    assert results["intra_fid"] == pytest.approx(25, rel=1e-5)
    assert results["intra_fid_worst"] == "ant: 25.00"
    missing = labeled(features, np.ones(40, int))
    with pytest.raises(NotComputableError, match="ant has 20 real and 0 evaluated samples, more than 2 are needed"):
        intra_fid.measure(ImageComparison(real, missing, reference()))
    # Classes that the data do not have are left out.
    assert intra_fid.measure(ImageComparison(missing, real.take(np.r_[0:20, 20:40]), reference()))


def test_the_smallest_class_of_each_side_is_counted():
    real, fake = labeled(normal(9), [0] * 4 + [1] * 2 + [2] * 3), labeled(normal(6), [0, 1, 1, 1, 2, 2])
    assert intra_fid.counts(ImageComparison(real, fake, reference())) == {
        "real images": (9, 9), "samples": (6, 6),
        "real images of the smallest class": (2, 2), "samples of the smallest class": (1, 1),
    }  # fmt: skip


def test_the_limit_of_copies_is_that_of_held_out_images():
    # Training images are far apart; held-out images are 1 to 200 away, so that 1 % of them are closer than 2.99.
    training = on_a_line(10_000.0 * np.arange(200))
    held_out = on_a_line(10_000.0 * np.arange(200) + np.arange(1, 201))
    fakes = np.repeat([1.0, 2.0, 500.0], [20, 30, 70])
    fake = on_a_line(10_000.0 * np.arange(120) + fakes)
    comparison = ImageComparison(batch(training), batch(fake), copies_reference(training, held_out))
    results = memorization.measure(comparison)
    assert results["copy_rate"] == pytest.approx(50 / 120)
    closer = [(fake < np.arange(1, 201)).mean() + 0.5 * (fake == np.arange(1, 201)).mean() for fake in fakes]
    assert results["data_copying_auc"] == pytest.approx(np.mean(closer))


def test_a_mode_that_is_expected_five_times_is_not_noted():
    centers = np.array([[0.0, 0.0], [10.0, 0.0]])
    real = centers[np.repeat([0, 1], [18, 2])]
    for count, is_noted in ((50, False), (49, True)):
        comparison = ImageComparison(batch(real), batch(centers[np.arange(count) % 2]), mixture_reference(centers))
        assert bool(modes.warnings(comparison)) == is_noted


def test_kernel_distances_count_the_rows_in_blocks():
    comparison = ImageComparison(batch(np.zeros((5000, 2))), batch(np.zeros((4, 2))), None)
    # Four rows make two blocks of two, and two blocks hold 2 * 1,024 rows of the larger side.
    assert kid.counts(comparison) == {"real images": (2048, 5000), "samples": (4, 4), "blocks": (2, 2)}
    swapped = ImageComparison(comparison.fake, comparison.real, None)
    assert kid.counts(swapped) == {"real images": (4, 4), "samples": (2048, 5000), "blocks": (2, 2)}
    assert kid.warnings(comparison) == []
    few = ImageComparison(batch(normal(5)), batch(normal(3)), None)
    assert kid.warnings(few) == ["kid: 5 real and 3 evaluated samples are one block: there is no standard error"]


def test_a_point_at_three_deviations_belongs_to_its_mode_and_a_tenth_of_a_share_covers_it():
    centers = np.array([[0.0, 0.0], [10.0, 0.0]])
    compared, real = mixture_reference(centers, std=1.0), batch(centers)
    alone = modes.measure(ImageComparison(real, batch([[3.0, 0.0], [5.0, 0.0]]), compared))
    assert alone["high_quality"] == 0.5
    assert alone["shares"] == {"(0.00, 0.00)": [1.0, 0.5], "(10.00, 0.00)": [0.0, 0.5]}
    # One of twenty is a tenth of one half.
    few = modes.measure(ImageComparison(real, batch(centers[[0] + [1] * 19]), compared))
    assert (few["modes_covered"], few["missing"]) == (2, [])
