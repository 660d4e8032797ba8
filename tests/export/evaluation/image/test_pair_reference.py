"""Two sets that are compared with each other: all rows count, and random halves are the baseline."""

import numpy as np
import pytest
from ganzoo.export.evaluation import ImageEvaluator, evaluate
from ganzoo.export.evaluation.features.tfgan import frechet_distance, gaussian
from ganzoo.training.data import ImageSource, load
from ganzoo.zoo.errors import ArgumentError

from .metric_inputs import NUM


@pytest.fixture
def pair_evaluator(source, shade_extractor, tmp_path):
    """Builds an evaluator that compares all rows of a source with samples."""

    def build(data=source, metrics=None, num_samples=None):
        return ImageEvaluator(data, shade_extractor(), metrics, num_samples, cache_dir=str(tmp_path), split="all")

    return build


@pytest.fixture
def all_images(source):
    """The 300 training and 120 held-out images."""
    return np.concatenate([source.samples, source.held_out])


def test_a_set_and_its_shuffled_copy_are_equal_and_all_rows_count(pair_evaluator, all_images):
    shuffled = all_images[np.random.default_rng(1).permutation(420)]
    report = pair_evaluator().report(shuffled)
    assert report["fid"] == pytest.approx(0, abs=1e-6)
    assert report["precision"] == report["recall"] == report["coverage"] == 1
    assert report["copy_rate"] == report["data_copying_auc"] == 1
    assert report["modes_kl"] == pytest.approx(0, abs=1e-9)
    content = report.content()
    assert content["num_samples"] == content["available"] == 420
    assert content["reference"]["num_samples"] == content["reference"]["available"] == 420
    assert content["reference"]["split"] == "all"
    for name, result in content["results"].items():
        counts = {kind: (count["used"], count["given"]) for kind, count in result["counts"].items()}
        assert counts.pop("samples") == (420, 420), name
        # Those that show how often the classifier is wrong.
        assert counts.pop("held-out images", (120, 120)) == (120, 120), name
        assert counts.pop("blocks", (1, 1)) == (1, 1), name
        assert set(counts.values()) <= {(420, 420)}, name


def test_the_baseline_compares_disjoint_random_halves_whose_sizes_are_the_title(pair_evaluator, all_images, source):
    evaluator = pair_evaluator()
    report = evaluator.report(source.samples[:120])
    order = np.random.default_rng(0).permutation(420)
    features = evaluator.extractor.embed(all_images).features
    first, second = (gaussian(features[np.sort(rows)]) for rows in (order[:210], order[210:]))
    results = report.content()["results"]
    assert results["fid"]["random_halves"] == pytest.approx(frechet_distance(first, second), rel=1e-6)
    assert "held_out" not in results["fid"]
    assert "random halves (210 and 210)" in str(report).splitlines()[0]
    assert report.content()["reference"]["half"] == 210
    # Neither half has copies of the other one.
    assert results["copy_rate"]["random_halves"] < 0.05
    assert results["data_copying_auc"]["random_halves"] == pytest.approx(0.5, abs=0.1)
    assert results["missing"]["random_halves"] == []
    np.testing.assert_equal(pair_evaluator().held_out_baseline()[0], evaluator.held_out_baseline()[0])


def test_an_odd_set_has_equal_halves_and_three_images_have_none(pair_evaluator, source):
    odd = ImageSource("odd", source.samples[:61], source.held_out[:0])
    assert pair_evaluator(odd, ["fid"]).reference.baseline_title == "random halves (30 and 30)"
    three = ImageSource("three", source.samples[:3], source.held_out[:0])
    content = pair_evaluator(three, ["kid"]).report(source.samples).content()
    assert "fewer than four images" in content["random_halves_not_computed"]["kid"]
    assert content["warnings"][0].startswith("WARNING: only 3 reference images:")


