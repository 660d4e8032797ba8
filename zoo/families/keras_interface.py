"""The methods of `keras.Model` that a model of two networks answers differently, or not at all."""

import pathlib

import keras
import numpy as np
import tensorflow as tf

from ..errors import ArgumentError
from .network_checks import inputs_of

OBJECTIVES = "discriminator_objective and generator_objective, which a subclass overrides"
EXPORT = "ganzoo.export.export_tflite(model, ..., quantize=...), or the command `ganzoo export`"
# Methods that would do nothing, or something else than they say, and what to use in their stead.
INSTEAD = {
    "add_loss": f"regularizers=[...] of the model, or {OBJECTIVES}",
    "add_metric": "discriminator_metrics, which a subclass overrides, or a callback",
    "compiled_loss": OBJECTIVES,
    "compute_loss": OBJECTIVES,
    "compute_metrics": "evaluate(x), or discriminator_metrics, which a subclass overrides",
    "quantize": EXPORT,
    "quantized_build": EXPORT,
    "quantized_call": EXPORT,
    "get_quantization_layer_structure": EXPORT,
    "stateless_compute_loss": OBJECTIVES,
    "get_state_tree": "get_weights(), or save(path) for the optimizers too",
    "set_state_tree": "set_weights(weights), or keras.saving.load_model(path)",
}


def refused(name):
    """Returns a method that raises ArgumentError; the message says what to use instead."""

    def method(self, *args, **kwargs):
        raise ArgumentError(f"{name}: received a call on {type(self).__name__}, expected {INSTEAD[name]}")

    method.__name__, method.__doc__ = name, f"Not defined here; use {INSTEAD[name]}."
    return method


class KerasInterface(keras.Model):
    """What remains of `keras.Model` for a model of several networks: saving and export, and what is refused."""

    add_loss = refused("add_loss")
    add_metric = refused("add_metric")
    compiled_loss = refused("compiled_loss")
    compute_loss = refused("compute_loss")
    compute_metrics = refused("compute_metrics")
    quantize = refused("quantize")
    quantized_build = refused("quantized_build")
    quantized_call = refused("quantized_call")
    get_quantization_layer_structure = refused("get_quantization_layer_structure")
    stateless_compute_loss = refused("stateless_compute_loss")
    get_state_tree = refused("get_state_tree")
    set_state_tree = refused("set_state_tree")

    @property
    def compiled_metrics(self):
        """Not defined here; `metrics` are the model's own."""
        raise ArgumentError("compiled_metrics: received a use, expected metrics: the model defines its own")

    def save(self, filepath, overwrite=True, zipped=None, **kwargs):
        """Saves the model, both optimizers and the step to a `.keras` file.

        Args:
            filepath: str or path that ends in ".keras".
            overwrite: bool, whether to replace an existing file without a question. Default True.
            zipped: bool, False for a folder. Default None, a zip file.
            **kwargs: of `keras.Model.save`.

        Raises:
            ArgumentError: a path of another format; an existing file is left as it is.
        """
        if isinstance(filepath, (str, pathlib.PurePath)) and pathlib.PurePath(filepath).suffix in (".h5", ".hdf5"):
            raise ArgumentError(
                f"filepath: received {str(filepath)!r}, expected a path that ends in .keras: HDF5 cannot hold two "
                "optimizers; save_weights takes .weights.h5"
            )
        super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def export(self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **kwargs):
        """Exports the averaged generator as Keras exports a network: what `call` computes, in float32 or as built.

        When to use it: for a plain network of latents. The exporters of ganzoo write files that sample from seeds, are
        rewritten for devices and are compared with Keras.

        Args:
            filepath: str or path.
            format: "tf_saved_model" or another of `keras.Model.export`. Default "tf_saved_model".
            verbose: bool, or None. Default None.
            input_signature: list of `tf.TensorSpec` or `keras.InputSpec`. Default: any number of inputs of `call`.
            **kwargs: of `keras.Model.export`.
        """
        if input_signature is None:
            specs = [tf.TensorSpec((None, *one.shape[1:]), one.dtype) for one in self.example_inputs()]
            input_signature = specs if len(specs) == 1 else [specs]
        # Keras exports only a model that was called.
        examples = [tf.constant(one) for one in self.example_inputs()]
        self(examples if len(examples) > 1 else examples[0])
        super().export(filepath, format=format, verbose=verbose, input_signature=input_signature, **kwargs)

    def compute_output_shape(self, input_shape):
        """Returns the shape of what `call` returns, a tuple with None for the batch.

        Args:
            input_shape: tuple, or a list of tuples where `call` takes several inputs.
        """
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        examples = self.example_inputs()
        inputs = [keras.KerasTensor(shape, one.dtype.name) for shape, one in zip(shapes, examples, strict=True)]
        return tuple(self.compute_output_spec(inputs if len(inputs) > 1 else inputs[0]).shape)

    def compute_output_spec(self, *args, **kwargs):
        """Returns the symbolic output of `call` for symbolic inputs, as every Keras operation does."""
        # A layer would ask `compute_output_shape`, which asks here.
        return keras.Operation.compute_output_spec(self, *args, **kwargs)

    def example_inputs(self):
        """Returns one row of each input of `call`: list of arrays (1, ...)."""
        network = self.sampling_network() if hasattr(self, "sampling_network") else self.translator("y")
        if not getattr(network, "inputs", None):
            return [np.zeros((1, *network.input_shape[1:]), "int32")]
        return [np.zeros((1, *one.shape[1:]), one.dtype) for one in inputs_of(network)]
