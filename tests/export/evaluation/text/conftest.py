"""Data and models of the tests of text evaluation."""

import numpy as np
import pytest
from ganzoo.export.evaluation.text.metrics import metric
from ganzoo.training import load
from ganzoo.training.data.text_source import TextSource
from ganzoo.zoo.models.text.seqgan import SeqGAN


@pytest.fixture(scope="module")
def chain():
    """Sequences of three tokens out of six, 900 for training and 100 held out."""
    return load("oracle:markov", vocabulary_size=6, length=3, count=1000)


@pytest.fixture(scope="module")
def words():
    """Texts with end tokens, of an unknown distribution."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(2, 9, (300, 5)).astype(np.int32)
    tokens[np.arange(5) >= rng.integers(1, 6, (300, 1))] = 0
    return TextSource("words", tokens[:240], tokens[240:], vocabulary_size=9)


@pytest.fixture(scope="module")
def build():
    def build(source, seed=3):
        model = SeqGAN.create(
            source.shape, {"cell": "none", "embedding_dim": 4}, {"widths": (2,), "filters": 4}, rollouts=1, n_critic=1,
            vocabulary_size=source.vocabulary_size, has_eos=source.has_eos, seed=seed,
        )  # fmt: skip
        model.compile()
        return model

    return build


@pytest.fixture
def few_classifier_updates(monkeypatch):
    """Stops the classifier of `two_sample` after 20 updates."""
    monkeypatch.setattr(metric("two_sample"), "MAX_UPDATES", 20)
