"""The DCGAN pair with an auxiliary classifier head (Odena et al. 2017)."""

from typing import Annotated, Literal

import keras
from annotated_types import Ge, Le
from keras import layers

from ..core.validation import NumClasses, PositiveInt, validated
from .conditional_dcgan import conditional_dcgan_generator
from .dcgan import check_shape, flat_features, logits_head, make_normalization
from .weight_layers import weight_layers_of

# The generator is that of conditional DCGAN: the latents concatenated with a label embedding.
acgan_dcgan_generator = conditional_dcgan_generator


@validated
def acgan_dcgan_discriminator(
    shape: tuple[PositiveInt, ...],
    num_classes: NumClasses,
    width: PositiveInt = 64,
    normalization: Literal["batch", "layer", "spectral", "none"] = "batch",
    dropout: Annotated[float, Ge(0), Le(0.9)] = 0.0,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN discriminator with a second head that classifies the image.

    Paper: Odena, Olah, Shlens 2017 (arXiv:1610.09585), figure 2, on the networks of DCGAN (arXiv:1511.06434).

    Args:
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        num_classes: int >= 2.
        width: int >= 1, as in `dcgan_discriminator`. Default 64.
        normalization: as in `dcgan_discriminator`; "spectral" includes both heads. Default "batch".
        dropout: float in [0, 0.9], dropout rate before both heads. Default 0.
        seed: int, seed of the initializers and of dropout. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, height, width, channels) in [-1, 1]. Output shapes: (batch, 1) and (batch, num_classes),
    float32 logits.

    Example:

    >>> acgan_dcgan_discriminator((28, 28, 1), num_classes=10, width=16).output_shape
    [(None, 1), (None, 10)]
    """
    check_shape("acgan_dcgan_discriminator", shape)
    images = keras.Input(shape, name="images")
    kinds = weight_layers_of(normalization)
    features = flat_features(images, width, seed, dtype, make_normalization(normalization, dtype), kinds)
    if dropout:
        features = layers.Dropout(dropout, seed=seed, dtype=dtype)(features)
    heads = [
        logits_head(features, seed + 50, kinds=kinds),
        logits_head(features, seed + 51, num_classes, name="class_logits", kinds=kinds),
    ]
    return keras.Model(images, heads, name="acgan_dcgan_discriminator")
