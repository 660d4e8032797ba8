"""Two tiny translation models, and helpers for the tests of their exports."""

import numpy as np
from ganzoo.export.signatures.translation_signatures import smooth_image
from ganzoo.zoo import CycleGAN, Pix2Pix

SMALL = {"width": 4}
SIGNATURE = {"y": "translate_xy", "x": "translate_yx"}


def with_random_weights(model, seed=0):
    """Gives the EMA networks random weights and statistics, so that images have a strong contrast."""
    numbers = np.random.default_rng(seed)
    for network, _ in model.ema_networks():
        for weight in network.weights:
            name = weight.path.rpartition("/")[2]
            if name in ("gamma", "moving_variance"):
                weight.assign(numbers.uniform(0.7, 1.3, weight.shape))
            elif name == "kernel":
                weight.assign(numbers.normal(0, 0.8 / np.sqrt(np.prod(weight.shape[:3])), weight.shape))
            elif len(weight.shape) == 1:
                weight.assign(numbers.normal(0, 0.1, weight.shape))
    return model


def tiny_translators():
    """Returns a dict of name -> model; domain y of the CycleGAN is gray."""
    cycle = CycleGAN.create((16, 16, 3), SMALL | {"blocks": 1}, SMALL, target_shape=(16, 16, 1))
    pix = Pix2Pix.create((16, 16, 3), SMALL, SMALL)
    return {"cycle": with_random_weights(cycle), "pix": with_random_weights(pix)}


def example_images(shape, count=3):
    return np.stack([smooth_image(shape, seed) for seed in range(700, 700 + count)])


def translate(model, images, to):
    """Returns the model's translations in [0, 1]."""
    return model.translate(images, to) / 2 + 0.5


def source_channels(model, to):
    return model.translator(to).input_shape[-1]


def directions(models):
    return [(name, model, to) for name, model in models.items() for to in model.directions]
