"""Evaluation of texts during training, and of run folders by the command."""

import keras
import numpy as np
import pytest
from ganzoo.export.evaluation import TextEvaluator, make_evaluator
from ganzoo.training.callbacks import Evaluate
from ganzoo.training.callbacks.metrics_logger import read_rows
from ganzoo.training.cli.evaluate_command import evaluate_pair, evaluate_run
from ganzoo.training.config.recipe import Recipe
from ganzoo.training.run.training_run import train
from ganzoo.zoo.errors import ArgumentError, UserError

pytestmark = pytest.mark.usefixtures("few_classifier_updates")

NUM = 120


@pytest.mark.thorough
def test_the_best_checkpoint_has_the_lowest_frechet_local(chain, build, tmp_path):
    model = build(chain)
    evaluate = Evaluate(chain, every_n_steps=2, path=tmp_path / "rows", batch_size=8, best=tmp_path)
    assert evaluate.criterion == "frechet_local"
    model.fit(chain, batch_size=8, steps_per_epoch=4, callbacks=[evaluate], verbose=0)
    rows = [row for row in read_rows(tmp_path / "rows") if "frechet_local" in row]
    assert [row["step"] for row in rows] == [0, 2, 4]
    lowest = min(rows, key=lambda row: row["frechet_local"])
    assert (evaluate.best_score, evaluate.best_step) == (lowest["frechet_local"], lowest["step"])
    best = keras.saving.load_model(tmp_path / "best.keras")
    assert best.steps_done == lowest["step"]
    evaluator = make_evaluator(chain, metrics=["frechet_local"])
    assert evaluator.score(*evaluator.sample(best))["frechet_local"] == pytest.approx(lowest["frechet_local"], rel=1e-6)
    # A second fit continues from the best score so far.
    again = Evaluate(chain, every_n_steps=100, path=tmp_path / "rows")
    model.fit(chain, batch_size=8, steps_per_epoch=1, callbacks=[again], verbose=0)
    assert again.best_score <= lowest["frechet_local"]


def test_an_evaluator_of_texts_without_its_criterion_is_rejected(chain, words):
    with pytest.raises(ArgumentError, match=r"received the metrics \['bleu'\], expected 'frechet_local' among them"):
        Evaluate(TextEvaluator(chain, ["bleu"]), every_n_steps=1)
    with pytest.raises(ArgumentError, match="'frechet_local' among them: 5 real texts"):
        Evaluate(TextEvaluator(words, num_samples=5), every_n_steps=1)


def test_too_few_samples_are_reported_before_the_first_step(words, build):
    model = build(words)
    evaluator = TextEvaluator(words, num_samples=60)
    evaluator.num_samples = 10
    with pytest.raises(ArgumentError, match=r"without a frechet_local \(10 evaluated texts.*evaluate.every=0"):
        model.fit(words, batch_size=8, steps_per_epoch=2, callbacks=[Evaluate(evaluator, every_n_steps=1)], verbose=0)
    assert model.steps_done == 0


@pytest.mark.thorough
def test_evaluation_does_not_change_training(chain, build):
    weights = []
    for callbacks in ([Evaluate(TextEvaluator(chain, num_samples=NUM), every_n_steps=1)], []):
        keras.utils.set_random_seed(1)
        model = build(chain)
        model.fit(chain, batch_size=8, steps_per_epoch=3, callbacks=callbacks, verbose=0)
        weights.append(model.get_weights())
    for evaluated, alone in zip(*weights, strict=True):
        np.testing.assert_array_equal(evaluated, alone)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two steps without evaluation."""
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


def test_a_run_of_texts_is_evaluated_against_its_own_data(run):
    report = evaluate_run(
        run, num_samples=60, seeds=2, metrics=["exact", "frechet_local", "likelihood"], progress=False
    )
    content = report.content()
    assert (content["step"], content["checkpoint"], content["num_samples"]) == (2, "last", 60)
    assert content["seeds"] == [1_000_000, 1_000_060]
    assert 0 < report["js"] < np.log(2)
    # Results that are independent of the samples have no spread.
    assert content["results"]["js"]["spread"] == content["results"]["nll_held_out"]["spread"] == 0
    assert report.images == {}


def test_an_extractor_for_a_run_of_texts_is_a_one_line_error(run):
    with pytest.raises(UserError, match="^extractor: received 'rotation' for oracle:markov, expected none") as raised:
        evaluate_run(run, extractor="rotation", num_samples=60, progress=False)
    assert "\n" not in str(raised.value)


def test_evaluate_pair_rejects_texts(tmp_path):
    with pytest.raises(UserError, match="received 'oracle:markov', which has texts, .*`ganzoo evaluate RUN`"):
        evaluate_pair("oracle:markov", str(tmp_path / "x.npy"), progress=False)
