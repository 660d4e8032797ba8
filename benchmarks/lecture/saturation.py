"""Claim 3, saturation: which gradient reaches the generator while the discriminator gets ahead?

    python benchmarks/lecture/saturation.py

The generator keeps its initial weights; only the discriminator trains, on scikit-learn's digits at 16x16. After 0, 1,
3, 10, ... of its updates the gradient of the generator loss is measured on the same 512 latents:

- weights: the norm of the gradient with respect to all of the generator's weights;
- samples: the mean norm of the gradient of one sample's loss with respect to that sample.

The norm depends on the unit of the loss, so the result is the change since the start. Minimax and non-saturating share
one discriminator, because their discriminator loss is the same. The critic's weights are clipped before the first
measurement too. The layouts are two pairs of networks: multilayer perceptrons, and the DCGAN pair.
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from ganzoo.training import load
from ganzoo.zoo import GAN, WGAN
from ganzoo.zoo.core.image_scaling import from_uint8
from ganzoo.zoo.losses.adversarial_losses import LOSSES, discriminator_accuracy
from record import Record, options

CHECKS = (0, 1, 3, 10, 30, 100, 300, 1000)
PROBES = 512
ADAM = {"optimizer": "adam", "learning_rate": 2e-4, "beta_1": 0.5}
COMMON = {"resolution": 16, "latent_dim": 64, "batch_size": 64, "probes": PROBES}
# Model of the discriminator -> generator losses that are measured against it.
GENERATOR_LOSSES = {"gan": ("minimax", "non_saturating"), "wgan": ("wasserstein",)}
SETTINGS = {"gan": COMMON | ADAM, "wgan": COMMON | ADAM | {"clip_value": 0.05}}
# The networks of the recipes for digits; `create` builds the critic without batch normalization.
NETWORKS = {"mlp": {"network": "mlp", "width": 128}, "dcgan": {"network": "dcgan", "width": 16}}


def build(kind, layout, seed):
    settings = SETTINGS[kind]
    networks = {"generator": NETWORKS[layout], "discriminator": NETWORKS[layout], "latent_dim": settings["latent_dim"]}
    shape = (settings["resolution"], settings["resolution"], 1)
    if kind == "gan":
        model = GAN.create(shape, **networks, seed=seed)
    else:
        model = WGAN.create(shape, **networks, clip_value=settings["clip_value"], seed=seed)
        for variable in model.discriminator_variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
    optimizers = [keras.optimizers.Adam(settings["learning_rate"], settings["beta_1"]) for _ in range(2)]
    model.compile(*optimizers)
    return model


def trainer(model, batch_size, seed):
    """Returns the compiled function that trains the discriminator alone from one update to another."""
    source = load("digits", resolution=model.generator.output_shape[1])
    batches = iter(source.batches(batch_size, seed))
    variables = model.discriminator_variables

    @tf.function
    def train(first, last):
        for step in tf.range(first, last):
            latents = tf.random.stateless_normal((batch_size, model.latent_dim), (seed, step))
            fakes = model.generate_fakes({"latents": latents})
            real = from_uint8(next(batches)["images"])
            with tf.GradientTape() as tape:
                logits = [model.discriminate(samples, {}, training=True) for samples in (real, fakes)]
                loss = model.discriminator_loss(*logits)
            gradients = tape.gradient(loss, [variable.value for variable in variables])
            model.discriminator_optimizer.apply(gradients, variables)

    return train


def prober(model, seed):
    """Returns the compiled function that measures the generator's gradient for a named loss."""
    latents = tf.random.stateless_normal((PROBES, model.latent_dim), (seed, -1))
    weights = [variable.value for variable in model.generator_variables]
    digits = load("digits", resolution=model.generator.output_shape[1])
    real = from_uint8(tf.constant(digits.samples[:PROBES]))

    @tf.function
    def probe(name):
        with tf.GradientTape() as tape:
            fakes = model.generate_fakes({"latents": latents})
            fake_logits = model.discriminate(fakes, {}, training=True)
            loss = LOSSES[name].generator_loss(None, fake_logits)
        to_weights, to_samples = tape.gradient(loss, [weights, fakes])
        each = tf.norm(tf.reshape(to_samples, (PROBES, -1)), axis=1) * PROBES
        real_logits = model.discriminate(real, {}, training=True)
        measured = {
            "weights": tf.linalg.global_norm(to_weights),
            "samples": tf.reduce_mean(each),
            "fake_logits": tf.reduce_mean(fake_logits),
            "real_logits": tf.reduce_mean(real_logits),
        }
        # A critic does not classify.
        decision_threshold = LOSSES[name].decision_threshold
        return (
            measured
            if decision_threshold is None
            else measured | {"d_accuracy": discriminator_accuracy(real_logits, fake_logits, decision_threshold)}
        )

    return probe


def at_bound(model):
    """Returns the share of a critic's weights that are at the clipping bound; empty for a discriminator."""
    if not isinstance(model, WGAN):
        return {}
    weights = tf.concat([tf.reshape(variable.value, (-1,)) for variable in model.discriminator_variables], axis=0)
    return {"at_bound": float(tf.reduce_mean(tf.cast(tf.abs(weights) > 0.999 * model.clip_value, tf.float32)))}


def measure(kind, layout, checks, seed):
    """Returns loss name -> number of discriminator updates -> gradient norms and logits."""
    model = build(kind, layout, seed)
    train, probe = trainer(model, SETTINGS[kind]["batch_size"], seed), prober(model, seed)
    numbers = {name: {} for name in GENERATOR_LOSSES[kind]}
    done = 0
    for check in checks:
        train(tf.constant(done), tf.constant(check))
        done = check
        for name in GENERATOR_LOSSES[kind]:
            numbers[name][str(check)] = {key: float(value) for key, value in probe(name).items()} | at_bound(model)
    return numbers


def main():
    arguments = options(__doc__, steps=1000, layouts="mlp,dcgan")
    checks = [check for check in CHECKS if check < arguments.steps] + [arguments.steps]
    for seed in arguments.seeds:
        for layout in arguments.layouts.split(","):
            for kind, names in GENERATOR_LOSSES.items():
                settings = SETTINGS[kind] | NETWORKS[layout]
                records = {
                    name: Record(
                        arguments.results, "saturation", name, layout, seed,
                        {"steps": arguments.steps, "layouts": layout}, settings,
                    )
                    for name in names
                }  # fmt: skip
                missing = [name for name in names if records[name].missing()]
                if not missing:
                    continue
                start = time.perf_counter()
                numbers = measure(kind, layout, checks, seed)
                for name in missing:
                    records[name].write(numbers[name], time.perf_counter() - start)


if __name__ == "__main__":
    main()
