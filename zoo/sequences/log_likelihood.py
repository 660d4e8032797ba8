"""Log-likelihoods of token sequences under a generator."""

import numpy as np
import tensorflow as tf

from .token_sequences import sequence_mask

# Sequences whose logits are in memory at a time.
BATCH_SIZE = 256


def log_likelihoods(generator, tokens, batch_size=BATCH_SIZE):
    """Returns the log-likelihood of each sequence in nats: float64 array (num_samples,).

    Args:
        generator: `SequenceGenerator`, or a model with its `log_probabilities`.
        tokens: int array (num_samples, length).
        batch_size: int >= 1, sequences evaluated at a time. Default 256.
    """
    batches = [tokens[start : start + batch_size] for start in range(0, len(tokens), batch_size)]
    return np.concatenate(
        [
            np.asarray(generator.log_probabilities(tf.constant(batch, tf.int32)), np.float64).sum(axis=1)
            for batch in batches
        ]
    )


def nats_per_token(log_likelihoods, tokens, has_eos):
    """Returns the negative log-likelihood per token: float, in nats.

    The end token counts as a token of its sequence; padding after it does not.

    Args:
        log_likelihoods: float array (num_samples,), log-likelihoods of complete sequences.
        tokens: int array (num_samples, length).
        has_eos: bool, whether token 0 ends a sequence.

    Example:

    >>> round(nats_per_token(np.log([0.25, 0.5]), np.array([[5, 0], [0, 0]]), has_eos=True), 4)
    0.6931
    """
    num_tokens = np.asarray(sequence_mask(tf.constant(tokens, tf.int32), has_eos), np.float64).sum()
    return float(-np.sum(log_likelihoods) / num_tokens)
