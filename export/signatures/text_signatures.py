"""Signatures of text generators: texts from seeds, and the log probabilities of given tokens.

| signature | inputs | outputs |
| --- | --- | --- |
| `serving_default` | `tokens` (batch, length) int32 | `log_probabilities` (batch, length) float32, 0 after the end |
| `sample` | `seeds` (batch,) int32 | `texts` (batch,) string, `tokens` (batch, length) int32 |
| `sample_at` | `seeds` (batch,) int32, `temperature` (batch,) float32 | the same |

Seed s yields the text that `model.texts` yields for it. TFLite files output tokens only; the words are stored in a
vocabulary file next to them.
"""

import functools

import numpy as np
import tensorflow as tf

from ...zoo.core.keras_internals import layers_of
from ...zoo.errors import ArgumentError
from ...zoo.sequences.token_sequences import END, sequence_mask
from ..exporters.export_errors import ExportError
from ..rewriting.float32 import HALF
from .generator_checks import check_samples, check_weights
from .model_signatures import SAMPLE, SERVING, ModelSignatures, int32_seeds, token_vocabulary

SAMPLE_AT = "sample_at"
# Formats and precisions that text models do not support, and why.
UNSUPPORTED = {
    "int8": "eight bits would round the noise from which tokens are sampled",
    "onnx": "ONNX lacks the operations of the noise from which tokens are sampled",
}
# The seeds that are compared use these in rotation.
TEMPERATURES = np.array([0.5, 0.8, 1.25, 2.0], np.float32)
# Share of texts in a float32 file that may differ from Keras, because two tokens score equally within rounding.
MAX_DIFFERING_SHARE = 0.01
# Largest difference of a log probability in float32.
MAX_DIFFERENCE = 1e-4
# How far, in nats, tokens may score below the best ones: the largest mean over texts at any position.
MAX_NATS_BELOW_BEST = {"float32": 1e-4, "float16": 1e-2, "dynamic": 0.1}
# Texts per call: each has noise for all words at all positions.
ROWS = 32


