"""Divergences of a first-order chain from a second-order one, exact sums over all sequences, and the best there is."""

import numpy as np
import tensorflow as tf
from scipy.optimize import minimize
from scipy.special import log_softmax

TEMPERATURES = [round(0.3 + 0.05 * number, 2) for number in range(19)]


class Exact:
    """What can be known of every first-order chain beside an oracle.

    Args:
        oracle: what knows the probability of every sequence: `vocabulary_size`, `sequences`, `log_probabilities`.
    """

    def __init__(self, oracle):
        self.sequences = oracle.sequences()
        self.logs = oracle.log_probabilities(self.sequences)
        self.masses = np.exp(self.logs)
        none = np.full((len(self.sequences), 1), oracle.vocabulary_size)
        self.before = np.concatenate([none, self.sequences[:, :-1]], axis=1)
        self.none = oracle.vocabulary_size

    def table(self, generator):
        """Returns a generator's logits of the next token after each token and after none: (tokens + 1, tokens)."""
        return generator.projection(generator.embedding(tf.range(self.none + 1))).numpy().astype(np.float64)

    def scores(self, table):
        """Returns a chain's divergences in nats a sequence, and its samples' likelihood in nats a token."""
        logs = log_softmax(table, axis=-1)[self.before, self.sequences].sum(axis=1)
        masses, middle = np.exp(logs), np.logaddexp(self.logs, logs) - np.log(2)
        length = self.sequences.shape[1]
        return {
            "js": float(((self.masses * (self.logs - middle)).sum() + (masses * (logs - middle)).sum()) / 2),
            "kl_forward": float((self.masses * (self.logs - logs)).sum()),
            "nll_oracle": float(-(masses * self.logs).sum() / length),
            "entropy": float(-(masses * logs).sum() / length),
        }

    def best_temperature(self, table):
        """Returns the scores of the temperature whose divergence is the least."""
        found = [{"temperature": t, **self.scores(table / t)} for t in TEMPERATURES]
        return min(found, key=lambda scores: scores["js"])

    def optimum(self, table):
        """Returns the scores of the chain of least Jensen-Shannon divergence that L-BFGS finds from a table."""
        places = tf.constant(np.stack([self.before, self.sequences], axis=-1))
        real, logs_real = tf.constant(self.masses), tf.constant(self.logs)

        @tf.function
        def divergence(flat):
            with tf.GradientTape() as tape:
                tape.watch(flat)
                chosen = tf.gather_nd(tf.nn.log_softmax(tf.reshape(flat, table.shape)), places)
                logs = tf.reduce_sum(chosen, axis=1)
                middle = tf.reduce_logsumexp(tf.stack([logs_real, logs]), axis=0) - np.log(2.0)
                value = tf.reduce_sum(real * (logs_real - middle)) + tf.reduce_sum(tf.exp(logs) * (logs - middle))
            return value / 2, tape.gradient(value, flat) / 2

        found = minimize(
            lambda flat: [part.numpy() for part in divergence(tf.constant(flat))],
            table.ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 5000},
        )
        return self.scores(found.x.reshape(table.shape))
