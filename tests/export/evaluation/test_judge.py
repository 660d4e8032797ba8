"""One function behind every score: which samples it draws, what it says of them, and what it refuses."""

import json
import statistics
from importlib import metadata

import numpy as np
import pytest
from ganzoo.export.evaluation import ExtractorError, Judge, SamplesError, evaluate, metric_names
from ganzoo.export.evaluation.judge import FIRST_SEED
from ganzoo.export.evaluation.metrics import modes
from ganzoo.export.evaluation.report import Report
from ganzoo.export.pictures import save_samples
from ganzoo.training.data import ImageSource, load
from ganzoo.zoo.errors import ArgumentError

NUM = 110
# Those that compare no distances, which take most of the time.
QUICK = ["fid", "inception_score", "kid", "modes"]


@pytest.fixture
def judge(source, shades, tmp_path):
    """Builds a judge of the shades: `judge(metrics=None)` for all of them."""

    def build(data=source, metrics=QUICK, num=NUM, knows_classes=True):
        return Judge(data, shades(knows_classes), metrics, num, cache_dir=str(tmp_path))

    return build


def in_colour(source):
    """The same pictures with three equal channels."""
    return ImageSource(
        "colour", source.samples.repeat(3, -1), source.held_out.repeat(3, -1), source.labels, source.held_out_labels
    )


def test_every_block_has_seeds_of_its_own_far_from_those_people_look_at(judge, painter):
    generator = painter()
    report = judge(metrics=["fid"]).report(generator, seeds=3)
    assert generator.asked == [(NUM, 1_000_000), (NUM, 1_000_000 + NUM), (NUM, 1_000_000 + 2 * NUM)]
    assert report.content()["seeds"] == [seed for _, seed in generator.asked]
    judge(metrics=["fid"]).report(generator, seeds=2, first_seed=7)
    assert generator.asked[3:] == [(NUM, 7), (NUM, 7 + NUM)]


def test_mean_and_spread_are_over_the_blocks(judge, painter):
    report = judge(metrics=["fid", "precision_recall"]).report(painter(), seeds=3)
    alone = [
        judge(metrics=["fid"]).score(painter().generate(NUM, FIRST_SEED + block * NUM))["fid"] for block in range(3)
    ]
    fid = report.content()["results"]["fid"]
    assert fid["values"] == alone
    assert len(set(alone)) == 3
    assert fid["mean"] == report["fid"] == pytest.approx(np.mean(alone))
    assert fid["spread"] == pytest.approx(np.std(alone, ddof=1))
    assert f"{statistics.stdev(alone):.2g}" in str(report)
    once = judge(metrics=["fid"]).report(painter()).content()["results"]["fid"]
    assert once["spread"] is None
    assert once["mean"] == alone[0]


def test_held_out_real_images_stand_beside_every_score(judge, painter, source):
    built = judge(metrics=None)
    results = built.report(painter((0, 1))).content()["results"]
    chosen = source.held_out[built.reference.held_out_rows]
    assert len(chosen) == NUM
    expected = built.score(chosen)
    assert {name: result["held_out"] for name, result in results.items()} == expected
    assert results["fid"]["held_out"] < results["fid"]["mean"]
    assert expected["missing"] == []


def test_without_held_out_images_there_is_no_ceiling_and_the_reason_stands_there(judge, painter, source):
    alone = ImageSource("alone", source.samples, source.held_out[:0], source.labels, source.held_out_labels[:0])
    content = judge(alone, metrics=None).report(painter()).content()
    assert {result["held_out"] for result in content["results"].values()} == {None}
    assert content["reference"]["held_out"] == 0
    assert content["not_computed"].keys() == {"memorisation", "modes"}
    assert set(content["held_out_not_computed"].values()) == {"no images were held out"}
    assert content["held_out_not_computed"].keys() == set(metric_names())


def test_few_held_out_images_are_the_reason_for_a_missing_ceiling(judge, painter, source):
    few = ImageSource("few", source.samples, source.held_out[:6], source.labels, source.held_out_labels[:6])
    content = judge(few).report(painter()).content()
    # Six features need seven rows.
    assert content["results"]["fid"]["held_out"] is None
    assert content["held_out_not_computed"].keys() == {"fid"}
    assert "6 judged samples, at least 7 are needed" in content["held_out_not_computed"]["fid"]
    assert content["not_computed"] == {}
    assert judge().report(painter()).content()["held_out_not_computed"] == {}


def test_what_cannot_be_computed_is_listed_with_its_reason(judge, painter):
    report = judge(metrics=None, knows_classes=False).report(painter())
    reasons = report.content()["not_computed"]
    assert set(reasons) == {"inception_score", "modes"}
    assert "knows no classes" in reasons["inception_score"]
    for name, reason in reasons.items():
        assert f"{name}: not computed: {reason}" in str(report).splitlines()
    assert not {"inception_score", "modes_covered"} & set(report.content()["results"])


