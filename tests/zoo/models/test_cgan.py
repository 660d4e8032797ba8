"""CGAN: both networks are conditioned on the label."""

import numpy as np
from ganzoo.zoo import CGAN


def test_the_logits_depend_on_the_label(tiny, images):
    model = tiny(CGAN, network="conditional_dcgan", num_classes=3)
    first = model.discriminate(images[:4], {"labels": np.array([0, 0, 1, 2])}, training=True).numpy()
    second = model.discriminate(images[:4], {"labels": np.array([1, 0, 1, 1])}, training=True).numpy()
    assert (first != second)[[0, 3]].all()


def test_label_embeddings_start_smaller_than_the_latents(tiny):
    # With embeddings as large as the latents, samples differed by their label alone: each class collapsed to one image.
    model = tiny(CGAN, network="conditional_dcgan", num_classes=3)
    (table,) = [weight for weight in model.generator.weights if weight.path.endswith("embeddings")]
    assert 0 < abs(table.numpy()).max() <= 0.05


def test_training_associates_labels_with_images(tiny):
    # Two classes of constant images, dark and light, are learned within a few hundred steps.
    labels = np.arange(256) % 2
    shades = np.where(labels, 0.8, -0.8)[:, np.newaxis, np.newaxis, np.newaxis]
    images = (shades * np.ones((1, 8, 8, 1))).astype("float32")
    model = tiny(CGAN, network="conditional_dcgan", num_classes=2)
    model.fit(images, labels, batch_size=32, steps_per_epoch=400, verbose=0)
    dark, light = (model.generate(32, seed=0, labels=label).mean() for label in (0, 1))
    assert dark < -0.4
    assert light > 0.4
