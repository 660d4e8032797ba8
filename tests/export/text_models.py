"""Two tiny text models, shared by the tests of their exports."""

import numpy as np
from ganzoo.zoo.models.text.seqgan import SeqGAN

NETWORKS = ({"units": 4, "embedding_dim": 4, "initializer_stddev": 1.0}, {"filters": 4})
WORDS = ["a", "b", "c", "d"]
SIGNATURES = ("serving_default", "sample", "sample_at")
SEEDS = np.arange(64, dtype=np.int32)


def tiny_text_models():
    """Returns a dict of name -> model: one of words, one of numbers."""
    return {
        "words": SeqGAN.create((6,), *NETWORKS, vocabulary=WORDS),
        "numbers": SeqGAN.create((6,), *NETWORKS, vocabulary_size=6, has_eos=False, seed=5),
    }