def test_a_score_alone_keeps_its_reasons_too(judge, painter):
    built = judge(metrics=["fid", "inception_score"], knows_classes=False)
    assert set(built.score(painter().generate(NUM, 0))) == {"fid"}
    assert set(built.reasons) == {"inception_score"}


def test_the_note_about_few_samples_stands_only_beside_an_fid(judge, painter):
    (note,) = judge(metrics=["fid"]).report(painter()).content()["warnings"]
    assert f"from {NUM} samples" in note
    content = judge(metrics=["fid", "kid"], num=6).report(painter()).content()
    assert set(content["not_computed"]) == {"fid"}
    assert content["warnings"] == []


def test_the_content_tells_everything_that_a_number_hangs_on(judge, painter, source, shades):
    content = judge(metrics=["fid", "precision_recall"]).report(painter(), name="runs/a", facts={"step": 40}).content()
    assert content["subject"] == "runs/a"
    assert content["step"] == 40
    assert content["num"] == NUM
    assert content["seeds"] == [FIRST_SEED]
    assert content["reference"] == {
        "name": "shades",
        "fingerprint": source.fingerprint,
        "split": "train",
        "num": NUM,
        "held_out": NUM,
        "shape": [8, 8, 1],
    }
    assert content["extractor"] == shades().identity
    assert content["extractor"]["resizer"] == "none, honestly"
    assert content["extractor"]["weights"] == "abc"
    for package in ("keras-ganzoo", "tensorflow", "tensorflow-gan", "numpy", "scipy", "scikit-learn"):
        assert content["versions"][package] == metadata.version(package)
    assert content["results"]["fid"]["better"] == "lower"
    assert content["results"]["precision"]["better"] == "higher"


def test_the_file_holds_the_content(judge, painter, tmp_path):
    report, path = judge().report(painter(), seeds=2), tmp_path / "evaluation.json"
    report.save(path)
    read, content = json.loads(path.read_text(encoding="utf-8")), report.content()
    assert read.pop("date")[:4] == content.pop("date")[:4]
    assert read == content
    assert not list(tmp_path.glob("*.part"))


