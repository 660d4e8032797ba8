"""The family of image models: the sources and the losses that it accepts."""

import types

import pytest
from ganzoo.zoo import GAN, WGAN, ProjectionGAN


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
