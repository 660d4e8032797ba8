"""The judge of texts: what it draws, what it says and refuses, and how training and the command use it."""

import json
from collections import Counter
from importlib import metadata
from itertools import pairwise

import keras
import numpy as np
import pytest
from ganzoo.export.evaluation import Judge, SamplesError, TextJudge, TranslationJudge, judge_class, judge_of
from ganzoo.export.evaluation.texts import metric, metric_names
from ganzoo.training import load
from ganzoo.training.callbacks import Evaluate
from ganzoo.training.callbacks.metrics import read_rows
from ganzoo.training.data.texts import TextSource
from ganzoo.training.fit import train
from ganzoo.training.judging import judge_pair, judge_run
from ganzoo.training.recipe import Recipe
from ganzoo.zoo.errors import ArgumentError, UserError
from ganzoo.zoo.seqgan import SeqGAN

NUM = 120
# Those that train nothing.
QUICK = ["bleu", "copies", "frechet_local", "likelihood", "nll_oracle"]


@pytest.fixture(scope="module")
def chain():
    """Sequences of three tokens out of six, 900 for training and 100 held out."""
    return load("oracle:markov", vocabulary_size=6, length=3, count=1000)


@pytest.fixture(scope="module")
def words():
    """Texts with ends, of an origin that nobody knows."""
    draw = np.random.default_rng(0)
    tokens = draw.integers(2, 9, (300, 5)).astype(np.int32)
    tokens[np.arange(5) >= draw.integers(1, 6, (300, 1))] = 0
    return TextSource("words", tokens[:240], tokens[240:], vocabulary_size=9)


@pytest.fixture(scope="module")
def build():
    def build(source, seed=3):
        model = SeqGAN.create(
            source.shape, {"cell": "none", "embedding_dim": 4}, {"widths": (2,), "filters": 4}, rollouts=1, n_critic=1,
            vocabulary_size=source.vocabulary_size, ends=source.ends, seed=seed,
        )  # fmt: skip
        model.compile()
        return model

    return build


@pytest.fixture(autouse=True)
def _short_lessons(monkeypatch):
    monkeypatch.setattr(metric("two_sample"), "MOST_UPDATES", 20)


def test_the_judge_of_a_source_is_that_of_its_kind(chain):
    assert judge_class(chain) is TextJudge
    assert judge_class(load("digits")) is Judge
    assert judge_class(load("restyled:light", resolution=16, count=40)) is TranslationJudge
    judge = judge_of(chain, metrics=["bleu"], num=50)
    assert isinstance(judge, TextJudge)
    assert judge.num == 50
    assert {cls.criterion for cls in (Judge, TranslationJudge)} == {"fid"}


def test_texts_take_no_extractor_from_elsewhere(chain):
    with pytest.raises(ArgumentError, match="extractor: received 'inception' for oracle:markov, expected none"):
        judge_of(chain, "inception")
    assert judge_of(chain, None, ["copies"]).score(chain.tokens)["copied"] == 1


def test_every_block_has_seeds_of_its_own_and_a_mean_and_a_spread(chain, build):
    model, judge = build(chain), TextJudge(chain, QUICK, NUM)
    report = judge.report(model, 2)
    alone = [judge.score(model.generate(NUM, seed=1_000_000 + block * NUM), model=model) for block in range(2)]
    content = report.content()
    assert content["seeds"] == [1_000_000, 1_000_000 + NUM]
    assert set(content["results"]) == set(judge.known)
    for name, result in content["results"].items():
        assert result["values"] == pytest.approx([block[name] for block in alone])
        assert result["mean"] == pytest.approx(np.mean(result["values"]))
    assert content["results"]["nll_oracle"]["spread"] > 0


def test_held_out_texts_stand_beside_every_score_that_needs_no_model(chain, build):
    judge = TextJudge(chain, None, 60)
    report = judge.report(build(chain))
    content, beside = report.content(), judge.reference.beside
    assert len(beside) == 50
    held_out = {name: result["held_out"] for name, result in content["results"].items()}
    expected = judge.score(beside)
    assert {name: value for name, value in held_out.items() if value is not None} == pytest.approx(expected)
    assert {name for name, value in held_out.items() if value is None} == {
        "nll_held_out", "entropy", "js", "kl_forward", "kl_reverse",
    }  # fmt: skip
    assert content["held_out_not_computed"].keys() == {"likelihood", "exact"}
    assert content["not_computed"] == {}
    assert held_out["nll_oracle"] < content["results"]["nll_oracle"]["mean"]
    assert any("60 samples stand beside 50 held-out" in note for note in content["warnings"])


