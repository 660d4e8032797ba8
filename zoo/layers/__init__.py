"""Layers that Keras does not provide. Importing this package registers them for `.keras` files."""

from .batch_normalization import BatchNormalization
from .conditional_batch_normalization import ConditionalBatchNormalization
from .conditioning_augmentation import ConditioningAugmentation
from .image_pool import ImagePool
from .modulated_batch_normalization import ModulatedBatchNormalization
from .reflection_padding2d import ReflectionPadding2D
from .spectral_conv2d import SpectralConv2D
from .spectral_dense import SpectralDense
from .spectral_embedding import SpectralEmbedding

__all__ = [
    "BatchNormalization",
    "ConditionalBatchNormalization",
    "ConditioningAugmentation",
    "ImagePool",
    "ModulatedBatchNormalization",
    "ReflectionPadding2D",
    "SpectralConv2D",
    "SpectralDense",
    "SpectralEmbedding",
]
