"""Maximum-likelihood pretraining: its optimum, and that a run pretrains once, whenever it is killed."""

import numpy as np
import pytest
from ganzoo.training import load_run, train
from ganzoo.training.callbacks.metrics_logger import read_rows
from ganzoo.training.cli.command_line import main
from ganzoo.training.config.recipe import Recipe, RecipeError
from ganzoo.training.config.schema import Pretrain
from ganzoo.training.data.text_source import TextSource, from_texts
from ganzoo.training.run import training_run
from ganzoo.training.run.pretraining import held_out_nll, pretrain
from ganzoo.training.run.training_run import TrainingError
from ganzoo.zoo.errors import ArgumentError
from ganzoo.zoo.models.text.maligan import MaliGAN
from ganzoo.zoo.sequences import language_model

TINY = {"network": "text_cnn", "widths": [2], "filters": 4, "embedding_dim": 4, "hidden": 4}
CONTENT = {
    "data": {"source": "oracle:markov", "count": 200},
    "model": {
        "variant": "maligan",
        "n_critic": 1,
        "generator": {"network": "recurrent", "cell": "none", "embedding_dim": 4},
        "discriminator": TINY,
    },
    "pretrain": {"steps": 20, "learning_rate": 0.05, "batch_size": 16},
    "train": {"steps": 4, "batch_size": 16, "seed": 3, "save_every": 2, "sample_every": 2, "log_every": 2},
}


def recipe(**sections):
    return Recipe({key: CONTENT.get(key, {}) | sections.get(key, {}) for key in {*CONTENT, *sections}})


def model_of(source, cell="none", seed=0, **arguments):
    vocabulary = source.vocabulary and source.vocabulary.words
    model = MaliGAN.create(
        source.shape, {"cell": cell, "embedding_dim": 8, "units": 6}, TINY, vocabulary=vocabulary,
        vocabulary_size=source.vocabulary_size, has_eos=source.has_eos, seed=seed, **arguments,
    )  # fmt: skip
    model.compile()
    return model


def test_a_markov_chain_learns_the_frequencies_of_its_data():
    """Without a recurrent state the maximum-likelihood solution is the frequency of each token after each other."""
    tokens = np.random.default_rng(0).choice(3, (300, 3), p=[0.6, 0.3, 0.1]).astype(np.int32)
    source = TextSource("own", tokens, tokens, vocabulary_size=3, has_eos=False)
    model = model_of(source)
    row = pretrain(model, source, Pretrain(steps=400, batch_size=300, learning_rate=0.05))
    inputs = np.concatenate([np.full((300, 1), 3), tokens], axis=1)
    counts = np.zeros((4, 3))
    np.add.at(counts, (inputs[:, :-1], inputs[:, 1:]), 1)
    frequencies = counts / counts.sum(1, keepdims=True)
    entropy = -(counts * np.log(frequencies)).sum() / counts.sum()
    assert row["nll"] == pytest.approx(entropy, abs=2e-3)
    probabilities = np.exp(model.generator.log_probabilities(tokens).numpy())
    np.testing.assert_allclose(probabilities, frequencies[inputs[:, :-1], inputs[:, 1:]], atol=0.03)
    assert {key: row[key] for key in ("step", "phase", "pretrain_steps")} == {
        "step": 0, "phase": "pretrain", "pretrain_steps": 400,
    }  # fmt: skip


def test_pretraining_is_one_fit_of_the_given_steps_before_adversarial_training(monkeypatch):
    source = from_texts("own", ["a b", "b a c", "c"] * 20)
    model, fits = model_of(source), []
    fit = language_model.LanguageModel.fit

    def counted(self, *arguments, **options):
        history = fit(self, *arguments, **options)
        fits.append((options["steps_per_epoch"], int(self.optimizer.iterations), len(history.epoch)))
        return history

    monkeypatch.setattr(language_model.LanguageModel, "fit", counted)
    pretrain(model, source, Pretrain(steps=7))
    assert fits == [(7, 7, 1)]
    assert model.steps_done == 0
    assert int(model.generator_optimizer.iterations) == 0
    for weight, average in zip(model.generator.get_weights(), model.ema_generator.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, average)


