"""Model files name their rewards and load in a fresh process."""

import subprocess
import sys

import numpy as np
import pytest
from ganzoo.zoo import SeqGAN

READ = "import sys, keras, ganzoo.zoo.models.text.seqgan; print(keras.saving.load_model(sys.argv[1]).texts(1, 7))"


@pytest.mark.thorough
def test_a_fresh_process_reads_every_kind_of_reward(tmp_path):
    corpus = np.random.default_rng(0).integers(2, 6, (30, 5)).astype("int32")
    rewards = ["discriminator", "placebo", "bleu", {"kind": "semantic", "topic": "b", "dim": 2}]
    model = SeqGAN.create(
        (5,), {"units": 2}, {"filters": 2}, vocabulary=["a", "b", "c", "d"], corpus=corpus, reward=rewards
    )
    model.save(tmp_path / "model.keras")
    command = [sys.executable, "-c", READ, str(tmp_path / "model.keras")]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.stdout.strip() == str(model.texts(1, 7)), process.stderr[-500:]
