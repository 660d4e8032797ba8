"""What each result was computed from, and the notes on sets that are too small for it."""

import numpy as np
import pytest
from ganzoo.export.evaluation.features.tfgan import kernel_blocks, kernel_distance
from ganzoo.export.evaluation.image import image_reference
from ganzoo.export.evaluation.image.metrics import ImageComparison, metric
from ganzoo.training.data import ImageSource

from .metric_inputs import CORNERS, NUM, batch, mixture_reference, normal


def counts_of(report, name):
    """Returns a dict of what was counted -> (used, given), from the content of a report."""
    return {kind: tuple(count.values()) for kind, count in report.content()["results"][name]["counts"].items()}


def test_a_limited_search_for_copies_is_reported(evaluator, fake_generator, monkeypatch):
    monkeypatch.setattr(image_reference, "MAX_SEARCHED", 200)
    report = evaluator(metrics=["memorization"]).report(fake_generator())
    assert counts_of(report, "copy_rate") == {
        "samples": (NUM, NUM), "searched images": (200, 300), "held-out images": (NUM, 120),
    }  # fmt: skip
    line = "copy_rate, data_copying_auc: computed from 200 of 300 searched images, 110 of 120 held-out images"
    assert line in str(report).splitlines()


def test_the_smaller_side_of_duplicates_is_reported(evaluator, fake_generator, source):
    few = ImageSource("few", source.samples[:100], source.held_out, source.labels[:100], source.held_out_labels)
    report = evaluator(few, metrics=["duplicates", "fid"]).report(fake_generator())
    assert counts_of(report, "duplicates") == {"real images": (100, 100), "samples": (100, NUM)}
    assert f"duplicates: computed from 100 of {NUM} samples" in str(report).splitlines()
    assert counts_of(report, "fid") == {"real images": (100, 100), "samples": (NUM, NUM)}
    assert f"{NUM} samples against 100 of few (train)" in str(report).splitlines()[-1]


def test_complete_counts_are_not_printed(evaluator, fake_generator):
    report = evaluator(metrics=["fid", "kid", "duplicates"]).report(fake_generator())
    assert counts_of(report, "kid_error")["blocks"] == (1, 1)
    assert "computed from 110 of" not in str(report)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((10_000, 10_000), (10, 10_000, 10_000)),
        # Ten rows are five blocks of two, for which 5 * 1,024 rows of the other side are used.
        ((10, 60_000), (5, 10, 5120)),
        ((60_000, 10), (5, 5120, 10)),
        ((1024, 3), (1, 1024, 3)),
    ],
)
def test_the_rows_of_the_kernel_distance(sizes, expected):
    assert kernel_blocks(*sizes) == expected


def test_the_kernel_distance_uses_as_many_blocks_as_it_reports():
    # Two rows of 4,000: their two blocks give an error, one block would give none.
    assert kernel_blocks(40, 4, block=8)[0] == 2
    assert kernel_distance(normal(40), normal(4, seed=1), block=8)[1] is not None
    assert kernel_blocks(8, 4, block=8)[0] == 1
    assert kernel_distance(normal(8), normal(4, seed=1), block=8)[1] is None


@pytest.mark.parametrize(
    ("name", "few", "enough"), [("fid", 2047, 2048), ("kid", 1024, 1025), ("precision_recall", 999, 1000)]
)
def test_a_note_names_the_fewest_samples_of_either_side(name, few, enough):
    many, limit = batch(np.zeros((3000, 1))), batch(np.zeros((few, 1)))
    sides = [(limit, limit)] if name == "kid" else [(limit, many), (many, limit)]
    for real, fake in sides:
        (note,) = metric(name).warnings(ImageComparison(real, fake, None))
        assert str(few) in note
    assert metric(name).warnings(ImageComparison(batch(np.zeros((enough, 1))), many, None)) == []


@pytest.mark.parametrize(("num_samples", "is_noted"), [(19, True), (20, False)])
def test_a_mode_that_may_be_missing_by_chance_is_noted(num_samples, is_noted):
    """Four equal modes: 20 samples are expected to reach each five times."""
    real, fake = (batch(np.resize(CORNERS, (count, 2))) for count in (400, num_samples))
    comparison = ImageComparison(real, fake, mixture_reference(CORNERS))
    assert bool(metric("modes").warnings(comparison)) == is_noted


def test_a_baseline_of_fewer_images_than_samples_is_noted(evaluator, fake_generator, source):
    few = ImageSource("few", source.samples, source.held_out[:60], source.labels, source.held_out_labels[:60])
    report = evaluator(few, metrics=["fid"]).report(fake_generator())
    assert "held-out real (60)" in str(report).splitlines()[0]
    assert f"fid: the baseline is computed from 60 images, that of the samples from {NUM}" in str(report)
    assert "the baseline is computed from" not in str(evaluator(metrics=["fid"]).report(fake_generator()))


def test_a_small_set_on_any_side_is_reported_before_the_table(evaluator, fake_generator, source):
    few = ImageSource("few", source.samples, source.held_out[:20], source.labels, source.held_out_labels[:20])
    first = str(evaluator(few, metrics=["kid"]).report(fake_generator())).splitlines()[0]
    assert first.startswith("WARNING: only 20 held-out images:")
    small = ImageSource("small", source.samples[:30], source.held_out, source.labels[:30], source.held_out_labels)
    first = str(evaluator(small, metrics=["kid"]).report(source.samples[:4])).splitlines()[0]
    assert first.startswith("WARNING: only 4 samples, 30 reference images:")
    assert "WARNING" not in str(evaluator(metrics=["kid"]).report(fake_generator()))


def test_a_value_that_is_not_finite_is_a_reason_and_no_score(evaluator, fake_generator, monkeypatch):
    monkeypatch.setattr(metric("fid"), "frechet_distance", lambda real, fake: float("nan"))
    monkeypatch.setattr(metric("kid"), "kernel_distance", lambda real, fake: (float("inf"), None))
    built = evaluator(metrics=["fid", "kid"])
    report = built.report(fake_generator())
    assert report.reasons == {name: f"its value is {value}, which is no score" for name, value in
                              (("fid", "nan"), ("kid", "inf"))}  # fmt: skip
    assert report.blocks == [{"kid_error": None}]
    assert built.score(fake_generator().generate(NUM, 0)) == {"kid_error": None}
    assert "fid: not computed: its value is nan, which is no score" in str(report).splitlines()


def test_score_keeps_the_counts_for_the_rows_of_a_run(evaluator, fake_generator):
    built = evaluator(metrics=["fid"])
    built.score(fake_generator().generate(80, 0))
    assert built.counts == {"num_samples": 80, "num_real": NUM}
