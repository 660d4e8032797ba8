"""Reports of evaluations: means over blocks, held-out baselines, reasons, settings, and the JSON file."""

import json
import statistics
from importlib import metadata

import numpy as np
import pytest
from ganzoo.export.evaluation import metric_names
from ganzoo.export.evaluation.evaluation_report import EvaluationReport
from ganzoo.export.evaluation.image.image_evaluator import FIRST_SEED
from ganzoo.export.evaluation.image.metrics import modes
from ganzoo.training.data import ImageSource

from .metric_inputs import NUM


def test_mean_and_spread_are_over_the_blocks(evaluator, fake_generator):
    report = evaluator(metrics=["fid", "precision_recall"]).report(fake_generator(), seeds=3)
    alone = [
        evaluator(metrics=["fid"]).score(fake_generator().generate(NUM, FIRST_SEED + block * NUM))["fid"]
        for block in range(3)
    ]
    fid = report.content()["results"]["fid"]
    assert fid["values"] == alone
    assert len(set(alone)) == 3
    assert fid["mean"] == report["fid"] == pytest.approx(np.mean(alone))
    assert fid["spread"] == pytest.approx(np.std(alone, ddof=1))
    assert f"{statistics.stdev(alone):.2g}" in str(report)
    once = evaluator(metrics=["fid"]).report(fake_generator()).content()["results"]["fid"]
    assert once["spread"] is None
    assert once["mean"] == alone[0]


def test_every_score_has_a_held_out_baseline(evaluator, fake_generator, source):
    built = evaluator(metrics=None)
    results = built.report(fake_generator((0, 1))).content()["results"]
    chosen = source.held_out[built.reference.held_out_rows]
    assert len(chosen) == NUM
    expected = built.score(chosen)
    assert {name: result["held_out"] for name, result in results.items()} == expected
    assert results["fid"]["held_out"] < results["fid"]["mean"]
    assert expected["missing"] == []


def test_without_held_out_images_there_is_no_baseline_and_the_reason_is_reported(evaluator, fake_generator, source):
    alone = ImageSource("alone", source.samples, source.held_out[:0], source.labels, source.held_out_labels[:0])
    content = evaluator(alone, metrics=None).report(fake_generator()).content()
    assert {result["held_out"] for result in content["results"].values()} == {None}
    assert content["reference"]["held_out"] == 0
    assert content["not_computed"].keys() == {"memorization", "modes"}
    assert set(content["held_out_not_computed"].values()) == {"no images were held out"}
    assert content["held_out_not_computed"].keys() == set(metric_names())


def test_too_few_held_out_images_are_the_reason_for_a_missing_baseline(evaluator, fake_generator, source):
    few = ImageSource("few", source.samples, source.held_out[:6], source.labels, source.held_out_labels[:6])
    content = evaluator(few).report(fake_generator()).content()
    # Six features need seven rows.
    assert content["results"]["fid"]["held_out"] is None
    assert content["held_out_not_computed"].keys() == {"fid"}
    assert "6 evaluated samples, at least 7 are needed" in content["held_out_not_computed"]["fid"]
    assert content["not_computed"] == {}
    assert evaluator().report(fake_generator()).content()["held_out_not_computed"] == {}


def test_metrics_that_cannot_be_computed_are_listed_with_their_reasons(evaluator, fake_generator):
    report = evaluator(metrics=None, knows_classes=False).report(fake_generator())
    reasons = report.content()["not_computed"]
    assert set(reasons) == {"inception_score", "modes"}
    assert "knows no classes" in reasons["inception_score"]
    for name, reason in reasons.items():
        assert f"{name}: not computed: {reason}" in str(report).splitlines()
    assert not {"inception_score", "modes_covered"} & set(report.content()["results"])


def test_the_note_about_few_samples_is_reported_only_with_an_fid(evaluator, fake_generator):
    (note,) = evaluator(metrics=["fid"]).report(fake_generator()).content()["warnings"]
    assert f"from {NUM} samples" in note
    content = evaluator(metrics=["fid", "kid"], num_samples=6).report(fake_generator()).content()
    assert set(content["not_computed"]) == {"fid"}
    assert not any(note.startswith("fid:") for note in content["warnings"])


