"""A history of generated images for the discriminator."""

import keras
import tensorflow as tf

from ..core.prng import training_uniforms


@keras.saving.register_keras_serializable("ganzoo")
class ImagePool(keras.layers.Layer):
    """Stores past fakes and replaces about half of each new batch by stored ones.

    When to use it: between a generator and the discriminator update, so that the discriminator also trains on the
    output of earlier generators. While the pool fills, every fake is stored and returned unchanged. Afterwards each
    fake is, with probability 1/2, swapped with a stored one.

    The pool is part of the model's state, so a resumed run continues with the same history. Each replica has its own
    pool, one row of a shared weight; a model that is loaded with another number of replicas reuses the rows cyclically.

    Paper: Shrivastava et al. 2017 (arXiv:1612.07828), section 2.3, as used by CycleGAN (Zhu et al. 2017,
    arXiv:1703.10593, section 4) with 50 images.

    Args:
        size: int >= 0, fakes stored on each replica; 0 disables the pool.
        salt: int, offset of the random seed; give each pool of a model its own. Default 0.

    Input shape: (batch, ...), constant except for the batch axis. Output shape: the same.

    Example:

    >>> pool = ImagePool(50)
    >>> pool.build((None, 8, 8, 1))
    >>> pool.query(tf.zeros((4, 8, 8, 1)), seed=0, replica=0).shape
    TensorShape([4, 8, 8, 1])
    """

    def __init__(self, size, salt=0, **kwargs):
        super().__init__(trainable=False, **kwargs)
        self.size, self.salt = size, salt

    def build(self, input_shape):
        """Creates the storage, one row per replica."""
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        options = {"trainable": False, "initializer": "zeros"}
        # A replica assigns zeros to the rows of the others, and the assigned values are summed.
        self.fakes = self.add_weight(
            (replicas, self.size, *input_shape[1:]), dtype="float32", aggregation="sum", name="fakes", **options
        )
        options |= {"dtype": "int32", "aggregation": "only_first_replica"}
        self.filled = self.add_weight((), name="filled", **options)
        # Part of the random key: a training step may have several discriminator updates.
        self.queries = self.add_weight((), name="queries", **options)
        self.built = True

    def query(self, fakes, seed, replica):
        """Adds fakes to the pool and returns a batch of the same size for the discriminator.

        Args:
            fakes: float32 tensor (batch, ...).
            seed: int32 scalar. Together with `replica` and the number of queries so far, it determines the randomness.
            replica: int32 scalar >= 0, index of the replica.

        Returns:
            float32 tensor (batch, ...), new and stored fakes.
        """
        if self.size == 0:
            return fakes
        batch = fakes.shape[0] or tf.shape(fakes)[0]
        stored, filled = self.fakes.value[replica], self.filled.value
        # Slots are sampled without replacement, so no fake overwrites another one of its batch.
        query = self.queries.value
        order = tf.argsort(training_uniforms(seed + self.salt, query, replica, self.size))
        coins = training_uniforms(seed + self.salt + 1, query, replica, batch)
        rows = tf.range(batch)
        empty = filled + rows < self.size
        slots = tf.where(empty, filled + rows, tf.gather(order, rows % self.size))
        # In a batch that is larger than the pool, only the first `size` rows can be stored.
        stores = empty | ((coins < 0.5) & (rows < self.size) & (filled >= self.size))
        swaps = tf.reshape(stores & ~empty, (-1, *[1] * (len(fakes.shape) - 1)))
        outputs = tf.where(swaps, tf.gather(stored, slots), fakes)
        targets = tf.where(stores, slots, self.size)
        # Rows that are not stored are written to one extra slot, which is then dropped.
        padded = tf.concat([stored, stored[:1]], 0)
        stored = tf.tensor_scatter_nd_update(padded, targets[:, tf.newaxis], fakes)[: self.size]
        replicas = self.fakes.shape[0]
        own_row = tf.reshape(tf.one_hot(replica, replicas), (replicas, *[1] * len(fakes.shape)))
        self.fakes.assign(own_row * stored)
        self.filled.assign(tf.minimum(filled + batch, self.size))
        self.queries.assign_add(1)
        return outputs

    def load_own_variables(self, store):
        """Loads the pool, also from a file that was saved with another number of replicas."""
        fakes = store["0"][...]
        rows = [row % len(fakes) for row in range(self.fakes.shape[0])]
        self.fakes.assign(fakes[rows])
        self.filled.assign(store["1"][...])
        self.queries.assign(store["2"][...])

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"size": self.size, "salt": self.salt}
