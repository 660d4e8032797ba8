"""Exact divergences between a first-order chain and an oracle that can be enumerated, and the best chain there is."""

import numpy as np
import tensorflow as tf
from scipy.optimize import minimize
from scipy.special import log_softmax

TEMPERATURES = [round(0.3 + 0.05 * number, 2) for number in range(19)]


class ExactChain:
    """Scores of first-order chains against an oracle, as sums over all sequences.

    Args:
        oracle: enumerable oracle with `vocabulary_size`, `sequences()` and `log_probabilities(sequences)`.
    """

    def __init__(self, oracle):
        self.sequences = oracle.sequences()
        self.log_real = oracle.log_probabilities(self.sequences)
        self.real = np.exp(self.log_real)
        self.start_token = oracle.vocabulary_size
        start = np.full((len(self.sequences), 1), self.start_token)
        self.previous = np.concatenate([start, self.sequences[:, :-1]], axis=1)

    def logits(self, generator):
        """Returns a generator's logits of the next token after each token and at the start: (tokens + 1, tokens)."""
        return generator.projection(generator.embedding(tf.range(self.start_token + 1))).numpy().astype(np.float64)

    def scores(self, logits):
        """Returns a chain's divergences in nats per sequence, and its `nll_oracle` and entropy in nats per token."""
        log_fake = log_softmax(logits, axis=-1)[self.previous, self.sequences].sum(axis=1)
        fake, log_mixture = np.exp(log_fake), np.logaddexp(self.log_real, log_fake) - np.log(2)
        length = self.sequences.shape[1]
        to_mixture = (self.real * (self.log_real - log_mixture)).sum() + (fake * (log_fake - log_mixture)).sum()
        return {
            "js": float(to_mixture / 2),
            "kl_forward": float((self.real * (self.log_real - log_fake)).sum()),
            "nll_oracle": float(-(fake * self.log_real).sum() / length),
            "entropy": float(-(fake * log_fake).sum() / length),
        }

    def best_temperature(self, logits):
        """Returns the scores at the temperature with the lowest Jensen-Shannon divergence."""
        scores = [{"temperature": t, **self.scores(logits / t)} for t in TEMPERATURES]
        return min(scores, key=lambda each: each["js"])

    def optimum(self, logits):
        """Returns the scores of the chain with the lowest Jensen-Shannon divergence that L-BFGS finds from `logits`."""
        indices = tf.constant(np.stack([self.previous, self.sequences], axis=-1))
        real, log_real = tf.constant(self.real), tf.constant(self.log_real)

        @tf.function
        def divergence(flat):
            with tf.GradientTape() as tape:
                tape.watch(flat)
                log_tokens = tf.gather_nd(tf.nn.log_softmax(tf.reshape(flat, logits.shape)), indices)
                log_fake = tf.reduce_sum(log_tokens, axis=1)
                log_mixture = tf.reduce_logsumexp(tf.stack([log_real, log_fake]), axis=0) - np.log(2.0)
                value = tf.reduce_sum(real * (log_real - log_mixture))
                value += tf.reduce_sum(tf.exp(log_fake) * (log_fake - log_mixture))
            return value / 2, tape.gradient(value, flat) / 2

        result = minimize(
            lambda flat: [part.numpy() for part in divergence(tf.constant(flat))],
            logits.ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 5000},
        )
        return self.scores(result.x.reshape(logits.shape))