def test_the_content_has_all_settings_that_scores_depend_on(evaluator, fake_generator, source, shade_extractor):
    content = (
        evaluator(metrics=["fid", "precision_recall"])
        .report(fake_generator(), name="runs/a", facts={"step": 40})
        .content()
    )
    assert content["subject"] == "runs/a"
    assert content["step"] == 40
    assert content["num_samples"] == NUM
    assert content["seeds"] == [FIRST_SEED]
    assert content["reference"] == {
        "name": "shades",
        "fingerprint": source.fingerprint,
        "split": "train",
        "num_samples": NUM,
        "available": 300,
        "held_out": NUM,
        "held_out_available": 120,
        "shape": [8, 8, 1],
    }
    assert content["extractor"] == shade_extractor().identity
    assert content["extractor"]["resizer"] == "none, for tests"
    assert content["extractor"]["weights"] == "abc"
    for package in ("keras-ganzoo", "tensorflow", "tensorflow-gan", "numpy", "scipy", "scikit-learn"):
        assert content["versions"][package] == metadata.version(package)
    assert content["results"]["fid"]["better"] == "lower"
    assert content["results"]["precision"]["better"] == "higher"


def test_the_file_holds_the_content(evaluator, fake_generator, tmp_path):
    report, path = evaluator().report(fake_generator(), seeds=2), tmp_path / "evaluation.json"
    report.save(path)
    read, content = json.loads(path.read_text(encoding="utf-8")), report.content()
    assert read.pop("date")[:4] == content.pop("date")[:4]
    assert read == content
    assert not list(tmp_path.glob("*.part"))


def test_a_failed_write_leaves_the_old_file_intact(evaluator, fake_generator, tmp_path):
    path = tmp_path / "evaluation.json"
    evaluator(metrics=["fid"]).report(fake_generator()).save(path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        evaluator(metrics=["fid"]).report(fake_generator(), facts={"unwritable": object()}).save(path)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_missing_classes_are_reported_by_name(evaluator, fake_generator):
    report = evaluator().report(fake_generator((0, 2)))
    assert "missing: middle" in str(report).splitlines()
    assert report["missing"] == ["middle"]
    assert report["modes_covered"] == 2
    # Shares of 1/2 and 1/2 instead of 1/3 each.
    assert report["modes_kl"] == pytest.approx(np.log(1.5), abs=0.1)
    assert "missing:" not in str(evaluator().report(fake_generator()))


def test_the_table_names_samples_reference_and_extractor(evaluator, fake_generator):
    last = str(evaluator(metrics=["fid"]).report(fake_generator())).splitlines()[-1]
    assert last == (
        f"{NUM} samples against {NUM} of 300 of shades (train), features of shades abc, resizer none, for tests"
    )


def test_a_result_without_a_value_in_one_block_has_values_but_no_mean():
    blocks = [{"modes_kl": None}, {"modes_kl": 0.5}]
    facts = {
        "num_samples": 2,
        "reference": {"num_samples": 2, "name": "a", "split": "train"},
        "extractor": {"name": "b"},
    }
    report = EvaluationReport(blocks, {}, {}, modes.RESULTS, facts, [])
    assert report.content()["results"]["modes_kl"]["values"] == [None, 0.5]
    assert "mean" not in report.content()["results"]["modes_kl"]
    assert "modes_kl" not in str(report)


def test_the_neighbor_grid_shows_the_closest_samples_next_to_the_images_they_copy(evaluator, source, fake_generator):
    # The last twelve samples are copies; exactly these are shown.
    generated = np.rint((fake_generator().generate(NUM - 12, FIRST_SEED) + 1) * 127.5).astype(np.uint8)
    subject = np.concatenate([generated, source.samples[:12]])
    grid = evaluator(metrics=["memorization"]).report(subject).images["neighbors"]
    # An image of 8 pixels is enlarged to 48; gaps are 2 wide, the one after the first column is 2 + 8 + 2.
    assert grid.shape == (2 + 12 * 50, 52 + 8 + 2 + 5 * 50, 1)
    np.testing.assert_array_equal(grid[:, 2:50], grid[:, 62:110])
    assert (grid[:, 2:50] != grid[:, 112:160]).any()
    assert evaluator(metrics=["fid"]).report(fake_generator()).images == {}
