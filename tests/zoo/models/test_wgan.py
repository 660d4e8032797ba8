"""WGAN: weight clipping, the critic, and the paper's defaults."""

import keras
import numpy as np
import pytest
from ganzoo.zoo import WGAN, WeightClipping
from ganzoo.zoo.optimization.weight_clipping import NORMALIZATIONS


def largest_weight(model):
    """Returns the largest absolute value of the critic's trainable weights."""
    return max(float(abs(weight.numpy()).max()) for weight in model.discriminator.trainable_variables)


@pytest.mark.parametrize("n_critic", [1, 5])
def test_weights_are_clipped_after_every_step(tiny, images, n_critic):
    model = tiny(WGAN, n_critic=n_critic, compiled=False)
    model.compile(keras.optimizers.RMSprop(1e-3), keras.optimizers.RMSprop(1.0))
    for _ in range(3):
        model.fit(images, batch_size=8, steps_per_epoch=1, verbose=0)
        assert largest_weight(model) == np.float32(0.01)


def test_weights_are_clipped_after_every_critic_update(tiny, images):
    class Recording(WGAN):
        def _discriminator_update(self, batch, fakes):
            logs = super()._discriminator_update(batch, fakes)
            self.bounds.append(largest_weight(self))
            return logs

    model = tiny(Recording, compiled=False)
    model.bounds = []
    model.compile(discriminator_optimizer=keras.optimizers.SGD(10.0), run_eagerly=True)
    model.fit(images, batch_size=8, steps_per_epoch=1, verbose=0)
    assert len(model.bounds) == 5
    assert max(model.bounds) <= np.float32(0.01)


@pytest.mark.parametrize("normalization", ["batch", pytest.param("layer", marks=pytest.mark.thorough)])
def test_normalization_layers_are_not_clipped(normalization):
    network = {"network": "dcgan", "width": 8}
    critic = network | {"normalization": normalization}
    model = WGAN.create((16, 16, 1), network, critic, latent_dim=4)
    model.compile(keras.optimizers.RMSprop(1e-3), keras.optimizers.RMSprop(1e-3))
    model.fit(np.zeros((40, 16, 16, 1), "float32"), batch_size=8, verbose=0)
    normalizations = [layer for layer in model.discriminator.layers if isinstance(layer, NORMALIZATIONS)]
    assert normalizations
    for layer in normalizations:
        assert layer.gamma.numpy().min() > 0.5
        assert layer.gamma.constraint is None
    if normalization == "batch":
        assert normalizations[0].moving_variance.numpy().max() > 0.02
    kernels = [w for w in model.discriminator.trainable_variables if "kernel" in w.path or "bias" in w.path]
    assert max(float(abs(w.numpy()).max()) for w in kernels) <= np.float32(0.01)
    assert max(float(abs(w.numpy()).max()) for w in model.generator.trainable_variables) > 0.01


def test_the_default_critic_has_no_batch_normalization_and_no_sigmoid():
    model = WGAN.create((16, 16, 1))
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.discriminator.layers)
    assert model.discriminator.layers[-1].activation is keras.activations.linear
    logits = model.discriminator(np.random.default_rng(0).normal(size=(64, 16, 16, 1)).astype("float32") * 100)
    assert logits.numpy().min() < 0


def test_defaults_are_the_papers(tiny):
    model = tiny(WGAN)
    assert (model.n_critic, model.clip_value) == (5, 0.01)
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        assert isinstance(optimizer, keras.optimizers.RMSprop)
        assert float(optimizer.learning_rate) == pytest.approx(5e-5)


def test_clipping_survives_saving(tiny, images, tmp_path):
    model = tiny(WGAN, clip_value=0.02)
    model.fit(images, batch_size=8, steps_per_epoch=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.clip_value == 0.02
    loaded.discriminator_optimizer.learning_rate = 1.0
    loaded.fit(images, batch_size=8, steps_per_epoch=1, verbose=0)
    assert largest_weight(loaded) == np.float32(0.02)


def test_the_wasserstein_estimate_is_the_difference_of_mean_logits(tiny, images):
    history = tiny(WGAN).fit(images, batch_size=8, steps_per_epoch=1, verbose=0).history
    expected = history["real_logits"][0] - history["fake_logits"][0]
    assert history["wasserstein"][0] == pytest.approx(expected, abs=1e-7)
    assert history["d_loss"][0] == pytest.approx(-history["wasserstein"][0], abs=1e-7)


def test_a_critic_with_another_constraint_is_refused():
    samples = keras.Input((2,))
    logits = keras.layers.Dense(1, kernel_constraint="non_neg")(samples)
    generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="received the constraint NonNeg"):
        WGAN(generator, keras.Model(samples, logits))


@pytest.mark.parametrize("clip_value", [0, -0.1, "wide"])
def test_invalid_clip_values_are_refused(clip_value):
    with pytest.raises(ValueError, match="clip_value: received"):
        WeightClipping(clip_value)


@pytest.mark.parametrize("loss", ["hinge", "non_saturating"])
def test_other_losses_are_refused_in_one_line(loss):
    with pytest.raises(
        ValueError, match=f"loss: received '{loss}', expected one of .*'wasserstein'.*: WGAN's own"
    ) as caught:
        WGAN.create((8, 8, 1), {"width": 2}, {"width": 2}, latent_dim=2, loss=loss)
    assert "\n" not in str(caught.value)


def test_the_loss_may_be_named_and_has_no_target_to_smooth(tiny):
    assert tiny(WGAN).loss_name == tiny(WGAN, loss="wasserstein").loss_name == "wasserstein"
    with pytest.raises(ValueError, match="label_smoothing: received 0.1 with loss 'wasserstein', expected 0"):
        tiny(WGAN, label_smoothing=0.1)
