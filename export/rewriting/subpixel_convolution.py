"""Transposed convolutions as plain ones: the same numbers, several times faster on devices.

A transposed convolution of stride s writes s x s interleaved images (phases), each of which is a plain convolution of
the input with every s-th tap of the kernel (Shi et al. 2016, arXiv:1609.07009). `depth_to_space` interleaves them.
Interpreters have their fastest kernels for plain convolutions. Batch normalization and ReLU after the convolution are
folded into it.

`SubpixelConvolution` has two forms. One convolution per phase multiplies no zeros and is faster where it has enough
filters to fill a vector register; with fewer filters, one convolution for all phases is faster (measured with LiteRT on
AVX2: for the last layer of a 32x32 DCGAN, with one filter, the second form made the complete generator 8 to 20 %
faster).
"""

import numpy as np
import tensorflow as tf
from keras import layers

FEW_FILTERS = 8


class SubpixelConvolution(layers.Layer):
    """Computes a `Conv2DTranspose`, with batch normalization and ReLU folded into it.

    Args:
        kernel: float32 array (height, width, filters, channels), the layout of `Conv2DTranspose`.
        bias: float32 array (filters,).
        stride: int >= 1, of both axes.
        padding: "same" or "valid".
        relu: bool, whether a ReLU is applied to the outputs. Default False.

    Input shape: (batch, height, width, channels). Output shape: (batch, new height, new width, filters).
    """

    def __init__(self, kernel, bias, stride, padding, relu=False, **kwargs):
        super().__init__(**kwargs)
        self.kernel, self.bias, self.stride, self.relu = kernel, bias, stride, relu
        self.axes = [_Axis(size, stride, padding) for size in kernel.shape[:2]]
        self.built = True

    def call(self, inputs):
        """Returns the interleaved phases."""
        rows, columns = self.axes
        joint = self.kernel.shape[2] < FEW_FILTERS
        outputs = self._joint_phases(inputs) if joint else self._separate_phases(inputs)
        if self.stride > 1:
            outputs = tf.nn.depth_to_space(outputs, self.stride)
        height, width = rows.length(inputs.shape[1]), columns.length(inputs.shape[2])
        return outputs if outputs.shape[1:3] == (height, width) else outputs[:, :height, :width]

    def compute_output_shape(self, input_shape):
        """Returns the output shape of the transposed convolution."""
        rows, columns = self.axes
        return (input_shape[0], rows.length(input_shape[1]), columns.length(input_shape[2]), self.kernel.shape[2])

    def _separate_phases(self, inputs):
        """Computes one convolution per phase, each with its own taps."""
        rows, columns = self.axes
        phases = []
        for row in range(self.stride):
            for column in range(self.stride):
                taps = np.ix_(rows.taps(row), columns.taps(column))
                kernel = _padded(self.kernel)[taps].transpose(0, 1, 3, 2)
                padding = [rows.padding(inputs.shape[1], row), columns.padding(inputs.shape[2], column)]
                phases.append(self._convolved(inputs, kernel, padding, self.bias))
        return phases[0] if len(phases) == 1 else tf.concat(phases, axis=-1)

    def _joint_phases(self, inputs):
        """Computes one convolution for all phases over the union of their taps; taps that a phase lacks are zero."""
        rows, columns = self.axes
        height, width = len(rows.taps(0, common=True)), len(columns.taps(0, common=True))
        channels, filters = self.kernel.shape[3], self.kernel.shape[2]
        kernel = np.zeros((height, width, channels, self.stride**2 * filters), np.float32)
        for row in range(self.stride):
            for column in range(self.stride):
                taps = np.ix_(rows.taps(row, common=True), columns.taps(column, common=True))
                first = (row * self.stride + column) * filters
                kernel[..., first : first + filters] = _padded(self.kernel)[taps].transpose(0, 1, 3, 2)
        padding = [rows.padding(inputs.shape[1]), columns.padding(inputs.shape[2])]
        return self._convolved(inputs, kernel, padding, np.tile(self.bias, self.stride**2))

    def _convolved(self, inputs, kernel, padding, bias):
        if any(amount for pair in padding for amount in pair):
            inputs = tf.pad(inputs, [(0, 0), *padding, (0, 0)])
        outputs = tf.nn.bias_add(tf.nn.conv2d(inputs, kernel, 1, "VALID"), bias)
        return tf.nn.relu(outputs) if self.relu else outputs


class _Axis:
    """The taps that contribute to each output along one axis.

    Output o = stride * q + phase is output o + crop of the full transposed convolution, to which input q + d
    contributes with tap phase + crop - stride * d, if the kernel has it.
    """

    def __init__(self, size, stride, padding):
        self.size, self.stride = size, stride
        self.valid = padding == "valid"
        self.crop = 0 if self.valid else max(size - stride, 0) // 2

    def offsets(self, phase):
        """Returns the offsets d of the inputs of a phase: at least one, although its tap may be missing."""
        first = -((self.size - 1 - phase - self.crop) // self.stride)
        last = (phase + self.crop) // self.stride
        return range(min(first, last), last + 1)

    def window(self, phase=None):
        """Returns the first and last offset of a phase, or of all phases."""
        offsets = [self.offsets(phase)] if phase is not None else [self.offsets(p) for p in range(self.stride)]
        return min(o[0] for o in offsets), max(o[-1] for o in offsets)

    def taps(self, phase, common=False):
        """Returns a phase's taps over its own or the common window; -1 where the kernel has none."""
        first, last = self.window(None if common else phase)
        taps = [phase + self.crop - self.stride * d for d in range(first, last + 1)]
        return [tap if 0 <= tap < self.size else -1 for tap in taps]

    def length(self, length):
        """Returns the length of the output, as Keras defines it."""
        if length is None:
            return None
        return length * self.stride + (max(self.size - self.stride, 0) if self.valid else 0)

    def padding(self, length, phase=None):
        """Returns the zeros before and after the input for which the convolution has the outputs of a phase."""
        first, last = self.window(phase)
        additional = 0 if not self.valid else -(-self.length(length) // self.stride) - length
        return max(0, -first), max(0, last + additional)


def _padded(kernel):
    """Returns the kernel with a zero tap at the end of both axes, which index -1 selects."""
    return np.pad(kernel, [(0, 1), (0, 1), (0, 0), (0, 0)])
