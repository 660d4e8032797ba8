"""Networks of image translation: U-Net, the residual network of CycleGAN, and PatchGAN."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import networks
from ganzoo.zoo.networks.cycle_resnet import cycle_resnet_generator
from ganzoo.zoo.networks.patch import patch_discriminator, receptive_field
from ganzoo.zoo.networks.unet import unet_generator

BUILDERS = {
    "unet": lambda **arguments: unet_generator((16, 16, 3), 2, width=4, **arguments),
    "cycle_resnet": lambda **arguments: cycle_resnet_generator((16, 16, 3), 2, width=4, blocks=2, **arguments),
    "patch": lambda **arguments: patch_discriminator((16, 16, 3), width=4, **arguments),
    "conditional patch": lambda **arguments: patch_discriminator((16, 16, 3), 2, width=4, **arguments),
}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def inputs_of(model, seed=0):
    arrays = [noise(2, *tensor.shape[1:], seed=seed + index) for index, tensor in enumerate(model.inputs)]
    return arrays if len(arrays) > 1 else arrays[0]


def parameters(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)


def convolutions(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose)]


@pytest.mark.parametrize("resolution", [8, 16, 32, 64, 128, 256, 512])
@pytest.mark.parametrize("channels", [(1, 3), (3, None)])
def test_unet_fits_powers_of_two(resolution, channels):
    source_channels, target_channels = channels
    model = unet_generator((resolution, resolution, source_channels), target_channels, width=1)
    assert model.output_shape == (None, resolution, resolution, target_channels or source_channels)
    halvings = [layer for layer in model.layers if type(layer) is keras.layers.Conv2D]
    assert halvings[-1].output.shape[1:3] == (1, 1)
    dropouts = sum(isinstance(layer, keras.layers.Dropout) for layer in model.layers)
    assert dropouts == {8: 0, 16: 0, 32: 1, 64: 2}.get(resolution, 3)


@pytest.mark.parametrize(("shape", "blocks"), [((16, 16, 1), 6), ((128, 28, 3), 6), ((132, 128, 3), 9)])
def test_cycle_resnet_fits_multiples_of_four(shape, blocks):
    model = cycle_resnet_generator(shape, width=1)
    assert model.output_shape == (None, *shape)
    assert sum(isinstance(layer, keras.layers.Add) for layer in model.layers) == blocks
    assert cycle_resnet_generator(shape, target_channels=2, width=1, blocks=1).output_shape == (None, *shape[:2], 2)


@pytest.mark.parametrize(
    ("shape", "depth", "rows", "columns"),
    [
        ((16, 16, 1), 1, 6, 6),
        ((63, 63, 3), 1, 30, 30),
        ((64, 100, 3), 2, 14, 23),
        ((128, 128, 3), 3, 14, 14),
        ((256, 256, 3), 3, 30, 30),
    ],
)
def test_patch_discriminator_has_a_logit_for_every_patch(shape, depth, rows, columns):
    for arguments in ({}, {"depth": depth, "condition_channels": 2}):
        model = patch_discriminator(shape, width=1, **arguments)
        assert model.output_shape == (None, rows, columns, 1)
        assert model.layers[-1].name == "logits"
    assert [tensor.shape[1:] for tensor in model.inputs] == [shape, (*shape[:2], 2)]


def test_the_networks_have_the_papers_parameters():
    # 16x16x3 to 2 channels, width 4. Down 3-4-8-16-32, kernels 4x4; first and last have a bias, the others BN 2*maps.
    down = 16 * 3 * 4 + 4 + 16 * 4 * 8 + 2 * 8 + 16 * 8 * 16 + 2 * 16 + 16 * 16 * 32 + 32
    # Up 32-16-8-4-2; but for the first, the inputs are twice the maps of the layer before: its own and the skip.
    up = 16 * 32 * 16 + 2 * 16 + 16 * (2 * 16) * 8 + 2 * 8 + 16 * (2 * 8) * 4 + 2 * 4 + 16 * (2 * 4) * 2 + 2
    assert parameters(BUILDERS["unet"]()) == down + up
    # 7x7 3-4, 3x3 4-8-16, two blocks of two 3x3 16-16, 3x3 16-8-4, all with 2*maps; 7x7 4-2 with a bias.
    ends = 49 * 3 * 4 + 2 * 4 + 49 * 4 * 2 + 2
    sizes = 9 * 4 * 8 + 2 * 8 + 9 * 8 * 16 + 2 * 16 + 9 * 16 * 8 + 2 * 8 + 9 * 8 * 4 + 2 * 4
    assert parameters(BUILDERS["cycle_resnet"]()) == ends + sizes + 2 * 2 * (9 * 16 * 16 + 2 * 16)
    # 64x64, 3 + 2 channels, depth 2: 4x4 5-4 with a bias, 4-8 and 8-16 with 2*maps, 16-1 with a bias.
    model = patch_discriminator((64, 64, 3), 2, width=4, depth=2)
    assert parameters(model) == 16 * 5 * 4 + 4 + 16 * 4 * 8 + 2 * 8 + 16 * 8 * 16 + 2 * 16 + 16 * 16 + 1


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_logit_depends_on_its_receptive_field(depth):
    side = 2 ** (depth + 4)
    model = patch_discriminator((side, side, 1), width=2, depth=depth, normalization="none")
    images = tf.constant(noise(1, side, side, 1))
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = model(images)
        middle = logits[0, logits.shape[1] // 2, logits.shape[2] // 2, 0]
    depends = tape.gradient(middle, images)[0, :, :, 0].numpy() != 0
    for pixels in (np.flatnonzero(depends.any(axis=1)), np.flatnonzero(depends.any(axis=0))):
        assert len(pixels) == receptive_field(depth)
        assert pixels[-1] - pixels[0] + 1 == receptive_field(depth)


def test_cycle_resnet_translates_any_size():
    trained = cycle_resnet_generator((32, 32, 3), width=4, blocks=2, seed=1)
    free = cycle_resnet_generator((None, None, 3), width=4, blocks=2, seed=2)
    free.set_weights(trained.get_weights())
    images = noise(2, 32, 32, 3)
    np.testing.assert_allclose(free(images), trained(images), atol=1e-6)
    assert free(noise(1, 20, 44, 3)).shape == (1, 20, 44, 3)
    assert free(noise(1, 21, 42, 3)).shape == (1, 24, 44, 3)


def test_unets_skip_connections_bypass_its_innermost_layer():
    model = BUILDERS["unet"]()
    innermost = [layer for layer in model.layers if type(layer) is keras.layers.Conv2D][-1]
    assert innermost.output.shape[1:3] == (1, 1)
    innermost.set_weights([np.zeros_like(weight) for weight in innermost.get_weights()])
    one, other = noise(1, 16, 16, 3, seed=1), noise(1, 16, 16, 3, seed=2)
    assert np.abs(model(one) - model(other)).max() > 1e-3


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("normalization", ["instance", "batch", "none"])
def test_they_are_saved_completely(name, normalization, tmp_path):
    model = BUILDERS[name](normalization=normalization)
    inputs = inputs_of(model)
    model(inputs, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))


@pytest.mark.parametrize("name", BUILDERS)
def test_each_layer_has_its_own_seed(name):
    starts = [np.ravel(layer.kernel.numpy())[:16] for layer in convolutions(BUILDERS[name](seed=5))]
    assert len({start.tobytes() for start in starts}) == len(starts)


@pytest.mark.parametrize("name", BUILDERS)
def test_half_precision_ends_in_float32(name):
    model = BUILDERS[name](dtype="mixed_bfloat16")
    with tf.GradientTape() as tape:
        outputs = model(inputs_of(model), training=True)
        loss = tf.reduce_mean(outputs**2)
    assert outputs.dtype == "float32"
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(loss, model.trainable_variables))
    assert any(layer.compute_dtype == "bfloat16" for layer in convolutions(model))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: unet_generator((48, 48, 3)), "shape .48, 48, 3., expected square .* such as 32 or 64: set data"),
        (lambda: unet_generator((16, 32, 3)), "such as 32: set data"),
        (lambda: unet_generator((4, 4, 3)), "such as 8: set data"),
        (lambda: unet_generator((1024, 1024, 3)), "such as 512: set data"),
        (lambda: unet_generator((2,)), "expected square images"),
        (lambda: unet_generator((16, 16, 3), dropout=1.0), "dropout: received 1.0"),
        (lambda: cycle_resnet_generator((32, 30, 3)), "shape .32, 30, 3., expected a multiple of 4 .* 28 or 32: set"),
        (lambda: cycle_resnet_generator((12, None, 3)), "expected a multiple of 4 of at least 16 .* such as 16: set"),
        (lambda: cycle_resnet_generator((32, 32, None)), "expected a multiple of 4"),
        (lambda: cycle_resnet_generator((2,)), "expected a multiple of 4"),
        (lambda: cycle_resnet_generator((32, 32, 3), blocks=0), "blocks: received 0"),
        (lambda: patch_discriminator((4, 16, 3)), "at least 5 pixels per side at depth 1"),
        (lambda: patch_discriminator((32, 32, 3), depth=4), "at least 33 pixels per side at depth 4"),
        (lambda: patch_discriminator((2,)), "expected images .height, width, channels."),
        (lambda: patch_discriminator((32, 32, 3), depth=6), "depth: received 6"),
    ],
)
def test_invalid_arguments_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_channels_are_derived_from_the_data():
    for name, role, argument in (
        ("unet", "generator", "target_channels"),
        ("patch", "discriminator", "condition_channels"),
    ):
        with pytest.raises(ValueError, match=f"model.{role}.{argument}: unknown argument"):
            networks.check({"network": name, argument: 3}, role)
