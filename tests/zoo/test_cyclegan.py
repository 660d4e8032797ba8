"""CycleGAN's losses on generators and discriminators whose answers are known."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import CycleGAN
from ganzoo.zoo.schedules import decay_linearly

SHAPE = (4, 4, 1)


def shift(amount):
    """A generator that adds an amount."""
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, keras.layers.Rescaling(1.0, amount)(inputs))


def mean():
    """A discriminator whose logit is the picture's mean."""
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D(keepdims=True)(inputs))


def build(there, back, **arguments):
    model = CycleGAN(shift(there), shift(back), mean(), mean(), **arguments)
    return model, {"x": tf.zeros((2, *SHAPE)), "y": tf.fill((2, *SHAPE), 0.5)}


def test_generators_that_undo_each_other_have_no_cycle_loss():
    model, batch = build(0.0, 0.0)
    _, parts = model.generator_objective(batch, model.synthesise(batch))
    assert float(parts["cycle_loss"]) == float(parts["identity_loss"]) == 0
    model, batch = build(0.1, -0.1, pool_size=0)
    fakes = model.synthesise(batch)
    loss, parts = model.generator_objective(batch, fakes)
    assert float(parts["cycle_loss"]) == pytest.approx(0, abs=1e-6)
    # Either generator changes what is in its own domain by 0.1.
    assert float(parts["identity_loss"]) == pytest.approx(0.2, abs=1e-6)
    # D_y sees 0.1 and D_x 0.4, and both should say 1.
    adversarial = 0.9**2 + 0.6**2
    assert float(parts["adversarial_loss"]) == pytest.approx(adversarial, abs=1e-6)
    assert float(loss) == pytest.approx(adversarial + 10 * 0.5 * 0.2, abs=1e-5)


def test_the_cycle_goes_there_and_back_from_both_sides():
    model, batch = build(0.1, 0.2, identity_weight=0.0)
    loss, parts = model.generator_objective(batch, model.synthesise(batch))
    assert float(parts["cycle_loss"]) == pytest.approx(0.6, abs=1e-6)
    assert float(parts["identity_loss"]) == 0
    assert float(loss) == pytest.approx(0.9**2 + 0.3**2 + 10 * 0.6, abs=1e-5)


def test_a_generator_is_fed_its_own_domain_for_the_identity_loss():
    seen = []

    class Recorded(CycleGAN):
        def generator(self, to):
            network = super().generator(to)

            def call(pictures, **options):
                seen.append((to, float(pictures[0, 0, 0, 0])))
                return network(pictures, **options)

            return call

    model = Recorded(shift(0.0), shift(0.0), mean(), mean())
    batch = {"x": tf.zeros((2, *SHAPE)), "y": tf.fill((2, *SHAPE), 0.5)}
    fakes = model.synthesise(batch)
    assert sorted(seen) == [("x", 0.5), ("y", 0.0)]
    seen.clear()
    model.generator_objective(batch, fakes)
    # Into x: back from y, where x had gone (0), and x itself (0); into y likewise (0.5).
    assert sorted(seen) == [("x", 0.0), ("x", 0.0), ("y", 0.5), ("y", 0.5)]


def test_discriminators_regress_to_one_and_zero():
    model, batch = build(0.1, -0.1, pool_size=0)
    loss, logs = model.discriminator_objective(batch, model.synthesise(batch))
    # D_x: real 0, fake 0.4; D_y: real 0.5, fake 0.1.
    assert float(loss) == pytest.approx(0.5 * (1 + 0.16) + 0.5 * (0.25 + 0.01), abs=1e-6)
    assert float(logs["real_logits"]) == pytest.approx(0.25)
    assert float(logs["fake_logits"]) == pytest.approx(0.25)


def test_discriminators_are_shown_past_fakes():
    model, batch = build(0.1, -0.1, pool_size=2)
    past = {domain: tf.fill((2, *SHAPE), 3.0) for domain in "xy"}
    model.discriminator_objective(batch, past)
    means = []
    for step in range(20):
        model.step.assign(step)
        _, logs = model.discriminator_objective(batch, {domain: tf.fill((2, *SHAPE), 7.0) for domain in "xy"})
        means.append(float(logs["fake_logits"]))
    # At first some are still of the past, in the end none is: the pool was exchanged.
    assert min(means) < 7
    assert means[-1] == pytest.approx(7)


def test_without_weights_nothing_is_computed_for_them():
    model, batch = build(0.1, 0.2, cycle_weight=0.0)
    loss, parts = model.generator_objective(batch, model.synthesise(batch))
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


def test_networks_that_do_not_fit_are_refused():
    grey, colour = keras.Input(SHAPE), keras.Input((4, 4, 3))
    paints = keras.Model(grey, keras.layers.Conv2D(3, 1)(grey))
    bleaches = keras.Model(colour, keras.layers.Conv2D(1, 1)(colour))
    judges = keras.Model(colour, keras.layers.Conv2D(1, 1)(colour))
    model = CycleGAN(paints, bleaches, mean(), judges)
    assert model.identity_weight == 0
    with pytest.raises(ValueError, match="identity_weight: received 0.5 between pictures of .* expected 0"):
        CycleGAN(paints, bleaches, mean(), judges, identity_weight=0.5)
    with pytest.raises(ValueError, match="discriminator_y: received one for pictures of \\(4, 4, 1\\), expected .*3"):
        CycleGAN(paints, bleaches, mean(), mean())


def test_domains_of_other_channels_are_translated():
    small = {"width": 2}
    model = CycleGAN.create((16, 16, 1), small | {"blocks": 1}, small, target_shape=(16, 16, 3))
    assert model.translate(np.zeros((2, 16, 16, 1), "uint8")).shape == (2, 16, 16, 3)
    assert model.translate(np.zeros((2, 16, 16, 3), "uint8"), to="x").shape == (2, 16, 16, 1)
    with pytest.raises(ValueError, match="target_shape: received"):
        CycleGAN.create((16, 16, 1), target_shape=(20, 16, 1))


def test_arrays_of_other_lengths_are_no_pairs():
    small = {"width": 2}
    model = CycleGAN.create((16, 16, 1), small | {"blocks": 1}, small)
    model.compile(run_eagerly=True)
    seen = {"x": [], "y": []}
    original = model.synthesise

    def synthesise(batch):
        for side, values in seen.items():
            values += batch[side].numpy()[:, 0, 0, 0].tolist()
        return original(batch)

    model.synthesise = synthesise
    numbers = np.linspace(-1, 1, 8, dtype="float32")[:, np.newaxis, np.newaxis, np.newaxis]
    x = np.broadcast_to(numbers, (8, 16, 16, 1))
    model.fit(x, x[:4], batch_size=4, epochs=1, verbose=0)
    # One pass over the longer side is two over the other.
    assert sorted(seen["x"]) == numbers.reshape(-1).tolist()
    assert sorted(seen["y"]) == sorted(2 * numbers.reshape(-1)[:4].tolist())
    assert seen["x"][:4] != seen["y"][:4]


@pytest.mark.parametrize("size", [(1, 1), (3, 21), (5, 4)])
def test_tiny_pictures_are_translated(size):
    small = {"width": 2}
    model = CycleGAN.create((16, 16, 1), small | {"blocks": 1}, small)
    picture = np.random.default_rng(0).integers(0, 256, (1, *size, 1), dtype=np.uint8)
    assert model.translate(picture).shape == (1, *size, 1)


def test_files_are_read_where_only_the_class_was_imported(tmp_path):
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
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
