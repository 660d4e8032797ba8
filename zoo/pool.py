"""Fakes of earlier steps, so that a discriminator does not forget what it has seen through."""

import keras
import tensorflow as tf

from .latents import training_uniforms


@keras.saving.register_keras_serializable("ganzoo")
class FakePool(keras.layers.Layer):
    """Keeps past fakes and gives half of a batch back from among them.

    When to use it: between a generator and the discriminator's own update. While the pool fills, every fake is kept
    and given back as it is; then each one is, with probability 1/2, exchanged for a kept one.

    The pool is part of the model's state: a resumed run sees the same past. Under replicas each has a pool of its own,
    a row of one weight; a model that is loaded on another number of replicas hands the rows round.

    Paper: Shrivastava et al. 2017 (arXiv:1612.07828), section 2.3, as CycleGAN (Zhu et al. 2017, arXiv:1703.10593,
    section 4) uses it: 50 images.

    Args:
        size: int >= 0, fakes kept on each replica; 0 gives every batch back as it is.
        salt: int, tells the pools of one model apart in what they draw.

    Input shape: (batch, ...), the same but for the batch at every call. Output shape: the same.
    """

    def __init__(self, size, salt=0, **kwargs):
        super().__init__(trainable=False, **kwargs)
        self.size, self.salt = size, salt

    def build(self, input_shape):
        """Makes room for the fakes."""
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        kept = {"trainable": False, "initializer": "zeros"}
        # A replica writes its own row of zeros elsewhere, and the rows are added up.
        self.fakes = self.add_weight(
            (replicas, self.size, *input_shape[1:]), dtype="float32", aggregation="sum", name="fakes", **kept
        )
        kept |= {"dtype": "int32", "aggregation": "only_first_replica"}
        self.filled = self.add_weight((), name="filled", **kept)
        # What is drawn is named by it: a step may have several turns.
        self.exchanges = self.add_weight((), name="exchanges", **kept)
        self.built = True

    def exchange(self, fakes, seed, replica):
        """Puts fakes into the pool, and returns as many that its discriminator shall see.

        Args:
            fakes: float32 tensor (batch, ...).
            seed, replica: int32 scalars that name what is drawn, together with the number of exchanges so far.
        """
        if self.size == 0:
            return fakes
        batch = fakes.shape[0] or tf.shape(fakes)[0]
        held, filled = self.fakes.value[replica], self.filled.value
        # Slots are drawn without repetition, so that no fake overwrites another of its batch.
        number = self.exchanges.value
        order = tf.argsort(training_uniforms(seed + self.salt, number, replica, self.size))
        coins = training_uniforms(seed + self.salt + 1, number, replica, batch)
        rows = tf.range(batch)
        empty = filled + rows < self.size
        slots = tf.where(empty, filled + rows, tf.gather(order, rows % self.size))
        # Only the first of a batch that is larger than the pool can take part.
        takes_part = empty | ((coins < 0.5) & (rows < self.size) & (filled >= self.size))
        shaped = tf.reshape(takes_part & ~empty, (-1, *[1] * (len(fakes.shape) - 1)))
        given = tf.where(shaped, tf.gather(held, slots), fakes)
        written = tf.where(takes_part, slots, self.size)
        # A row beyond the last one takes what is not kept.
        padded = tf.concat([held, held[:1]], 0)
        held = tf.tensor_scatter_nd_update(padded, written[:, tf.newaxis], fakes)[: self.size]
        replicas = self.fakes.shape[0]
        mine = tf.reshape(tf.one_hot(replica, replicas), (replicas, *[1] * len(fakes.shape)))
        self.fakes.assign(mine * held)
        self.filled.assign(tf.minimum(filled + batch, self.size))
        self.exchanges.assign_add(1)
        return given

    def load_own_variables(self, store):
        """Reads the fakes, also those of another number of replicas."""
        fakes = store["0"][...]
        rows = [row % len(fakes) for row in range(self.fakes.shape[0])]
        self.fakes.assign(fakes[rows])
        self.filled.assign(store["1"][...])
        self.exchanges.assign(store["2"][...])

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"size": self.size, "salt": self.salt}
