"""The family of class-conditional models: labels are validated, balanced by default, and determine the samples."""

import types

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import CGAN, GAN, ProjectionGAN


@pytest.fixture(scope="module")
def model():
    small = {"width": 4}
    return CGAN.create((8, 8, 1), small, small, latent_dim=4, num_classes=10)


def test_default_labels_are_balanced_over_the_classes(model):
    counts = np.bincount(model.sampling_labels(np.arange(20_000)), minlength=10)
    # The 99.9 % quantile of the chi-square distribution with 9 degrees of freedom.
    assert ((counts - 2000) ** 2 / 2000).sum() < 27.9
    np.testing.assert_array_equal(model.sampling_labels([5, 6])[1:], model.sampling_labels([6]))


def test_generate_uses_the_labels_of_the_seeds_by_default(model):
    labels = model.sampling_labels(np.arange(40, 46))
    np.testing.assert_array_equal(model.generate(6, seed=40), model.generate(6, seed=40, labels=labels))
    assert (model.generate(1, seed=40, labels=3) != model.generate(1, seed=40, labels=4)).any()
    np.testing.assert_array_equal(model.generate(2, seed=1, labels=3), model.generate(2, seed=1, labels=[3, 3]))


@pytest.mark.parametrize(
    ("labels", "message"),
    [(10, "received 10, expected integers from 0 to 9"), ([0, -1], "received -1"), ("abc", "expected integers"),
     ([1.5, 2.0], "expected integers"), ([1, 2, 3], "received 3 for 2 samples")],
)  # fmt: skip
def test_invalid_labels_are_refused(model, labels, message):
    with pytest.raises(ValueError, match=message):
        model.generate(2, seed=0, labels=labels)


def test_unconditional_models_refuse_labels(tiny):
    with pytest.raises(ValueError, match=r"received \['labels'\]"):
        tiny(GAN).generate(1, labels=[1])


def test_training_labels_out_of_range_are_refused_before_training(tiny, images):
    model = tiny(CGAN, network="conditional_dcgan", num_classes=3)
    labels = np.zeros(len(images), int)
    labels[-1] = 3
    for x, y in ((images, labels), (tf.data.Dataset.from_tensor_slices((images, labels)).batch(160), None)):
        with pytest.raises(ValueError, match="labels: received 3 in row 159, expected integers from 0 to 2"):
            model.fit(x, y, steps_per_epoch=1, verbose=0)
    with pytest.raises(ValueError, match="expected \\['labels'\\] as well"):
        model.fit(images, verbose=0)


def test_fakes_have_the_labels_of_the_real_rows(tiny, images):
    model = tiny(ProjectionGAN, network="projection_dcgan", num_classes=10)
    fake_labels = []

    def generate_fakes(batch):
        tf.py_function(lambda labels: fake_labels.extend(labels.numpy()), [batch["labels"]], [])
        return model.generator([batch["latents"], batch["labels"]], training=True)

    model.generate_fakes = generate_fakes
    model.run_eagerly = True
    model.fit(images, np.arange(len(images)) % 10, batch_size=40, steps_per_epoch=4, verbose=0)
    # One pass over the data has 16 rows per class.
    np.testing.assert_array_equal(np.bincount(fake_labels), [16] * 10)


def test_a_sample_grid_has_one_row_per_class(model):
    samples, columns = model.sample_grid(64, seed=0)
    assert (len(samples), columns) == (60, 6)
    np.testing.assert_array_equal(samples[6:12], model.generate(12, seed=0, labels=[0] * 6 + [1] * 6)[6:])


def test_a_missing_or_too_small_number_of_classes_is_refused():
    with pytest.raises(ValueError, match="num_classes: received nothing"):
        CGAN.create((8, 8, 1))
    with pytest.raises(ValueError, match="num_classes"):
        CGAN.create((8, 8, 1), num_classes=1)


def test_networks_with_other_inputs_are_refused(tiny):
    unconditional = tiny(GAN)
    with pytest.raises(ValueError, match="received one with 1 inputs, expected latents, labels"):
        CGAN(unconditional.generator, unconditional.discriminator, num_classes=3)


def test_a_source_without_labels_is_refused():
    source = types.SimpleNamespace(name="photos", family="image", labels=None)
    with pytest.raises(ValueError, match="data.source: received 'photos', which has no labels") as caught:
        CGAN.arguments_from_source(source)
    assert "\n" not in str(caught.value)


def test_the_source_determines_the_number_of_classes():
    source = types.SimpleNamespace(name="pets", family="image", labels=np.array([0, 1]), class_names=["cat", "dog"])
    assert CGAN.arguments_from_source(source) == {"num_classes": 2}
