"""The schedule by hand, and optimizers that get it."""

import keras
import pytest
from ganzoo.zoo.optimization.linear_decay import LinearDecay, decay_linearly


def test_the_rate_is_constant_and_then_decays_to_zero():
    schedule = LinearDecay(0.2, 10, 0.4)
    rates = [float(schedule(step)) for step in (0, 5, 6, 7, 9, 10, 12)]
    assert rates == pytest.approx([0.2, 0.2, 0.2, 0.15, 0.05, 0, 0], abs=1e-7)
    # By default over the second half.
    assert [float(LinearDecay(1.0, 8)(step)) for step in (3, 4, 6)] == [1.0, 1.0, 0.5]


@pytest.mark.parametrize("wrap", [lambda optimizer: optimizer, keras.optimizers.LossScaleOptimizer])
def test_an_optimizer_keeps_its_initial_rate_however_often_its_schedule_changes(wrap):
    optimizer = wrap(keras.optimizers.SGD(0.5))
    decay_linearly(optimizer, 10, 0.5)
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    inner.iterations.assign(9)
    assert float(inner.learning_rate) == pytest.approx(0.1)
    decay_linearly(optimizer, 20, 0.5)
    assert inner._learning_rate.get_config() == {
        "initial_learning_rate": 0.5, "total_steps": 20, "decay_fraction": 0.5,
    }  # fmt: skip
