"""Gradients of logits with respect to samples, which penalties measure."""

import tensorflow as tf


def squared_gradient_norms(discriminate, samples):
    """Returns the squared norm of the gradient of each row's logits with respect to its sample.

    A row with several logits, such as those of patches, contributes the gradient of their sum.

    Args:
        discriminate: function of samples that returns their logits.
        samples: tensor (batch, ...), or a dict of tensors. The tensors of a dict are one sample, such as a pair of
            images, unless the logits are a dict too: then each belongs to a discriminator of its own.

    Returns:
        list of float32 tensors (batch,): one, or one for each discriminator.

    Example:

    >>> [norms] = squared_gradient_norms(lambda x: 3 * x[:, :1] - 4 * x[:, 1:], tf.zeros((2, 2)))
    >>> norms.numpy().tolist()
    [25.0, 25.0]
    """
    samples = tf.nest.map_structure(lambda part: tf.cast(part, tf.float32), samples)
    parts = tf.nest.flatten(samples)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(parts)
        logits = discriminate(samples)
        # Rows do not depend on each other, so the gradient of the sum has the gradient of each row.
        total = sum(tf.reduce_sum(tf.cast(each, tf.float32)) for each in tf.nest.flatten(logits))
    gradients = tape.gradient(total, parts, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    norms = [tf.reduce_sum(tf.square(gradient), axis=list(range(1, len(gradient.shape)))) for gradient in gradients]
    return norms if isinstance(logits, dict) else [tf.add_n(norms)]


def mean_over_parts(values):
    """Returns the sum over discriminators of the means over rows: float32 scalar."""
    return tf.add_n([tf.reduce_mean(value) for value in values])
