"""The family of translation models: the logged scalars of a discriminator."""

import pytest
import tensorflow as tf
from ganzoo.zoo import CycleGAN, Pix2Pix

SMALL = {"width": 2}


@pytest.mark.parametrize(
    # Least squares separates at 0.5, the non-saturating loss at 0.
    ("cls", "accuracy"), [(CycleGAN, (3 / 4 + 1 / 4) / 2), (Pix2Pix, (3 / 4 + 0) / 2)],
)  # fmt: skip
def test_metrics_of_logits(cls, accuracy):
    model = cls.create((16, 16, 1), SMALL | ({"blocks": 1} if cls is CycleGAN else {}), SMALL | {"depth": 1})
    real, fake = tf.constant([[1.0], [2.0], [3.0], [-2.0]]), tf.constant([[0.25], [1.0], [2.0], [3.0]])
    metrics = {name: float(value) for name, value in model.describe_logits(real, fake).items()}
    assert metrics == pytest.approx({"real_logits": 1.0, "fake_logits": 6.25 / 4, "d_accuracy": accuracy})
