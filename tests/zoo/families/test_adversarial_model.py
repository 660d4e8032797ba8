"""The training step: order of updates, the rows and latents of each update, and what never mixes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import GAN, WGAN, CycleGAN, SeqGAN


def recording(cls):
    """Returns a subclass that records the inputs of each discriminator update, in eager mode."""

    class Recording(cls):
        def generate_fakes(self, batch, training=True):
            self.latents.append(batch["latents"].numpy())
            return super().generate_fakes(batch, training)

        def _discriminator_update(self, batch, fakes):
            before = weights_of(self.generator)
            self.real_rows.append(batch["images"].numpy())
            logs = super()._discriminator_update(batch, fakes)
            assert_equal(weights_of(self.generator), before)
            self.discriminator_after_update = weights_of(self.discriminator)
            return logs

    return Recording


def weights_of(network):
    return [weight.numpy() for weight in network.trainable_variables]


def assert_equal(weights, expected):
    for value, other in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(value, other)


def train_recording(tiny, cls, images, steps=1, **arguments):
    model = tiny(recording(cls), compiled=False, **arguments)
    model.latents, model.real_rows = [], []
    model.compile(run_eagerly=True)
    model.fit(images, batch_size=8, steps_per_epoch=steps, verbose=0)
    return model


def test_each_discriminator_update_uses_fresh_rows_and_latents(tiny, images):
    model = train_recording(tiny, WGAN, images, steps=2, n_critic=5)
    assert [len(rows) for rows in model.real_rows] == [8] * 10
    assert [len(rows) for rows in model.latents] == [8] * 10
    # 80 of 160 images: within one pass, no image appears twice.
    assert len({row.tobytes() for rows in model.real_rows for row in rows}) == 80
    assert len({row.tobytes() for rows in model.latents for row in rows}) == 80


def test_discriminator_update_k_uses_rows_k_by_n_critic(tiny, images):
    model = train_recording(tiny, WGAN, images, n_critic=4)
    dataset, _ = tiny(WGAN, n_critic=4).make_step_dataset(images, None, 8)
    batch = next(iter(dataset))
    assert len(model.real_rows) == 4
    for k, rows in enumerate(model.real_rows):
        np.testing.assert_array_equal(rows, batch["images"].numpy()[k::4])


def test_the_generator_update_leaves_the_discriminator_unchanged(tiny, images):
    model = train_recording(tiny, GAN, images)
    assert_equal(weights_of(model.discriminator), model.discriminator_after_update)


def test_both_networks_are_updated(tiny, images):
    model = tiny(GAN)
    before = [w.numpy() for w in model.trainable_variables]
    model.fit(images, batch_size=8, steps_per_epoch=2, verbose=0)
    assert all((a != b.numpy()).any() for a, b in zip(before, model.trainable_variables, strict=True))


@pytest.mark.parametrize(
    "steps_per_execution", [pytest.param(1, marks=pytest.mark.thorough), 4, pytest.param(5, marks=pytest.mark.thorough)]
)
def test_optimizers_count_their_own_updates(tiny, images, steps_per_execution):
    model = tiny(WGAN, n_critic=5, compiled=False)
    model.compile(steps_per_execution=steps_per_execution)
    model.fit(images, batch_size=2, steps_per_epoch=20, verbose=0)
    assert int(model.generator_optimizer.iterations) == 20
    assert int(model.discriminator_optimizer.iterations) == 100
    assert model.steps_done == 20


def test_the_generator_follows_the_gradient_of_a_linear_critic():
    """With a frozen D(x) = x and a bias as G, minimizing -E[D(G(z))] raises the bias by the learning rate per step."""
    latents = keras.Input((2,))
    bias = keras.layers.Dense(1, kernel_initializer="zeros", name="bias")(latents)
    samples = keras.Input((1,))
    identity = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")(samples)
    model = WGAN(keras.Model(latents, bias), keras.Model(samples, identity), clip_value=1.0, n_critic=1)
    model.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.0))
    model.fit(np.zeros((64, 1), "float32"), batch_size=64, steps_per_epoch=10, verbose=0)
    assert float(model.generator.get_layer("bias").bias[0]) == pytest.approx(1.0, abs=1e-5)


def test_batch_normalization_processes_real_and_fake_separately(tiny, images):
    """D(real) in the step equals D of the real batch on its own, whatever the fakes are."""
    model = tiny(GAN, networks={})
    batch = {"images": tf.constant(images[:8])}
    fakes = tf.constant(images[8:16] * 0.1)
    expected = tf.reduce_mean(model.discriminator(images[:8], training=True))
    model.reset_metrics()
    model._discriminator_update(batch, fakes)
    assert float(model._trackers["real_logits"].result()) == pytest.approx(float(expected), abs=1e-5)


class CallCounter(keras.layers.Layer):
    """An identity that counts its calls in training mode."""

    def build(self, shape):
        self.num_calls = self.add_weight((), "zeros", dtype="int32", trainable=False)

    def call(self, x, training=False):
        if training:
            self.num_calls.assign_add(1)
        return x


@pytest.mark.parametrize("n_critic", [1, 3])
def test_networks_are_called_in_training_mode_as_often_as_documented(n_critic):
    latents, samples = keras.Input((2,)), keras.Input((1,))
    generator = keras.Model(latents, CallCounter(name="g")(keras.layers.Dense(1)(latents)))
    discriminator = keras.Model(samples, keras.layers.Dense(1)(CallCounter(name="d")(samples)))
    model = GAN(generator, discriminator, n_critic=n_critic)
    model.compile()
    model.fit(np.zeros((64, 1), "float32"), batch_size=4, steps_per_epoch=2, verbose=0)
    assert int(generator.get_layer("g").num_calls) == 2 * n_critic
    assert int(discriminator.get_layer("d").num_calls) == 2 * (2 * n_critic + 1)


def test_sampling_changes_no_variable(tiny):
    model = tiny(GAN)
    before = [w.numpy() for w in model.variables]
    model.generate(5, seed=1)
    assert all((a == b.numpy()).all() for a, b in zip(before, model.variables, strict=True))


def test_weight_regularizers_of_networks_enter_the_loss():
    """On samples that are all 0, a bias-free D has no gradient but that of L2: its kernel shrinks by lr * 2 * c."""
    latents, samples = keras.Input((2,)), keras.Input((1,))
    generator = keras.Model(latents, keras.layers.Dense(1, kernel_initializer="zeros")(latents))
    kernel = keras.layers.Dense(
        1, use_bias=False, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.5)
    )
    discriminator = keras.Model(samples, kernel(samples))
    model = GAN(generator, discriminator)
    model.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.1))
    model.fit(np.zeros((8, 1), "float32"), batch_size=8, steps_per_epoch=1, verbose=0)
    assert float(kernel.kernel[0, 0]) == pytest.approx(1 - 0.1 * 2 * 0.5, abs=1e-6)


def test_a_run_is_a_function_of_the_seed(tiny, images):
    def train(seed):
        model = tiny(GAN, seed=seed)
        model.fit(images, batch_size=8, steps_per_epoch=3, verbose=0)
        return [w.numpy() for w in model.weights]

    first, repeated, other = train(1), train(1), train(2)
    assert all((a == b).all() for a, b in zip(first, repeated, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_compiling_again_keeps_weights_and_metrics(tiny, images):
    model = tiny(GAN)
    model.fit(images, batch_size=8, steps_per_epoch=1, verbose=0)
    before = [w.numpy() for w in model.weights]
    model.compile(keras.optimizers.Adam(1e-5), keras.optimizers.Adam(1e-5))
    assert all((a == b.numpy()).all() for a, b in zip(before, model.weights, strict=True))
    assert int(model.generator_optimizer.iterations) == 0
    history = model.fit(images, batch_size=8, steps_per_epoch=1, verbose=0).history
    assert {"d_loss", "g_loss", "real_logits", "fake_logits", "d_accuracy"} <= set(history)


def test_one_optimizer_for_both_networks_is_refused(tiny):
    optimizer = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="expected a second one"):
        tiny(GAN).compile(optimizer, optimizer)


@pytest.mark.parametrize("wrong", [{"n_critic": 0}, {"seed": -1}, {"ema_halflife_kimg": -1.0}, {"ema_rampup": 0.0}])
@pytest.mark.parametrize(
    "create",
    [
        lambda **wrong: GAN.create((8, 8, 1), {"width": 2}, {"width": 2}, **wrong),
        lambda **wrong: CycleGAN.create((16, 16, 1), {"width": 2, "blocks": 1}, {"width": 2}, **wrong),
        lambda **wrong: SeqGAN.create((4,), {"units": 2}, {"filters": 2}, vocabulary_size=5, **wrong),
    ],
    ids=["gan", "cyclegan", "seqgan"],
)
def test_every_family_refuses_arguments_out_of_range(create, wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"{name}: received {value}"):
        create(**wrong)


def test_each_replica_has_its_rows_and_all_receive_the_sum(tiny, two_replicas):
    model = tiny(GAN)

    @tf.function(autograph=False)
    def run():
        rows = two_replicas.run(lambda: model.global_row_indices(3))
        sums = two_replicas.run(lambda: model.all_reduce_sum(model.global_row_indices(3)))
        return [two_replicas.experimental_local_results(values) for values in (rows, sums)]

    rows, sums = (np.array([value.numpy() for value in values]).tolist() for values in run())
    assert rows == [[0, 1, 2], [3, 4, 5]]
    assert sums == [[3, 5, 7], [3, 5, 7]]
    assert model.global_row_indices(2).numpy().tolist() == [0, 1]
