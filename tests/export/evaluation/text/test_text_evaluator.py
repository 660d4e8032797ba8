"""The evaluator of texts: its samples, its reports, and the input it rejects."""

import json
from collections import Counter
from importlib import metadata
from itertools import pairwise

import numpy as np
import pytest
from ganzoo.export.evaluation import (
    ImageEvaluator,
    SamplesError,
    TextEvaluator,
    TranslationEvaluator,
    evaluator_class,
    make_evaluator,
)
from ganzoo.export.evaluation.text.metrics import metric, metric_names
from ganzoo.training import load
from ganzoo.training.data.text_source import TextSource
from ganzoo.zoo.errors import ArgumentError

pytestmark = pytest.mark.usefixtures("few_classifier_updates")

NUM = 120
# Metrics that train no network.
QUICK = ["bleu", "copies", "frechet_local", "likelihood", "nll_oracle"]


def test_the_evaluator_is_selected_by_the_family_of_the_source(chain):
    assert evaluator_class(chain) is TextEvaluator
    assert evaluator_class(load("digits")) is ImageEvaluator
    assert evaluator_class(load("restyled:light", resolution=16, count=40)) is TranslationEvaluator
    evaluator = make_evaluator(chain, metrics=["bleu"], num_samples=50)
    assert isinstance(evaluator, TextEvaluator)
    assert evaluator.num_samples == 50
    assert {cls.criterion for cls in (ImageEvaluator, TranslationEvaluator)} == {"fid"}


def test_an_extractor_for_texts_is_rejected(chain):
    with pytest.raises(ArgumentError, match="extractor: received 'inception' for oracle:markov, expected none"):
        make_evaluator(chain, "inception")
    assert make_evaluator(chain, None, ["copies"]).score(chain.tokens)["copied"] == 1


def test_blocks_have_disjoint_seeds_and_the_report_has_their_mean_and_spread(chain, build):
    model, evaluator = build(chain), TextEvaluator(chain, QUICK, NUM)
    report = evaluator.report(model, 2)
    alone = [evaluator.score(model.generate(NUM, seed=1_000_000 + block * NUM), model=model) for block in range(2)]
    content = report.content()
    assert content["seeds"] == [1_000_000, 1_000_000 + NUM]
    assert set(content["results"]) == set(evaluator.results_info)
    for name, result in content["results"].items():
        assert result["values"] == pytest.approx([block[name] for block in alone])
        assert result["mean"] == pytest.approx(np.mean(result["values"]))
    assert content["results"]["nll_oracle"]["spread"] > 0


def test_every_score_that_needs_no_model_has_a_held_out_baseline(chain, build):
    evaluator = TextEvaluator(chain, None, 60)
    report = evaluator.report(build(chain))
    content, baseline = report.content(), evaluator.reference.baseline
    assert len(baseline) == 50
    held_out = {name: result["held_out"] for name, result in content["results"].items()}
    expected = evaluator.score(baseline)
    assert {name: value for name, value in held_out.items() if value is not None} == pytest.approx(expected)
    assert {name for name, value in held_out.items() if value is None} == {
        "nll_held_out", "entropy", "js", "kl_forward", "kl_reverse",
    }  # fmt: skip
    assert content["held_out_not_computed"].keys() == {"likelihood", "exact"}
    assert content["not_computed"] == {}
    assert held_out["nll_oracle"] < content["results"]["nll_oracle"]["mean"]
    assert any("baseline has 50 texts, the samples are 60" in note for note in content["warnings"])


