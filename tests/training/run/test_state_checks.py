"""A state is good only if weights and optimizer variables are finite and within reason."""

import keras
import numpy as np
import pytest
from ganzoo.training.run.state_checks import broken_state
from ganzoo.zoo import GAN


@pytest.fixture(scope="module")
def model():
    model = GAN.create((4, 4, 1), "mlp", "mlp", latent_dim=2)
    model.compile()
    return model


@pytest.fixture(scope="module")
def half_model():
    model = GAN.create((4, 4, 1), "mlp", "mlp", latent_dim=2, precision="float16")
    model.compile()
    return model


def broken_with(model, variable, value):
    """Returns the reason that `broken_state` gives while one number of a variable has a value."""
    before = np.array(variable.numpy())
    changed = before.copy()
    changed.flat[0] = value
    variable.assign(changed)
    reason = broken_state(model)
    variable.assign(before)
    return reason


def test_a_new_model_is_good(model, half_model):
    assert broken_state(model) is None
    assert broken_state(half_model) is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_every_variable_has_to_be_finite(model, value):
    optimizers = (model.generator_optimizer, model.discriminator_optimizer)
    checked = [*model.weights, *(variable for optimizer in optimizers for variable in optimizer.variables)]
    floats = [variable for variable in checked if "float" in variable.dtype]
    assert len(floats) > 20
    for variable in floats:
        reason = broken_with(model, variable, value)
        assert variable.path in reason
        assert "is NaN or infinite" in reason


def test_weights_are_limited_to_their_range(model):
    (kernel, *_) = model.generator.trainable_variables
    assert broken_with(model, kernel, 9e11) is None
    assert "reached 1.1e+12, expected at most 1e+12 in magnitude" in broken_with(model, kernel, 1.1e12)
    assert "reached -1e+30" in broken_with(model, kernel, -1e30)
    assert "reached 1e+30" in broken_with(model, model.ema_generator.weights[0], 1e30)


def test_slots_may_be_squares_of_what_weights_may_be(model):
    slot = next(variable for variable in model.discriminator_optimizer.variables if "velocity" in variable.path)
    assert broken_with(model, slot, 9e23) is None
    assert broken_with(model, slot, 1.1e24).startswith("variable of the discriminator optimizer")


def test_a_weight_that_float16_cannot_hold_is_refused_where_a_layer_computes_in_it(model, half_model):
    (kernel, *_) = model.generator.trainable_variables
    (half_kernel, *_) = half_model.generator.trainable_variables
    assert broken_with(model, kernel, 7e4) is None
    assert broken_with(half_model, half_kernel, 6.5e4) is None
    assert "expected at most 6.55e+04" in broken_with(half_model, half_kernel, 7e4)


def test_a_loss_scale_may_double_for_long_but_not_vanish(half_model):
    scale = half_model.generator_optimizer.dynamic_scale
    assert isinstance(half_model.generator_optimizer, keras.optimizers.LossScaleOptimizer)
    assert broken_with(half_model, scale, 2.0**120) is None
    assert "all gradients were infinite" in broken_with(half_model, scale, 2.0**-25)
    assert "all gradients were infinite" in broken_with(half_model, scale, 0.0)


def test_counters_are_not_negative(model):
    assert "expected no negative count" in broken_with(model, model.step, -1)
