"""Sampling of text models: the unknown word is sampled in training, but not by `generate` and in exports."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.signatures.text_signatures import TextSignatures
from ganzoo.zoo import RelGAN, SeqGAN
from ganzoo.zoo.sequences.token_sequences import training_gumbels

LENGTH = 3
SMALL = {"cell": "none", "embedding_dim": 4}, {"filters": 4, "widths": (2,)}
WORDS = ["a", "b", "c"]
UNKNOWN = 1


def build(cls=SeqGAN, bias=2.0, **arguments):
    """Builds a model whose generator finds the unknown word likely."""
    model = cls.create((LENGTH,), *SMALL, **({"vocabulary": WORDS} | arguments))
    for generator in (model.generator, model.ema_generator):
        generator.projection.bias.assign(tf.one_hot(UNKNOWN, model.vocabulary_size) * bias)
    model.compile()
    return model


@pytest.fixture(scope="module")
def default():
    return build()


@pytest.fixture(scope="module")
def permissive():
    return build(sample_unknown=True)


def test_unknown_words_are_sampled_only_if_allowed(default, permissive):
    allowed = permissive.generate(200, seed=0)
    assert (allowed == UNKNOWN).mean() > 0.3
    numbers = build(vocabulary=None, vocabulary_size=5)
    np.testing.assert_array_equal(numbers.generate(200, seed=0), allowed)
    temperatures = np.resize([1e-6, 0.5, 1.0, 1e3], 200)
    assert not (default.generate(200, seed=0, temperature=temperatures) == UNKNOWN).any()
    assert not any("<unk>" in text for text in default.texts(200, seed=0))


def test_a_text_without_unknown_words_is_the_same_either_way(default, permissive):
    tokens, allowed = default.generate(500, seed=0), permissive.generate(500, seed=0)
    known = ~(allowed == UNKNOWN).any(axis=1)
    assert 20 < known.sum() < 400
    np.testing.assert_array_equal(tokens[known], allowed[known])


def test_known_words_keep_their_proportions(default):
    first = default.generate(4000, seed=0, batch_size=1000)[:, 0]
    probabilities = tf.nn.softmax(default(np.zeros((1, LENGTH), np.int32))[0, 0]).numpy()
    expected = np.where(np.arange(5) == UNKNOWN, 0, probabilities) / (1 - probabilities[UNKNOWN])
    np.testing.assert_allclose(np.bincount(first, minlength=5) / 4000, expected, atol=0.03)


@pytest.mark.parametrize("cls", [SeqGAN, RelGAN])
def test_training_samples_every_token_with_its_probability(cls):
    model = build(cls)
    fakes = model.generate_fakes(model.sample_step_inputs(400, model.step.value))
    tokens = fakes.numpy() if len(fakes.shape) == 2 else fakes.numpy().argmax(-1)
    probabilities = tf.nn.softmax(model(np.zeros((1, LENGTH), np.int32))[0, 0]).numpy()
    np.testing.assert_allclose(np.bincount(tokens[:, 0], minlength=5) / 400, probabilities, atol=0.08)
    # The likelihood of data with unknown words stays finite.
    assert np.isfinite(model.generator.log_probabilities(tf.fill((1, LENGTH), UNKNOWN))).all()


@pytest.mark.parametrize("name", ["default", "permissive"])
def test_files_and_exports_sample_like_the_model(name, request, tmp_path):
    model = request.getfixturevalue(name)
    expected = model.generate(64, seed=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.sample_unknown is (name == "permissive")
    np.testing.assert_array_equal(loaded.sample(tf.range(64)), expected)
    signatures = TextSignatures(model)
    for signature, temperature in (("sample", ()), ("sample_at", (tf.fill((64,), 0.5),))):
        function, _ = signatures.function(signature)
        tokens = function(tf.range(64), *temperature)["tokens"].numpy()
        np.testing.assert_array_equal(tokens, model.sample(tf.range(64), *temperature))
        assert (tokens == UNKNOWN).any() == (name == "permissive")


def test_the_discriminators_loss_is_that_of_real_and_generated_texts(default, monkeypatch):
    logits = {"real": tf.constant([[1.0], [-0.5]]), "fake": tf.constant([[2.0], [-3.0]])}
    monkeypatch.setattr(default, "discriminate", lambda samples, batch, training: logits[samples])
    loss, logs = default.discriminator_objective({"tokens": "real"}, "fake")
    softplus = np.log1p(np.exp([-1.0, 0.5])).mean() + np.log1p(np.exp([2.0, -3.0])).mean()
    assert float(loss) == pytest.approx(softplus)
    assert {name: float(value) for name, value in logs.items()} == {
        "real_logits": 0.25, "fake_logits": -0.5, "d_accuracy": 0.5,
    }  # fmt: skip


def test_noise_depends_on_the_models_seed_and_the_step():
    model = build(seed=4)
    model.step.assign(7)
    expected = training_gumbels(4, 7, tf.range(3), 1, (LENGTH, 5))
    np.testing.assert_array_equal(model.sample_step_inputs(3, model.step.value)["noise"], expected)
