"""Constraints on a critic's weights."""

from typing import Annotated

import keras
from annotated_types import Gt

from .arguments import validated

NORMALISATIONS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
    keras.layers.RMSNormalization,
    keras.layers.UnitNormalization,
)


@keras.saving.register_keras_serializable("ganzoo")
class WeightClipping(keras.constraints.Constraint):
    """Clips every weight to [-clip, clip], which keeps a critic Lipschitz.

    When to use it: inside `WGAN`, which attaches it to its critic. The optimiser applies it after each update.

    Paper: Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN" (arXiv:1701.07875), algorithm 1, line 7.

    Args:
        clip: float > 0, the bound. Default 0.01, the paper's.

    Raises:
        ValueError: `clip` is not positive.

    Example:

    >>> WeightClipping(0.5)(keras.ops.convert_to_tensor([-3.0, 0.25])).numpy().tolist()
    [-0.5, 0.25]
    """

    @validated
    def __init__(self, clip: Annotated[float, Gt(0)] = 0.01):
        self.clip = clip

    def __call__(self, w):
        """Returns `w` with every value moved into [-clip, clip]."""
        return keras.ops.clip(w, -self.clip, self.clip)

    def get_config(self):
        """Returns the constructor arguments."""
        return {"clip": self.clip}


def clip_weights(network, clip):
    """Attaches `WeightClipping(clip)` to each trainable weight of a network but those of normalisation layers.

    A normalisation scale starts at 1: clipping it to 0.01 would silence the layer. Moving statistics are not
    trainable and are never touched.

    Args:
        network: `keras.Model`, built.
        clip: float > 0.

    Raises:
        ValueError: a weight carries another constraint already.
    """
    normalisation_weights = {
        id(weight)
        for layer in network._flatten_layers()
        if isinstance(layer, NORMALISATIONS)
        for weight in layer.weights
    }
    for weight in network.trainable_variables:
        if id(weight) in normalisation_weights:
            continue
        if weight.constraint is not None and not isinstance(weight.constraint, WeightClipping):
            raise ValueError(
                f"weight {weight.path!r} carries the constraint {type(weight.constraint).__name__}, expected none: "
                "a critic under weight clipping cannot hold a second constraint; build it without one"
            )
        weight.constraint = WeightClipping(clip)
