"""The DCGAN pair with a discriminator that also names the class (Odena et al. 2017)."""

from typing import Annotated, Literal

import keras
from annotated_types import Ge, Le
from keras import layers

from ..arguments import validated
from .dcgan import check_shape, last_logits, normaliser, shrink
from .labelled_dcgan import labelled_dcgan_generator

Count = Annotated[int, Ge(1)]
Classes = Annotated[int, Ge(2)]

# The generator is that of the conditional pair: latents and an embedding of the label.
auxiliary_dcgan_generator = labelled_dcgan_generator


@validated
def auxiliary_dcgan_discriminator(
    shape: tuple[Count, ...],
    num_classes: Classes,
    width: Count = 64,
    normalization: Literal["batch", "layer", "none"] = "batch",
    dropout: Annotated[float, Ge(0), Le(0.9)] = 0.0,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN discriminator with a second head for the class.

    Paper: Odena, Olah, Shlens 2017 (arXiv:1610.09585), figure 2, on the networks of DCGAN (arXiv:1511.06434).

    Args:
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        num_classes: int >= 2.
        width: int >= 1, as of `dcgan_discriminator`. Default 64.
        normalization: "batch", "layer" or "none". Default "batch".
        dropout: float in [0, 0.9], before both heads. Default 0.
        seed: int, of the initialisers and of dropout. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, height, width, channels) in [-1, 1]. Output shapes: (batch, 1) and (batch, num_classes),
    float32 logits.

    Example:

    >>> auxiliary_dcgan_discriminator((28, 28, 1), num_classes=10, width=16).output_shape
    [(None, 1), (None, 10)]
    """
    check_shape("auxiliary_dcgan_discriminator", shape)
    images = keras.Input(shape, name="images")
    features = shrink(images, width, seed, dtype, normaliser(normalization, dtype))
    if dropout:
        features = layers.Dropout(dropout, seed=seed, dtype=dtype)(features)
    heads = [
        last_logits(features, seed + 50),
        last_logits(features, seed + 51, num_classes, name="class_logits"),
    ]
    return keras.Model(images, heads, name="auxiliary_dcgan_discriminator")
