"""MODEL: what a GAN is, and the step that trains it.

Nothing heavy is imported before a name is used, so `ganzoo --help` and `ganzoo list` stay quick.
"""

import importlib
import os
import platform

if not __name__.startswith("ganzoo."):
    raise ImportError(
        f"imported as {__name__!r}, expected 'ganzoo.zoo': install the project (`pip install -e .`) and write "
        "`from ganzoo.zoo import ...`"
    )

# TensorFlow itself uses oneDNN only on processors with AVX-512; with AVX2 alone its convolutions take about twice the
# time without it. Read when TensorFlow is imported, so import ganzoo first; a setting of the user's own stands.
if platform.machine().lower() in ("x86_64", "amd64"):
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

_HOMES = {
    "ACGAN": "acgan",
    "AdversarialModel": "base",
    "BLEUReward": "bleu_reward",
    "ConditionalBatchNormalization": "layers",
    "ConditionalGAN": "cgan",
    "CycleGAN": "cyclegan",
    "DiscriminatorReward": "rewards",
    "FakePool": "pool",
    "GAN": "gan",
    "LanguageModel": "language_model",
    "LinearDecay": "schedules",
    "MaliGAN": "maligan",
    "ModulatedBatchNormalization": "layers",
    "Pix2Pix": "pix2pix",
    "PlaceboReward": "rewards",
    "ProjectionGAN": "projection_gan",
    "ReflectionPadding2D": "layers",
    "RelGAN": "relgan",
    "ScratchGAN": "scratchgan",
    "SemanticReward": "semantic_reward",
    "SeqGAN": "seqgan",
    "SequenceGenerator": "sequence_generator",
    "SpectralConv2D": "layers",
    "TextDiscriminator": "text_discriminator",
    "TextModel": "text",
    "TextToImageGAN": "text_to_image",
    "TranslationModel": "translation",
    "WeightClipping": "constraints",
    "WGAN": "wgan",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}, expected one of {__all__}")
