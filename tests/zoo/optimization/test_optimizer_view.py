"""Both optimizers as the one that callbacks expect."""

import keras
import pytest
from ganzoo.zoo import GAN
from ganzoo.zoo.optimization.optimizer_view import OptimizerView

MLP = {"network": "mlp", "width": 2}


def rates(model):
    return [float(each.learning_rate) for each in model.optimizer.optimizers]


@pytest.fixture
def model():
    model = GAN.create((2,), MLP, MLP, latent_dim=2)
    model.compile(keras.optimizers.Adam(1e-3), keras.optimizers.SGD(4e-3))
    return model


def test_the_view_shows_the_models_own_optimizers(model):
    view = model.optimizer
    assert view.optimizers[0] is model.generator_optimizer
    assert view.optimizers[1] is model.discriminator_optimizer
    assert view.built
    assert view.iterations is model.generator_optimizer.iterations
    assert len(view.variables) == len(model.generator_optimizer.variables) + len(
        model.discriminator_optimizer.variables
    )
    assert float(view.learning_rate) == pytest.approx(1e-3)
    assert GAN.create((2,), MLP, MLP).optimizer is None


def test_setting_the_rate_keeps_the_ratio(model):
    model.optimizer.learning_rate = 5e-4
    assert rates(model) == pytest.approx([5e-4, 2e-3])
    model.optimizer.lr = keras.ops.convert_to_tensor(1e-3)
    assert rates(model) == pytest.approx([1e-3, 4e-3])


def test_loss_scaling_is_looked_through():
    model = GAN.create((2,), MLP, MLP, precision="float16")
    model.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(2e-3))
    model.optimizer.learning_rate = 1e-4
    assert rates(model) == pytest.approx([1e-4, 2e-4])


@pytest.mark.parametrize(
    "rate", [0, -1e-3, float("nan"), float("inf"), keras.optimizers.schedules.CosineDecay(1e-3, 9)]
)
def test_a_rate_is_a_number_above_zero(model, rate):
    with pytest.raises(ValueError, match="learning_rate: received"):
        model.optimizer.learning_rate = rate
    assert rates(model) == pytest.approx([1e-3, 4e-3])


def test_schedules_are_not_replaced_by_a_number(model):
    model.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, 9)))
    with pytest.raises(ValueError, match="discriminator_adam, which has a schedule"):
        model.optimizer.learning_rate = 1e-4
    assert rates(model)[0] == pytest.approx(1e-3)


def test_a_rate_of_zero_has_no_ratio(model):
    model.generator_optimizer.learning_rate = 0.0
    with pytest.raises(ValueError, match="while the generator's is 0"):
        model.optimizer.learning_rate = 1e-4


def test_names_do_not_depend_on_earlier_optimizers(model):
    names = [each.name for each in model.optimizer.optimizers]
    assert names == ["generator_adam", "discriminator_sgd"]
    model.compile(keras.optimizers.Adam(name="mine"), keras.optimizers.Adam(name="mine"))
    assert [each.name for each in model.optimizer.optimizers] == ["generator_mine", "discriminator_mine"]
    model.compile(keras.optimizers.Adam(name="first"), keras.optimizers.Adam(name="second"))
    assert [each.name for each in model.optimizer.optimizers] == ["first", "second"]


def test_the_view_itself_cannot_be_replaced(model):
    with pytest.raises(ValueError, match=r"optimizer: received 'adam', expected compile\(generator_optimizer=...\)"):
        model.optimizer = "adam"


def test_it_is_built_once_both_optimizers_are():
    first, second = keras.optimizers.SGD(), keras.optimizers.SGD()
    view = OptimizerView(first, second)
    first.build([keras.Variable([1.0])])
    assert not view.built
    second.build([keras.Variable([1.0])])
    assert view.built