def test_a_file_that_cannot_be_written_leaves_the_old_one_whole(judge, painter, tmp_path):
    path = tmp_path / "evaluation.json"
    judge(metrics=["fid"]).report(painter()).save(path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        judge(metrics=["fid"]).report(painter(), facts={"unwritable": object()}).save(path)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_the_missing_classes_are_told_by_name(judge, painter):
    report = judge().report(painter((0, 2)))
    assert "missing: middle" in str(report).splitlines()
    assert report["missing"] == ["middle"]
    assert report["modes_covered"] == 2
    # Half and half instead of thirds.
    assert report["modes_kl"] == pytest.approx(np.log(1.5), abs=0.1)
    assert "missing" not in str(judge().report(painter()))


def test_the_table_names_samples_reference_and_extractor(judge, painter):
    last = str(judge(metrics=["fid"]).report(painter())).splitlines()[-1]
    assert last == (f"{NUM} samples against {NUM} of shades (train), features of shades abc, resizer none, honestly")


def test_a_result_that_one_block_lacks_has_values_but_no_mean():
    blocks = [{"modes_kl": None}, {"modes_kl": 0.5}]
    facts = {"num": 2, "reference": {"num": 2, "name": "a", "split": "train"}, "extractor": {"name": "b"}}
    report = Report(blocks, {}, {}, modes.RESULTS, facts, [])
    assert report.content()["results"]["modes_kl"]["values"] == [None, 0.5]
    assert "mean" not in report.content()["results"]["modes_kl"]
    assert "modes_kl" not in str(report)


def test_an_unknown_metric_gets_the_nearest_name(judge):
    with pytest.raises(ArgumentError, match="metrics: received 'fdi', expected some of .*did you mean 'fid'"):
        judge(metrics=["fdi"])


def test_what_has_no_distribution_is_refused(judge):
    with pytest.raises(ArgumentError, match="num: received 1, expected at least 2"):
        judge(num=1)


@pytest.mark.parametrize("seeds", [0, -1])
def test_no_block_of_samples_is_no_evaluation(judge, painter, seeds):
    with pytest.raises(ArgumentError, match=f"seeds: received {seeds}, expected at least 1"):
        judge(metrics=["fid"]).report(painter(), seeds=seeds)


def test_several_seeds_of_an_array_are_refused(judge, painter):
    samples = painter().generate(NUM, 0)
    with pytest.raises(ArgumentError, match="seeds: received 3 for an array of samples, expected 1"):
        judge(metrics=["fid"]).report(samples, seeds=3)
    assert judge(metrics=["fid"]).report(samples).content()["seeds"] is None


def test_a_sorted_array_of_many_is_judged_by_a_draw_from_all_of_it(judge, painter):
    generator = painter()
    many = np.concatenate([[generator.draw(seed) for seed in range(start, 900, 3)] for start in range(3)])
    report = judge().report(list(many))
    assert report.content()["num"] == NUM
    assert report["missing"] == []


def test_a_sample_that_is_no_number_is_named_before_any_network_sees_it(judge, painter):
    samples = painter().generate(40 * NUM, 0)
    samples[17, 3, 3] = np.nan
    built = judge()
    with pytest.raises(SamplesError, match=r"^fakes\.npz: .* sample 17 \(1 such of 4400\)"):
        built.report(samples, name="fakes.npz")
    assert built.extractor.seen == []


def test_grey_pictures_saved_as_colour_are_the_same_pictures(judge, painter, source):
    grey = painter().generate(NUM, 0)
    colour = grey.repeat(3, -1)
    assert judge().score(colour) == judge().score(grey)
    assert judge(in_colour(source)).score(grey) == judge(in_colour(source)).score(colour)


def test_a_grey_copy_of_the_reference_lies_at_no_distance_from_it(judge, source):
    built = judge(in_colour(source), num=300)
    assert built.score(source.samples)["fid"] < 1e-6


def test_colours_beside_a_grey_reference_are_refused(judge, painter):
    colour = painter().generate(NUM, 0).repeat(3, -1)
    colour[0, 0, 0] = [1, 0, 0]
    with pytest.raises(SamplesError, match=r"received samples of shape \(8, 8, 3\), expected \(8, 8, 1\)"):
        judge().score(colour)


@pytest.mark.parametrize("shape", [(NUM, 16, 16, 1), (NUM, 4, 16, 1), (NUM, 2), (NUM, 8, 8, 2)])
def test_another_resolution_is_never_resized_in_silence(judge, shape):
    with pytest.raises(SamplesError, match=r"^fakes: received samples of shape .*, expected \(8, 8, 1\)"):
        judge().score(np.zeros(shape), "fakes", (-1, 1))


def test_a_generator_in_memory_and_its_pngs_have_the_same_scores(judge, painter, tmp_path, read_png):
    folder = tmp_path / "pictures"
    save_samples(folder, painter().generate(NUM, FIRST_SEED), FIRST_SEED)
    pictures = np.stack([read_png(path) for path in sorted(folder.iterdir())])
    # The loader holds pictures back as it does with any data; sorted, they are the same ones.
    loaded = load(f"folder:{folder}", 8, channels=1, cache_dir=str(tmp_path / "cache"))
    again = np.concatenate([loaded.samples[:], loaded.held_out[:]])
    assert sorted(map(bytes, again)) == sorted(map(bytes, pictures))
    in_memory = judge(metrics=None).report(painter()).content()["results"]
    assert judge(metrics=None).report(pictures).content()["results"] == in_memory
    assert in_memory["fid"]["mean"] > 0


def test_the_same_pictures_in_any_declared_range_have_the_same_scores(judge, painter):
    samples = painter().generate(NUM, 0)
    expected = judge().score(samples)
    assert judge().score((samples + 1) / 2, value_range=(0, 1)) == expected
    assert judge().score(np.rint((samples + 1) * 127.5).astype(np.uint8)) == expected


def test_the_most_suspicious_samples_stand_beside_the_images_they_copy(judge, source, painter):
    # Twelve copies come last of all; they are what is shown, each once.
    drawn = np.rint((painter().generate(NUM - 12, FIRST_SEED) + 1) * 127.5).astype(np.uint8)
    subject = np.concatenate([drawn, source.samples[:12]])
    picture = judge(metrics=["memorisation"]).report(subject).pictures["neighbours"]
    # A picture of 8 pixels is enlarged to 48; gaps are 2, the wide one between the columns 2 + 8 + 2.
    assert picture.shape == (2 + 12 * 50, 52 + 8 + 2 + 5 * 50, 1)
    np.testing.assert_array_equal(picture[:, 2:50], picture[:, 62:110])
    assert (picture[:, 2:50] != picture[:, 112:160]).any()
    assert judge(metrics=["fid"]).report(painter()).pictures == {}


def test_features_that_are_no_numbers_are_the_extractors_fault(judge, painter, monkeypatch):
    built = judge()
    monkeypatch.setattr(built.extractor, "projection", np.full((64, 6), np.inf, np.float32))
    with pytest.raises(ExtractorError, match="shades: gives features that are no numbers"):
        built.score(painter().generate(NUM, 0))


def test_one_call_judges_points_by_their_known_centres(tmp_path):
    source = load("mixture:ring", count=2000)
    right = source.labels[:200] != 2
    report = evaluate(source.samples[:200][right], source, num=200, cache_dir=str(tmp_path), name="points")
    assert report["missing"] == ["(0.00, 1.00)"]
    assert report["modes_covered"] == 7
    assert report.content()["extractor"]["name"] == "points"
    assert report.content()["num"] == right.sum()
    assert set(report.reasons) == {"inception_score"}
    assert report.pictures == {}
    assert not list(tmp_path.iterdir()), "points are their own features: there is nothing to keep"
