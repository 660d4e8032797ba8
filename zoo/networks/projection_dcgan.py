"""The DCGAN pair with conditional batch normalization and a projection discriminator (Miyato and Koyama 2018)."""

from typing import Literal

import keras
from keras import layers, ops

from ..core.validation import NumClasses, PositiveInt, validated
from ..layers.conditional_batch_normalization import ConditionalBatchNormalization
from .conditional_dcgan import label_inputs
from .dcgan import check_shape, downsampling_stack, logits_head, make_normalization, normal, upsampling_stack
from .weight_layers import weight_layers_of


@validated
def projection_dcgan_generator(
    latent_dim: PositiveInt,
    shape: tuple[PositiveInt, ...],
    num_classes: NumClasses,
    width: PositiveInt = 64,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN generator with class-conditional batch normalization.

    Paper: Miyato and Koyama 2018 (arXiv:1802.05637), section 5, on the networks of DCGAN (arXiv:1511.06434).

    Args:
        latent_dim: int >= 1.
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        num_classes: int >= 2.
        width: int >= 1, as in `dcgan_generator`. Default 64.
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, latent_dim) and (batch,) int32 labels. Output shape: (batch, height, width, channels), float32
    in [-1, 1].

    Example:

    >>> projection_dcgan_generator(64, (28, 28, 1), num_classes=10, width=16).output_shape
    (None, 28, 28, 1)
    """
    check_shape("projection_dcgan_generator", shape)
    latents, labels = label_inputs(keras.Input((latent_dim,), name="latents"))

    def normalize(x):
        return ConditionalBatchNormalization(num_classes, dtype=dtype)([x, labels])

    images = upsampling_stack(latents, shape, width, seed, dtype, normalize)
    return keras.Model([latents, labels], images, name="projection_dcgan_generator")


@validated
def projection_dcgan_discriminator(
    shape: tuple[PositiveInt, ...],
    num_classes: NumClasses,
    width: PositiveInt = 64,
    normalization: Literal["spectral_convolutions", "spectral", "batch", "layer", "none"] = "spectral_convolutions",
    pooling: Literal["flat", "sum"] = "flat",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN discriminator whose logit includes the inner product of features and a label embedding.

    By default the features are the flattened last feature map, and only the convolutions are spectrally normalized: the
    label embedding and the last layer are not. In the paper's discriminator every layer is, and the features are summed
    over the image: `normalization="spectral"` and `pooling="sum"`. The paper's network is a ResNet.

    Paper: Miyato and Koyama 2018 (arXiv:1802.05637), equation 3; spectral normalization: Miyato et al. 2018
    (arXiv:1802.05957).

    Args:
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        num_classes: int >= 2.
        width: int >= 1, as in `dcgan_discriminator`. Default 64.
        normalization: "spectral_convolutions" for the weights of the convolutions; "spectral" for those of every layer,
            the last one and the label embedding included; "batch" or "layer" after each convolution except the first;
            or "none". Default "spectral_convolutions".
        pooling: "flat" for the flattened last feature map, (smallest size)**2 * maps features; "sum" for its sum over
            the image after a ReLU, one feature per map. Default "flat".
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, height, width, channels) in [-1, 1], and (batch,) int32 labels. Output shape: (batch, 1),
    float32 logits.

    Example:

    >>> projection_dcgan_discriminator((28, 28, 1), num_classes=10, width=16).output_shape
    (None, 1)
    """
    check_shape("projection_dcgan_discriminator", shape)
    images, labels = label_inputs(keras.Input(shape, name="images"))
    kinds = weight_layers_of(normalization)
    maps = downsampling_stack(images, width, seed, dtype, make_normalization(normalization, dtype), kinds)
    if pooling == "sum":
        features = ops.sum(layers.ReLU(dtype="float32")(maps), axis=(1, 2))
    else:
        features = layers.Activation("linear", dtype="float32")(layers.Flatten(dtype=dtype)(maps))
    units = features.shape[-1]
    table = kinds.embedding(num_classes, units, embeddings_initializer=normal(seed + 100), dtype="float32")
    product = layers.Dot(axes=1, dtype="float32")([features, table(labels)])
    logits = layers.Add(dtype="float32", name="projected")([logits_head(features, seed + 50, kinds=kinds), product])
    return keras.Model([images, labels], logits, name="projection_dcgan_discriminator")
