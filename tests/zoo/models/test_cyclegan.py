"""CycleGAN: its losses on generators and discriminators with known outputs, its image pools, its data."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import CycleGAN
from ganzoo.zoo.optimization.linear_decay import decay_linearly

SHAPE = (4, 4, 1)


def shift(amount):
    """Returns a generator that adds an amount."""
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, keras.layers.Rescaling(1.0, amount)(inputs))


def mean():
    """Returns a discriminator whose logit is the mean of the image."""
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D(keepdims=True)(inputs))


def build(shift_xy, shift_yx, **arguments):
    """Returns a model whose generators add constants, and a batch with x = 0 and y = 0.5."""
    model = CycleGAN(shift(shift_xy), shift(shift_yx), mean(), mean(), **arguments)
    return model, {"x": tf.zeros((2, *SHAPE)), "y": tf.fill((2, *SHAPE), 0.5)}


def test_inverse_generators_have_no_cycle_loss():
    model, batch = build(0.0, 0.0)
    _, parts = model.generator_objective(batch, model.generate_fakes(batch))
    assert float(parts["cycle_loss"]) == float(parts["identity_loss"]) == 0
    model, batch = build(0.1, -0.1, pool_size=0)
    fakes = model.generate_fakes(batch)
    loss, parts = model.generator_objective(batch, fakes)
    assert float(parts["cycle_loss"]) == pytest.approx(0, abs=1e-6)
    # Each generator changes images of its target domain by 0.1.
    assert float(parts["identity_loss"]) == pytest.approx(0.2, abs=1e-6)
    # The logits are 0.1 for D_y and 0.4 for D_x; the target is 1.
    adversarial = 0.9**2 + 0.6**2
    assert float(parts["adversarial_loss"]) == pytest.approx(adversarial, abs=1e-6)
    assert float(loss) == pytest.approx(adversarial + 10 * 0.5 * 0.2, abs=1e-5)


def test_the_cycle_loss_covers_both_directions():
    model, batch = build(0.1, 0.2, identity_weight=0.0)
    loss, parts = model.generator_objective(batch, model.generate_fakes(batch))
    assert float(parts["cycle_loss"]) == pytest.approx(0.6, abs=1e-6)
    assert float(parts["identity_loss"]) == 0
    assert float(loss) == pytest.approx(0.9**2 + 0.3**2 + 10 * 0.6, abs=1e-5)


@pytest.mark.parametrize("sign", [1, -1])
def test_distances_have_no_sign(sign):
    model, batch = build(0.1 * sign, 0.2 * sign)
    _, parts = model.generator_objective(batch, model.generate_fakes(batch))
    assert float(parts["cycle_loss"]) == pytest.approx(0.6, abs=1e-6)
    assert float(parts["identity_loss"]) == pytest.approx(0.3, abs=1e-6)


def test_without_the_cycle_loss_there_is_no_identity_loss():
    model, batch = build(0.1, 0.2, cycle_weight=0.0, identity_weight=0.5)
    loss, parts = model.generator_objective(batch, model.generate_fakes(batch))
    assert (float(parts["cycle_loss"]), float(parts["identity_loss"])) == (0, 0)
    assert float(loss) == float(parts["adversarial_loss"]) == pytest.approx(0.9**2 + 0.3**2, abs=1e-5)


def test_each_domain_has_its_networks_and_its_pool():
    inputs = keras.Input(SHAPE)
    double = keras.Model(inputs, keras.layers.Rescaling(2.0)(mean()(inputs)))
    model = CycleGAN(shift(0.1), shift(0.2), mean(), double, pool_size=0)
    batch = {"x": tf.fill((2, *SHAPE), 0.25), "y": tf.fill((2, *SHAPE), 0.5)}
    fakes = model.generate_fakes(batch)
    np.testing.assert_allclose([fakes["x"][0, 0, 0, 0], fakes["y"][0, 0, 0, 0]], [0.7, 0.35], atol=1e-6)
    loss, logs = model.discriminator_objective(batch, fakes)
    # D_x sees 0.25 and 0.7, D_y twice 0.5 and twice 0.35; the targets are 1 and 0.
    expected = (0.75**2 + 0.7**2) / 2 + (0 + 0.7**2) / 2
    assert float(loss) == pytest.approx(expected, abs=1e-6)
    assert float(logs["real_logits"]) == pytest.approx((0.25 + 1) / 2)
    assert float(logs["fake_logits"]) == pytest.approx((0.7 + 0.7) / 2)
    # All of D_x's logits are on the wrong side of 0.5, and one of D_y's two.
    assert float(logs["d_accuracy"]) == pytest.approx((0 + 0.5) / 2)
    assert (model.pool("x"), model.pool("y")) == (model.pool_x, model.pool_y)
    assert (model.generator("x"), model.generator("y")) == (model.generator_yx, model.generator_xy)


def test_the_identity_loss_feeds_each_generator_its_target_domain():
    calls = []

    class Recording(CycleGAN):
        def generator(self, to):
            network = super().generator(to)

            def call(images, **options):
                calls.append((to, float(images[0, 0, 0, 0])))
                return network(images, **options)

            return call

    model = Recording(shift(0.0), shift(0.0), mean(), mean())
    batch = {"x": tf.zeros((2, *SHAPE)), "y": tf.fill((2, *SHAPE), 0.5)}
    fakes = model.generate_fakes(batch)
    assert sorted(calls) == [("x", 0.5), ("y", 0.0)]
    calls.clear()
    model.generator_objective(batch, fakes)
    # Into x: the cycle from the fake in y (0), and x itself (0); into y likewise (0.5).
    assert sorted(calls) == [("x", 0.0), ("x", 0.0), ("y", 0.5), ("y", 0.5)]


def test_discriminators_regress_to_one_and_zero():
    model, batch = build(0.1, -0.1, pool_size=0)
    loss, logs = model.discriminator_objective(batch, model.generate_fakes(batch))
    # D_x: real 0, fake 0.4; D_y: real 0.5, fake 0.1.
    assert float(loss) == pytest.approx(0.5 * (1 + 0.16) + 0.5 * (0.25 + 0.01), abs=1e-6)
    assert float(logs["real_logits"]) == pytest.approx(0.25)
    assert float(logs["fake_logits"]) == pytest.approx(0.25)


def test_discriminators_receive_pooled_fakes():
    model, batch = build(0.1, -0.1, pool_size=2)
    past = {domain: tf.fill((2, *SHAPE), 3.0) for domain in "xy"}
    model.fakes_for_discriminator(batch, past)
    means = []
    for step in range(20):
        model.step.assign(step)
        pooled = model.fakes_for_discriminator(batch, {domain: tf.fill((2, *SHAPE), 7.0) for domain in "xy"})
        _, logs = model.discriminator_objective(batch, pooled)
        means.append(float(logs["fake_logits"]))
    # At first some fakes come from the pool; in the end every pooled fake has been replaced.
    assert min(means) < 7
    assert means[-1] == pytest.approx(7)


def test_a_cycle_weight_of_zero_leaves_the_adversarial_loss():
    model, batch = build(0.1, 0.2, cycle_weight=0.0)
    loss, parts = model.generator_objective(batch, model.generate_fakes(batch))
    assert float(loss) == pytest.approx(float(parts["adversarial_loss"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cycle_weight": -1}, "cycle_weight: received -1"),
        ({"pool_size": -1}, "pool_size: received -1"),
    ],
)
def test_arguments_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        build(0, 0, **change)


def test_networks_that_do_not_fit_each_other_are_refused():
    gray, color = keras.Input(SHAPE), keras.Input((4, 4, 3))
    colorize = keras.Model(gray, keras.layers.Conv2D(3, 1)(gray))
    desaturate = keras.Model(color, keras.layers.Conv2D(1, 1)(color))
    color_discriminator = keras.Model(color, keras.layers.Conv2D(1, 1)(color))
    model = CycleGAN(colorize, desaturate, mean(), color_discriminator)
    assert model.identity_weight == 0
    with pytest.raises(ValueError, match="identity_weight: received 0.5 between images of .* expected 0"):
        CycleGAN(colorize, desaturate, mean(), color_discriminator, identity_weight=0.5)
    with pytest.raises(ValueError, match="discriminator_y: received one for images of \\(4, 4, 1\\), expected .*3"):
        CycleGAN(colorize, desaturate, mean(), mean())


def test_domains_with_different_channels_are_translated():
    small = {"width": 2}
    model = CycleGAN.create((16, 16, 1), small | {"blocks": 1}, small, target_shape=(16, 16, 3))
    assert model.translate(np.zeros((2, 16, 16, 1), "uint8")).shape == (2, 16, 16, 3)
    assert model.translate(np.zeros((2, 16, 16, 3), "uint8"), to="x").shape == (2, 16, 16, 1)
    with pytest.raises(ValueError, match="target_shape: received"):
        CycleGAN.create((16, 16, 1), target_shape=(20, 16, 1))


@pytest.mark.thorough
def test_arrays_of_different_lengths_are_shuffled_independently():
    small = {"width": 2}
    model = CycleGAN.create((16, 16, 1), small | {"blocks": 1}, small)
    model.compile(run_eagerly=True)
    trained = {"x": [], "y": []}
    original = model.generate_fakes

    def generate_fakes(batch, training=True):
        for domain, values in trained.items():
            values += batch[domain].numpy()[:, 0, 0, 0].tolist()
        return original(batch, training)

    model.generate_fakes = generate_fakes
    numbers = np.linspace(-1, 1, 8, dtype="float32")[:, np.newaxis, np.newaxis, np.newaxis]
    x = np.broadcast_to(numbers, (8, 16, 16, 1))
    model.fit(x, x[:4], batch_size=4, epochs=1, verbose=0)
    # One pass over the longer array is two passes over the other.
    assert sorted(trained["x"]) == numbers.reshape(-1).tolist()
    assert sorted(trained["y"]) == sorted(2 * numbers.reshape(-1)[:4].tolist())
    assert trained["x"][:4] != trained["y"][:4]


@pytest.mark.parametrize("size", [(1, 1), (3, 21), (5, 4)])
def test_tiny_images_are_translated(size):
    small = {"width": 2}
    model = CycleGAN.create((16, 16, 1), small | {"blocks": 1}, small)
    image = np.random.default_rng(0).integers(0, 256, (1, *size, 1), dtype=np.uint8)
    assert model.translate(image).shape == (1, *size, 1)


@pytest.mark.thorough
def test_files_load_in_a_process_that_imports_only_the_class(tmp_path):
    small = {"width": 2}
    model = CycleGAN.create((16, 16, 1), small | {"blocks": 1}, small)
    model.compile()
    decay_linearly(model.generator_optimizer, 8, 0.5)
    model.save(tmp_path / "model.keras")
    program = (
        "from ganzoo.zoo import CycleGAN\n"
        f"import keras\nmodel = keras.saving.load_model({str(tmp_path / 'model.keras')!r})\n"
        "assert model.generator_optimizer.get_config()['learning_rate']['class_name'] == 'LinearDecay'"
    )
    process = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
