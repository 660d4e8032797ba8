"""Networks run in training mode wherever they are trained; rewards come from a discriminator without dropout."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.registry import variant_class, variants

CAPTIONS = ["a red square", "a blue circle"]
SMALL = {"width": 2}
# Models whose generator is trained on rewards, without a gradient of the discriminator.
REWARDED = {"seqgan", "maligan", "scratchgan"}


class Spy:
    """A network that records the mode of each call."""

    def __init__(self, network, modes):
        self._network, self._modes = network, modes

    def __call__(self, inputs, training=None):
        self._modes.append(training)
        return self._network(inputs, training=training)

    def __getattr__(self, name):
        return getattr(self._network, name)


def build(name):
    """Returns a tiny model and a batch of two rows."""
    cls, family = variant_class(name), variants()[name].family
    rng = np.random.default_rng(0)
    shape = (16, 16, 1) if family == "translation" else (8, 8, 1)
    images = rng.uniform(-1, 1, (2, *shape)).astype("float32")
    if family == "text":
        small = {"recurrent": {"units": 2}, "text_cnn": {"filters": 2, "widths": (2,)}}
        model = cls.create((3,), {"units": 2}, small[cls.default_networks["discriminator"]], vocabulary_size=5)
        batch = {"tokens": rng.integers(1, 5, (2, 3)).astype("int32")}
    elif family == "translation":
        generator = SMALL | ({"blocks": 1} if name == "cyclegan" else {})
        model = cls.create(shape, generator, SMALL | {"depth": 1})
        batch = {"x": images, "y": -images}
    else:
        arguments = {"captions": CAPTIONS, "interpolation_weight": 1.0} if name == "text_to_image_gan" else {}
        arguments |= {"num_classes": 3} if name in ("acgan", "cgan", "projection_gan") else {}
        model = cls.create(shape, SMALL, SMALL, latent_dim=4, **arguments)
        batch = {"images": images, "labels": np.array([0, 2], np.int32)}
        if name == "text_to_image_gan":
            tokens = model.vocabulary.encode(CAPTIONS)
            batch |= {"tokens": tokens, "wrong_tokens": tokens[::-1].copy()}
    batch = {key: tf.constant(value) for key, value in batch.items()}
    return model, batch | model.sample_step_inputs(2, model.step.value)


@pytest.mark.parametrize("name", variants())
def test_objectives_run_networks_in_training_mode(name):
    model, batch = build(name)
    modes = {}
    for role in set(model.network_roles) - {"reward"}:
        object.__setattr__(model, role, Spy(getattr(model, role), modes.setdefault(role, [])))
    fakes = model.generate_fakes(batch)
    model.discriminator_objective(batch, fakes)
    trained = {role: len(calls) for role, calls in modes.items()}
    model.generator_objective(batch, fakes)
    assert {mode for role, calls in modes.items() for mode in calls[: trained[role]]} == {True}
    later = {mode for role, calls in modes.items() for mode in calls[trained[role] :]}
    assert later == ({False} if name in REWARDED else {True})
