"""Model zoo: the GAN models, and the training step that they share.

Nothing heavy is imported before a name is used, so that `ganzoo --help` and `ganzoo list` stay fast.
"""

if not __name__.startswith("ganzoo."):
    raise ImportError(
        f"imported as {__name__!r}, expected 'ganzoo.zoo': install the project (`pip install -e .`) and write "
        "`from ganzoo.zoo import ...`"
    )

from .core.lazy_loading import lazy_exports  # noqa: E402
from .registry import variants  # noqa: E402

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {info.class_name: f"models.{info.family}.{info.name}" for info in variants().values()}
    | {
        "Augmentation": "augmentations.augmentation",
        "BLEUReward": "rewards.bleu_reward",
        "BatchNormalization": "layers",
        "ConditionalBatchNormalization": "layers",
        "DiffAugment": "augmentations.diff_augment",
        "DiscriminatorReward": "rewards.reward",
        "GradientPenalty": "regularizers.gradient_penalty",
        "ImageGAN": "families.image_gan",
        "ImagePool": "layers",
        "ImageTranslationGAN": "families.image_translation_gan",
        "LanguageModel": "sequences.language_model",
        "LinearDecay": "optimization.linear_decay",
        "ModulatedBatchNormalization": "layers",
        "PlaceboReward": "rewards.reward",
        "R1": "regularizers.r1",
        "R2": "regularizers.r2",
        "ReflectionPadding2D": "layers",
        "Regularizer": "regularizers.regularizer",
        "SemanticReward": "rewards.semantic_reward",
        "SequenceGenerator": "sequences.sequence_generator",
        "SpectralConv2D": "layers",
        "SpectralDense": "layers",
        "SpectralEmbedding": "layers",
        "TextDiscriminator": "sequences.text_discriminator",
        "TextGAN": "families.text_gan",
        "WeightClipping": "optimization.weight_clipping",
    },
)
