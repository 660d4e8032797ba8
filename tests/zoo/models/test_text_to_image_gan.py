"""TextToImageGAN: the losses of GAN-CLS and GAN-INT, the saved vocabulary, samples that depend on their text."""

import math
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import TextToImageGAN
from ganzoo.zoo.core.prng import training_latents
from ganzoo.zoo.models.conditional.text_to_image_gan import INTERPOLATION_SEED

CAPTIONS = ["a red square", "a blue circle", "the red circle", "one blue square"]


@pytest.fixture(scope="module")
def build():
    def build(generator=None, **arguments):
        arguments = {"latent_dim": 8, "text_encoder": {"units": 6, "embedding_dim": 5}, "seed": 3} | arguments
        small = {"width": 4, "condition_dim": 6}
        model = TextToImageGAN.create((8, 8, 1), small | (generator or {}), small, captions=CAPTIONS, **arguments)
        model.compile()
        return model

    return build


@pytest.fixture(scope="module")
def model(build):
    return build()


def data(num_samples=24):
    rng = np.random.default_rng(0)
    captions = np.array(CAPTIONS, object)[np.arange(num_samples) % 4]
    return {"images": rng.integers(0, 256, (num_samples, 8, 8, 1), dtype=np.uint8), "captions": captions}


def fix_logits(model, **logits):
    """Gives a model fixed logits for real, wrong and fake pairs; returns a batch whose tensors name their content."""
    model.encode = lambda tokens, training: tokens
    table = {("real", "right"): logits["real"], ("real", "wrong"): logits["wrong"], ("fake", "right"): logits["fake"]}

    def discriminate_text(samples, text, training):
        names = zip(samples.numpy().ravel(), text.numpy().ravel(), strict=True)
        return tf.constant([[table[sample.decode(), caption.decode()]] for sample, caption in names], tf.float32)

    model.discriminate_text = discriminate_text
    return {
        "images": tf.constant([["real"]]),
        "tokens": tf.constant([["right"]]),
        "wrong_tokens": tf.constant([["wrong"]]),
    }


def test_the_discriminator_rejects_fakes_and_real_images_with_wrong_captions(build):
    model = build(matching_weight=0.25)
    batch = fix_logits(model, real=math.log(3), wrong=math.log(4), fake=math.log(1 / 3))
    loss, logs = model.discriminator_objective(batch, tf.constant([["fake"]]))
    # D is 3/4 for the real pair, 4/5 for the wrong one and 1/4 for the fake one: -log(3/4) twice, and -log(1/5).
    assert float(logs["adversarial_loss"]) == pytest.approx(-2 * math.log(0.75), rel=1e-5)
    assert float(logs["matching_loss"]) == pytest.approx(math.log(5), rel=1e-5)
    assert float(loss) == pytest.approx(-2 * math.log(0.75) + 0.25 * math.log(5), rel=1e-5)
    assert float(logs["wrong_logits"]) == pytest.approx(math.log(4), rel=1e-5)
    loss, _ = model.generator_objective(batch, tf.constant([["fake"]]))
    assert float(loss) == pytest.approx(math.log(4), rel=1e-5)


def test_losses_and_scalars_are_means_over_rows(build):
    model = build(loss="least_squares")
    # Two real images, a and b, with captions A and B, and two fakes of these captions.
    logits = {("a", "A"): 3.0, ("b", "B"): 1.0, ("a", "B"): -1.0, ("b", "A"): 4.0, ("c", "A"): 2.0, ("d", "B"): -4.0}
    model.encode = lambda tokens, training: tokens
    model.discriminate_text = lambda samples, text, training: tf.constant(
        [[logits[pair]] for pair in zip(samples.numpy().astype(str), text.numpy().astype(str), strict=True)]
    )
    batch = {
        "images": tf.constant(["a", "b"]),
        "tokens": tf.constant(["A", "B"]),
        "wrong_tokens": tf.constant(["B", "A"]),
    }
    loss, logs = model.discriminator_objective(batch, tf.constant(["c", "d"]))
    expected = {"real_logits": 2.0, "wrong_logits": 1.5, "fake_logits": -1.0, "matching_loss": (1 + 16) / 4}
    expected |= {"adversarial_loss": (4 + 0) / 4 + (4 + 16) / 4, "d_accuracy": (2 / 2 + 1 / 2) / 2}
    assert {name: float(value) for name, value in logs.items()} == pytest.approx(expected)
    assert float(loss) == pytest.approx(6 + 4.25)


def test_the_interpolated_part_is_weighted_and_has_latents_of_its_own(build):
    model = build(loss="least_squares", interpolation_weight=0.25, seed=3)
    model.step.assign(5)
    inputs = []
    object.__setattr__(model, "generator", lambda pair, training: inputs.append((pair, training)) or "between")
    model.encode = lambda tokens, training: tokens
    logits = {"fakes": tf.constant([[2.0], [5.0]]), "between": tf.constant([[-1.0], [0.0]])}
    model.discriminate_text = lambda samples, text, training: logits[samples]
    batch = {"tokens": tf.constant([[2.0], [4.0]]), "wrong_tokens": tf.constant([[0.0], [1.0]])}
    batch |= model.sample_step_inputs(2, model.step.value)
    loss, logs = model.generator_objective(batch, "fakes")
    assert (float(loss), logs) == (pytest.approx((1 + 16) / 4 + 0.25 * (4 + 1) / 4), {})
    (((latents, between), training),) = inputs
    np.testing.assert_array_equal(between, [[1.0], [2.5]])
    np.testing.assert_array_equal(latents, training_latents(3 + INTERPOLATION_SEED, 5, tf.range(2), 8))
    assert training


