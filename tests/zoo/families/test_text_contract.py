"""The contract of text models."""

import contextlib
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.families.text_gan import TextGAN
from ganzoo.zoo.registry import variant_class

from .contract import ModelContract, ResumesExactly, changed, difference, names_of, thorough_except, values

LENGTH, WORDS = 4, 6
VOCABULARY = ["the", "cat", "sat", "down"]
# Arguments of tiny models, and of their discriminators.
TINY = {"seqgan": {"rollouts": 2}}
DISCRIMINATORS = {
    "text_cnn": {"embedding_dim": 8, "filters": 2, "hidden": 4, "widths": (2,)},
    "recurrent": {"embedding_dim": 4, "units": 4},
}


def texts(num_samples=32):
    """Random sequences of 1 to LENGTH words, padded by EOS."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(1, WORDS, (num_samples, LENGTH)).astype("int32")
    tokens[np.arange(LENGTH) >= rng.integers(1, LENGTH + 1, (num_samples, 1))] = 0
    return tokens


class TestTextModels(ResumesExactly, ModelContract):
    batch_size = 8

    @pytest.fixture(scope="class", params=names_of(TextGAN))
    def name(self, request):
        return request.param

    @pytest.fixture(scope="class")
    def create(self, name):
        """Builds the model without compiling it."""

        def create(seed=3, dropout=0.1, **arguments):
            cls = variant_class(name)
            discriminator = DISCRIMINATORS[cls.default_networks["discriminator"]] | {"dropout": dropout}
            arguments = {"n_critic": 1, "vocabulary": VOCABULARY} | TINY.get(name, {}) | arguments
            return cls.create((LENGTH,), {"embedding_dim": 4, "units": 4}, discriminator, seed=seed, **arguments)

        return create

    @pytest.fixture(scope="class")
    def build(self, create):
        def build(run_eagerly=False, optimizers=(), **arguments):
            model = create(**arguments)
            model.compile(*optimizers, run_eagerly=run_eagerly)
            return model

        return build

    def data(self):
        return texts()

    def outputs(self, model):
        return model.generate(4, seed=1)

    def check_output_dtypes(self, model):
        assert model(texts(2)).dtype == model.discriminator(texts(2)).dtype == tf.float32

    def test_both_networks_compute_in_half_precision(self, build):
        model = build(precision="float16", run_eagerly=True)
        assert model.generator.cell.compute_dtype == model.discriminator.embedding.compute_dtype == "float16"

    def test_at_most_one_bias_is_not_trained(self, trained):
        # A relativistic discriminator's last bias cancels in a difference of logits.
        assert len({w.path for w in trained.model.trainable_variables} - trained.changed) <= 1

    def test_samples_are_texts_and_depend_on_their_seed(self, trained):
        model = trained.model
        tokens = model.generate(5, seed=11)
        assert tokens.shape == (5, LENGTH)
        assert tokens.dtype == np.int32
        assert 0 <= tokens.min() < tokens.max() < WORDS
        ended = np.cumsum(tokens == 0, axis=1) > 0
        assert not tokens[ended].any()
        np.testing.assert_array_equal(tokens[2], model.generate(1, seed=13)[0])
        assert (model.generate(30, seed=0) != model.generate(30, seed=100)).any()
        with pytest.raises(ValueError, match="num_samples: received 0"):
            model.generate(0)

    def test_samples_are_decoded_into_words(self, trained):
        model = trained.model
        words = ["", "<unk>", *VOCABULARY]
        tokens = model.generate(8, seed=5)
        assert model.texts(8, seed=5) == [" ".join(words[token] for token in row if token) for row in tokens]

    def test_tokens_without_words_are_written_as_numbers(self, create):
        model = create(vocabulary=None, vocabulary_size=WORDS, has_eos=False)
        assert model.texts(3, seed=5) == [" ".join(map(str, row)) for row in model.generate(3, seed=5)]

    def test_a_small_temperature_samples_the_most_likely_text(self, trained):
        model = trained.model
        cold = model.generate(6, seed=0, temperature=1e-6)
        assert (cold == cold[0]).all()
        # Token 1 is the unknown word, which is not sampled.
        first = np.argmax(np.where(np.arange(WORDS) == 1, -np.inf, model(np.zeros((1, LENGTH), "int32"))[0, 0]))
        assert cold[0, 0] == first
        mixed = model.generate(2, seed=0, temperature=[1e-6, 1.0])
        np.testing.assert_array_equal(mixed, [cold[0], model.generate(1, seed=1)[0]])
        np.testing.assert_array_equal(model.generate(6, seed=0, temperature=1), model.generate(6, seed=0))
        for wrong in (0, -1.0, "hot", [1.0, 2.0], float("nan"), True):
            with pytest.raises(ValueError, match="temperature: received .* for 6 samples, expected a number above 0"):
                model.generate(6, seed=0, temperature=wrong)

    def test_config_keeps_warmup_and_vocabulary(self, create, name):
        model = create(seed=7, discriminator_warmup_steps=2)
        copy = variant_class(name).from_config(model.get_config())
        assert difference(values(model), values(copy)) == 0
        assert (copy.discriminator_warmup_steps, copy.has_eos, copy.vocabulary.words) == (2, True, VOCABULARY)

    @thorough_except(["maligan"], names_of(TextGAN))
    def test_the_generator_does_not_change_during_discriminator_warmup(self, build):
        model = build(discriminator_warmup_steps=2)
        generator, discriminator = model.generator_variables, model.discriminator_variables
        start = [v.numpy() for v in generator], [v.numpy() for v in discriminator]
        model.fit(texts(), batch_size=8, steps_per_epoch=2, verbose=0)
        assert not changed(generator, start[0])
        assert changed(discriminator, start[1])
        # The optimizer has collected statistics.
        assert int(model.generator_optimizer.iterations) == 2
        assert any(np.any(v.numpy()) for v in model.generator_optimizer.variables[2:])
        model.fit(texts(), batch_size=8, steps_per_epoch=1, verbose=0)
        assert changed(generator, start[0])

    @thorough_except(["seqgan"], names_of(TextGAN))
    def test_two_replicas_equal_one_of_the_double_batch(self, build, two_replicas):
        def run(scope):
            with scope:
                # Dropout differs between replicas.
                model = build(dropout=0.0, optimizers=[keras.optimizers.SGD(0.1) for _ in range(2)])
            return model, model.fit(texts(), batch_size=8, steps_per_epoch=2, verbose=0).history

        (one, one_history), (two, two_history) = run(contextlib.nullcontext()), run(two_replicas.scope())
        for a, b in zip(one.weights, two.weights, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6, err_msg=a.path)
        for key, value in one_history.items():
            assert two_history[key][0] == pytest.approx(value[0], abs=1e-6), key

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            (texts().astype("float32"), r"received tokens of float32 and shape \(4,\), expected integers \(4,\)"),
            (texts()[:, :3], r"received tokens of int32 and shape \(3,\), expected integers \(4,\)"),
            (texts() + 2, rf"received tokens from 2 to {WORDS + 1} in row \d+, expected 0 to {WORDS - 1}"),
            (texts() - 1, rf"received tokens from -1 to {WORDS - 2} in row \d+, expected 0 to {WORDS - 1}"),
        ],
        ids=["float", "length", "above", "below"],
    )
    def test_wrong_tokens_are_refused_in_one_line(self, trained, wrong, message):
        with pytest.raises(ValueError, match=message) as caught:
            trained.model.fit(wrong, batch_size=8, verbose=0)
        assert "\n" not in str(caught.value)

    def test_a_wrong_token_is_found_in_any_row(self, trained):
        tokens = texts(2000)
        tokens[1987, 2] = WORDS
        with pytest.raises(ValueError, match=f"tokens from 0 to {WORDS} in row 1987, expected 0 to {WORDS - 1}"):
            trained.model.fit(tokens, batch_size=8, steps_per_epoch=1, verbose=0)

    @thorough_except(["seqgan"], names_of(TextGAN))
    def test_a_step_accepts_an_unknown_batch_size(self, build):
        """As in multi-worker training."""
        known, unknown = build(), build()
        tokens = {"tokens": tf.constant(texts(8))}
        known.train_step(tokens)
        step = tf.function(unknown.train_step, input_signature=[{"tokens": tf.TensorSpec((None, LENGTH), tf.int32)}])
        step(tokens)
        assert difference(values(known), values(unknown)) < 1e-5

    def test_tokens_after_eos_are_ignored(self, trained):
        model = trained.model
        tokens = tf.constant([[3, 0, 5, 2], [1, 2, 3, 4]])
        np.testing.assert_array_equal(model.make_preprocessor().cast("tokens", tokens), [[3, 0, 0, 0], [1, 2, 3, 4]])

    def test_image_sources_and_missing_vocabularies_are_refused(self, name):
        source = types.SimpleNamespace(name="digits", family="image")
        with pytest.raises(ValueError, match="data.source: received 'digits', which has no texts"):
            variant_class(name).arguments_from_source(source)
        with pytest.raises(ValueError, match="vocabulary_size: received nothing, expected a number of tokens"):
            variant_class(name).create((LENGTH,))