def test_the_report_has_all_settings_that_scores_depend_on(chain, build, tmp_path):
    report = TextEvaluator(chain, QUICK, NUM).report(build(chain), name="runs/a", facts={"step": 7})
    content = report.content()
    assert (content["subject"], content["step"], content["num_samples"]) == ("runs/a", 7, NUM)
    assert content["reference"] == {
        "name": "oracle:markov", "fingerprint": chain.fingerprint, "split": "train", "num_samples": NUM,
        "available": 900, "held_out": 50, "held_out_available": 100, "shape": [3],
    }  # fmt: skip
    assert content["bleu"] == {
        "texts": 50, "references": 50, "split": "held out", "smoothing": "method1, epsilon 0.1",
    }  # fmt: skip
    assert content["likelihood"] == {"texts": 100, "split": "held out"}
    assert content["extractor"]["fitted_to"] == 900
    pairs = Counter(pair for text in chain.tokens.tolist() for pair in set(pairwise(text)))
    directions = 6 + min(32, sum(count >= 2 for count in pairs.values()))
    assert content["extractor"]["name"] == f"tf-idf of 1- and 2-grams in {directions} directions"
    assert content["versions"]["scikit-learn"] == metadata.version("scikit-learn")
    assert "never to be compared with a published FED" in content["results"]["frechet_local"]["meaning"]
    report.save(tmp_path / "evaluation.json")
    read = json.loads((tmp_path / "evaluation.json").read_text())
    assert read["results"] == content["results"]
    last = str(report).splitlines()[-1]
    assert last.startswith(
        f"{NUM} samples against {NUM} of 900 of oracle:markov (train); BLEU of 50 against 50 held-out texts"
    )
    assert "smoothing method1" in last
    assert content["extractor"]["weights"] in last


def test_the_last_line_omits_bleu_and_encoder_if_they_are_not_used(chain):
    last = str(TextEvaluator(chain, ["copies"], NUM).report(chain.tokens)).splitlines()[-1]
    assert last == f"{NUM} samples against {NUM} of 900 of oracle:markov (train)"


def test_texts_in_an_array_have_every_score_but_likelihoods(chain):
    report = TextEvaluator(chain, ["copies", "likelihood", "bleu"], NUM).report(chain.tokens.astype(np.int64))
    assert report["copied"] == 1
    assert report.content()["seeds"] is None
    assert report.reasons.keys() == {"likelihood"}
    assert "likelihood: not computed: " in str(report)
    with pytest.raises(ArgumentError, match="seeds: received 2, expected 1 for an array"):
        TextEvaluator(chain, ["copies"], NUM).report(chain.tokens, seeds=2)
    with pytest.raises(ArgumentError, match="seeds: received 0"):
        TextEvaluator(chain, ["copies"], NUM).report(chain.tokens, seeds=0)


def test_a_requested_metric_that_cannot_be_computed_is_rejected(words):
    for name in ("exact", "nll_oracle"):
        with pytest.raises(ArgumentError, match=rf"metrics: received '{name}', .*words .* is unknown.*: leave it out"):
            TextEvaluator(words, ["bleu", name])
    with pytest.raises(ArgumentError, match="received 'frechet_local', .*5 real texts"):
        TextEvaluator(words, ["frechet_local"], num_samples=5)
    with pytest.raises(ArgumentError, match="received 'bleuu' for texts, .*did you mean 'bleu'"):
        TextEvaluator(words, ["bleuu"])
    with pytest.raises(ArgumentError, match="num_samples: received 1, expected at least 2"):
        TextEvaluator(words, num_samples=1)


def test_without_requested_metrics_all_possible_ones_are_computed_and_the_rest_is_reported(words, build):
    evaluator = TextEvaluator(words, num_samples=NUM)
    assert set(evaluator.metrics) == set(metric_names()) - {"exact", "nll_oracle"}
    report = evaluator.report(build(words))
    assert report.content()["not_computed"].keys() == evaluator.reasons.keys() == {"exact", "nll_oracle"}
    assert evaluator.score(words.tokens).keys() & {"bleu_4", "self_bleu_4"} == {"bleu_4", "self_bleu_4"}
    assert evaluator.reasons.keys() == {"exact", "nll_oracle", "likelihood"}


