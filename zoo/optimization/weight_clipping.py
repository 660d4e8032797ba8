"""Weight constraints for critics."""

from typing import Annotated

import keras
from annotated_types import Gt

from ..core.keras_internals import layers_of
from ..core.validation import validated

NORMALIZATIONS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
    keras.layers.RMSNormalization,
    keras.layers.UnitNormalization,
)


@keras.saving.register_keras_serializable("ganzoo")
class WeightClipping(keras.constraints.Constraint):
    """Clips every weight to [-clip_value, clip_value], which makes a critic Lipschitz continuous.

    When to use it: in `WGAN`, which attaches it to its critic. The optimizer applies it after each update.

    Paper: Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN" (arXiv:1701.07875), algorithm 1, line 7.

    Args:
        clip_value: float > 0, the bound. Default 0.01, as in the paper.

    Raises:
        ValueError: `clip_value` is not positive.

    Example:

    >>> WeightClipping(0.5)(keras.ops.convert_to_tensor([-3.0, 0.25])).numpy().tolist()
    [-0.5, 0.25]
    """

    @validated
    def __init__(self, clip_value: Annotated[float, Gt(0)] = 0.01):
        self.clip_value = clip_value

    def __call__(self, w):
        """Returns `w` with every value clipped to [-clip_value, clip_value]."""
        return keras.ops.clip(w, -self.clip_value, self.clip_value)

    def get_config(self):
        """Returns the constructor arguments."""
        return {"clip_value": self.clip_value}


def clip_weights(network, clip_value):
    """Attaches `WeightClipping(clip_value)` to each trainable weight of a network, except in normalization layers.

    A normalization scale is initialized with 1; clipping it to 0.01 would suppress the layer's output. Moving
    statistics are not trainable and are never clipped.

    Args:
        network: `keras.Model`, built.
        clip_value: float > 0.

    Raises:
        ValueError: a weight already has another constraint.
    """
    normalization_weights = {
        id(weight) for layer in layers_of(network) if isinstance(layer, NORMALIZATIONS) for weight in layer.weights
    }
    for weight in network.trainable_variables:
        if id(weight) in normalization_weights:
            continue
        if weight.constraint is not None and not isinstance(weight.constraint, WeightClipping):
            raise ValueError(
                f"weight {weight.path!r}: received the constraint {type(weight.constraint).__name__}, expected none: "
                "weight clipping cannot be combined with another constraint; build the critic without one"
            )
        weight.constraint = WeightClipping(clip_value)
