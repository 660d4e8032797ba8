"""Layers that Keras does not have."""

import keras
from keras import layers, ops

from .errors import ArgumentError


@keras.saving.register_keras_serializable("ganzoo")
class SpectralConv2D(layers.Conv2D):
    """A convolution whose kernel is divided by its largest singular value, gradients passing through both.

    When to use it: in a discriminator that shall be Lipschitz. `keras.layers.SpectralNormalization` overwrites the
    kernel itself in every forward pass, another algorithm: optimisers do not see what it does to the weights.

    Paper: Miyato et al. 2018, "Spectral normalization for generative adversarial networks" (arXiv:1802.05957),
    equations 7-9 and algorithm 1: one power iteration a training call on the kernel as a (rest, filters) matrix.

    Args:
        filters, kernel_size, **kwargs: of `keras.layers.Conv2D`.
        seed: int, of the first vector of the power iteration. Default 0.

    Input shape and output shape: of `keras.layers.Conv2D`.
    """

    def __init__(self, filters, kernel_size, seed=0, **kwargs):
        super().__init__(filters, kernel_size, **kwargs)
        self.seed = seed

    def build(self, input_shape):
        """Adds the vector that follows the largest singular value."""
        super().build(input_shape)
        # Replicas hold equal kernels, and so compute equal vectors.
        self.vector_u = self.add_weight(
            (1, self.filters),
            keras.initializers.RandomNormal(seed=self.seed),
            trainable=False,
            aggregation="only_first_replica",
            dtype="float32",
            autocast=False,
            name="vector_u",
        )

    def call(self, inputs, training=None):
        """Convolves with the normalised kernel."""
        kernel = ops.cast(ops.convert_to_tensor(self.kernel), "float32")
        matrix = ops.reshape(kernel, (-1, self.filters))
        u = ops.convert_to_tensor(self.vector_u)
        v = ops.normalize(ops.matmul(u, ops.transpose(matrix)))
        if training:
            u = ops.normalize(ops.matmul(v, matrix))
            self.vector_u.assign(ops.stop_gradient(u))
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        largest = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
        outputs = self.convolution_op(inputs, ops.cast(kernel / largest, inputs.dtype))
        if self.use_bias:
            outputs = ops.add(outputs, ops.reshape(self.bias, (1, 1, 1, -1)))
        return self.activation(outputs)

    def save_own_variables(self, store):
        """Writes every variable: a convolution's own way knows its kernel and bias only."""
        layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        """Reads every variable."""
        layers.Layer.load_own_variables(self, store)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"seed": self.seed}


