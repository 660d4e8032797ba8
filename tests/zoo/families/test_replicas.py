"""Two replicas with batches of b rows equal one with 2b rows: same rows, same latents, gradients of the mean."""

import contextlib

import keras
import numpy as np
import pytest
from ganzoo.zoo import GAN, WGAN, CycleGAN, SeqGAN

# Batch normalization computes its statistics per replica.
NO_NORMALIZATION = {"normalization": "none"}


def train(tiny, cls, scope, images, optimizers, precision="float32", steps=5, **arguments):
    with scope:
        model = tiny(cls, networks=NO_NORMALIZATION, compiled=False, precision=precision, **arguments)
        model.compile(*optimizers())
    history = model.fit(images, batch_size=8, steps_per_epoch=steps, verbose=0).history
    return model, history


@pytest.mark.parametrize(
    ("cls", "optimizers"),
    [
        (GAN, lambda: (keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))),
        (GAN, lambda: (keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))),
        (WGAN, lambda: (keras.optimizers.RMSprop(1e-3), keras.optimizers.RMSprop(1e-3))),
    ],
    ids=["gan-adam", "gan-sgd", "wgan-rmsprop"],
)
def test_two_replicas_equal_one_with_twice_the_batch(tiny, images, two_replicas, cls, optimizers):
    arguments = {"n_critic": 2} if cls is WGAN else {}
    one, one_history = train(tiny, cls, contextlib.nullcontext(), images, optimizers, **arguments)
    two, two_history = train(tiny, cls, two_replicas.scope(), images, optimizers, **arguments)
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6, err_msg=a.path)
    for name, value in one_history.items():
        assert two_history[name][0] == pytest.approx(value[0], abs=1e-6), name
    np.testing.assert_allclose(one.generate(4, seed=0), two.generate(4, seed=0), atol=1e-6)
    if cls is WGAN:
        bound = max(float(abs(w.numpy()).max()) for w in two.discriminator.trainable_variables)
        assert bound == np.float32(0.01)


@pytest.mark.thorough
def test_two_replicas_of_a_translation_model_equal_one_with_twice_the_batch(two_replicas):
    # No pool, because each replica has its own. One step, because the kinks of absolute differences amplify rounding
    # errors in later gradients.
    domains = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 16, 1)).astype("float32")

    def train_cyclegan(scope):
        with scope:
            small = {"width": 2}
            model = CycleGAN.create((16, 16, 1), small | {"blocks": 1}, small, pool_size=0)
            model.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01))
        return model, model.fit(*domains, batch_size=4, steps_per_epoch=1, verbose=0).history

    (one, one_history), (two, two_history) = (
        train_cyclegan(contextlib.nullcontext()),
        train_cyclegan(two_replicas.scope()),
    )
    for a, b in zip(one.trainable_variables, two.trainable_variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6, err_msg=a.path)
    for name, value in one_history.items():
        assert two_history[name][0] == pytest.approx(value[0], abs=1e-6), name


@pytest.mark.thorough
def test_two_replicas_of_a_text_model_equal_one_with_twice_the_batch(two_replicas):
    # Texts of different lengths, a reward with lookup tables, and several discriminator updates per step.
    texts = np.random.default_rng(0).integers(0, 6, (64, 5)).astype("int32")

    def train_seqgan(scope):
        with scope:
            small = {"units": 4, "initializer_stddev": 1.0}, {"filters": 4, "widths": (2,), "dropout": 0.0}
            model = SeqGAN.create(
                (5,), *small, vocabulary_size=6, corpus=texts, reward=["bleu", "discriminator"], n_critic=2, seed=1
            )
            model.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
        return model, model.fit(texts, batch_size=8, steps_per_epoch=3, verbose=0).history

    (one, one_history), (two, two_history) = train_seqgan(contextlib.nullcontext()), train_seqgan(two_replicas.scope())
    assert one_history["reward"][0] > 0.5
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6, err_msg=a.path)
    for name, value in one_history.items():
        assert two_history[name][0] == pytest.approx(value[0], abs=1e-6), name


@pytest.mark.thorough
def test_logged_means_do_not_drift_over_many_steps(tiny, images, two_replicas):
    """At learning rate 0 every step logs values of the same distribution, so replicas must not change their mean."""

    def frozen():
        return keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0)

    _, one = train(tiny, GAN, contextlib.nullcontext(), images, frozen, steps=300)
    _, two = train(tiny, GAN, two_replicas.scope(), images, frozen, steps=300)
    for name, value in one.items():
        assert two[name][0] == pytest.approx(value[0], abs=1e-5), name


def test_a_batch_size_that_replicas_do_not_divide_is_refused(tiny, images, two_replicas):
    with two_replicas.scope():
        model = tiny(GAN)
    with pytest.raises(ValueError, match="received 7 for 2 replicas, expected a multiple of 2"):
        model.fit(images, batch_size=7, verbose=0)


def test_half_precision_scales_losses_and_unscales_gradients_once(tiny, images):
    """float16 with loss scaling and float32 take the same SGD step, within 2 % for half precision."""

    def weight_updates(precision):
        model = tiny(GAN, network="mlp", compiled=False, precision=precision)
        model.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
        before = [w.numpy() for w in model.trainable_variables]
        model.fit(images, batch_size=8, steps_per_epoch=1, verbose=0)
        return [w.numpy() - b for b, w in zip(before, model.trainable_variables, strict=True)]

    for full, half in zip(weight_updates("float32"), weight_updates("float16"), strict=True):
        assert np.linalg.norm(full) > 0
        assert np.linalg.norm(full - half) <= 0.02 * np.linalg.norm(full)


def test_loss_scaling_works_across_replicas(tiny, images, two_replicas):
    with two_replicas.scope():
        model = tiny(WGAN, network="mlp", precision="float16", n_critic=2)
    history = model.fit(images, batch_size=8, steps_per_epoch=4, verbose=0).history
    assert all(np.isfinite(value).all() for value in history.values())
    assert int(model.discriminator_optimizer.iterations.numpy()) == 8
    for weight in model.trainable_variables:
        np.testing.assert_array_equal(*[copy.numpy() for copy in weight.value.values])
