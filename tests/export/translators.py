"""Two tiny translators, and what tests of their exports share."""

import io

import numpy as np
from ganzoo.export.translation import smooth_picture
from ganzoo.zoo import CycleGAN, Pix2Pix
from PIL import Image

SMALL = {"width": 4}
SIGNATURE = {"y": "translate_xy", "x": "translate_yx"}


def lively(model, seed=0):
    """Gives the averages pictures of strong contrast, and statistics of their own."""
    numbers = np.random.default_rng(seed)
    for network, _ in model.averaged_networks():
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
    """Name -> model; the y of the CycleGAN is grey."""
    cycle = CycleGAN.create((16, 16, 3), SMALL | {"blocks": 1}, SMALL, target_shape=(16, 16, 1))
    return {"cycle": lively(cycle), "pix": lively(Pix2Pix.create((16, 16, 3), SMALL, SMALL))}


def pictures(shape, num=3):
    return np.stack([smooth_picture(shape, seed) for seed in range(700, 700 + num)])


def translated(model, images, to):
    return model.translate(images, to) / 2 + 0.5


def channels(model, to):
    return model.translator(to).input_shape[-1]


def directions(models):
    return [(name, model, to) for name, model in models.items() for to in model.directions]


def as_file(pixels, kind, **how):
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, kind, **how)
    return buffer.getvalue()


def read(file, like):
    return np.asarray(Image.open(io.BytesIO(file))).reshape(like.shape)


def assert_same_pixels(found, expected):
    """A value on the edge of two grey levels may fall to either side in another batch."""
    assert found.shape == expected.shape
    apart = abs(found.astype(int) - expected)
    assert apart.max() <= 1
    assert (apart > 0).mean() < 1e-2
