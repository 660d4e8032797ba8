"""Regularizers and augmentations in every family, precision and execution mode."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import (
    CGAN,
    GAN,
    R1,
    R2,
    WGANGP,
    CycleGAN,
    DiffAugment,
    GradientPenalty,
    Pix2Pix,
    RelGAN,
    TextToImageGAN,
)

SMALL = {"width": 4, "normalization": "none"}
CAPTIONS = ["a red square", "a blue circle"]
PENALTIES = [R1(0.5), R2(0.5, every=2), GradientPenalty(1.0)]
IMAGES = np.random.default_rng(0).uniform(-1, 1, (32, 8, 8, 1)).astype("float32")
LARGER = np.random.default_rng(1).uniform(-1, 1, (2, 16, 16, 16, 1)).astype("float32")
AUGMENT = DiffAugment(shift=1, cutout=0.25)


def build(cls, **arguments):
    """Returns a tiny model with all penalties, and the arguments of `fit`."""
    arguments = {"regularizers": PENALTIES, "augmentation": AUGMENT, "seed": 1} | arguments
    if cls is RelGAN:
        del arguments["augmentation"]
        tokens = np.random.default_rng(0).integers(1, 6, (32, 4)).astype("int32")
        networks = {"units": 4}, {"filters": 4, "dropout": 0.0}
        return RelGAN.create((4,), *networks, vocabulary_size=6, n_critic=1, **arguments), (tokens,)
    if cls in (CycleGAN, Pix2Pix):
        generator = {"width": 2} | ({"blocks": 1} if cls is CycleGAN else {"dropout": 0.0})
        return cls.create((16, 16, 1), generator, {"width": 2, "depth": 1}, **arguments), tuple(LARGER)
    if cls is TextToImageGAN:
        data = {"images": IMAGES, "captions": np.array(CAPTIONS, object)[np.arange(32) % 2]}
        networks = {"width": 4, "condition_dim": 4}, {"width": 4, "condition_dim": 4}
        return cls.create((8, 8, 1), *networks, latent_dim=4, captions=CAPTIONS, **arguments), (data,)
    if cls is CGAN:
        return cls.create((8, 8, 1), SMALL, SMALL, latent_dim=4, num_classes=3, **arguments), (
            IMAGES, (np.arange(32) % 3).astype("int32"),
        )  # fmt: skip
    return cls.create((8, 8, 1), SMALL, SMALL, latent_dim=4, **arguments), (IMAGES,)


def train(cls, steps=3, scope=None, optimizer=lambda: keras.optimizers.SGD(0.01), jit_compile=False, **arguments):
    with scope or contextlib.nullcontext():
        model, data = build(cls, **arguments)
        model.compile(optimizer(), optimizer(), jit_compile=jit_compile)
    history = model.fit(*data, batch_size=8, steps_per_epoch=steps, verbose=0).history
    return model, history


def assert_close(first, second, atol):
    for a, b in zip(first.trainable_variables, second.trainable_variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=atol, err_msg=a.path)


@pytest.mark.parametrize(
    "cls",
    [CGAN, RelGAN, *(pytest.param(cls, marks=pytest.mark.thorough) for cls in (CycleGAN, Pix2Pix, TextToImageGAN))],
)
def test_every_family_trains_with_all_pieces(cls):
    _, history = train(cls, steps=2)
    assert all(np.isfinite(history[name][0]) for name in history)
    assert min(history[name][0] for name in ("r1", "r2", "gradient_penalty")) > 0


def test_translators_have_a_penalty_of_each_discriminator():
    model, (x, y) = build(CycleGAN, regularizers=[R1(0.5)], augmentation=None)
    batch = {"x": x[:2], "y": y[:2]}
    penalty = model.compute_penalties(batch, model.generate_fakes(batch))
    # Of both domains together, each by itself.
    parts = []
    for domain, images in batch.items():
        with tf.GradientTape() as tape:
            samples = tf.constant(images)
            tape.watch(samples)
            logits = tf.reduce_sum(model.discriminator(domain)(samples, training=True))
        parts.append(0.5 * np.square(tape.gradient(logits, samples)).sum(axis=(1, 2, 3)).mean())
    assert float(penalty) == pytest.approx(0.5 * sum(parts), rel=1e-4)
    assert float(model._trackers["r1"].result()) == pytest.approx(sum(parts), rel=1e-4)


def test_two_replicas_with_all_pieces_equal_one(two_replicas):
    (one, one_history), (two, two_history) = train(GAN), train(GAN, scope=two_replicas.scope())
    assert_close(one, two, 1e-6)
    for name, value in one_history.items():
        assert two_history[name][0] == pytest.approx(value[0], abs=1e-5), name


def test_xla_with_all_pieces_equals_graphs():
    (plain, history), (compiled, compiled_history) = train(GAN), train(GAN, jit_compile=True)
    assert_close(plain, compiled, 1e-4)
    assert compiled_history["r1"] == pytest.approx(history["r1"], rel=1e-3)


@pytest.mark.parametrize("precision", ["float16", pytest.param("bfloat16", marks=pytest.mark.thorough)])
def test_half_precision_takes_the_steps_of_float32(precision):
    full, full_history = train(WGANGP, steps=1, n_critic=1, regularizers=None)
    half, history = train(WGANGP, steps=1, n_critic=1, regularizers=None, precision=precision)
    assert {layer.compute_dtype for layer in half.discriminator.layers} >= {precision}
    assert history["gradient_penalty"] == pytest.approx(full_history["gradient_penalty"], rel=0.02)
    assert_close(full, half, 2e-3)


@pytest.mark.parametrize("cls", [GAN, pytest.param(CycleGAN, marks=pytest.mark.thorough)])
def test_a_resumed_run_with_all_pieces_is_bit_identical(cls, tmp_path):
    arguments = {"loss": "relativistic", "generator_updates": 2, "optimizer": lambda: keras.optimizers.Adam(1e-3)}
    uninterrupted, _ = train(cls, steps=5, **arguments)
    half, _ = train(cls, steps=3, **arguments)
    half.save(tmp_path / "model.keras")
    resumed = keras.saving.load_model(tmp_path / "model.keras")
    _, data = build(cls)
    resumed.fit(*data, batch_size=8, steps_per_epoch=2, verbose=0)
    for weight, expected in zip(resumed.weights, uninterrupted.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected.numpy(), err_msg=weight.path)
