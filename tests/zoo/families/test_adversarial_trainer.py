"""Arguments of constructors, `compile` and `fit` that cannot be used: one line that names what the user called."""

import keras
import numpy as np
import pytest
from ganzoo.zoo import CGAN, GAN, WGAN, CycleGAN, SeqGAN

SMALL = {"network": "mlp", "width": 2}


def refusal(function, *arguments, **options):
    with pytest.raises(ValueError, match="received|missing") as caught:
        function(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert not [name for name in ("ImageGAN", "TextGAN", "AdversarialTrainer", "AdversarialModel") if name in message]
    return message


@pytest.fixture(scope="module")
def model():
    return GAN.create((2,), SMALL, SMALL, latent_dim=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "adam"}, "compile: received optimizer, expected generator_optimizer and"),
        ({"loss": "mse"}, "compile: received loss, expected none here: the model defines its losses"),
        ({"loss_weights": [1]}, "the model defines its losses"),
        ({"metrics": ["mae"]}, "the callback Evaluate"),
        ({"weighted_metrics": []}, "the callback Evaluate"),
        ({"generator_optimzer": "adam"}, "did you mean 'generator_optimizer'?"),
        ({"auto_scale_loss": True}, "unknown argument 'auto_scale_loss'"),
        ({"generator_optimizer": "adamm"}, "generator_optimizer: received 'adamm', expected a Keras optimizer"),
        ({"discriminator_optimizer": 1e-4}, "discriminator_optimizer: received 0.0001, expected a Keras optimizer"),
        ({"generator_optimizer": keras.optimizers.Adam}, "such as keras.optimizers.Adam(2e-4)"),
        ({"steps_per_execution": 2.0}, "steps_per_execution: received 2.0, expected an integer >= 1"),
    ],
)  # fmt: skip
def test_compile_names_its_own_arguments(model, arguments, message):
    assert message in refusal(model.compile, **arguments)


@pytest.mark.parametrize(
    ("create", "message"),
    [
        (lambda: GAN.create((2,), SMALL, SMALL, lattent_dim=3), "GAN: received the unknown argument 'lattent_dim'"),
        (lambda: WGAN.create((2,), SMALL, SMALL, clip=3), "WGAN: received the unknown argument 'clip'"),
        (lambda: WGAN.create((2,), SMALL, SMALL, clip_valu=3), "did you mean 'clip_value'?"),
        (lambda: CGAN.create((8, 8, 1), {"width": 2}, {"width": 2}, num_classes=3, n_critics=2), "'n_critic'?"),
        (lambda: SeqGAN.create((4,), {"units": 2}, {"filters": 2}, vocabulary_size=5, unitss=1), "SeqGAN: received"),
        (lambda: CycleGAN.create((16, 16, 1), {"width": 2, "blocks": 1}, {"width": 2}, cycle=1), "CycleGAN: received"),
        (lambda: GAN.create(), "GAN.create: missing a required argument: 'shape'"),
        (lambda: GAN(), "GAN: missing a required argument: 'generator'"),
        (lambda: GAN.create((2,), SMALL, SMALL, latent_dim=0), "GAN.create: latent_dim: received 0"),
        (lambda: GAN.create((2,), SMALL, SMALL, n_critic=0), "GAN: n_critic: received 0"),
        (lambda: GAN.create((2,), SMALL, SMALL, precision="half"), "GAN.create: precision: received 'half'"),
    ],
)
def test_constructors_name_the_class_that_was_called(create, message):
    assert message in refusal(create)


def test_numbers_of_numpy_are_numbers():
    model = CGAN.create((8, 8, 1), {"width": 2}, {"width": 2}, latent_dim=np.int64(2), num_classes=np.uint8(3))
    assert (model.latent_dim, model.num_classes) == (2, 3)
    assert model.generate(np.int64(2), seed=np.uint32(1), batch_size=np.int16(2)).shape == (2, 8, 8, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_samples": 2.0}, "num_samples: received 2.0, expected an integer from 1 to"),
        ({"num_samples": True}, "num_samples: received True"),
        ({"num_samples": "3"}, "num_samples: received '3'"),
        ({"num_samples": 2, "batch_size": 0}, "batch_size: received 0, expected an integer >= 1"),
        ({"num_samples": 2, "seed": 0.5}, "seed: received 0.5"),
        ({"num_samples": 2, "seed": 2**31 - 1}, "expected an integer from 0 to 2147483646"),
    ],
)
def test_counts_of_generate_are_integers(model, arguments, message):
    assert message in refusal(model.generate, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": 1}, "fit: received ['workers'], expected only callbacks, verbose, initial_epoch"),
        ({"epoch": 3}, "did you mean 'epochs'?"),
        ({"initial_epoch": -1}, "initial_epoch: received -1, expected an integer >= 0"),
        ({"value_range": (1, 0)}, "value_range: received (1, 0)"),
        ({"value_range": (0, 1)}, "GAN is not fed images"),
    ],
)
def test_options_of_fit_are_checked(model, arguments, message):
    assert message in refusal(model.fit, np.zeros((8, 2), "float32"), batch_size=4, **arguments)
