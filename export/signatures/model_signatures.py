"""What the signatures of all kinds of models share: standard names, defaults, and functions of named tensors."""

import inspect

import numpy as np

SERVING = "serving_default"
SAMPLE = "sample"


class ModelSignatures:
    """The signatures of an exported model, as the exporters and `verify` use them.

    When to use it: as the base class for the signatures of one kind of model. A subclass defines `names`, `output`,
    `input_specs`, `output_function`, `inputs` and `reference`.

    Attributes:
        names: tuple of str, all signatures.
        output: str, the output tensor that is compared with Keras.
        compared: tuple of str, the signatures whose `output` is compared with Keras.
        rounded: dict of signature -> signature; the former returns the latter's images rounded to 256 gray levels.
        converted: tuple of str, the signatures that the TFLite converter creates.
        aliases: dict of an additional name in TFLite files -> signature.
        timed: str, the signature whose calls are timed.
        seeds: int32 array, seeds of the examples on which files are compared with Keras.
        num_classes: int, or None for a model without labels.
        vocabulary: `Vocabulary` of a model that reads or writes texts, or None.
        token_vocabulary: dict for clients that read or write tokens, see `token_vocabulary`; None where no signature
            has tokens.
        lookup_layers: sequence of Keras layers whose lookup tables a SavedModel has to track.
        program: str, file name of the program that is copied next to TFLite files.
    """

    rounded = {}
    aliases = {}
    timed = SERVING
    num_classes = None
    vocabulary = None
    token_vocabulary = None
    lookup_layers = ()
    program = "sample.py"

    def function(self, name, batch_size=None, network=None):
        """Returns a signature as a function of named tensors, with its input specs.

        Args:
            name: str, one of `names`.
            batch_size: int >= 1, or None for a free batch dimension. Default None.
            network: replacement for the model's own network, such as the result of `rewrite_generator`. Default: None,
                the model's own.

        Returns:
            (function, list of `tf.TensorSpec`); the function returns a dict of named tensors.
        """
        specs = self.input_specs(name, batch_size)
        return with_arguments(self.output_function(name, batch_size, network), [spec.name for spec in specs]), specs

    def compare_outputs(self, outputs, precision):
        """Compares outputs with Keras that no difference of numbers can describe; the base class has none.

        Args:
            outputs: dict of "signature/output" -> array, what the exported file returned for `inputs`.
            precision: "float32", "float16", "int8" or "dynamic".

        Returns:
            list of str, notes for the report.

        Raises:
            ExportError: outputs that differ by more than is tolerated.
        """
        return []


def with_arguments(function, names):
    """Returns a function with exactly these argument names: TensorFlow names a signature's inputs after them."""

    def named(*values):
        return function(*values)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    named.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    return named


def token_vocabulary(length, vocabulary):
    """Returns the content of a vocabulary file, from which programs without ganzoo convert texts to tokens and back.

    Args:
        length: int >= 1, tokens per text.
        vocabulary: `Vocabulary`, or None where tokens are numbers.

    Returns:
        dict with `length`, and `words` from token 2 on, or None; with words also the options and the `patterns` of the
        `Tokenizer`.
    """
    if vocabulary is None:
        return {"length": length, "words": None}
    tokenizer = vocabulary.tokenizer
    return {"length": length, "words": vocabulary.words, **tokenizer.get_config(), "patterns": tokenizer.patterns}


def int32_seeds(seeds):
    """Returns seeds as an int32 array (num_samples,)."""
    return np.asarray(seeds, np.int32)