def test_the_generators_loss_does_not_reach_the_encoder_whatever_the_batch_size(build):
    model = build(interpolation_weight=1.0)
    variables = [variable.value for variable in model.text_encoder.trainable_variables]
    tokens = model.vocabulary.encode(CAPTIONS)
    signature = [tf.TensorSpec((None, tokens.shape[1]), tf.int32)] * 2

    @tf.function(input_signature=signature, autograph=False)
    def loss_of(tokens, wrong_tokens):
        with tf.GradientTape() as tape:
            fakes = tf.zeros((tf.shape(tokens)[0], 8, 8, 1))
            batch = model.sample_step_inputs(tf.shape(tokens)[0], model.step.value)
            batch |= {"tokens": tokens, "wrong_tokens": wrong_tokens}
            loss, _ = model.generator_objective(batch, fakes)
        assert tape.gradient(loss, variables) == [None] * len(variables)
        return loss

    assert np.isfinite(float(loss_of(tokens, tokens[::-1].copy())))


def test_only_the_discriminator_trains_the_text_encoder(build):
    model = build()
    encoder_paths = [variable.path for variable in model.text_encoder.trainable_variables]
    assert set(encoder_paths) <= {variable.path for variable in model.discriminator_variables}
    assert not set(encoder_paths) & {variable.path for variable in model.generator_variables}
    batch = {"tokens": model.vocabulary.encode(CAPTIONS), "latents": tf.zeros((4, 8))}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model.generate_fakes(batch))
    gradients = tape.gradient(loss, [variable.value for variable in model.text_encoder.trainable_variables])
    assert gradients == [None] * len(gradients)


def test_a_frozen_text_encoder_is_not_trained(build):
    model = build()
    model.text_encoder.trainable = False
    model.compile()
    before = [weight.numpy() for weight in model.text_encoder.weights]
    model.fit(data(), batch_size=8, steps_per_epoch=1, verbose=0)
    for weight, old in zip(model.text_encoder.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), old)


def test_interpolation_adds_the_generators_loss_between_two_captions(build):
    model = build(interpolation_weight=1.0)
    tokens = model.vocabulary.encode(CAPTIONS)
    batch = {"images": tf.zeros((4, 8, 8, 1)), "tokens": tokens, "wrong_tokens": tokens[::-1].copy()}
    batch |= model.sample_step_inputs(4, model.step.value)
    embeddings = []
    discriminate = model.discriminate_text
    model.discriminate_text = lambda samples, text, training: (
        embeddings.append(text.numpy()) or discriminate(samples, text, training)
    )
    fakes = tf.zeros((4, 8, 8, 1))
    model.generator_objective(batch, fakes)
    right = model.encode(tokens, training=True).numpy()
    np.testing.assert_allclose(embeddings[0], right, atol=1e-6)
    np.testing.assert_allclose(embeddings[1], (right + right[::-1]) / 2, atol=1e-6)


def test_training_logs_both_terms_and_files_restore_the_model(model, tmp_path):
    history = model.fit(data(), batch_size=8, steps_per_epoch=2, verbose=0).history
    assert {"adversarial_loss", "matching_loss", "wrong_logits"} <= set(history)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.vocabulary.words == model.vocabulary.words
    texts = ["a red circle", "one blue square"]
    np.testing.assert_array_equal(loaded.generate(2, 5, texts=texts), model.generate(2, 5, texts=texts))
    np.testing.assert_array_equal(loaded.generate(2, 5), model.generate(2, 5))
    assert len(loaded.ema_text_encoder.weights) == len(model.ema_text_encoder.weights)
    differences = [
        float(abs(a.numpy() - b.numpy()).max())
        for a, b in zip(model.ema_text_encoder.weights, model.text_encoder.weights, strict=True)
    ]
    assert max(differences) > 0, "the averaged encoder must differ from the trained one"


def test_samples_depend_on_the_words_of_their_text(model):
    first = model.generate(2, seed=5, texts="a red square")
    np.testing.assert_array_equal(first, model.generate(2, seed=5, texts=["A RED, square!", "a red square"]))
    assert (first != model.generate(2, seed=5, texts="a blue circle")).any()
    with pytest.raises(ValueError, match="texts: received 3 for 2 samples"):
        model.generate(2, texts=["a", "b", "c"])


@pytest.mark.thorough
def test_conditioning_augmentation_takes_its_noise_from_the_latents(build):
    model = build({"augmentation": True})
    assert model.fit(data(), batch_size=8, steps_per_epoch=1, verbose=0).history["g_loss"][0] > 0
    np.testing.assert_array_equal(model.generate(2, seed=1, texts="red"), model.generate(2, seed=1, texts="red"))
    with pytest.raises(ValueError, match="condition_dim: received 6 for 4 latents"):
        build({"augmentation": True}, latent_dim=4)


def test_sources_without_captions_are_refused():
    source = types.SimpleNamespace(name="digits", family="image", captions=None)
    with pytest.raises(ValueError, match="received 'digits', which has no captions, expected shapes or captions:DIR"):
        TextToImageGAN.arguments_from_source(source)