def test_the_report_tells_everything_that_a_number_hangs_on(chain, build, tmp_path):
    report = TextJudge(chain, QUICK, NUM).report(build(chain), name="runs/a", facts={"step": 7})
    content = report.content()
    assert (content["subject"], content["step"], content["num"]) == ("runs/a", 7, NUM)
    assert content["reference"] == {
        "name": "oracle:markov", "fingerprint": chain.fingerprint, "split": "train", "num": NUM, "held_out": 50,
        "shape": [3],
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
        f"{NUM} samples against {NUM} of oracle:markov (train); BLEU of 50 against 50 held-out texts"
    )
    assert "smoothing method1" in last
    assert content["extractor"]["weights"] in last


def test_a_report_without_bleu_or_encoder_names_neither(chain):
    last = str(TextJudge(chain, ["copies"], NUM).report(chain.tokens)).splitlines()[-1]
    assert last == f"{NUM} samples against {NUM} of oracle:markov (train)"


def test_texts_in_an_array_have_every_score_but_likelihoods(chain):
    report = TextJudge(chain, ["copies", "likelihood", "bleu"], NUM).report(chain.tokens.astype(np.int64))
    assert report["copied"] == 1
    assert report.content()["seeds"] is None
    assert report.reasons.keys() == {"likelihood"}
    assert "likelihood: not computed: " in str(report)
    with pytest.raises(ArgumentError, match="seeds: received 2, expected 1 for an array"):
        TextJudge(chain, ["copies"], NUM).report(chain.tokens, seeds=2)
    with pytest.raises(ArgumentError, match="seeds: received 0"):
        TextJudge(chain, ["copies"], NUM).report(chain.tokens, seeds=0)


def test_what_cannot_be_computed_of_these_data_is_refused_where_it_is_named(words):
    for name in ("exact", "nll_oracle"):
        with pytest.raises(ArgumentError, match=rf"metrics: received '{name}', .*nobody knows .*words.*: leave it out"):
            TextJudge(words, ["bleu", name])
    with pytest.raises(ArgumentError, match="received 'frechet_local', .*5 real texts"):
        TextJudge(words, ["frechet_local"], num=5)
    with pytest.raises(ArgumentError, match="received 'bleuu' for texts, .*did you mean 'bleu'"):
        TextJudge(words, ["bleuu"])
    with pytest.raises(ArgumentError, match="num: received 1, expected at least 2"):
        TextJudge(words, num=1)


def test_where_none_is_named_what_can_be_computed_is_and_the_rest_is_told(words, build):
    judge = TextJudge(words, num=NUM)
    assert set(judge.metrics) == set(metric_names()) - {"exact", "nll_oracle"}
    report = judge.report(build(words))
    assert report.content()["not_computed"].keys() == judge.reasons.keys() == {"exact", "nll_oracle"}
    assert judge.score(words.tokens).keys() & {"bleu_4", "self_bleu_4"} == {"bleu_4", "self_bleu_4"}
    assert judge.reasons.keys() == {"exact", "nll_oracle", "likelihood"}


def test_without_enough_held_out_texts_there_is_no_ceiling_and_the_reason_stands_there(words, build):
    few = TextSource("few", words.tokens, words.held_out[:2], vocabulary_size=9)
    content = TextJudge(few, ["bleu", "copies"], NUM).report(build(words)).content()
    assert content["bleu"]["references"] == 1
    assert {result["held_out"] for result in content["results"].values()} == {None}
    assert "too few texts are held out" in content["held_out_not_computed"]["bleu"]


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((4, 4), int), r"received an array of shape \(4, 4\), expected texts \(num, 5\)"),
        (np.zeros((1, 5), int), "two at least"),
        (np.zeros((4, 5)), "received float64, expected integers"),
        (np.full((4, 5), 9), "received tokens from 9 to 9, expected 0 to 8"),
        (np.full((4, 5), -1), "received tokens from -1"),
    ],
)
def test_samples_that_are_no_texts_of_these_data_are_refused(samples, message, words):
    with pytest.raises(SamplesError, match=f"^fakes: .*{message}"):
        TextJudge(words, ["copies"]).score(samples, "fakes")


def test_what_comes_after_an_end_is_not_judged(words):
    dirty = np.where(words.tokens[:60] == 0, 7, words.tokens[:60])
    ended = (words.tokens[:60] == 0).any(axis=1)
    first = (words.tokens[:60] == 0).argmax(axis=1)
    dirty[ended, first[ended]] = 0
    assert (dirty != words.tokens[:60]).any()
    judge = TextJudge(words, num=NUM)
    assert judge.score(dirty) == judge.score(words.tokens[:60])


