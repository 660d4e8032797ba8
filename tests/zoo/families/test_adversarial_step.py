"""The step with pieces: generator updates, penalties that are due now and then, augmentation, and controllers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import GAN, R1, R2, WGAN, CycleGAN, DiffAugment, GradientPenalty, Pix2Pix, RelGAN, SeqGAN
from ganzoo.zoo.core.prng import training_latents

SMALL = {"width": 2}


def linear_gan(slopes, cls=GAN, **arguments):
    """Returns a model with D(x) = slopes * x and a generator of zeros, on samples (batch, 2); and D's layer."""
    latents, samples = keras.Input((3,)), keras.Input((2,))
    zeros = keras.layers.Dense(2, kernel_initializer="zeros")(latents)
    weights = keras.initializers.Constant(np.reshape(slopes, (2, 1)))
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer=weights)
    model = cls(keras.Model(latents, zeros), keras.Model(samples, layer(samples)), **arguments)
    model.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.1))
    return model, layer


def fit(model, steps=1, rows=8):
    return model.fit(np.zeros((rows, 2), "float32"), batch_size=rows, steps_per_epoch=steps, verbose=0).history


# Penalties.


def test_penalties_are_weighted_logged_without_their_weight_and_part_of_the_loss():
    model, layer = linear_gan([3.0, -4.0], regularizers=[R1(0.25)])
    history = fit(model)
    # R1 is the squared slope halved; all logits are 0.
    assert history["r1"] == [pytest.approx(25 / 2)]
    assert history["d_loss"] == [pytest.approx(2 * np.log(2) + 0.25 * 25 / 2)]
    # The gradient of 0.25 * ||w||^2 / 2.
    np.testing.assert_allclose(layer.kernel[:, 0], np.array([3.0, -4.0]) * (1 - 0.1 * 0.25), rtol=1e-6)


def test_a_lazy_penalty_is_due_every_k_steps_with_k_times_its_weight():
    model, layer = linear_gan([3.0, -4.0], regularizers=[R1(0.25, every=3)])
    norms = [25.0]
    for _ in range(5):
        history = fit(model)
        norms.append(float(tf.reduce_sum(layer.kernel**2)))
        if norms[-1] == norms[-2]:
            # Nothing was logged in this epoch.
            assert history["r1"] == [0.0]
            assert history["d_loss"] == [pytest.approx(2 * np.log(2))]
    shrinkage = (1 - 0.1 * 3 * 0.25) ** 2
    np.testing.assert_allclose(norms, 25 * shrinkage ** np.array([0, 1, 1, 1, 2, 2]), rtol=1e-5)
    model, _ = linear_gan([3.0, -4.0], regularizers=[R1(0.0, every=2)])
    # The mean over the steps in which it was due.
    assert fit(model, steps=3)["r1"] == [pytest.approx(12.5)]


def test_each_of_several_penalties_is_logged():
    model, _ = linear_gan([3.0, -4.0], regularizers=[R1(0.1), GradientPenalty(0.1), R1(0.2)])
    history = fit(model)
    assert {name: history[name] for name in ("r1_1", "gradient_penalty", "r1_2")} == {
        "r1_1": [pytest.approx(12.5)], "gradient_penalty": [pytest.approx(16.0)], "r1_2": [pytest.approx(12.5)],
    }  # fmt: skip


def test_penalties_leave_moving_statistics_and_power_iterations_to_the_update(tiny, images):
    def statistics(regularizers):
        critic = {"network": "dcgan", "width": 8, "normalization": "batch"}
        model = GAN.create((8, 8, 1), {"width": 4}, critic, latent_dim=4, seed=1, regularizers=regularizers)
        model.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0))
        model.fit(images, batch_size=8, steps_per_epoch=2, verbose=0)
        return [weight.numpy() for weight in model.discriminator.non_trainable_weights]

    without, with_penalty = statistics([]), statistics([R1(1.0), R2(1.0, every=2)])
    for value, expected in zip(with_penalty, without, strict=True):
        np.testing.assert_array_equal(value, expected)


def test_the_default_pieces_of_a_model_are_replaced_by_those_of_the_constructor():
    class Penalized(GAN):
        def default_regularizers(self):
            return [R1(2.0)]

    assert [each.weight for each in linear_gan([1.0, 1.0], Penalized)[0].regularizers] == [2.0]
    assert linear_gan([1.0, 1.0], Penalized, regularizers=[])[0].regularizers == []


def test_tokens_have_no_penalty_and_no_augmentation():
    networks = {"units": 2}, {"filters": 2}
    with pytest.raises(ValueError, match="regularizers: received .*, expected none: the samples of SeqGAN are tokens"):
        SeqGAN.create((4,), *networks, vocabulary_size=5, regularizers=["r1"])
    with pytest.raises(ValueError, match="augmentation: received .*, expected none: RelGAN has no images"):
        RelGAN.create((4,), *networks, vocabulary_size=5, augmentation=DiffAugment(shift=1))
    # Relaxed tokens have a gradient.
    assert RelGAN.create((4,), *networks, vocabulary_size=5, regularizers=["r1"]).regularizer_names == ["r1"]


def test_files_keep_the_pieces(tiny, images, tmp_path):
    model = tiny(
        GAN, loss="relativistic", regularizers=[R1(0.5, every=2), R2(0.25)], augmentation=DiffAugment(shift=1),
        generator_updates=2,
    )  # fmt: skip
    model.fit(images, batch_size=8, steps_per_epoch=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.loss_name, loaded.generator_updates, loaded.augmentation.shift) == ("relativistic", 2, 1)
    assert [(type(each), each.weight, each.every) for each in loaded.regularizers] == [(R1, 0.5, 2), (R2, 0.25, 1)]
    for each in (model, loaded):
        each.fit(images, batch_size=8, steps_per_epoch=3, verbose=0)
    for weight, expected in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected.numpy())


