"""Only good checkpoints are written and loaded; otherwise the previous one is offered."""

import shutil

import keras
import numpy as np
import pytest
from ganzoo.training.run.checkpointing import (
    CheckpointError,
    NoCheckpointError,
    load_checkpoint,
    save_best,
    save_checkpoint,
    set_aside,
)
from ganzoo.zoo import GAN, WGAN


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with `previous.keras` of step 3 and `last.keras` of step 5; tests must not change it."""
    folder, model = tmp_path_factory.mktemp("checkpoints"), GAN.create((4, 4, 1), "mlp", "mlp", latent_dim=2)
    model.compile()
    for step in (3, 5):
        model.step.assign(step)
        save_checkpoint(model, folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "checkpoints")


def spoil(model, value=1e30):
    kernel = model.generator.trainable_variables[0]
    kernel.assign(np.full(kernel.shape, value))
    return model


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("save", [save_checkpoint, save_best])
def test_a_diverged_state_is_not_written(save, folder):
    before = files(folder)
    with pytest.raises(CheckpointError, match=r"reached 1e\+30, .* training diverged at step 5, nothing saved"):
        save(spoil(load_checkpoint(folder)[0]), folder)
    assert files(folder) == before


def test_a_checkpoint_of_a_diverged_training_is_skipped(folder):
    spoil(load_checkpoint(folder)[0]).save(folder / "last.keras")
    model, (note,) = load_checkpoint(folder)
    assert model.steps_done == 3
    assert "last.keras is of a training that diverged" in note
    assert "falling back to the previous checkpoint" in note


def test_broken_slots_are_noticed_at_load(folder):
    model, _ = load_checkpoint(folder)
    model.generator_optimizer.variables[-1].assign(np.full(model.generator_optimizer.variables[-1].shape, np.inf))
    model.save(folder / "last.keras")
    model, (note,) = load_checkpoint(folder)
    assert model.steps_done == 3
    assert "variable of the generator optimizer" in note


def test_without_a_good_checkpoint_each_file_has_its_reason(folder):
    (folder / "last.keras").write_bytes(b"PK")
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(folder / "previous.keras")
    with pytest.raises(NoCheckpointError, match="no intact checkpoint") as error:
        load_checkpoint(folder)
    assert "last.keras is damaged" in str(error.value)
    assert "previous.keras is no checkpoint of a training: it holds Sequential" in str(error.value)
    assert "\n" not in str(error.value)


def test_the_checkpoint_of_another_model_is_skipped(folder):
    model = WGAN.create((4, 4, 1), "mlp", "mlp", latent_dim=2)
    model.compile()
    model.save(folder / "last.keras")
    model, (note,) = load_checkpoint(folder, expected=GAN)
    assert (type(model), model.steps_done) == (GAN, 3)
    assert "is the checkpoint of another model (WGAN, expected GAN)" in note


def test_a_checkpoint_of_another_architecture_in_the_same_file_is_one_line(folder, tmp_path):
    """The weights of one file beside the config of another: shapes do not fit."""
    other = GAN.create((4, 4, 1), {"network": "mlp", "width": 8}, "mlp", latent_dim=2)
    other.compile()
    other.save(tmp_path / "other.keras")
    shutil.unpack_archive(folder / "last.keras", tmp_path / "mixed", "zip")
    shutil.unpack_archive(tmp_path / "other.keras", tmp_path / "config", "zip")
    shutil.copy(tmp_path / "config" / "config.json", tmp_path / "mixed" / "config.json")
    archive = shutil.make_archive(tmp_path / "mixed", "zip", tmp_path / "mixed")
    shutil.move(archive, folder / "last.keras")
    model, (note,) = load_checkpoint(folder)
    assert model.steps_done == 3
    assert "last.keras does not fit the classes of this program" in note
    assert "\n" not in note


def test_a_checkpoint_that_is_set_aside_leaves_the_previous_one(folder):
    assert set_aside(folder)
    assert load_checkpoint(folder)[0].steps_done == 3
    assert (folder / "diverged.keras").exists()
    # The only checkpoint that is left stays.
    (folder / "previous.keras").rename(folder / "last.keras")
    assert not set_aside(folder)
    assert load_checkpoint(folder)[0].steps_done == 3
