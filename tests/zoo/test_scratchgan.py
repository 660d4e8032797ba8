"""Returns by hand."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import ScratchGAN


def tiny(**arguments):
    return ScratchGAN.create((4,), {"units": 2}, {"units": 2}, vocabulary_size=5, **arguments)


def test_returns_are_discounted_sums_of_later_rewards():
    rewards = tf.constant([[1.0, -1.0, 0.5, 1.0]])
    model = tiny(discount=0.5, ends=False)
    # From the end: 1; 0.5 + 1/2; -1 + 1/2; 1 - 0.5/2.
    np.testing.assert_allclose(model.returns(rewards, tf.constant([[1, 2, 3, 4]])), [[0.75, -0.5, 1.0, 1.0]])
    np.testing.assert_allclose(tiny(discount=0.0, ends=False).returns(rewards, tf.zeros((1, 4), tf.int32)), rewards)


def test_what_comes_after_an_end_earns_nothing():
    rewards = tf.constant([[1.0, -1.0, 0.5, 1.0]])
    # The end itself, at the second position, is a token like others.
    found = tiny(discount=0.5).returns(rewards, tf.constant([[3, 0, 0, 0]]))
    np.testing.assert_allclose(found, [[0.5, -1.0, 0.0, 0.0]])


def test_one_logit_a_sequence_is_refused():
    with pytest.raises(ValueError, match=r"discriminator: received one of logits \(None, 1\), expected \(None, 4\)"):
        ScratchGAN.create((4,), {"units": 2}, {"network": "text_cnn", "filters": 2}, vocabulary_size=5)