@keras.saving.register_keras_serializable("ganzoo")
class ConditionalBatchNormalization(layers.Layer):
    """Batch normalisation whose scale and shift belong to a class.

    When to use it: in a generator that is told a label.

    Paper: Dumoulin et al. 2017 (arXiv:1610.07629), equation 5; de Vries et al. 2017 (arXiv:1707.00683).

    Args:
        num_classes: int >= 2.
        momentum: float in [0, 1), of the moving statistics. Default 0.9.
        epsilon: float > 0. Default 1e-5.

    Input shape: [(batch, ..., channels), (batch,) int32 labels]. Output shape: (batch, ..., channels).
    """

    def __init__(self, num_classes, momentum=0.9, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.num_classes, self.momentum, self.epsilon = num_classes, momentum, epsilon
        self.normalise = layers.BatchNormalization(
            momentum=momentum, epsilon=epsilon, center=False, scale=False, dtype=self.dtype_policy
        )

    def build(self, input_shape):
        """Makes a scale and a shift for each class, at first 1 and 0."""
        features, _ = input_shape
        self.normalise.build(features)
        self.gamma = self.add_weight((self.num_classes, features[-1]), "ones", name="gamma")
        self.beta = self.add_weight((self.num_classes, features[-1]), "zeros", name="beta")

    def call(self, inputs, training=None):
        """Normalises, then scales and shifts by the rows of the labels."""
        features, labels = inputs
        normal = self.normalise(features, training=training)
        shape = (-1, *[1] * (len(features.shape) - 2), features.shape[-1])
        gamma, beta = (
            ops.reshape(ops.take(ops.convert_to_tensor(table), labels, axis=0), shape)
            for table in (self.gamma, self.beta)
        )
        return normal * ops.cast(gamma, normal.dtype) + ops.cast(beta, normal.dtype)

    def compute_output_shape(self, input_shape):
        """Returns the shape of the features."""
        return input_shape[0]

    def get_config(self):
        """Returns the constructor arguments."""
        own = {"num_classes": self.num_classes, "momentum": self.momentum, "epsilon": self.epsilon}
        return super().get_config() | own


@keras.saving.register_keras_serializable("ganzoo")
class ModulatedBatchNormalization(layers.Layer):
    """Batch normalisation whose scale and shift are computed from a vector.

    When to use it: in a generator that is told a text.

    Paper: de Vries et al. 2017, "Modulating early visual processing by language" (arXiv:1707.00683), equations 4-6: the
    vector moves the scale from 1 and the shift from 0.

    Args:
        momentum: float in [0, 1), of the moving statistics. Default 0.9.
        epsilon: float > 0. Default 1e-5.
        seed: int, of the initialiser. Default 0.

    Input shape: [(batch, ..., channels), (batch, units)]. Output shape: (batch, ..., channels).
    """

    def __init__(self, momentum=0.9, epsilon=1e-5, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.momentum, self.epsilon, self.seed = momentum, epsilon, seed
        self.normalise = layers.BatchNormalization(momentum=momentum, epsilon=epsilon, dtype=self.dtype_policy)

    def build(self, input_shape):
        """Makes the normalisation, and the layer from the vector to what moves it."""
        features, vector = input_shape
        self.normalise.build(features)
        self.moves = layers.Dense(
            2 * features[-1],
            use_bias=False,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02, seed=self.seed),
            dtype=self.dtype_policy,
        )
        self.moves.build(vector)

    def call(self, inputs, training=None):
        """Normalises, then scales and shifts by what the vector says."""
        features, vector = inputs
        normal = self.normalise(features, training=training)
        gamma, beta = ops.split(self.moves(vector), 2, axis=-1)
        shape = (-1, *[1] * (len(features.shape) - 2), features.shape[-1])
        return normal * (1 + ops.reshape(gamma, shape)) + ops.reshape(beta, shape)

    def compute_output_shape(self, input_shape):
        """Returns the shape of the features."""
        return input_shape[0]

    def get_config(self):
        """Returns the constructor arguments."""
        own = {"momentum": self.momentum, "epsilon": self.epsilon, "seed": self.seed}
        return super().get_config() | own


@keras.saving.register_keras_serializable("ganzoo")
class ConditioningAugmentation(layers.Layer):
    """Draws a condition from a Gaussian around a text's vector, so that like texts share pictures.

    The noise is taken from the latents, so that a seed still says everything.

    Paper: Zhang et al. 2017, "StackGAN" (arXiv:1612.03242), equation 2: the divergence of N(mu, diag(sigma^2)) from the
    standard normal is added to the generator's loss.

    Args:
        condition_dim: int >= 1.
        weight: float >= 0, of the divergence. Default 1.
        seed: int, of the initialiser. Default 0.

    Input shape: [(batch, latent_dim), (batch, text_dim)], latent_dim >= condition_dim. Output shape: (batch,
    condition_dim).

    Raises:
        ValueError: fewer latents than the condition needs noise.
    """

    def __init__(self, condition_dim, weight=1.0, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.condition_dim, self.weight, self.seed = condition_dim, weight, seed
        self.moments = layers.Dense(
            2 * condition_dim, kernel_initializer=keras.initializers.GlorotUniform(seed), dtype=self.dtype_policy
        )

    def build(self, input_shape):
        """Makes the layer of means and log-variances."""
        latents, text = input_shape
        if latents[-1] < self.condition_dim:
            raise ValueError(
                f"condition_dim: received {self.condition_dim} for {latents[-1]} latents, expected at most as many: "
                "the augmentation takes its noise from them"
            )
        self.moments.build(text)

    def call(self, inputs, training=None):
        """Returns mu + sigma * noise, and adds the divergence to the losses in training."""
        latents, text = inputs
        mean, log_variance = ops.split(self.moments(text), 2, axis=-1)
        if training:
            wide_mean, wide = ops.cast(mean, "float32"), ops.cast(log_variance, "float32")
            divergence = 0.5 * ops.mean(ops.square(wide_mean) + ops.exp(wide) - wide - 1.0)
            self.add_loss(self.weight * divergence)
        return mean + ops.exp(0.5 * log_variance) * ops.cast(latents[:, : self.condition_dim], mean.dtype)

    def compute_output_shape(self, input_shape):
        """Returns (batch, condition_dim)."""
        return (input_shape[0][0], self.condition_dim)

    def get_config(self):
        """Returns the constructor arguments."""
        own = {"condition_dim": self.condition_dim, "weight": self.weight, "seed": self.seed}
        return super().get_config() | own


@keras.saving.register_keras_serializable("ganzoo")
class ReflectionPadding2D(layers.Layer):
    """Mirrors maps at their borders, the border itself not repeated.

    When to use it: before a convolution without padding, where the rim that zeros leave would be seen in a picture.

    Paper: Zhu et al. 2017, "CycleGAN" (arXiv:1703.10593), section 7.2.

    Args:
        padding: int >= 0, rows and columns added on each of the four sides; smaller than the maps.

    Input shape: (batch, height, width, channels). Output shape: (batch, height + 2 * padding, width + 2 * padding,
    channels).

    Raises:
        ArgumentError: a padding that is no int >= 0, or is not smaller than the maps.

    Example:

    >>> ReflectionPadding2D(1).compute_output_shape((None, 4, None, 3))
    (None, 6, None, 3)
    """

    def __init__(self, padding, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(padding, int) or padding < 0:
            raise ArgumentError(f"ReflectionPadding2D: padding: received {padding!r}, expected an int >= 0")
        self.padding = padding

    def build(self, input_shape):
        """Refuses maps that hold too little to mirror."""
        smallest = min((size for size in input_shape[1:3] if size is not None), default=self.padding + 1)
        if smallest <= self.padding:
            raise ArgumentError(
                f"ReflectionPadding2D: received maps of shape {tuple(input_shape)} for a padding of {self.padding}, "
                "expected more rows and columns than that: take larger images"
            )

    def call(self, inputs):
        """Pads both axes of the image."""
        sides = (self.padding, self.padding)
        return ops.pad(inputs, ((0, 0), sides, sides, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        """Returns the shape of the padded maps."""
        batch, *sizes, channels = input_shape
        return (batch, *(None if size is None else size + 2 * self.padding for size in sizes), channels)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"padding": self.padding}
