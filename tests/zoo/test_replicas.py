"""Two replicas of batch b must equal one of batch 2b: same rows, same latents, gradients of the mean."""

import keras
import numpy as np
import pytest
from ganzoo.zoo import GAN, WGAN, CycleGAN, SeqGAN

PLAIN = {"normalization": "none"}


def run(tiny, cls, scope, images, optimizers, precision="float32", steps=5, **arguments):
    with scope:
        model = tiny(cls, networks=PLAIN, compiled=False, precision=precision, **arguments)
        model.compile(*optimizers())
    history = model.fit(images, batch_size=8, steps_per_epoch=steps, verbose=0).history
    return model, history


def one_device():
    import contextlib

    return contextlib.nullcontext()


@pytest.mark.parametrize(
    ("cls", "optimizers"),
    [
        (GAN, lambda: (keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))),
        (GAN, lambda: (keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))),
        (WGAN, lambda: (keras.optimizers.RMSprop(1e-3), keras.optimizers.RMSprop(1e-3))),
    ],
    ids=["gan-adam", "gan-sgd", "wgan-rmsprop"],
)
def test_two_replicas_equal_one_of_the_double_batch(tiny, images, two_replicas, cls, optimizers):
    arguments = {"n_critic": 2} if cls is WGAN else {}
    one, one_history = run(tiny, cls, one_device(), images, optimizers, **arguments)
    two, two_history = run(tiny, cls, two_replicas.scope(), images, optimizers, **arguments)
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6, err_msg=a.path)
    for name, value in one_history.items():
        assert two_history[name][0] == pytest.approx(value[0], abs=1e-6), name
    np.testing.assert_allclose(one.generate(4, seed=0), two.generate(4, seed=0), atol=1e-6)
    if cls is WGAN:
        bound = max(float(abs(w.numpy()).max()) for w in two.discriminator.trainable_variables)
        assert bound == np.float32(0.01)


def test_two_replicas_of_a_translator_equal_one_of_the_double_batch(two_replicas):
    # Without a pool: with one, each replica has a past of its own. One step: later the kinks of the absolute
    # differences turn rounding into other gradients.
    domains = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 16, 1)).astype("float32")

    def trained(scope):
        with scope:
            small = {"width": 2}
            model = CycleGAN.create((16, 16, 1), small | {"blocks": 1}, small, pool_size=0)
            model.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01))
        return model, model.fit(*domains, batch_size=4, steps_per_epoch=1, verbose=0).history

    (one, one_history), (two, two_history) = trained(one_device()), trained(two_replicas.scope())
    for a, b in zip(one.trainable_variables, two.trainable_variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6, err_msg=a.path)
    for name, value in one_history.items():
        assert two_history[name][0] == pytest.approx(value[0], abs=1e-6), name


def test_two_replicas_earn_what_one_of_the_double_batch_earns(two_replicas):
    # Texts of many lengths, tables of a reward, more than one turn of the discriminator.
    texts = np.random.default_rng(0).integers(0, 6, (64, 5)).astype("int32")

    def trained(scope):
        with scope:
            small = {"units": 4, "scale": 1.0}, {"filters": 4, "widths": (2,), "dropout": 0.0}
            model = SeqGAN.create(
                (5,), *small, vocabulary_size=6, corpus=texts, reward=["bleu", "discriminator"], n_critic=2, seed=1
            )
            model.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
        return model, model.fit(texts, batch_size=8, steps_per_epoch=3, verbose=0).history

    (one, one_history), (two, two_history) = trained(one_device()), trained(two_replicas.scope())
    assert one_history["reward"][0] > 0.5
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6, err_msg=a.path)
    for name, value in one_history.items():
        assert two_history[name][0] == pytest.approx(value[0], abs=1e-6), name


def test_logged_means_neither_grow_nor_vanish_over_many_steps(tiny, images, two_replicas):
    """With learning rate 0 every step logs the same distribution; a mean that drifts is a broken metric."""

    def still():
        return keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0)

    _, one = run(tiny, GAN, one_device(), images, still, steps=300)
    _, two = run(tiny, GAN, two_replicas.scope(), images, still, steps=300)
    for name, value in one.items():
        assert two[name][0] == pytest.approx(value[0], abs=1e-5), name


def test_a_batch_that_cannot_be_divided_is_refused(tiny, images, two_replicas):
    with two_replicas.scope():
        model = tiny(GAN)
    with pytest.raises(ValueError, match="received 7 for 2 replicas, expected a multiple of 2"):
        model.fit(images, batch_size=7, verbose=0)


def test_half_precision_scales_losses_and_unscales_gradients_once(tiny, images):
    """float16 with loss scaling and float32 take the same SGD step, to half precision's 2 %."""

    def moved(precision):
        model = tiny(GAN, network="mlp", compiled=False, precision=precision)
        model.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
        before = [w.numpy() for w in model.trainable_variables]
        model.fit(images, batch_size=8, steps_per_epoch=1, verbose=0)
        return [w.numpy() - b for b, w in zip(before, model.trainable_variables, strict=True)]

    for full, half in zip(moved("float32"), moved("float16"), strict=True):
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
