"""Claim 1, disjoint supports: does the loss measure how far the fakes are from the data?

    python benchmarks/lecture/supports.py

Two parallel vertical segments of length 1 in the plane, the real one at x = 0 and the fake one at x = distance
(Arjovsky, Chintala, Bottou 2017, arXiv:1701.07875, example 1). There is no generator: for each distance a new network
is trained to separate the two segments, and its estimate of the distance is recorded at the end.

- discriminator: the original objective; its estimate of the Jensen-Shannon divergence is log 2 - loss / 2. The true
  value is log 2 at every distance except 0, where it is 0.
- critic: the Wasserstein objective under weight clipping; its estimate is E[D(x)] - E[D(G(z))]. The true value is the
  distance times the critic's Lipschitz constant, which clipping bounds but does not set. The estimate is therefore also
  given divided by the steepest slope of the trained critic between the segments: a lower bound of the distance.

Distance 0 is the control: both estimates must be 0.
"""

import math
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from ganzoo.zoo.losses.adversarial_losses import LOSSES
from ganzoo.zoo.networks.mlp import mlp_discriminator
from ganzoo.zoo.optimization.weight_clipping import clip_weights
from record import Record, options

DISTANCES = (2.0, 1.0, 0.5, 0.25, 0.1, 0.0)
CHECKS = 20
NETWORK = {"width": 64, "depth": 3}
BATCH = 128
SETTINGS = {
    "discriminator": {"loss": "minimax", "optimizer": "adam", "learning_rate": 1e-3, "beta_1": 0.5},
    "critic": {"loss": "wasserstein", "optimizer": "rmsprop", "learning_rate": 5e-4, "clip_value": 0.1},
}


def optimizer_of(settings):
    if settings["optimizer"] == "adam":
        return keras.optimizers.Adam(settings["learning_rate"], beta_1=settings["beta_1"])
    return keras.optimizers.RMSprop(settings["learning_rate"])


def segment(heights, x):
    return tf.stack([tf.fill(tf.shape(heights), x), heights], axis=1)


def trainer(network, loss, optimizer, distance, seed):
    """Returns the compiled function that trains from one step to another."""
    variables = network.trainable_variables
    optimizer.build(variables)

    @tf.function
    def train(first, last):
        for step in tf.range(first, last):
            heights = tf.random.stateless_uniform((2, BATCH), (seed, step))
            with tf.GradientTape() as tape:
                real_logits = network(segment(heights[0], 0.0), training=True)
                fake_logits = network(segment(heights[1], distance), training=True)
                total = loss.discriminator_loss(real_logits, fake_logits)
            optimizer.apply(tape.gradient(total, [variable.value for variable in variables]), variables)

    return train


def estimate(network, loss, distance):
    """Returns the loss's estimate on evenly spaced points of both segments."""
    heights = tf.linspace(0.0, 1.0, 1001)
    real_logits, fake_logits = network(segment(heights, 0.0)), network(segment(heights, distance))
    value = -float(loss.discriminator_loss(real_logits, fake_logits))
    return value if loss is LOSSES["wasserstein"] else math.log(2) + value / 2


def steepest_slope(network, distance):
    """Returns the largest norm of the network's gradient on a lattice between the segments."""
    heights, shares = tf.meshgrid(tf.linspace(0.0, 1.0, 101), tf.linspace(0.0, 1.0, 101))
    points = tf.reshape(tf.stack([shares * distance, heights], axis=-1), (-1, 2))
    with tf.GradientTape() as tape:
        tape.watch(points)
        logits = network(points)
    return float(tf.reduce_max(tf.norm(tape.gradient(logits, points), axis=1)))


def measure(variant, distance, steps, seed):
    settings = SETTINGS[variant]
    network = mlp_discriminator((2,), **NETWORK, seed=1000 + 10 * seed)
    if variant == "critic":
        clip_weights(network, settings["clip_value"])
    loss = LOSSES[settings["loss"]]
    train = trainer(network, loss, optimizer_of(settings), distance, seed)
    bounds = [steps * check // CHECKS for check in range(CHECKS + 1)]
    history = []
    for first, last in zip(bounds[:-1], bounds[1:], strict=True):
        train(tf.constant(first), tf.constant(last))
        history.append(estimate(network, loss, distance))
    numbers = {"estimate": history[-1], "history": history}
    if variant == "critic":
        slope = steepest_slope(network, distance)
        numbers |= {"slope": slope, "over_slope": history[-1] / slope}
    return numbers


def main():
    arguments = options(__doc__, steps=2000)
    for seed in arguments.seeds:
        for variant, settings in SETTINGS.items():
            settings = settings | NETWORK | {"batch_size": BATCH, "distances": DISTANCES}
            record = Record(
                arguments.results, "supports", variant, "segments", seed, {"steps": arguments.steps}, settings
            )
            if not record.missing():
                continue
            start = time.perf_counter()
            numbers = {str(distance): measure(variant, distance, arguments.steps, seed) for distance in DISTANCES}
            record.write(numbers, time.perf_counter() - start)


if __name__ == "__main__":
    main()