class TextSignatures(ModelSignatures):
    """A text generator in float32, and the signatures that sample from it and score tokens.

    When to use it: the exporters create one; create your own to write another format.

    Args:
        model: a `TextGAN`, whose EMA generator is used.
        strings: bool, whether `sample` returns texts in addition to tokens. Default False.

    Attributes:
        generator: the generator in float32.
        sampling: tuple of str, the signatures that return tokens.

    Raises:
        ExportError: weights or logits that are not finite, or logits that depend on the other rows of their batch.

    Example:

    >>> from ganzoo.zoo.models.text.seqgan import SeqGAN
    >>> model = SeqGAN.create((6,), {"units": 4}, {"filters": 4}, vocabulary=["red", "blue"])
    >>> function, specs = TextSignatures(model, strings=True).function("sample")
    >>> function(tf.constant([7]))["texts"].numpy()[0].decode() == model.texts(1, seed=7)[0]
    True
    """

    output = "log_probabilities"
    compared = (SERVING,)
    sampling = (SAMPLE, SAMPLE_AT)
    names = converted = (SERVING, *sampling)
    timed = SAMPLE
    # So many that one differing text is less than `MAX_DIFFERING_SHARE`.
    seeds = np.arange(128, dtype=np.int32)

    def __init__(self, model, strings=False):
        check_weights(model.ema_generator)
        self.generator = _to_float32(model.ema_generator)
        self.length, self.vocabulary_size, self.has_eos = model.length, model.vocabulary_size, model.has_eos
        self.vocabulary, self.strings, self.decode = model.vocabulary, strings, model.decode
        self.conditions = model.condition_specs
        self._noise = model.sampling_noise
        self.token_vocabulary = token_vocabulary(self.length, self.vocabulary)
        tokens = self._example_tokens(self.seeds[:16])
        check_samples(*(np.asarray(self.generator(tokens[:rows])) for rows in (16, 1)))

    def input_specs(self, name, batch_size):
        """Returns the list of `tf.TensorSpec` of a signature's inputs."""
        if name == SERVING:
            return [tf.TensorSpec((batch_size, self.length), tf.int32, "tokens")]
        conditions = self.conditions if name == SAMPLE_AT else ()
        return [
            tf.TensorSpec((batch_size,), tf.int32, "seeds"),
            *(tf.TensorSpec((batch_size, *spec.shape), spec.dtype, spec.name) for spec in conditions),
        ]

    def output_function(self, name, batch_size, network=None):
        """Returns the function from a signature's input tensors to a dict of output tensors."""
        generator = self.generator if network is None else network

        def outputs(first, *temperature):
            if name == SERVING:
                return {self.output: self._log_probabilities(generator, first)}
            tokens = self._sample_tokens(generator, first, *temperature)
            return ({"texts": self._decode_in_graph(tokens)} if self.strings else {}) | {"tokens": tokens}

        return outputs

    def inputs(self, name, seeds):
        """Returns a dict of NumPy inputs of a signature: the seeds, or example tokens to score.

        Args:
            name: str, one of `names`.
            seeds: int32 array (num_samples,).
        """
        seeds = int32_seeds(seeds)
        if name == SERVING:
            return {"tokens": self._example_tokens(seeds)}
        temperature = {"temperature": TEMPERATURES[seeds % len(TEMPERATURES)]} if name == SAMPLE_AT else {}
        return {"seeds": seeds} | temperature

    def reference(self, seeds, name=SERVING):
        """Returns the log probabilities that Keras computes for example tokens: float32 (num_samples, length)."""
        return _in_chunks(self.generator.log_probabilities, self._example_tokens(seeds))

    def rewrite_generator(self, int8=False):
        """Returns (the generator itself, 0 rewritten layers).

        Raises:
            ArgumentError: an int8 file.
        """
        if int8:
            raise ArgumentError(
                f"precision: received 'int8' with a text model, expected another one: {UNSUPPORTED['int8']}"
            )
        return self.generator, 0

    def serving_model(self):
        """Raises ArgumentError: converters that accept only a `keras.Model` have no operations for the noise."""
        raise ArgumentError(
            f"model: received a text model, expected one of images or points: {UNSUPPORTED['onnx']}, export a "
            "SavedModel or TFLite files"
        )

    def compare_outputs(self, outputs, precision):
        """Compares the tokens and texts of a file with those of Keras.

        Args:
            outputs: dict of "signature/output" -> array, what the file returned for `inputs`; "signature/output alone"
                for the first seeds, one per call.
            precision: "float32", "float16" or "dynamic".

        Returns:
            list of str, notes for the report.

        Raises:
            ExportError: texts or log probabilities that differ by more than is tolerated.
        """
        if precision == "float32":
            difference = abs(outputs[f"{SERVING}/{self.output}"] - self.reference(self.seeds)).max()
            if difference > MAX_DIFFERENCE:
                raise ExportError(
                    f"{SERVING}: differs from Keras by {difference:.2g} nats, expected at most {MAX_DIFFERENCE:g}"
                )
        tokens = {name: _with_single_rows(f"{name}/tokens", outputs) for name in self.sampling}
        total = sum(map(len, tokens.values()))
        differing = sum(self._compare_tokens(name, rows, precision) for name, rows in tokens.items())
        for name in self.sampling if self.strings else ():
            texts = _with_single_rows(f"{name}/texts", outputs).tolist()
            if [text.decode() for text in texts] != self.decode(tokens[name]):
                raise ExportError(f"{name}: returned texts that do not match its tokens")
        if precision == "float32" and differing > MAX_DIFFERING_SHARE * total:
            raise ExportError(
                f"{differing} of {total} texts differ from Keras', expected at most {MAX_DIFFERING_SHARE:.0%}"
            )
        reason = (
            "two tokens score equally within rounding"
            if precision == "float32"
            else "rounded weights prefer another token"
        )
        return [f"{differing} of {total} texts differ from Keras': {reason}"] if differing else []

    def _compare_tokens(self, name, tokens, precision):
        """Returns how many texts differ from Keras'; raises ExportError unless their tokens score nearly best."""
        inputs = list(self.inputs(name, np.resize(self.seeds, len(tokens))).values())
        expected = _in_chunks(functools.partial(self._sample_tokens, self.generator), *inputs)
        if tokens.shape != expected.shape or tokens.dtype != np.int32:
            raise ExportError(f"{name}: returned tokens {tokens.dtype} {tokens.shape}, expected int32 {expected.shape}")
        if tokens.min() < 0 or tokens.max() >= self.vocabulary_size:
            raise ExportError(
                f"{name}: returned tokens from {tokens.min()} to {tokens.max()}, expected 0 to "
                f"{self.vocabulary_size - 1}"
            )
        nats = _in_chunks(self._nats_below_best, tokens, *inputs).mean(axis=0).max()
        # Negated, so that NaN fails too.
        if not nats <= MAX_NATS_BELOW_BEST[precision]:
            raise ExportError(
                f"{name}: samples tokens that score {nats:.2g} nats below the best on average over texts, expected at "
                f"most {MAX_NATS_BELOW_BEST[precision]:g} in {precision}: use float32"
            )
        return int((tokens != expected).any(axis=1).sum())

    def _nats_below_best(self, tokens, seeds, *temperature):
        """Returns how far each token's score lies below the best one, which Keras would have sampled."""
        noise = self._noise(seeds) * (temperature[0][:, np.newaxis, np.newaxis] if temperature else 1.0)
        scores = self.generator(tokens) + noise
        return (tf.reduce_max(scores, axis=-1) - _scores_of(tokens, scores)) * sequence_mask(tokens, self.has_eos)

    def _sample_tokens(self, generator, seeds, temperature=None):
        """Returns the tokens of seeds: int32 (batch, length)."""
        if temperature is None:
            return generator.sample(self._noise(seeds))
        # TFLite interpreters have no assertions: `sample.py` checks temperatures itself.
        checks = [tf.debugging.assert_positive(temperature, "temperature: expected above 0")] if self.strings else []
        with tf.control_dependencies(checks):
            return generator.sample(self._noise(seeds), temperature[:, tf.newaxis])

    def _log_probabilities(self, generator, tokens):
        """Computes `generator.log_probabilities` in operations that TFLite has."""
        scores = _scores_of(tokens, tf.nn.log_softmax(generator(tokens)))
        if not self.has_eos:
            return scores
        ended = tf.cumsum(tf.cast(tf.equal(tokens, END), tf.int32), axis=1, exclusive=True)
        return tf.where(tf.equal(ended, 0), scores, 0.0)

    def _decode_in_graph(self, tokens):
        """Computes `model.decode` in the graph: string tensor (batch,)."""
        if self.vocabulary is None:
            return tf.strings.reduce_join(tf.strings.as_string(tokens), axis=1, separator=" ")
        table = self.decode(np.arange(self.vocabulary_size)[:, np.newaxis])
        words = tf.gather(tf.constant(table), tokens)
        is_unspaced = tf.gather(tf.constant([self.vocabulary.tokenizer.is_unspaced(word) for word in table]), tokens)
        is_text = tf.equal(tf.cumsum(tf.cast(tf.equal(tokens, END), tf.int32), axis=1), 0)
        spaces = tf.where(is_unspaced[:, :-1] & is_unspaced[:, 1:], "", " ")
        spaces = tf.concat([tf.fill((tf.shape(tokens)[0], 1), ""), spaces], axis=1)
        return tf.strings.reduce_join(tf.where(is_text, spaces + words, ""), axis=1)

    def _example_tokens(self, seeds):
        """Returns tokens to score: even rows are sampled, odd rows are random and continue after their end token."""
        tokens = _in_chunks(functools.partial(self._sample_tokens, self.generator), seeds)
        for row in range(1, len(tokens), 2):
            tokens[row] = np.random.default_rng(int(seeds[row])).integers(0, self.vocabulary_size, self.length)
            tokens[row, self.length // 2] = END
        return tokens


def _scores_of(tokens, scores):
    """Returns the score of each token, (batch, length), from (batch, length, vocabulary_size)."""
    return tf.gather(scores, tokens, axis=2, batch_dims=2)


def _with_single_rows(name, outputs):
    """Returns an output for all rows, followed by its output for the first rows in calls of one row."""
    return np.concatenate([outputs[key] for key in (name, f"{name} alone") if key in outputs])


def _in_chunks(function, *arrays):
    """Applies a function to chunks of rows and concatenates the results."""
    starts = range(0, len(arrays[0]), ROWS)
    return np.concatenate([np.array(function(*(array[at : at + ROWS] for array in arrays))) for at in starts])


def _to_float32(generator):
    """Returns the generator, or a float32 copy of one that computes in half precision."""
    if not any(layer.dtype_policy.name in HALF for layer in layers_of(generator)):
        return generator
    copy = generator.__class__.from_config(generator.get_config() | {"dtype": "float32"})
    copy.set_weights(generator.get_weights())
    return copy
