"""Multi-layer perceptrons for samples of any shape: points in the plane, or small images."""

import math
from typing import Literal

import keras
from keras import layers

from ..core.validation import PositiveInt, validated
from .weight_layers import weight_layers_of


@validated
def mlp_generator(
    latent_dim: PositiveInt,
    shape: tuple[PositiveInt, ...],
    width: PositiveInt = 128,
    depth: PositiveInt = 3,
    bounded: bool | None = None,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a multi-layer perceptron that maps latents to samples.

    When to use it: for points (`shape` with one axis), or for images too small to benefit from convolutions.

    Args:
        latent_dim: int >= 1.
        shape: tuple of int, one sample without the batch axis, such as (2,) or (8, 8, 1).
        width: int >= 1, units of each hidden layer. Default 128.
        depth: int >= 1, hidden layers. Default 3.
        bounded: bool, whether the output passes through tanh. Default: True for images, False for points.
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, latent_dim). Output shape: (batch, *shape), float32.

    Example:

    >>> mlp_generator(2, (2,)).output_shape
    (None, 2)
    """
    bounded = len(shape) > 1 if bounded is None else bounded
    inputs = keras.Input((latent_dim,), name="latents")
    x = _hidden(inputs, width, depth, "relu", "he_normal", seed, dtype)
    x = layers.Dense(math.prod(shape), kernel_initializer=_init("glorot_uniform", seed + depth), dtype=dtype)(x)
    x = layers.Reshape(shape, dtype=dtype)(x)
    x = layers.Activation("tanh" if bounded else "linear", dtype="float32", name="samples")(x)
    return keras.Model(inputs, x, name="mlp_generator")


@validated
def mlp_discriminator(
    shape: tuple[PositiveInt, ...],
    width: PositiveInt = 128,
    depth: PositiveInt = 3,
    normalization: Literal["spectral", "none"] = "none",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a multi-layer perceptron that maps samples to logits.

    When to use it: with `mlp_generator`. It never normalizes over the batch, so it is also suitable as a critic.

    Paper: spectral normalization: Miyato et al. 2018 (arXiv:1802.05957).

    Args:
        shape: tuple of int, one sample without the batch axis.
        width: int >= 1, units of each hidden layer. Default 128.
        depth: int >= 1, hidden layers. Default 3.
        normalization: "spectral" for the weights of every layer, the last one included, or "none". Default "none".
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, *shape). Output shape: (batch, 1), float32 logits.

    Example:

    >>> mlp_discriminator((8, 8, 1)).output_shape
    (None, 1)
    """
    inputs = keras.Input(shape, name="samples")
    x = layers.Flatten(dtype=dtype)(inputs)
    dense = weight_layers_of(normalization).dense
    x = _hidden(x, width, depth, "leaky_relu", "he_normal", seed, dtype, dense)
    logits = dense(1, kernel_initializer=_init("glorot_uniform", seed + depth), dtype="float32", name="logits")
    return keras.Model(inputs, logits(x), name="mlp_discriminator")


def _init(name, seed):
    return getattr(keras.initializers, {"he_normal": "HeNormal", "glorot_uniform": "GlorotUniform"}[name])(seed=seed)


def _hidden(x, width, depth, activation, initializer, seed, dtype, dense=layers.Dense):
    for layer in range(depth):
        initial = _init(initializer, seed + layer)
        x = dense(width, activation=activation, kernel_initializer=initial, dtype=dtype)(x)
    return x