@pytest.mark.parametrize("cell", ["none", "gru"])
@pytest.mark.thorough
def test_tokens_after_an_end_token_have_no_effect(cell):
    """More padding, or other tokens in place of the padding, change neither the likelihood nor the weights."""
    texts = ["a b", "b a c", "c", "a a b"] * 10
    short, long = (from_texts("own", texts, length=length) for length in (4, 9))
    noisy = TextSource("own", long.tokens.copy(), long.held_out.copy(), long.vocabulary)
    for rows in (noisy.tokens, noisy.held_out):
        ended = np.cumsum(rows == 0, axis=1) > 1
        rows[ended] = np.random.default_rng(0).integers(0, 5, ended.sum())
    assert (noisy.tokens != long.tokens).any()
    models = [model_of(source, cell) for source in (short, long, noisy)]
    rows = [
        pretrain(model, source, Pretrain(steps=5, learning_rate=0.05))
        for model, source in zip(models, (short, long, noisy), strict=True)
    ]
    assert rows[0]["nll"] == pytest.approx(rows[1]["nll"], rel=1e-5)
    assert rows[1]["nll"] == pytest.approx(rows[2]["nll"], rel=1e-6)
    for first, *others in zip(*(model.generator.get_weights() for model in models), strict=True):
        for other in others:
            np.testing.assert_allclose(first, other, atol=1e-5)


def test_nats_are_averaged_over_tokens_and_over_evenly_spaced_texts():
    source = from_texts("own", ["a b c d"] * 10)
    model = model_of(source)
    model.generator.projection.set_weights([np.zeros((8, 6)), np.log([1, 1, 2, 3, 4, 5]) - np.log(16)])
    # Four words fill their row, so there is no end token to predict.
    by_hand = -np.log(np.array([2, 3, 4, 5]) / 16).mean()
    assert held_out_nll(model, source.held_out) == pytest.approx(by_hand, rel=1e-6)
    many = np.array([[2, 0, 0, 0], [3, 4, 0, 0]] * 2500, np.int32)
    # Every third of 5,000 rows is evaluated.
    expected = -(np.log(2 / 16) + np.log(3 / 16) + np.log(4 / 16) + 2 * np.log(1 / 16)) / 5
    assert held_out_nll(model, many, batch_size=500) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("precision", [pytest.param("bfloat16", marks=pytest.mark.thorough), "float16"])
def test_half_precision_trains_too(precision):
    source = from_texts("own", ["a b", "b a c", "c"] * 20)
    model = model_of(source, precision=precision)
    before = held_out_nll(model, source.held_out)
    assert pretrain(model, source, Pretrain(steps=40, learning_rate=0.05))["nll"] < before - 0.2


def test_two_replicas_learn_the_weights_of_one(two_replicas):
    source = from_texts("own", ["a b", "b a c", "c", "a a b"] * 10)
    models = [model_of(source)]
    with two_replicas.scope():
        models.append(model_of(source))
    rows = [pretrain(model, source, Pretrain(steps=6, batch_size=16, learning_rate=0.05)) for model in models]
    assert rows[0]["nll"] == pytest.approx(rows[1]["nll"], rel=1e-5)
    for one, two in zip(*(model.ema_generator.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)
    with pytest.raises(
        ArgumentError, match="pretrain.batch_size: received 15 for 2 replicas, expected a multiple of 2"
    ):
        pretrain(models[1], source, Pretrain(steps=1, batch_size=15))


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"pretrain": {"steps": 0}}, "pretrain.steps: received 0"),
        ({"pretrain": {"learning_rate": 0}}, "pretrain.learning_rate: received 0"),
        ({"pretrain": {"batch_size": -1}}, "pretrain.batch_size: received -1"),
        ({"pretrain": {"epochs": 3}}, "pretrain.epochs: unknown key"),
        (
            {"model": {"variant": "gan", "generator": "mlp", "discriminator": "mlp"}, "data": {"source": "digits"}},
            "pretrain: received this section with model.variant 'gan', expected none",
        ),
    ],
)
def test_what_cannot_be_pretrained_is_refused_in_one_line(sections, message):
    content = {key: CONTENT.get(key, {}) | sections.get(key, {}) for key in {*CONTENT, *sections}}
    if "data" in sections:
        content |= {key: sections[key] for key in ("data", "model")}
    with pytest.raises(RecipeError, match=message) as caught:
        Recipe(content)
    assert "\n" not in str(caught.value)


