"""What all class-conditional variants share: labels that are checked, drawn evenly, and obeyed."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import GAN, ConditionalGAN, ProjectionGAN


@pytest.fixture(scope="module")
def model():
    small = {"width": 4}
    return ConditionalGAN.create((8, 8, 1), small, small, latent_dim=4, num_classes=10)


def test_seeds_have_labels_of_every_class_equally_often(model):
    counts = np.bincount(model.sampling_labels(np.arange(20_000)), minlength=10)
    # Chi-square with 9 degrees of freedom is above 27.9 once in a thousand.
    assert ((counts - 2000) ** 2 / 2000).sum() < 27.9
    np.testing.assert_array_equal(model.sampling_labels([5, 6])[1:], model.sampling_labels([6]))


def test_generate_without_labels_uses_those_of_the_seeds(model):
    labels = model.sampling_labels(np.arange(40, 46))
    np.testing.assert_array_equal(model.generate(6, seed=40), model.generate(6, seed=40, labels=labels))
    assert (model.generate(1, seed=40, labels=3) != model.generate(1, seed=40, labels=4)).any()
    np.testing.assert_array_equal(model.generate(2, seed=1, labels=3), model.generate(2, seed=1, labels=[3, 3]))


@pytest.mark.parametrize(
    ("labels", "told"),
    [(10, "received 10, expected integers from 0 to 9"), ([0, -1], "received -1"), ("abc", "expected integers"),
     ([1.5, 2.0], "expected integers"), ([1, 2, 3], "received 3 for 2 samples")],
)  # fmt: skip
def test_wrong_labels_are_refused(model, labels, told):
    with pytest.raises(ValueError, match=told):
        model.generate(2, seed=0, labels=labels)


def test_unconditional_models_take_no_labels(tiny):
    with pytest.raises(ValueError, match=r"received \['labels'\]"):
        tiny(GAN).generate(1, labels=[1])


def test_data_with_other_labels_are_refused_at_the_start(tiny, images):
    model = tiny(ConditionalGAN, network="labelled_dcgan", num_classes=3)
    labels = np.zeros(len(images), int)
    labels[-1] = 3
    for x, y in ((images, labels), (tf.data.Dataset.from_tensor_slices((images, labels)).batch(160), None)):
        with pytest.raises(ValueError, match="labels: received 3, expected integers from 0 to 2"):
            model.fit(x, y, steps_per_epoch=1, verbose=0)
    with pytest.raises(ValueError, match="expected \\['labels'\\] as well"):
        model.fit(images, verbose=0)


def test_every_class_is_drawn_in_training(tiny, images):
    model = tiny(ProjectionGAN, network="projection_dcgan", num_classes=10)
    seen = []

    def synthesise(batch):
        tf.py_function(lambda labels: seen.extend(labels.numpy()), [batch["labels"]], [])
        return model.generator([batch["latents"], batch["labels"]], training=True)

    model.synthesise = synthesise
    model.run_eagerly = True
    model.fit(images, np.arange(len(images)) % 10, batch_size=40, steps_per_epoch=4, verbose=0)
    # One pass over the data: each label as often as there.
    np.testing.assert_array_equal(np.bincount(seen), [16] * 10)


def test_a_showcase_has_a_row_for_each_class(model):
    samples, columns = model.showcase(64, seed=0)
    assert (len(samples), columns) == (60, 6)
    np.testing.assert_array_equal(samples[6:12], model.generate(12, seed=0, labels=[0] * 6 + [1] * 6)[6:])


def test_the_number_of_classes_must_be_known():
    with pytest.raises(ValueError, match="num_classes: received nothing"):
        ConditionalGAN.create((8, 8, 1))
    with pytest.raises(ValueError, match="num_classes"):
        ConditionalGAN.create((8, 8, 1), num_classes=1)


def test_networks_with_other_inputs_are_refused(tiny):
    plain = tiny(GAN)
    with pytest.raises(ValueError, match="received one with 1 inputs, expected latents, labels"):
        ConditionalGAN(plain.generator, plain.discriminator, num_classes=3)