def test_too_few_held_out_texts_are_the_reason_for_a_missing_baseline(words, build):
    few = TextSource("few", words.tokens, words.held_out[:2], vocabulary_size=9)
    content = TextEvaluator(few, ["bleu", "copies"], NUM).report(build(words)).content()
    assert content["bleu"]["references"] == 1
    assert {result["held_out"] for result in content["results"].values()} == {None}
    assert "too few texts are held out" in content["held_out_not_computed"]["bleu"]


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((4, 4), int), r"received an array of shape \(4, 4\), expected texts \(num_samples, 5\)"),
        (np.zeros((1, 5), int), "at least two"),
        (np.zeros((4, 5)), "received float64, expected integer"),
        (np.full((4, 5), 9), "received tokens from 9 to 9, expected 0 to 8"),
        (np.full((4, 5), -1), "received tokens from -1"),
    ],
)
def test_samples_that_do_not_fit_the_data_are_rejected(samples, message, words):
    with pytest.raises(SamplesError, match=f"^fakes: .*{message}"):
        TextEvaluator(words, ["copies"]).score(samples, "fakes")


@pytest.mark.thorough
def test_tokens_after_the_end_token_are_ignored(words):
    dirty = np.where(words.tokens[:60] == 0, 7, words.tokens[:60])
    ended = (words.tokens[:60] == 0).any(axis=1)
    first = (words.tokens[:60] == 0).argmax(axis=1)
    dirty[ended, first[ended]] = 0
    assert (dirty != words.tokens[:60]).any()
    evaluator = TextEvaluator(words, num_samples=NUM)
    assert evaluator.score(dirty) == evaluator.score(words.tokens[:60])


def test_each_result_has_the_counts_it_was_computed_from(chain, monkeypatch):
    monkeypatch.setattr(metric("two_sample"), "MAX_TEXTS", 60)
    monkeypatch.setattr(metric("two_sample"), "measure", lambda comparison: {"two_sample": 0.5})
    report = TextEvaluator(chain, ["bleu", "copies", "nll_oracle", "two_sample"], NUM).report(chain.tokens[:101])
    results = report.content()["results"]

    def counts(name):
        return {kind: tuple(count.values()) for kind, count in results[name]["counts"].items()}

    assert counts("self_bleu_2") == {"samples": (50, 101), "references": (50, 100)}
    assert counts("empty") == counts("copied") == {"samples": (101, 101), "searched texts": (900, 900)}
    assert counts("nll_oracle") == {"samples": (101, 101)}
    assert counts("two_sample") == {"training texts": (60, NUM), "samples": (60, 101)}
    lines = str(report).splitlines()
    assert "two_sample: computed from 60 of 120 training texts, 60 of 101 samples" in lines
    assert "held-out real (50)" in lines[0]
    assert report.content()["available"] == 101


def test_results_of_all_samples_differ_from_those_of_a_part(chain):
    results = TextEvaluator(chain, ["bleu"], NUM).report(chain.tokens[:110]).content()["results"]
    assert results["bleu_2"]["counts"]["samples"] == {"used": 50, "given": 110}
    assert results["empty"]["counts"]["samples"] == {"used": 110, "given": 110}


def test_few_texts_are_reported_before_the_table(chain):
    report = TextEvaluator(chain, ["copies"], NUM).report(chain.tokens[:3])
    assert str(report).splitlines()[0].startswith("WARNING: only 3 samples:")
    capped = TextEvaluator(chain, ["copies"], 100).report(chain.tokens[:200])
    assert "100 of 200 samples were evaluated" in str(capped)
    assert "WARNING" not in str(capped)


def test_a_value_that_is_not_finite_is_a_reason_and_no_score(chain, monkeypatch):
    monkeypatch.setattr(metric("nll_oracle"), "nats_per_token", lambda *_: float("inf"))
    evaluator = TextEvaluator(chain, ["nll_oracle"], NUM)
    assert evaluator.score(chain.tokens[:60]) == {}
    assert evaluator.reasons == {"nll_oracle": "its value is inf, which is no score"}
    assert evaluator.counts == {"num_samples": 60, "num_real": NUM}