# Runs.


class Killed(BaseException):
    """Ends a run like a signal, without ending the process."""


def kill(*_, **__):
    raise Killed


def rows(folder):
    excluded = ("sequences_per_second", "pretrain_seconds")
    return [{k: v for k, v in row.items() if k not in excluded} for row in read_rows(folder / "metrics.jsonl")]


def files(folder):
    return {path.name: path.read_text() for path in (folder / "samples").iterdir()}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """A run that was not interrupted."""
    folder = tmp_path_factory.mktemp("runs") / "uninterrupted"
    train(recipe(), folder, progress=False)
    return folder


def test_the_row_of_pretraining_comes_first(uninterrupted):
    first, *others = rows(uninterrupted)
    assert (first["step"], first["phase"], first["pretrain_steps"]) == (0, "pretrain", 20)
    assert 0 < first["nll"] < np.log(6)
    assert [row["step"] for row in others] == [2, 4]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("pretrain", marks=pytest.mark.thorough),
        pytest.param("append_row", marks=pytest.mark.thorough),
        "save_checkpoint",
        "_fit",
    ],
)
def test_a_run_killed_around_its_pretraining_equals_an_uninterrupted_one(name, uninterrupted, tmp_path, monkeypatch):
    """Before its end there is no checkpoint and it starts again; after its end it is not repeated."""
    folder = tmp_path / "killed"
    with monkeypatch.context() as patch:
        patch.setattr(training_run, name, kill)
        with pytest.raises(Killed):
            train(recipe(), folder, progress=False)
    assert (folder / "checkpoints" / "last.keras").exists() == (name == "_fit")
    if name == "_fit":
        monkeypatch.setattr(training_run, "pretrain", kill)
    assert train(recipe(), folder, resume=True, progress=False).step == 4
    assert rows(folder) == rows(uninterrupted)
    assert files(folder) == files(uninterrupted)
    for one, other in zip(load_run(folder).variables, load_run(uninterrupted).variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)


def test_a_changed_section_is_refused_on_resume(uninterrupted, tmp_path, capsys):
    assert main(["train", "--resume", str(uninterrupted), "--set", "pretrain.steps=21"]) == 2
    assert "pretrain.steps: 20 -> 21" in capsys.readouterr().err


@pytest.mark.thorough
def test_weights_of_another_run_replace_pretraining(uninterrupted, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training_run, "pretrain", kill)
    still = {"generator": {"name": "sgd", "learning_rate": 1e-30}, "discriminator": {"name": "sgd"}}
    result = train(recipe(optimizers=still, train={"steps": 1}), tmp_path / "next", init_from=uninterrupted)
    assert f"not pretrained: the weights are those of {uninterrupted}" in capsys.readouterr().err
    assert "phase" not in rows(tmp_path / "next")[0]
    for one, other in zip(result.model.generator.weights, load_run(uninterrupted).generator.weights, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-7)


def test_a_non_finite_likelihood_ends_the_run_in_one_line(tmp_path):
    wild = recipe(pretrain={"steps": 3, "learning_rate": 1e38})
    with pytest.raises(TrainingError, match=r"nll is (nan|inf) after 3 steps of pretraining; nothing was saved in"):
        train(wild, tmp_path / "run", progress=False)


def test_the_command_reports_the_likelihood(tmp_path, capsys):
    path = tmp_path / "recipe.toml"
    path.write_text(recipe().dumps())
    assert main(["train", str(path), "--out", str(tmp_path / "run"), "--set=train.steps=1"]) == 0
    text = capsys.readouterr().err
    nll = rows(tmp_path / "run")[0]["nll"]
    assert f"pretrained 20 steps: {nll:.2f} nats per token" in text
    assert "seq/s" in text
