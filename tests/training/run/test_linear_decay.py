"""Learning rates that decay to zero at the end of a run, however often it is interrupted."""

import json
import tomllib

import numpy as np
import pytest
from ganzoo.training import load, load_run
from ganzoo.training.callbacks.metrics_logger import read_rows
from ganzoo.training.cli.command_line import main
from ganzoo.training.config.recipe import Recipe
from ganzoo.training.run.run_dir import RunDir
from ganzoo.training.run.training_run import build_model

RECIPE = """
[data]
source = "digits"
resolution = 8
[model]
variant = "gan"
generator = "mlp"
discriminator = "mlp"
latent_dim = 2
n_critic = 2
[train]
steps = 8
batch_size = 8
log_every = 1
linear_decay = 0.5
"""
SOURCE = {"source": "digits", "resolution": 8}
ROLES = ("generator_optimizer", "discriminator_optimizer")


def train(folder, *arguments):
    path = folder.parent / "decay.toml"
    path.write_text(RECIPE)
    assert main(["train", str(path), "--out", str(folder), "--quiet", *arguments]) == 0
    return folder


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """A run of four steps at a constant learning rate and four at a decaying one."""
    return train(tmp_path_factory.mktemp("runs") / "uninterrupted")


def rates(folder):
    return [row["learning_rate"] for row in read_rows(folder / "metrics.jsonl")]


@pytest.mark.thorough
def test_a_resumed_run_decays_like_an_uninterrupted_one(uninterrupted, tmp_path):
    """After six steps it is also extended: the remaining steps follow the new length."""
    resumed = train(tmp_path / "resumed", "--set=train.steps=6")
    np.testing.assert_allclose(rates(resumed), 2e-4 * np.array([1, 1, 1, 2 / 3, 1 / 3, 0]), rtol=1e-6)
    assert main(["train", "--resume", str(resumed), "--set", "train.steps=8", "--quiet"]) == 0
    np.testing.assert_allclose(rates(uninterrupted), 2e-4 * np.array([1, 1, 1, 1, 0.75, 0.5, 0.25, 0]), rtol=1e-6)
    assert rates(resumed)[6:] == rates(uninterrupted)[6:]
    for role in ROLES:
        one, other = (getattr(load_run(folder), role) for folder in (uninterrupted, resumed))
        steps = range(int(one.iterations) + 1)
        assert [float(one._learning_rate(step)) for step in steps] == [
            float(other._learning_rate(step)) for step in steps
        ]
        assert float(one.learning_rate) == float(other.learning_rate) == 0


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_both_optimizers_reach_zero_together_although_one_is_updated_more_often(precision):
    model_section = {"variant": "gan", "generator": "mlp", "discriminator": "mlp", "n_critic": 3}
    train_section = {"steps": 10, "linear_decay": 0.2, "precision": precision}
    model = build_model(Recipe({"data": SOURCE, "model": model_section, "train": train_section}), load(**SOURCE))
    for role, updates in zip(ROLES, (10, 30), strict=True):
        optimizer = getattr(model, role)
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        for progress, factor in ((0.8, 1), (0.9, 0.5), (1, 0)):
            inner.iterations.assign(int(progress * updates))
            np.testing.assert_allclose(float(optimizer.learning_rate), 2e-4 * factor, rtol=1e-6)


def test_replicas_decay_too(two_replicas):
    recipe = Recipe(tomllib.loads(RECIPE))
    with two_replicas.scope():
        model = build_model(recipe, load(**SOURCE))
    model.generator_optimizer.iterations.assign(6)
    np.testing.assert_allclose(float(model.generator_optimizer.learning_rate), 1e-4, rtol=1e-6)


def test_runs_from_before_the_key_existed_can_be_resumed(uninterrupted):
    folder = RunDir(uninterrupted)
    text = folder.state.read_text()
    state = json.loads(text)
    state["recipe"]["train"].pop("linear_decay")
    folder.state.write_text(json.dumps(state))
    try:
        recipe = Recipe(state["recipe"])
        assert folder.require_recipe(recipe) is recipe
    finally:
        folder.state.write_text(text)