def test_classes_of_the_held_out_rows_count_as_modes(pair_evaluator, source):
    """A source may hold out what its training rows lack, such as the test files of another distribution."""
    bright = source.labels == 2
    uneven = ImageSource(
        "uneven", source.samples[~bright], source.samples[bright], source.labels[~bright], source.labels[bright],
        ["dark", "middle", "bright"],
    )  # fmt: skip
    report = pair_evaluator(uneven, ["modes"]).report(source.samples[~bright])
    assert report["modes"] == 3
    assert report["missing"] == ["bright"]
    assert [real for _, real in report["shares"].values()] == pytest.approx([1 / 3] * 3, abs=1e-3)


def test_a_limit_selects_a_random_subset_of_each_set_and_is_reported(pair_evaluator, all_images):
    report = pair_evaluator(metrics=["fid"], num_samples=100).report(all_images[:300])
    assert report.content()["num_samples"] == report.content()["reference"]["num_samples"] == 100
    text = str(report)
    assert "100 of 300 samples were evaluated" in text
    assert "100 of 420 images of shades were compared" in text
    assert "100 samples against 100 of 420 of shades (all rows, training and held out)" in text
    complete = str(pair_evaluator(metrics=["fid"]).report(all_images[:300]))
    assert "evaluated, a random subset" not in complete
    assert "compared, a random subset" not in complete


def test_runs_and_pairs_do_not_share_cached_features(pair_evaluator, evaluator, source):
    """With equal counts they would have the same file, but they have other images."""
    run, pair = evaluator(num_samples=NUM).reference.real, pair_evaluator(num_samples=NUM).reference.real
    assert (run.samples != pair.samples).any()
    again = pair_evaluator(num_samples=NUM)
    np.testing.assert_array_equal(again.reference.real.features, again.extractor.embed(pair.samples).features)


def test_a_small_second_set_is_compared_with_all_of_the_first(pair_evaluator, source):
    content = pair_evaluator().report(source.samples[:5]).content()
    assert (content["num_samples"], content["reference"]["num_samples"]) == (5, 420)
    assert content["warnings"][0].startswith("WARNING: only 5 samples:")
    # Six features: the covariance of five images is singular. Five neighbors, 1 %: too few as well.
    assert content["not_computed"].keys() == {"duplicates", "fid", "memorization", "precision_recall"}
    assert "kid" in content["results"]


def test_metrics_of_labels_are_reported_as_not_computable_on_request(pair_evaluator, all_images):
    names = ["fid", "intra_fid", "gan_test", "gan_train"]
    reasons = pair_evaluator(metrics=names).report(all_images).reasons
    assert reasons.keys() == set(names[1:])
    assert all("without labels" in reason for reason in reasons.values())
    assert not reasons.keys() & pair_evaluator().report(all_images).reasons.keys()


def test_the_note_on_the_extractor_names_the_rows_it_was_trained_on(pair_evaluator, all_images):
    evaluator = pair_evaluator(metrics=["kid"])
    assert "extractor_training" not in evaluator.report(all_images).content()
    evaluator.extractor.training = {"images": 300, "available": 300, "tested_on": 120, "tested_split": "held out"}
    report = evaluator.report(all_images)
    assert "shades: trained on 300 of the 420 images of shades" in str(report)
    assert report.content()["extractor_training"]["images"] == 300


def test_points_are_compared_completely(tmp_path):
    source = load("mixture:grid", count=500)
    points = np.concatenate([source.held_out, source.samples])
    report = evaluate(points, source, num_samples=None, split="all", cache_dir=str(tmp_path))
    assert report["fid"] == pytest.approx(0, abs=1e-6)
    assert report["recall"] == 1
    assert report["modes_kl"] == 0
    assert report.content()["num_samples"] == 500


def test_invalid_combinations_are_rejected(source, shade_extractor, fake_generator, pair_evaluator):
    with pytest.raises(ArgumentError, match="split: received 'test', expected one of"):
        ImageEvaluator(source, shade_extractor(), ["kid"], split="test")
    with pytest.raises(ArgumentError, match="num_samples: received None"):
        ImageEvaluator(source, shade_extractor(), ["kid"], None)
    with pytest.raises(ArgumentError, match="num_samples: received None for a model"):
        pair_evaluator(metrics=["kid"]).report(fake_generator())
