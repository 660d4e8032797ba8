"""ACGAN: the two sides of the paper's equations 2 and 3, on paper."""

import math

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import ACGAN
from ganzoo.zoo.acgan import accuracy, cross_entropy

LABELS = tf.constant([0, 1], tf.int32)
# P(C = label) is 1/2 and 1/5 on the real images, 1/4 and 1/4 on the fakes; all source logits are 0, D = 1/2.
REAL = tf.math.log([[0.5, 0.25, 0.25], [0.7, 0.2, 0.1]])
FAKE = tf.math.log([[0.25, 0.5, 0.25], [0.5, 0.25, 0.25]])


@pytest.fixture
def model(tiny):
    model = tiny(ACGAN, network="auxiliary_dcgan", num_classes=3, class_weight=0.5)
    answers = {"real": REAL, "fake": FAKE}
    model.classify = lambda samples: (tf.zeros((2, 1)), answers[samples])
    return model


def test_cross_entropy_and_accuracy_on_paper():
    assert float(cross_entropy(LABELS, REAL)) == pytest.approx((math.log(2) + math.log(5)) / 2, rel=1e-5)
    assert float(accuracy(LABELS, REAL)) == 0.5


def test_the_discriminator_classifies_both_and_the_generator_its_own(model):
    class_real, class_fake = (math.log(2) + math.log(5)) / 2, math.log(4)
    loss, logs = model.discriminator_objective({"images": "real", "labels": LABELS}, "fake")
    # The source part is 2 log 2 where D says 1/2 to everything.
    assert float(loss) == pytest.approx(2 * math.log(2) + 0.5 * (class_real + class_fake), rel=1e-5)
    assert float(logs["class_loss"]) == pytest.approx(class_real, rel=1e-5)
    assert float(logs["real_class_accuracy"]) == 0.5
    assert float(logs["fake_class_accuracy"]) == 0.0
    loss, _ = model.generator_objective({"labels": LABELS}, "fake")
    assert float(loss) == pytest.approx(math.log(2) + 0.5 * class_fake, rel=1e-5)


def test_the_discriminator_does_not_see_the_label(tiny, images):
    model = tiny(ACGAN, network="auxiliary_dcgan", num_classes=3)
    logits, classes = model.classify(images[:4])
    assert (logits.shape, classes.shape) == ((4, 1), (4, 3))
    assert [tensor.name for tensor in model.discriminator.inputs] == ["images"]
    history = model.fit(images, np.arange(len(images)) % 3, batch_size=16, steps_per_epoch=2, verbose=0).history
    assert {"class_loss", "real_class_accuracy", "fake_class_accuracy"} <= set(history)
