"""Two tiny text models, and what tests of their exports share."""

import numpy as np
from ganzoo.zoo.seqgan import SeqGAN

NETWORKS = ({"units": 4, "embedding_dim": 4, "scale": 1.0}, {"filters": 4})
WORDS = ["a", "b", "c", "d"]
SIGNATURES = ("serving_default", "sample", "sample_at")
SEEDS = np.arange(64, dtype=np.int32)


def tiny_texts():
    """Name -> model: one of words, one of numbers."""
    return {
        "words": SeqGAN.create((6,), *NETWORKS, vocabulary=WORDS),
        "numbers": SeqGAN.create((6,), *NETWORKS, vocabulary_size=6, ends=False, seed=5),
    }