# Augmentation.


def augmented(model, batch):
    """Returns what a model's discriminators receive as real and as fake in a discriminator update."""
    received, discriminate = [], model.discriminate
    model.discriminate = lambda samples, *arguments, **options: (
        received.append(samples) or discriminate(samples, *arguments, **options)
    )
    model.discriminator_objective(batch, model.fakes_for_discriminator(batch, model.generate_fakes(batch)))
    return received


def batch_of(model, **images):
    return images | model.sample_step_inputs(4, model.step.value)


def test_real_and_fake_samples_have_draws_of_their_own(tiny):
    model = tiny(GAN, augmentation=DiffAugment(shift=2))
    images = tf.random.stateless_uniform((4, 8, 8, 1), (0, 0))
    batch = batch_of(model, images=images)
    model.generate_fakes = lambda batch, training=True: images
    real, fake = augmented(model, batch)
    np.testing.assert_array_equal(real, model.augmentation(images, batch["augmentation_real"]))
    np.testing.assert_array_equal(fake, model.augmentation(images, batch["augmentation_fake"]))
    assert (real.numpy() != fake.numpy()).any()
    assert (real.numpy() != images.numpy()).any()


def test_the_images_of_a_pair_are_moved_alike_and_those_of_two_domains_are_not():
    images = tf.random.stateless_uniform((4, 16, 16, 1), (0, 0))
    pairs = Pix2Pix.create((16, 16, 1), SMALL, SMALL | {"depth": 1}, augmentation=DiffAugment(shift=4))
    real, _ = augmented(pairs, batch_of(pairs, x=images, y=images))
    np.testing.assert_array_equal(real["x"], real["y"])
    assert (real["x"].numpy() != images.numpy()).any()
    networks = SMALL | {"blocks": 1}, SMALL | {"depth": 1}
    domains = CycleGAN.create((16, 16, 1), *networks, augmentation=DiffAugment(shift=4))
    real, _ = augmented(domains, batch_of(domains, x=images, y=images))
    assert (real["x"].numpy() != real["y"].numpy()).any()


def test_discriminate_never_augments(tiny, images):
    plain, augmenting = tiny(GAN), tiny(GAN, augmentation=DiffAugment(shift=2))
    samples = images[:4]
    np.testing.assert_array_equal(
        augmenting.discriminate(samples, {}, training=False), plain.discriminate(samples, {}, training=False)
    )


# Updates of the generator.


def test_every_generator_update_has_latents_of_its_own():
    class Recording(GAN):
        def generate_fakes(self, batch, training=True):
            self.latents.append(batch["latents"].numpy())
            return super().generate_fakes(batch, training)

    model, _ = linear_gan([1.0, 1.0], Recording, generator_updates=3, n_critic=2, seed=7)
    model.compile(run_eagerly=True)
    model.latents = []
    model.fit(np.zeros((16, 2), "float32"), batch_size=8, steps_per_epoch=2, verbose=0)
    # Two discriminator updates, the second of which shares its fakes with the generator; then two more of those.
    expected = [
        training_latents(7, step, tf.range(16), 3, update)[number::2].numpy()
        for step in (0, 1)
        for number, update in ((0, 0), (1, 0), (1, 1), (1, 2))
    ]
    for latents, values in zip(model.latents, expected, strict=True):
        np.testing.assert_array_equal(latents, values)
    assert len({values.tobytes() for values in expected}) == 8
    assert (int(model.generator_optimizer.iterations), int(model.discriminator_optimizer.iterations)) == (6, 4)
    assert model.steps_done == 2


def test_a_controller_runs_at_the_end_of_each_step_and_is_saved(tmp_path):
    @keras.saving.register_keras_serializable("tests")
    class Controlled(GAN):
        def __init__(self, *networks, **arguments):
            super().__init__(*networks, **arguments)
            self.strength = self.add_weight((), "zeros", trainable=False, name="strength")

        def after_step(self, logs):
            self.strength.assign_add(logs["d_accuracy"] + tf.cast(self.step.value, tf.float32))

    model, _ = linear_gan([0.0, 0.0], Controlled)
    fit(model, steps=3)
    # All logits are 0, at the threshold: an accuracy of 0. The steps done are 1, 2 and 3.
    assert float(model.strength) == 6.0
    model.save(tmp_path / "model.keras")
    assert float(keras.saving.load_model(tmp_path / "model.keras").strength) == 6.0


@pytest.mark.parametrize("cls", [GAN, WGAN])
def test_the_metric_is_that_of_the_loss(cls):
    model, _ = linear_gan([1.0, 1.0], cls)
    assert {"d_accuracy", "wasserstein"} & set(model.metric_names) == {"wasserstein" if cls is WGAN else "d_accuracy"}


def test_a_relativistic_generator_is_compared_with_the_real_rows_of_its_update():
    model, _ = linear_gan([2.0, 0.0], loss="relativistic")
    batch = {"images": tf.constant([[1.0, 0.0], [3.0, 0.0]])}
    loss, _ = model.generator_objective(batch, tf.constant([[2.0, 0.0], [0.0, 0.0]]))
    # Logits 2 and 6 of real rows, 4 and 0 of fakes.
    assert float(loss) == pytest.approx(np.log1p(np.exp([-2.0, 6.0])).mean(), rel=1e-5)
    loss, logs = model.discriminator_objective(batch, tf.constant([[2.0, 0.0], [0.0, 0.0]]))
    assert float(loss) == pytest.approx(np.log1p(np.exp([2.0, -6.0])).mean(), rel=1e-5)
    assert float(logs["d_accuracy"]) == 0.5
