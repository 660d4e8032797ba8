"""After a divergence `--resume` continues from a checkpoint that trains."""

import numpy as np
import pytest
from ganzoo.training import load_recipe, load_run, train
from ganzoo.training.callbacks import Checkpoint, TerminateOnNonFinite
from ganzoo.training.callbacks.stopping import DivergenceError
from ganzoo.training.run.checkpointing import save_checkpoint
from ganzoo.training.run.failures import TrainingError, last_good_step
from ganzoo.zoo import GAN

SETTINGS = [
    "data.resolution=8", "model.generator=mlp", "model.discriminator=mlp", "model.latent_dim=4", "train.batch_size=16",
    "train.steps=6", "train.save_every=2", "train.sample_every=100", "evaluate.every=0",
]  # fmt: skip


@pytest.fixture
def spoil_after(monkeypatch):
    """Sets weights of the generator after a step, whose losses were finite: `spoil_after(4, 1e30)`."""
    check = TerminateOnNonFinite.on_step

    def install(spoiled_step, value):
        def spoil(self, step, previous, logs):
            check(self, step, previous, logs)
            if step == spoiled_step:
                kernel = self.model.generator.trainable_variables[0]
                kernel.assign(np.full(kernel.shape, value))

        monkeypatch.setattr(TerminateOnNonFinite, "on_step", spoil)

    yield install
    monkeypatch.setattr(TerminateOnNonFinite, "on_step", check)


def test_a_diverged_run_resumes_from_a_good_checkpoint(spoil_after, monkeypatch, tmp_path):
    recipe, folder = load_recipe("gan_digits", SETTINGS), tmp_path / "run"
    spoil_after(6, 1e30)
    reason = r"reached 1e\+30, expected at most 1e\+12 in magnitude: training diverged at step 6, nothing saved"
    with pytest.raises(TrainingError, match=rf"{reason}; the last good checkpoint is step 4 .*--resume"):
        train(recipe, folder, progress=False)
    assert load_run(folder).steps_done == 4
    # Training from that checkpoint diverges again: the one before is offered.
    with pytest.raises(TrainingError, match=rf"{reason}; the last good checkpoint is step 2 "):
        train(recipe, folder, resume=True, progress=False)
    assert sorted(path.name for path in (folder / "checkpoints").glob("*.keras")) == [
        "diverged.keras",
        "previous.keras",
    ]
    assert load_run(folder).steps_done == 2
    monkeypatch.undo()
    assert train(recipe, folder, resume=True, progress=False).step == 6


@pytest.mark.parametrize(
    ("failed_step", "offered"),
    [(6, 3), *(pytest.param(*case, marks=pytest.mark.thorough) for case in ((7, 3), (8, 5)))],
)
def test_a_checkpoint_whose_first_steps_diverge_is_not_offered(failed_step, offered, tmp_path):
    model = GAN.create((4, 4, 1), "mlp", "mlp", latent_dim=2)
    model.compile()
    checkpoint = Checkpoint(tmp_path, every_n_steps=1)
    for step in (3, 5):
        model.step.assign(step)
        save_checkpoint(model, tmp_path)
    checkpoint.saved_step = 5
    assert last_good_step(DivergenceError("loss is nan", failed_step), checkpoint) == offered
