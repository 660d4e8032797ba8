"""Conditions by specification: a model with a new one is sampled, exported and evaluated without further code."""

import resource
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export import export_saved_model, export_tflite
from ganzoo.export.evaluation.image.sample_conditions import conditions_for
from ganzoo.export.runtime.sample import sample_file
from ganzoo.zoo import CGAN, GAN, ImageGAN, SeqGAN
from ganzoo.zoo.families.condition_specs import Captions, ClassLabels, Number
from ganzoo.zoo.sequences.vocabulary import Vocabulary

SEEDS = np.arange(40, 44)


@keras.saving.register_keras_serializable("tests")
class StrengthGAN(ImageGAN):
    """A GAN whose generator takes a number beside its latents."""

    condition_specs = (Number("strength", 0.5, low=0.0, high=2.0),)

    def generate_fakes(self, batch, training=True):
        return self.generator([batch["latents"], tf.ones_like(batch["latents"][:, 0])], training=training)


@pytest.fixture(scope="module")
def model():
    latents, strength = keras.Input((4,)), keras.Input((), name="strength")
    base = keras.layers.Dense(64, activation="tanh")(latents)
    scaled = keras.layers.Multiply()([base, keras.layers.Reshape((1,))(strength)])
    images = keras.layers.Reshape((8, 8, 1))(keras.layers.Rescaling(0.5)(scaled))
    discriminator = GAN.create((8, 8, 1), "mlp", "mlp", latent_dim=4).discriminator
    model = StrengthGAN(keras.Model([latents, strength], images), discriminator)
    model.compile()
    model.fit(np.zeros((16, 8, 8, 1), "float32"), batch_size=8, verbose=0)
    return model


def test_a_new_condition_is_sampled(model):
    default = model.generate(3, seed=7)
    np.testing.assert_allclose(model.generate(3, seed=7, strength=0.5), default, atol=1e-6)
    factors = np.reshape([1, 2, 4], (3, 1, 1, 1))
    np.testing.assert_allclose(model.generate(3, seed=7, strength=[0.5, 1.0, 2.0]), default * factors, rtol=1e-5)
    for wrong in (0.0, 2.1, [1.0, 1.0], "much", np.nan):
        with pytest.raises(
            ValueError, match="strength: received .* for 3 samples, expected a number above 0 and at most 2"
        ):
            model.generate(3, strength=wrong)
    with pytest.raises(ValueError, match="generate: received \\['labels'\\], expected \\['strength'\\]"):
        model.generate(3, labels=1)


def test_a_new_condition_is_an_input_of_exported_files(model, tmp_path):
    export_saved_model(model, tmp_path / "saved")
    signature = tf.saved_model.load(str(next((tmp_path / "saved").glob("*")))).signatures["sample"]
    expected = (model.generate(2, seed=7, strength=[0.5, 2.0]) + 1) / 2
    images = signature(seeds=tf.constant([7, 8]), strength=tf.constant([0.5, 2.0]))["images"]
    np.testing.assert_allclose(images, expected, atol=1e-5)
    export_tflite(model, tmp_path / "model.tflite")
    np.testing.assert_allclose(sample_file(tmp_path / "model.tflite", 2, 7, strength=[0.5, 2.0]), expected, atol=1e-5)
    with pytest.raises(ValueError, match="condition: received \\[\\], expected \\['strength'\\]"):
        sample_file(tmp_path / "model.tflite", 2, 7)


def test_a_new_condition_is_evaluated_with_its_default(model):
    conditions = conditions_for(model, None, 5, 10)
    assert (conditions.conditions, conditions.labels, conditions.rows) == ({"strength": 0.5}, None, None)


def test_labels_by_specification():
    spec = ClassLabels(3)
    assert (spec.argument, spec.name, spec.shape, spec.dtype) == ("labels", "labels", (), "int32")
    np.testing.assert_array_equal(spec.default(SEEDS)[1:], spec.default(SEEDS[1:]))
    np.testing.assert_array_equal(spec.validate(2, SEEDS), [2, 2, 2, 2])
    assert spec.examples(5).tolist() == [0, 1, 2, 0, 1]
    assert (spec.parse("2"), spec.parse("0,2")) == (2, [0, 2])
    for wrong in (3, -1, [0, 1]):
        with pytest.raises(ValueError, match="labels: received"):
            spec.validate(wrong, SEEDS)
    with pytest.raises(ValueError, match="labels: received 'cat', expected integers from 0 to 2, such as 3,3,7"):
        spec.parse("cat")


def test_captions_by_specification():
    vocabulary = Vocabulary(["red", "blue", "square"], 3)
    spec = Captions(vocabulary, ["a red square", "blue"])
    assert (spec.argument, spec.name, spec.shape) == ("texts", "tokens", (3,))
    assert set(spec.default(range(20))) == {"a red square", "blue"}
    np.testing.assert_array_equal(spec.validate("red square", SEEDS), np.tile([2, 4, 0], (4, 1)))
    np.testing.assert_array_equal(spec.examples(2), vocabulary.encode(spec.default(range(2))))
    assert spec.parse("red, 3") == "red, 3"
    with pytest.raises(ValueError, match="texts: received 2 for 4 samples"):
        spec.validate(["red", "blue"], SEEDS)


def test_numbers_by_specification():
    spec = Number("temperature", 1.0)
    assert (spec.name, spec.dtype, spec.default(SEEDS), spec.parse("0.7")) == ("temperature", "float32", 1.0, 0.7)
    assert spec.examples(2).tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="temperature: received 'hot', expected a number"):
        spec.parse("hot")
    with pytest.raises(ValueError, match="temperature: received 0.0 for 4 samples, expected a number above 0, or one"):
        spec.validate(0.0, SEEDS)


@pytest.mark.parametrize(("num_samples", "batch_size"), [(1, 1), (2, 2), (3, 4), (33, 64), (100, 64)])
def test_no_more_than_the_next_power_of_two_is_computed(num_samples, batch_size, tiny):
    model, sizes = tiny(GAN), []
    sample_batch = model._sample_batch
    object.__setattr__(model, "_sample_batch", lambda seeds: sizes.append(len(seeds)) or sample_batch(seeds))
    samples = model.generate(num_samples, seed=3)
    assert set(sizes) == {batch_size}
    assert len(sizes) == -(-num_samples // batch_size)
    np.testing.assert_allclose(samples[-1:], model.generate(1, seed=num_samples + 2), atol=1e-5)


def test_sampling_is_traced_once_for_all_batch_sizes(tiny):
    for model in (tiny(CGAN, network="conditional_dcgan", num_classes=3), tiny(GAN)):
        for count in (1, 3, 64, 1, 70, 3):
            model.generate(count, seed=0)
        model.generate(5, seed=0, batch_size=2)
        assert model._sampler.experimental_get_tracing_count() == 1


@pytest.mark.thorough
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the size of the process from /proc")
def test_memory_is_flat_over_a_thousand_calls(tiny):
    def resident_pages():
        return int(Path("/proc/self/statm").read_text().split()[1])

    model = tiny(GAN)
    for _ in range(200):
        model.generate(1)
    before = resident_pages()
    for _ in range(1000):
        model.generate(1)
    assert (resident_pages() - before) * resource.getpagesize() < 5e6


def test_texts_take_their_temperature_by_specification():
    model = SeqGAN.create((4,), {"units": 2}, {"filters": 2}, vocabulary_size=5)
    seeds = np.arange(6)
    assert model.default_conditions(seeds) == {"temperature": 1.0}
    np.testing.assert_array_equal(model.generate(6, seed=0), model.generate(6, seed=0, temperature=np.ones(6)))
