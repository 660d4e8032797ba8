"""ProjectionGAN: the logit of the paper's equation 3."""

import keras
import numpy as np
from ganzoo.zoo import ProjectionGAN


def test_the_logit_adds_the_projection_on_the_label_embedding(tiny, images):
    model = tiny(ProjectionGAN, network="projection_dcgan", num_classes=3)
    network = model.discriminator
    (table,) = [layer for layer in network.layers if isinstance(layer, keras.layers.Embedding)]
    embeddings = np.random.default_rng(0).normal(size=table.embeddings.shape).astype("float32")
    table.embeddings.assign(embeddings)
    labels = np.array([2, 0, 1], "int32")
    flat = next(layer for layer in network.layers if isinstance(layer, keras.layers.Flatten))
    features = keras.Model(network.inputs, flat.output)([images[:3], labels], training=False).numpy()
    kernel, bias = network.get_layer("logits").get_weights()
    expected = features @ kernel + bias + (features * embeddings[labels]).sum(1, keepdims=True)
    np.testing.assert_allclose(network([images[:3], labels], training=False), expected, rtol=1e-4, atol=1e-5)


def test_the_default_loss_is_the_papers(tiny):
    model = tiny(ProjectionGAN, network="projection_dcgan", num_classes=3)
    assert model.loss_name == "hinge"
    assert tiny(ProjectionGAN, network="projection_dcgan", num_classes=3, loss="minimax").loss_name == "minimax"
