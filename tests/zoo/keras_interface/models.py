"""Tiny models of each family and their data."""

import numpy as np
from ganzoo.zoo import CGAN, GAN, CycleGAN, Pix2Pix, RelGAN, ScratchGAN, SeqGAN, TextToImageGAN

MLP = {"network": "mlp", "width": 8}
TOKENS = 7
CAPTIONS = ["red square", "blue square"]


def images(rows, seed=0):
    """Random images (rows, 8, 8, 1), float32 in [-1, 1]."""
    return np.random.default_rng(seed).uniform(-1, 1, (rows, 8, 8, 1)).astype("float32")


def tiny_gan(cls=GAN, compiled=True, jit_compile="auto", run_eagerly=False, steps_per_execution=1, **arguments):
    """A GAN of two small dense networks."""
    model = cls.create((8, 8, 1), MLP, MLP, latent_dim=4, **({"seed": 3} | arguments))
    if compiled:
        model.compile(jit_compile=jit_compile, run_eagerly=run_eagerly, steps_per_execution=steps_per_execution)
    return model


def tiny_translator(cls=CycleGAN, **options):
    """A model that translates images (16, 16, 3)."""
    generator = {"width": 2, "blocks": 1} if cls is CycleGAN else {"width": 2}
    model = cls.create((16, 16, 3), generator, {"width": 2}, seed=3)
    model.compile(**options)
    return model


def tiny_text(cls=SeqGAN, **options):
    """A model of sequences of 5 tokens."""
    discriminator = {"units": 4} if cls is ScratchGAN else {"filters": 4, "widths": (2,)}
    generator = {"units": 4, "embedding_dim": 4}
    model = cls.create((5,), generator, discriminator, vocabulary_size=TOKENS, n_critic=1, seed=3)
    model.compile(**options)
    return model


def tiny_captioned(**options):
    """A model that generates images of captions."""
    spec = {"width": 4, "condition_dim": 4}
    model = TextToImageGAN.create((8, 8, 1), spec, spec, latent_dim=4, captions=CAPTIONS, seed=3)
    model.compile(**options)
    return model


def translation_pairs(rows, seed=0):
    """Random pairs (x, y) of uint8 images."""
    x = np.random.default_rng(seed).integers(0, 256, (rows, 16, 16, 3), dtype=np.uint8)
    return x, x // 4


def sequences(rows, seed=0):
    """Random sequences (rows, 5) of int32 tokens."""
    return np.random.default_rng(seed).integers(0, TOKENS, (rows, 5)).astype("int32")


def family(name, **options):
    """Returns (model, rows -> tuple of arrays) of a family."""
    rng = np.random.default_rng(1)
    if name == "images":
        return tiny_gan(**options), lambda rows: (images(rows),)
    if name == "labels":
        model = CGAN.create((8, 8, 1), {"width": 4}, {"width": 4}, latent_dim=4, num_classes=3, seed=3)
        model.compile(**options)
        return model, lambda rows: (images(rows), rng.integers(0, 3, rows).astype("int32"))
    if name == "captions":
        captions = np.array(CAPTIONS, object)
        return tiny_captioned(**options), lambda rows: (
            {"images": images(rows), "captions": np.resize(captions, rows)},
        )
    if name in ("cyclegan", "pix2pix"):
        cls = CycleGAN if name == "cyclegan" else Pix2Pix
        return tiny_translator(cls, **options), lambda rows: translation_pairs(rows)
    cls = {"seqgan": SeqGAN, "relgan": RelGAN, "scratchgan": ScratchGAN}[name]
    return tiny_text(cls, **options), lambda rows: (sequences(rows),)
