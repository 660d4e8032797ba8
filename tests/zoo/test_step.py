"""The step contract: who moves when, what each turn eats, and what is never mixed."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import GAN, WGAN, CycleGAN, SeqGAN
from ganzoo.zoo.feed import step_dataset


class Recording:
    """Wraps a variant and keeps what its hooks saw, in eager mode."""

    @staticmethod
    def of(cls):
        class Recorded(cls):
            def synthesise(self, batch):
                self.seen.append(("latents", batch["latents"].numpy()))
                return super().synthesise(batch)

            def _discriminator_turn(self, batch, fakes):
                before = [w.numpy() for w in self.generator.trainable_variables]
                self.seen.append(("real", batch["images"].numpy()))
                super()._discriminator_turn(batch, fakes)
                after = [w.numpy() for w in self.generator.trainable_variables]
                assert all((a == b).all() for a, b in zip(before, after, strict=True)), "the generator moved"
                self.critic_after_turn = [w.numpy() for w in self.discriminator.trainable_variables]

        return Recorded


def rows_of(seen, kind):
    return [value for name, value in seen if name == kind]


def recorded(tiny, cls, images, steps=1, **arguments):
    model = tiny(Recording.of(cls), compiled=False, **arguments)
    model.seen = []
    model.compile(run_eagerly=True)
    model.fit(images, batch_size=8, steps_per_epoch=steps, verbose=0)
    return model


def test_each_critic_turn_eats_fresh_rows_and_fresh_latents(tiny, images):
    model = recorded(tiny, WGAN, images, steps=2, n_critic=5)
    reals, latents = rows_of(model.seen, "real"), rows_of(model.seen, "latents")
    assert [len(rows) for rows in reals] == [8] * 10
    assert [len(rows) for rows in latents] == [8] * 10
    # 80 of 160 images: none may be seen twice in a pass.
    assert len({row.tobytes() for rows in reals for row in rows}) == 80
    assert len({row.tobytes() for rows in latents for row in rows}) == 80


def test_critic_turn_k_takes_rows_k_by_n_critic(tiny, images):
    model = recorded(tiny, WGAN, images, n_critic=4)
    dataset, _ = step_dataset(tiny(WGAN, n_critic=4), images, None, 8)
    batch = next(iter(dataset))
    for turn, real in enumerate(rows_of(model.seen, "real")):
        np.testing.assert_array_equal(real, batch["images"].numpy()[turn::4])


def test_the_discriminator_rests_while_the_generator_learns(tiny, images):
    model = recorded(tiny, GAN, images)
    for weight, value in zip(model.discriminator.trainable_variables, model.critic_after_turn, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


def test_both_networks_move(tiny, images):
    model = tiny(GAN)
    before = [w.numpy() for w in model.trainable_variables]
    model.fit(images, batch_size=8, steps_per_epoch=2, verbose=0)
    assert all((a != b.numpy()).any() for a, b in zip(before, model.trainable_variables, strict=True))


@pytest.mark.parametrize("steps_per_execution", [1, 4, 5])
def test_optimisers_count_their_own_updates(tiny, images, steps_per_execution):
    model = tiny(WGAN, n_critic=5, compiled=False)
    model.compile(steps_per_execution=steps_per_execution)
    model.fit(images, batch_size=2, steps_per_epoch=20, verbose=0)
    assert int(model.generator_optimizer.iterations) == 20
    assert int(model.discriminator_optimizer.iterations) == 100
    assert model.steps_done == 20


def test_a_linear_critic_pulls_the_generator_up(tiny):
    """Frozen D(x) = mean(x), G = a bias: minimising -E[D(G(z))] raises the bias by exactly lr / 1 a step."""
    latents = keras.Input((2,))
    bias = keras.layers.Dense(1, kernel_initializer="zeros", name="only_bias")(latents)
    samples = keras.Input((1,))
    mean = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="mean")(samples)
    model = WGAN(keras.Model(latents, bias), keras.Model(samples, mean), clip=1.0, n_critic=1)
    model.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.0))
    model.fit(np.zeros((64, 1), "float32"), batch_size=64, steps_per_epoch=10, verbose=0)
    assert float(model.generator.get_layer("only_bias").bias[0]) == pytest.approx(1.0, abs=1e-5)


def test_batch_norm_sees_real_and_fake_apart(tiny, images):
    """D(real) in the step equals D of the real batch alone, whatever the fakes are."""
    model = tiny(GAN, networks={})
    batch = {"images": tf.constant(images[:8])}
    fakes = tf.constant(images[8:16] * 0.1)
    alone = tf.reduce_mean(model.discriminator(images[:8], training=True))
    model.reset_metrics()
    model._discriminator_turn(batch, fakes)
    assert float(model._trackers["real_logits"].result()) == pytest.approx(float(alone), abs=1e-5)


class Counting(keras.layers.Layer):
    def build(self, shape):
        self.updates = self.add_weight((), "zeros", dtype="int32", trainable=False)

    def call(self, x, training=False):
        if training:
            self.updates.assign_add(1)
        return x


@pytest.mark.parametrize("n_critic", [1, 3])
def test_batch_norm_updates_are_as_many_as_documented(n_critic):
    latents, samples = keras.Input((2,)), keras.Input((1,))
    generator = keras.Model(latents, Counting(name="g")(keras.layers.Dense(1)(latents)))
    discriminator = keras.Model(samples, keras.layers.Dense(1)(Counting(name="d")(samples)))
    model = GAN(generator, discriminator, n_critic=n_critic)
    model.compile()
    model.fit(np.zeros((64, 1), "float32"), batch_size=4, steps_per_epoch=2, verbose=0)
    assert int(generator.get_layer("g").updates) == 2 * n_critic
    assert int(discriminator.get_layer("d").updates) == 2 * (2 * n_critic + 1)


def test_sampling_moves_nothing(tiny):
    model = tiny(GAN)
    before = [w.numpy() for w in model.variables]
    model.generate(5, seed=1)
    assert all((a == b.numpy()).all() for a, b in zip(before, model.variables, strict=True))


def test_regularisers_of_the_networks_count(images):
    """With all logits 0 the GAN's gradient on a bias-free D is 0 in expectation; L2 alone shrinks it by lr * 2 * c."""
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


def test_same_seed_same_run_other_seed_other_run(tiny, images):
    def run(seed):
        model = tiny(GAN, seed=seed)
        model.fit(images, batch_size=8, steps_per_epoch=3, verbose=0)
        return [w.numpy() for w in model.weights]

    first, again, other = run(1), run(1), run(2)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
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
    with pytest.raises(ValueError, match="expected one of its own"):
        tiny(GAN).compile(optimizer, optimizer)


@pytest.mark.parametrize("wrong", [{"n_critic": 0}, {"seed": -1}, {"average_half_life": -1.0}, {"average_ramp": 0.0}])
@pytest.mark.parametrize(
    "create",
    [
        lambda **wrong: GAN.create((8, 8, 1), {"width": 2}, {"width": 2}, **wrong),
        lambda **wrong: CycleGAN.create((16, 16, 1), {"width": 2, "blocks": 1}, {"width": 2}, **wrong),
        lambda **wrong: SeqGAN.create((4,), {"units": 2}, {"filters": 2}, vocabulary_size=5, **wrong),
    ],
    ids=["gan", "cyclegan", "seqgan"],
)
def test_every_family_refuses_what_the_step_cannot_use(create, wrong):
    (name, value) = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"{name}: received {value}"):
        create(**wrong)
