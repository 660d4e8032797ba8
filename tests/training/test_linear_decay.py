"""Learning rates that fall to zero at the end of a run, however often it was stopped."""

import json
import tomllib

import numpy as np
import pytest
from ganzoo.training import load, load_run
from ganzoo.training.callbacks.metrics import read_rows
from ganzoo.training.cli import main
from ganzoo.training.fit import build_model
from ganzoo.training.recipe import Recipe
from ganzoo.training.rundir import RunFolder

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
def whole(tmp_path_factory):
    """A run of four steps at a constant rate and four at a falling one."""
    return train(tmp_path_factory.mktemp("runs") / "whole")


def rates(folder):
    return [row["learning_rate"] for row in read_rows(folder / "metrics.jsonl")]


def test_a_resumed_run_decays_like_one_that_was_never_stopped(whole, tmp_path):
    """After six steps it is also made longer: what is left follows the new length."""
    broken = train(tmp_path / "broken", "--set=train.steps=6")
    np.testing.assert_allclose(rates(broken), 2e-4 * np.array([1, 1, 1, 2 / 3, 1 / 3, 0]), rtol=1e-6)
    assert main(["train", "--resume", str(broken), "--set", "train.steps=8", "--quiet"]) == 0
    np.testing.assert_allclose(rates(whole), 2e-4 * np.array([1, 1, 1, 1, 0.75, 0.5, 0.25, 0]), rtol=1e-6)
    assert rates(broken)[6:] == rates(whole)[6:]
    for role in ROLES:
        one, other = (getattr(load_run(folder), role) for folder in (whole, broken))
        steps_of_two = range(int(one.iterations) + 1)
        assert [float(one._learning_rate(step)) for step in steps_of_two] == [
            float(other._learning_rate(step)) for step in steps_of_two
        ]
        assert float(one.learning_rate) == float(other.learning_rate) == 0


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_both_optimisers_end_together_though_one_is_updated_more_often(precision):
    model_section = {"variant": "gan", "generator": "mlp", "discriminator": "mlp", "n_critic": 3}
    train_section = {"steps": 10, "linear_decay": 0.2, "precision": precision}
    model = build_model(Recipe({"data": SOURCE, "model": model_section, "train": train_section}), load(**SOURCE))
    for role, updates in zip(ROLES, (10, 30), strict=True):
        optimizer = getattr(model, role)
        own = getattr(optimizer, "inner_optimizer", optimizer)
        for done, share in ((0.8, 1), (0.9, 0.5), (1, 0)):
            own.iterations.assign(int(done * updates))
            np.testing.assert_allclose(float(optimizer.learning_rate), 2e-4 * share, rtol=1e-6)


def test_replicas_decay_too(two_replicas):
    recipe = Recipe(tomllib.loads(RECIPE))
    with two_replicas.scope():
        model = build_model(recipe, load(**SOURCE))
    model.generator_optimizer.iterations.assign(6)
    np.testing.assert_allclose(float(model.generator_optimizer.learning_rate), 1e-4, rtol=1e-6)


def test_runs_from_before_the_key_was_there_can_be_resumed(whole):
    folder = RunFolder(whole)
    text = folder.state.read_text()
    state = json.loads(text)
    state["recipe"]["train"].pop("linear_decay")
    folder.state.write_text(json.dumps(state))
    try:
        recipe = Recipe(state["recipe"])
        assert folder.resume(recipe) is recipe
    finally:
        folder.state.write_text(text)
