"""ACGAN: the losses of the paper's equations 2 and 3 on given probabilities."""

import math

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import ACGAN
from ganzoo.zoo.models.conditional.acgan import accuracy, cross_entropy

LABELS = tf.constant([0, 1], tf.int32)
# P(C = label) is 1/2 and 1/5 for the real images, 1/4 and 1/4 for the fakes. All source logits are 0, so D = 1/2.
REAL = tf.math.log([[0.5, 0.25, 0.25], [0.7, 0.2, 0.1]])
FAKE = tf.math.log([[0.25, 0.5, 0.25], [0.5, 0.25, 0.25]])


@pytest.fixture
def model(tiny):
    model = tiny(ACGAN, network="acgan_dcgan", num_classes=3, classification_weight=0.5)
    class_logits = {"real": REAL, "fake": FAKE}
    model.classify = lambda samples, training: (tf.zeros((2, 1)), class_logits[samples])
    return model


def test_cross_entropy_and_accuracy_equal_the_formulas():
    assert float(cross_entropy(LABELS, REAL)) == pytest.approx((math.log(2) + math.log(5)) / 2, rel=1e-5)
    assert float(accuracy(LABELS, REAL)) == 0.5


def test_the_discriminator_classifies_real_and_fake_and_the_generator_its_fakes(model):
    real_class_loss, fake_class_loss = (math.log(2) + math.log(5)) / 2, math.log(4)
    loss, logs = model.discriminator_objective({"images": "real", "labels": LABELS}, "fake")
    # The adversarial part is 2 log 2 where D is 1/2 everywhere.
    assert float(loss) == pytest.approx(2 * math.log(2) + 0.5 * (real_class_loss + fake_class_loss), rel=1e-5)
    assert float(logs["class_loss"]) == pytest.approx(real_class_loss, rel=1e-5)
    assert float(logs["real_class_accuracy"]) == 0.5
    assert float(logs["fake_class_accuracy"]) == 0.0
    loss, _ = model.generator_objective({"labels": LABELS}, "fake")
    assert float(loss) == pytest.approx(math.log(2) + 0.5 * fake_class_loss, rel=1e-5)


def test_the_adversarial_part_is_that_of_real_and_fake(tiny):
    model = tiny(
        ACGAN, network="acgan_dcgan", num_classes=3, loss="least_squares", classification_weight=2.0,
        fake_classification_weight=0.25,
    )  # fmt: skip
    outputs = {"real": (tf.constant([[3.0], [1.0]]), REAL), "fake": (tf.constant([[2.0], [-4.0]]), FAKE)}
    model.classify = lambda samples, training: outputs[samples]
    loss, logs = model.discriminator_objective({"images": "real", "labels": LABELS}, "fake")
    classified = (math.log(2) + math.log(5)) / 2 + 0.25 * math.log(4)
    assert float(loss) == pytest.approx((2**2 + 0) / 4 + (2**2 + 4**2) / 4 + 2 * classified, rel=1e-5)
    expected = {"real_logits": 2.0, "fake_logits": -1.0, "d_accuracy": 0.75}
    assert {name: float(logs[name]) for name in expected} == expected
    # The largest class logits of the fakes are those of the other class.
    _, logs = model.discriminator_objective({"images": "real", "labels": 1 - LABELS}, "fake")
    assert (float(logs["real_class_accuracy"]), float(logs["fake_class_accuracy"])) == (0.5, 1.0)
    loss, logs = model.generator_objective({"labels": LABELS}, "fake")
    assert (float(loss), logs) == (pytest.approx((1 + 5**2) / 4 + 2 * math.log(4), rel=1e-5), {})


def test_the_discriminator_does_not_receive_the_label(tiny, images):
    model = tiny(ACGAN, network="acgan_dcgan", num_classes=3)
    logits, classes = model.classify(images[:4], training=False)
    assert (logits.shape, classes.shape) == ((4, 1), (4, 3))
    assert [tensor.name for tensor in model.discriminator.inputs] == ["images"]
    history = model.fit(images, np.arange(len(images)) % 3, batch_size=16, steps_per_epoch=2, verbose=0).history
    assert {"class_loss", "real_class_accuracy", "fake_class_accuracy"} <= set(history)
