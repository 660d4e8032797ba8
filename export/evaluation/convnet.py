"""A small convolutional network that learns on two cores in minutes what its features are for."""

import sys

import keras
import numpy as np
from keras import layers
from tqdm import tqdm

from ...zoo.images import from_uint8

# Larger images are shrunk to it first.
RESOLUTION = 32
FEATURES = 64
BATCH = 128
EPOCHS = 5
# Small sets are gone through more often, until this many images were seen.
LEAST_IMAGES = 60_000
MOST_IMAGES = 300_000
LEARNING_RATE = 2e-3


def build_convnet(shape, heads, seed=0):
    """Builds the network: three convolutions, a layer of features, one layer of logits for each head.

    Args:
        shape: (height, width, channels) of an image.
        heads: dict of name -> number of values.
        seed: int >= 0. Default 0.

    Returns:
        `keras.Model`, (batch, height, width, channels) in [-1, 1] -> dict of `features` (batch, 64) and logits by head.
    """
    seeds = iter(range(seed, seed + 100))

    def kernel():
        return keras.initializers.HeNormal(next(seeds))

    inputs = x = keras.Input(shape, dtype="float32", name="images")
    if max(shape[:2]) > RESOLUTION:
        x = layers.Resizing(RESOLUTION, RESOLUTION, "bilinear", antialias=True, dtype="float32")(x)
    # The first stride saves most of the time: what is left runs at half the resolution.
    for size, width in ((4, 32), (3, 64), (3, 128)):
        x = layers.Conv2D(width, size, 2, "same", use_bias=False, kernel_initializer=kernel(), dtype="float32")(x)
        x = layers.BatchNormalization(momentum=0.9, dtype="float32")(x)
        x = layers.ReLU(dtype="float32")(x)
    x = layers.Flatten(dtype="float32")(x)
    features = layers.Dense(FEATURES, kernel_initializer=kernel(), dtype="float32", name="features")(x)
    hidden = layers.ReLU(dtype="float32")(layers.BatchNormalization(momentum=0.9, dtype="float32")(features))
    outputs = {
        name: layers.Dense(count, kernel_initializer=kernel(), dtype="float32")(hidden) for name, count in heads.items()
    }
    return keras.Model(inputs, {"features": features} | outputs, name="convnet")


def train_convnet(model, batches, images_per_epoch, title=None):
    """Trains the heads by cross-entropy, the learning rate falling to zero.

    Args:
        model: from `build_convnet`.
        batches: callable (epoch, batch size) -> iterator of (uint8 images, dict of head -> int labels).
        images_per_epoch: int.
        title: str or None, of a progress bar on stderr.
    """
    epochs = schooling(images_per_epoch)
    steps = epochs * max(1, images_per_epoch // BATCH)
    heads = [name for name in model.output if name != "features"]
    learner = keras.Model(model.input, {name: model.output[name] for name in heads})
    learner.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)),
        loss={name: keras.losses.SparseCategoricalCrossentropy(from_logits=True) for name in heads},
        jit_compile=False,
    )
    with tqdm(total=steps, desc=title, file=sys.stderr, disable=title is None, leave=False) as bar:
        for epoch in range(epochs):
            for images, labels in batches(epoch, BATCH):
                learner.train_on_batch(from_uint8(images), labels)
                bar.update()


def schooling(images_per_epoch):
    """Returns how often a set of this size is gone through."""
    wanted = np.clip(EPOCHS * images_per_epoch, LEAST_IMAGES, MOST_IMAGES)
    return max(1, round(int(wanted) / images_per_epoch))


def shuffled(num, epoch, batch_size):
    """Yields the rows of each full batch of one pass, in an order that (epoch) names."""
    order = np.random.default_rng((7, epoch)).permutation(num)
    for start in range(0, num - batch_size + 1, batch_size):
        yield np.sort(order[start : start + batch_size])
