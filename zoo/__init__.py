"""Model zoo: the GAN models, and the training step that they share.

Nothing heavy is imported before a name is used, so that `ganzoo --help` and `ganzoo list` stay fast.
"""

import os
import platform

if not __name__.startswith("ganzoo."):
    raise ImportError(
        f"imported as {__name__!r}, expected 'ganzoo.zoo': install the project (`pip install -e .`) and write "
        "`from ganzoo.zoo import ...`"
    )

# By default TensorFlow uses oneDNN only on processors with AVX-512; with AVX2 alone convolutions take about twice as
# long without it. TensorFlow reads the variable at import, so import ganzoo first; a value that the user set is kept.
if platform.machine().lower() in ("x86_64", "amd64"):
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

from .core.lazy_loading import lazy_exports  # noqa: E402
from .registry import variants  # noqa: E402

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {info.class_name: f"models.{info.family}.{info.name}" for info in variants().values()}
    | {
        "Augmentation": "augmentations.augmentation",
        "BLEUReward": "rewards.bleu_reward",
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
        "TextDiscriminator": "sequences.text_discriminator",
        "TextGAN": "families.text_gan",
        "WeightClipping": "optimization.weight_clipping",
    },
)
