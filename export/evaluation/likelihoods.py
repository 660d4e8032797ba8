"""How likely texts are to a generator."""

import numpy as np

from .text_reference import lengths

# Texts whose logits are held at a time.
CHUNK = 256


def log_likelihoods(generator, tokens):
    """Returns the log likelihood of each text: float64 array (num,).

    Args:
        generator: `SequenceGenerator`, or a model with its `log_probabilities`.
        tokens: int32 array (num, length).
    """
    parts = [tokens[start : start + CHUNK] for start in range(0, len(tokens), CHUNK)]
    logs = [np.asarray(generator.log_probabilities(part), np.float64).sum(axis=1) for part in parts]
    return np.concatenate(logs)


def nats_a_token(logs, tokens, ends):
    """Returns the negative log likelihood of texts for each token that belongs to them, their ends among these.

    Args:
        logs: float array (num,), log likelihoods of whole texts.
        tokens: int32 array (num, length).
        ends: bool, whether token 0 ends a text.
    """
    return float(-np.sum(logs) / lengths(tokens, ends).sum())
