"""The power iteration of spectral normalization."""

import keras
from keras import layers, ops


class PowerIteration(layers.Layer):
    """Mixin of a layer that divides its weights by their spectral norm; gradients flow through the division.

    When to use it: as the first base class of a layer with one matrix or kernel. Its `build` calls `add_vector`, its
    constructor sets the attribute `seed`, and its `call` uses `divide_by_spectral_norm`. A layer of Keras that has its
    own format of saved weights then saves all weights, the vector included.

    Paper: Miyato et al. 2018, "Spectral normalization for generative adversarial networks" (arXiv:1802.05957),
    equations 7-9 and algorithm 1: W / sigma(W), sigma(W) = v W u^T with one power iteration for the vectors u and v in
    each training call. The vector u is a variable; training calls in a `keras.StatelessScope` leave it unchanged.

    Args:
        **kwargs: of the layer.
    """

    def add_vector(self, units):
        """Creates the variable u of the power iteration, float32 of shape (1, units).

        Args:
            units: int >= 1, size of the last axis of the weights.
        """
        # All replicas have equal weights, so they compute equal vectors.
        self.vector_u = self.add_weight(
            (1, units),
            keras.initializers.RandomNormal(seed=self.seed),
            trainable=False,
            aggregation="only_first_replica",
            dtype="float32",
            autocast=False,
            name="vector_u",
        )

    def divide_by_spectral_norm(self, weights, training):
        """Returns weights divided by the spectral norm of the matrix that has their last axis as columns, in float32.

        Args:
            weights: variable (..., units).
            training: bool or None, whether to make a step of the power iteration.
        """
        weights = ops.cast(ops.convert_to_tensor(weights), "float32")
        matrix = ops.reshape(weights, (-1, weights.shape[-1]))
        u = ops.convert_to_tensor(self.vector_u)
        v = ops.normalize(ops.matmul(u, ops.transpose(matrix)))
        if training:
            u = ops.normalize(ops.matmul(v, matrix))
            self.vector_u.assign(ops.stop_gradient(u))
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        spectral_norm = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
        return weights / ops.reshape(spectral_norm, (1,) * len(weights.shape))

    def save_own_variables(self, store):
        """Saves every variable; layers of Keras with a format of their own save only their kernel and bias."""
        layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        """Loads every variable."""
        layers.Layer.load_own_variables(self, store)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"seed": self.seed}
