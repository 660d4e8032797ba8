"""The family of image models: the sources and the losses that it accepts."""

import types

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import GAN, WGAN, ProjectionGAN
from ganzoo.zoo.core.prng import training_latents


@pytest.mark.parametrize(("family", "content"), [("text", "texts"), ("translation", "two domains")])
@pytest.mark.parametrize("cls", [GAN, WGAN])
def test_a_source_of_another_family_is_refused_in_one_line(cls, family, content):
    source = types.SimpleNamespace(name="my_source", family=family)
    expected = (
        f"data.source: received 'my_source', which has {content}, expected images: {cls.__name__} generates images"
    )
    with pytest.raises(ValueError, match=expected) as caught:
        cls.arguments_from_source(source)
    assert "\n" not in str(caught.value)


def test_an_image_source_determines_no_arguments():
    assert GAN.arguments_from_source(types.SimpleNamespace(name="photos", family="image")) == {}


def test_the_first_supported_loss_is_the_default(tiny):
    assert tiny(GAN).loss_name == "non_saturating"
    assert tiny(GAN, loss="least_squares").loss_name == "least_squares"
    assert tiny(ProjectionGAN, network="projection_dcgan", num_classes=3).loss_name == "hinge"


def test_losses_are_refused_before_any_network_is_built():
    with pytest.raises(ValueError, match="loss: received 'wasserstein', expected one of .*: GAN's own"):
        GAN.check_arguments({"loss": "wasserstein"})
    with pytest.raises(ValueError, match="label_smoothing: received 0.1 with loss 'hinge', expected 0"):
        ProjectionGAN.check_arguments({"label_smoothing": 0.1})


def test_the_objectives_are_the_models_loss_of_real_and_fake(tiny):
    model = tiny(GAN, loss="least_squares", label_smoothing=0.25)
    logits = {"real": tf.constant([[3.0], [1.0]]), "fake": tf.constant([[2.0], [-4.0]])}
    model.discriminate = lambda samples, batch, training: logits[samples]
    loss, logs = model.discriminator_objective({"images": "real"}, "fake")
    # The targets are 0.75 and 0.
    assert float(loss) == pytest.approx((2.25**2 + 0.25**2) / 4 + (2**2 + 4**2) / 4)
    # Both real logits and one of two fake ones lie on their side of 0.5.
    assert {name: float(value) for name, value in logs.items()} == {
        "real_logits": 2.0, "fake_logits": -1.0, "d_accuracy": 0.75,
    }  # fmt: skip
    loss, logs = model.generator_objective({}, "fake")
    assert (float(loss), logs) == (pytest.approx((1**2 + 5**2) / 4), {})


def test_latents_depend_on_the_models_seed_and_the_step(tiny):
    model = tiny(GAN, seed=3)
    model.step.assign(5)
    latents = model.sample_step_inputs(6, model.step.value)["latents"]
    np.testing.assert_array_equal(latents, training_latents(3, 5, tf.range(6), 4))
    assert (latents.numpy() != training_latents(5, 3, tf.range(6), 4).numpy()).any()
