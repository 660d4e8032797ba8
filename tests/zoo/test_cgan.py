"""ConditionalGAN: the discriminator must see the label."""

import numpy as np
from ganzoo.zoo import ConditionalGAN


def test_the_logits_hang_on_the_label(tiny, images):
    model = tiny(ConditionalGAN, network="labelled_dcgan", num_classes=3)
    first = model.discriminate(images[:4], {"labels": np.array([0, 0, 1, 2])}).numpy()
    second = model.discriminate(images[:4], {"labels": np.array([1, 0, 1, 1])}).numpy()
    assert (first != second)[[0, 3]].all()


def test_the_label_begins_weaker_than_the_latents(tiny):
    # As strong as they are, it was all that told samples apart: after training each class had one picture.
    model = tiny(ConditionalGAN, network="labelled_dcgan", num_classes=3)
    (table,) = [weight for weight in model.generator.weights if weight.path.endswith("embeddings")]
    assert 0 < abs(table.numpy()).max() <= 0.05


def test_it_learns_which_label_belongs_to_which_image(tiny):
    # Two flat classes, dark and light: a few hundred steps suffice to tell them apart.
    labels = np.arange(256) % 2
    shades = np.where(labels, 0.8, -0.8)[:, np.newaxis, np.newaxis, np.newaxis]
    images = (shades * np.ones((1, 8, 8, 1))).astype("float32")
    model = tiny(ConditionalGAN, network="labelled_dcgan", num_classes=2)
    model.fit(images, labels, batch_size=32, steps_per_epoch=400, verbose=0)
    dark, light = (model.generate(32, seed=0, labels=label).mean() for label in (0, 1))
    assert dark < -0.4
    assert light > 0.4
