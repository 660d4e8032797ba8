"""A small convolutional network that trains in minutes on two CPU cores, for extractors and GAN-train."""

import keras
import numpy as np
from keras import layers

from ....zoo.core.image_scaling import from_uint8
from ....zoo.core.progress import track_progress

# Larger images are downscaled to it first.
RESOLUTION = 32
FEATURES = 64
BATCH = 128
EPOCHS = 5
# Bounds on the images shown in training: small sets get more epochs, large ones fewer.
MIN_IMAGES = 60_000
MAX_IMAGES = 300_000
LEARNING_RATE = 2e-3


def build_convnet(shape, heads, seed=0):
    """Builds the network: three convolutions, a layer of features, one layer of logits per head.

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
    # A stride of 2 in the first layer saves most of the time: all other layers run at half the resolution or less.
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
    """Trains the heads with cross-entropy; the learning rate decays to zero by a cosine schedule.

    Args:
        model: from `build_convnet`.
        batches: callable (epoch, batch size) -> iterator of (uint8 images, dict of head -> int labels).
        images_per_epoch: int.
        title: str or None, of a progress bar on stderr.
    """
    epochs = num_epochs(images_per_epoch)
    steps = epochs * max(1, images_per_epoch // BATCH)
    heads = [name for name in model.output if name != "features"]
    trainable = keras.Model(model.input, {name: model.output[name] for name in heads})
    trainable.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)),
        loss={name: keras.losses.SparseCategoricalCrossentropy(from_logits=True) for name in heads},
        jit_compile=False,
    )
    with track_progress(None, title, steps, "steps", title is not None, leave=False) as bar:
        for epoch in range(epochs):
            for images, labels in batches(epoch, BATCH):
                trainable.train_on_batch(from_uint8(images), labels)
                bar.update()


def num_epochs(images_per_epoch):
    """Returns the number of epochs for a set of this size: 5, or what keeps the images shown in [60,000, 300,000]."""
    num_images = np.clip(EPOCHS * images_per_epoch, MIN_IMAGES, MAX_IMAGES)
    return max(1, round(int(num_images) / images_per_epoch))


def shuffled_batches(num_samples, epoch, batch_size):
    """Yields the sorted rows of each full batch of one epoch; the order is a function of `epoch`."""
    order = np.random.default_rng((7, epoch)).permutation(num_samples)
    for start in range(0, num_samples - batch_size + 1, batch_size):
        yield np.sort(order[start : start + batch_size])