# In training, and from a run folder.


def test_the_best_model_is_the_one_with_the_lowest_local_distance(chain, build, tmp_path):
    model = build(chain)
    evaluate = Evaluate(chain, every=2, path=tmp_path / "rows", batch_size=8, best=tmp_path)
    assert evaluate.criterion == "frechet_local"
    model.fit(chain, batch_size=8, steps_per_epoch=4, callbacks=[evaluate], verbose=0)
    rows = [row for row in read_rows(tmp_path / "rows") if "frechet_local" in row]
    assert [row["step"] for row in rows] == [0, 2, 4]
    lowest = min(rows, key=lambda row: row["frechet_local"])
    assert (evaluate.lowest, evaluate.lowest_step) == (lowest["frechet_local"], lowest["step"])
    best = keras.saving.load_model(tmp_path / "best.keras")
    assert best.steps_done == lowest["step"]
    judge = judge_of(chain, metrics=["frechet_local"])
    assert judge.score(*judge.draw(best))["frechet_local"] == pytest.approx(lowest["frechet_local"], rel=1e-6)
    # Another fit knows what was reached before.
    again = Evaluate(chain, every=100, path=tmp_path / "rows")
    model.fit(chain, batch_size=8, steps_per_epoch=1, callbacks=[again], verbose=0)
    assert again.lowest <= lowest["frechet_local"]


def test_a_judge_of_texts_without_its_criterion_is_refused(chain, words):
    with pytest.raises(ArgumentError, match=r"received the metrics \['bleu'\], expected 'frechet_local' among them"):
        Evaluate(TextJudge(chain, ["bleu"]), every=1)
    with pytest.raises(ArgumentError, match="'frechet_local' among them: 5 real texts"):
        Evaluate(TextJudge(words, num=5), every=1)


def test_few_samples_are_noticed_before_the_first_step(words, build):
    model = build(words)
    judge = TextJudge(words, num=60)
    judge.num = 10
    with pytest.raises(ArgumentError, match=r"no frechet_local of these data \(10 judged texts.*evaluate.every=0"):
        model.fit(words, batch_size=8, steps_per_epoch=2, callbacks=[Evaluate(judge, every=1)], verbose=0)
    assert model.steps_done == 0


@pytest.mark.thorough
def test_evaluation_changes_nothing_in_training(chain, build):
    weights = []
    for callbacks in ([Evaluate(TextJudge(chain, num=NUM), every=1)], []):
        keras.utils.set_random_seed(1)
        model = build(chain)
        model.fit(chain, batch_size=8, steps_per_epoch=3, callbacks=callbacks, verbose=0)
        weights.append(model.get_weights())
    for judged, alone in zip(*weights, strict=True):
        np.testing.assert_array_equal(judged, alone)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two steps, which was not evaluated."""
    recipe = {
        "data": {"source": "oracle:markov", "vocabulary_size": 6, "length": 3, "count": 400},
        "model": {
            "variant": "seqgan",
            "rollouts": 1,
            "generator": {"cell": "none", "embedding_dim": 4},
            "discriminator": {"widths": [2], "filters": 4},
        },
        "train": {"steps": 2, "batch_size": 8},
    }
    folder = tmp_path_factory.mktemp("runs") / "texts"
    train(Recipe(recipe), folder, progress=False)
    return folder


def test_a_run_of_texts_is_judged_against_its_own_data(run):
    report = judge_run(run, num=60, seeds=2, metrics=["exact", "frechet_local", "likelihood"], progress=False)
    content = report.content()
    assert (content["step"], content["checkpoint"], content["num"]) == (2, "last", 60)
    assert content["seeds"] == [1_000_000, 1_000_060]
    assert 0 < report["js"] < np.log(2)
    # Without samples there is nothing to spread.
    assert content["results"]["js"]["spread"] == content["results"]["nll_held_out"]["spread"] == 0
    assert report.pictures == {}


def test_an_extractor_for_a_run_of_texts_is_a_mistake_in_one_line(run):
    with pytest.raises(UserError, match="^extractor: received 'rotation' for oracle:markov, expected none") as raised:
        judge_run(run, extractor="rotation", num=60, progress=False)
    assert "\n" not in str(raised.value)


def test_a_pair_of_texts_is_refused(tmp_path):
    with pytest.raises(UserError, match="received 'oracle:markov', which has texts, .*`ganzoo evaluate RUN`"):
        judge_pair("oracle:markov", str(tmp_path / "x.npy"), progress=False)
