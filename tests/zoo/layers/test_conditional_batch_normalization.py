"""`ConditionalBatchNormalization`, compared with values computed by hand."""

import numpy as np
from ganzoo.zoo import ConditionalBatchNormalization


def test_conditional_normalization_scales_by_the_rows_class():
    layer = ConditionalBatchNormalization(3, momentum=0.5, epsilon=0.0)
    features = np.array([[1.0, 10.0], [3.0, 30.0], [1.0, 10.0], [3.0, 30.0]], "float32")
    labels = np.array([0, 1, 2, 2], "int32")
    layer.build([(None, 2), (None,)])
    # Normalized, the rows are -1 and 1 in both columns.
    np.testing.assert_allclose(
        layer([features, labels], training=True), [[-1, -1], [1, 1], [-1, -1], [1, 1]], atol=1e-5
    )
    layer.gamma.assign([[1, 2], [3, 4], [5, 6]])
    layer.beta.assign([[0, 0], [10, 0], [0, 20]])
    expected = [[-1, -2], [13, 4], [-5, 14], [5, 26]]
    np.testing.assert_allclose(layer([features, labels], training=True), expected, atol=1e-4)
    # After two training calls at momentum 0.5 the moving mean is three quarters of the batch's, (2, 20).
    np.testing.assert_allclose(layer.normalize.moving_mean.numpy(), [1.5, 15.0], atol=1e-5)
