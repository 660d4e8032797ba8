"""Keras's global settings: the documented default of precision holds for every family; other formats are refused."""

import keras
import pytest
from ganzoo.zoo import CGAN, GAN, CycleGAN, Pix2Pix, SeqGAN, TextToImageGAN
from ganzoo.zoo.core.keras_settings import dtype_policy

SMALL = {"width": 2}
BUILDERS = {
    "image": lambda **options: GAN.create((8, 8, 1), SMALL, SMALL, latent_dim=2, **options),
    "points": lambda **options: GAN.create((2,), SMALL | {"network": "mlp"}, SMALL | {"network": "mlp"}, **options),
    "classes": lambda **options: CGAN.create((8, 8, 1), SMALL, SMALL, latent_dim=2, num_classes=3, **options),
    "unpaired": lambda **options: CycleGAN.create((16, 16, 1), SMALL | {"blocks": 1}, SMALL, **options),
    "paired": lambda **options: Pix2Pix.create((16, 16, 1), SMALL, SMALL, **options),
    "text": lambda **options: SeqGAN.create((4,), {"units": 2}, {"filters": 2}, vocabulary_size=5, **options),
    "captions": lambda **options: TextToImageGAN.create(
        (8, 8, 1), SMALL, SMALL, latent_dim=2, captions=["a", "b"], text_encoder={"units": 2, "embedding_dim": 2},
        **options,
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _restore():
    yield
    keras.config.set_dtype_policy("float32")
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")


def compute_dtypes(model):
    """Returns the compute dtypes of the layers of each network, without those that compute nothing."""
    networks = [*model.generators(), *model.discriminators()]
    idle = ("Functional", "InputLayer")
    return [
        {layer.compute_dtype for layer in network._flatten_layers() if type(layer).__name__ not in idle}
        for network in networks
    ]


@pytest.mark.parametrize("family", BUILDERS)
def test_the_global_policy_is_the_default_precision(family):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    assert all("bfloat16" in dtypes for dtypes in compute_dtypes(BUILDERS[family]()))
    assert not any("bfloat16" in dtypes for dtypes in compute_dtypes(BUILDERS[family](precision="float32")))
    keras.mixed_precision.set_global_policy("float32")
    assert not any("bfloat16" in dtypes for dtypes in compute_dtypes(BUILDERS[family]()))


def test_half_precision_scales_the_loss_whoever_chose_it():
    keras.mixed_precision.set_global_policy("mixed_float16")
    model = BUILDERS["points"]()
    model.compile()
    assert isinstance(model.generator_optimizer, keras.optimizers.LossScaleOptimizer)
    assert model.dtype_policy.name == "float32"
    assert model.generate(2, seed=0).dtype == "float32"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: keras.config.set_floatx("float64"), "^floatx: received 'float64', expected 'float32'"),
        (lambda: keras.config.set_floatx("float16"), "^floatx: received 'float16', expected 'float32'"),
        (lambda: keras.config.set_image_data_format("channels_first"), "^image_data_format: received"),
        (lambda: keras.config.set_dtype_policy("float16"), "^precision: received the global dtype policy 'float16'"),
        (lambda: keras.config.set_dtype_policy("float64"), "^precision: received the global dtype policy 'float64'"),
    ],
)
def test_other_formats_are_refused_in_one_line(change, message):
    change()
    for build in BUILDERS.values():
        with pytest.raises(ValueError, match=message) as caught:
            build()
        assert "\n" not in str(caught.value)


def test_unknown_precisions_are_refused():
    with pytest.raises(ValueError, match="precision: received 'half', expected one of"):
        dtype_policy("half")
    for build in BUILDERS.values():
        with pytest.raises(ValueError, match="precision: received 'half'"):
            build(precision="half")
