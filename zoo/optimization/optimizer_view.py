"""Both optimizers of a model as the one that callbacks of Keras expect."""

import re

import keras

from ..core.keras_internals import learning_rate_of
from ..errors import ArgumentError


class OptimizerView:
    """What `model.optimizer` returns: a view of the generator's and the discriminator's optimizer.

    When to use it: by callbacks. `ReduceLROnPlateau` and `LearningRateScheduler` go through `optimizers` and change the
    rate of each; their schedule is called with each optimizer's own rate. To change one rate, use
    `model.generator_optimizer.learning_rate`.

    Args:
        generator_optimizer, discriminator_optimizer: Keras optimizers.

    Attributes:
        optimizers: [generator optimizer, discriminator optimizer], the model's own.

    Example:

    >>> from ganzoo.zoo import GAN
    >>> model = GAN.create((2,), {"network": "mlp"}, {"network": "mlp"})
    >>> model.compile(keras.optimizers.Adam(1e-4), keras.optimizers.Adam(4e-4))
    >>> model.optimizer.learning_rate = 5e-5
    >>> round(float(model.discriminator_optimizer.learning_rate), 6)
    0.0002
    """

    name = "generator_and_discriminator"

    def __init__(self, generator_optimizer, discriminator_optimizer):
        self.optimizers = [generator_optimizer, discriminator_optimizer]

    @property
    def built(self):
        """Whether both have their variables."""
        return all(optimizer.built for optimizer in self.optimizers)

    @property
    def variables(self):
        """The variables of both."""
        return [variable for optimizer in self.optimizers for variable in optimizer.variables]

    @property
    def iterations(self):
        """The updates of the generator."""
        return self.optimizers[0].iterations

    @property
    def learning_rate(self):
        """The generator's learning rate; setting it scales the discriminator's, so that their ratio is kept.

        Raises (when it is set):
            ArgumentError: a rate that is no number above 0, or a schedule, here or in an optimizer: Keras does not
                replace a schedule by a number either.
        """
        return self.optimizers[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        if callable(value) or not (0 < (rate := float(keras.ops.convert_to_numpy(value))) < float("inf")):
            raise ArgumentError(
                f"learning_rate: received {value!r} for both optimizers, expected a number above 0: set a schedule on "
                "model.generator_optimizer and model.discriminator_optimizer"
            )
        for optimizer in self.optimizers:
            if callable(learning_rate_of(optimizer)):
                raise ArgumentError(
                    f"learning_rate: received {rate} for {optimizer.name}, which has a schedule, expected an optimizer "
                    "with a number: compile the model with one"
                )
        generator_rate, discriminator_rate = (float(optimizer.learning_rate) for optimizer in self.optimizers)
        if not generator_rate:
            raise ArgumentError(
                f"learning_rate: received {rate} while the generator's is 0, expected a rate above 0 to keep the ratio "
                "of: set model.generator_optimizer.learning_rate and model.discriminator_optimizer.learning_rate"
            )
        self.optimizers[0].learning_rate = rate
        self.optimizers[1].learning_rate = rate * discriminator_rate / generator_rate

    lr = learning_rate


def name_optimizers(**optimizers):
    """Names optimizers after their networks unless the user named them: callbacks log learning rates by these names.

    Keras counts the optimizers of a process, so its own names differ from run to run.

    Args:
        **optimizers: network -> Keras optimizer.
    """
    given = [optimizer.name for optimizer in optimizers.values()]
    for network, optimizer in optimizers.items():
        name = re.sub(r"_\d+$", "", optimizer.name)
        is_automatic = name.replace("_", "") == type(optimizer).__name__.lower()
        if is_automatic or given.count(optimizer.name) > 1:
            optimizer.name = f"{network}_{name}"
