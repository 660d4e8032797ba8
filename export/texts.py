"""What an exported generator of texts answers to: seeds in, texts out; and how likely the tokens of a text are.

| signature | takes | gives |
| --- | --- | --- |
| `serving_default` | `tokens` (batch, length) int32 | `log_probabilities` (batch, length) float32, 0 after the end |
| `sample` | `seeds` (batch,) int32 | `texts` (batch,) string, `tokens` (batch, length) int32 |
| `sample_at` | `seeds` (batch,) int32, `temperature` (batch,) float32 | the same |

Seed s gives the text that `model.texts` makes of it. Files for devices give tokens alone; their words lie beside them.
"""

import functools

import numpy as np
import tensorflow as tf

from ..zoo.errors import ArgumentError
from ..zoo.tokens import END, alive, sampling_gumbels
from .precision import HALF
from .signatures import SAMPLE, SERVING, ExportError, check_samples, check_weights, with_arguments

SAMPLE_AT = "sample_at"
# Formats and precisions that texts cannot have, and why.
IMPOSSIBLE = {
    "int8": "eight bits would round the noise that tokens are drawn by",
    "onnx": "ONNX lacks the operations of the noise that tokens are drawn by",
}
# Of which one is taken for each seed that is compared.
TEMPERATURES = np.array([0.5, 0.8, 1.25, 2.0], np.float32)
# Texts of a float32 file that may be others than Keras', where two tokens are equal within rounding.
LARGEST_SHARE = 0.01
# Largest difference of a log probability in float32.
LARGEST = 1e-4
# How far the scores of tokens may lie below the best ones, at any position in the mean over texts.
FARTHEST_BELOW = {"float32": 1e-4, "float16": 1e-2, "dynamic": 0.1}
# Texts at a time, each with noise for all words at all positions.
ROWS = 32


class TextSignatures:
    """A text generator in float32, and the functions by which it is asked; the attributes of `Signatures`.

    When to use it: the exporters make one; make your own to write a further format.

    Args:
        model: a `TextModel`, whose averaged generator is taken.
        strings: bool, whether `sample` gives texts beside tokens. Default False.

    Attributes:
        generator: the generator in float32.
        vocabulary: dict for programs that write tokens: `length`, and `words` from token 2 on, or None.
        drawn: names of the signatures that give tokens.
        timed: name of the signature whose calls are timed.

    Raises:
        ExportError: weights or logits that are not finite, or that depend on their neighbours in the batch.

    Example:

    >>> from ganzoo.zoo.seqgan import SeqGAN
    >>> model = SeqGAN.create((6,), {"units": 4}, {"filters": 4}, vocabulary=["red", "blue"])
    >>> function, specs = TextSignatures(model, strings=True).function("sample")
    >>> function(tf.constant([7]))["texts"].numpy()[0].decode() == model.texts(1, seed=7)[0]
    True
    """

    output = "log_probabilities"
    compared = (SERVING,)
    drawn = (SAMPLE, SAMPLE_AT)
    names = converted = (SERVING, *drawn)
    rounded, aliases = {}, {}
    timed = SAMPLE
    reader = num_classes = None
    # One text of them is less than `LARGEST_SHARE`.
    seeds = np.arange(128, dtype=np.int32)
    program = "sample.py"

    def __init__(self, model, strings=False):
        check_weights(model.averaged_generator)
        self.generator = _in_float32(model.averaged_generator)
        self.length, self.vocabulary_size, self.ends = model.length, model.vocabulary_size, model.ends
        self.strings, self._written = strings, model.written
        self._has_words = model.vocabulary is not None
        self.vocabulary = {"length": self.length, "words": model.vocabulary.known if self._has_words else None}
        tokens = self._examples(self.seeds[:16])
        check_samples(*(np.asarray(self.generator(tokens[:rows])) for rows in (16, 1)))

    def function(self, name, batch_size=None, generator=None):
        """Returns a signature as a function of named tensors, with its specs.

        Args:
            name: one of `names`.
            batch_size: int, or None for a free one. Default None.
            generator: what stands for the generator. Default: the generator.

        Returns:
            (function, list of `tf.TensorSpec`); the function gives a dict of named tensors.
        """
        generator = generator or self.generator
        if name == SERVING:
            specs = [tf.TensorSpec((batch_size, self.length), tf.int32, "tokens")]
        else:
            specs = [tf.TensorSpec((batch_size,), tf.int32, "seeds")]
        if name == SAMPLE_AT:
            specs += [tf.TensorSpec((batch_size,), tf.float32, "temperature")]

        def answer(first, *temperature):
            if name == SERVING:
                return {self.output: self._log_probabilities(generator, first)}
            tokens = self._drawn(generator, first, *temperature)
            return ({"texts": self._texts(tokens)} if self.strings else {}) | {"tokens": tokens}

        return with_arguments(answer, [spec.name for spec in specs]), specs

    def inputs(self, name, seeds):
        """Returns NumPy inputs of a signature for some seeds.

        Args:
            name: one of `names`.
            seeds: int32 array (num,).
        """
        seeds = np.asarray(seeds, np.int32)
        if name == SERVING:
            return {"tokens": self._examples(seeds)}
        temperature = {"temperature": TEMPERATURES[seeds % len(TEMPERATURES)]} if name == SAMPLE_AT else {}
        return {"seeds": seeds} | temperature

    def reference(self, seeds, name=SERVING):
        """Returns the log probabilities that Keras gives the example tokens of some seeds: float32 (num, length)."""
        return _by_parts(self.generator.log_probabilities, self._examples(seeds))

    def rewritten(self, eight_bits=False):
        """Returns what `function` takes for files, and that no layer of it is another.

        Raises:
            ArgumentError: a file in eight bits.
        """
        if eight_bits:
            raise ArgumentError(
                f"precision: received 'int8' beside a model of texts, expected another one: {IMPOSSIBLE['int8']}"
            )
        return self.generator, 0

    def serving_model(self):
        """Raises ArgumentError: what other converters take has no noise in it."""
        raise ArgumentError(
            f"model: received one of texts, expected one of images or points: {IMPOSSIBLE['onnx']}, export a "
            "SavedModel or TFLite files"
        )

    def judge(self, given, precision):
        """Says how what a file has drawn differs from what Keras draws.

        Args:
            given: dict "signature/output" -> array, what the file gave for `inputs`; "signature/output alone" likewise
                for the first seeds one at a time.
            precision: "float32", "float16" or "dynamic".

        Returns:
            list of str, notes for the report.

        Raises:
            ExportError: other texts or log probabilities than is tolerated.
        """
        if precision == "float32":
            apart = abs(given[f"{SERVING}/{self.output}"] - self.reference(self.seeds)).max()
            if apart > LARGEST:
                raise ExportError(f"{SERVING}: differs from Keras by {apart:.2g} nats, expected at most {LARGEST:g}")
        found = {name: _with_those_alone(f"{name}/tokens", given) for name in self.drawn}
        total = sum(map(len, found.values()))
        others = sum(self._judge_drawn(name, tokens, precision) for name, tokens in found.items())
        for name in self.drawn if self.strings else ():
            texts = _with_those_alone(f"{name}/texts", given).tolist()
            if [text.decode() for text in texts] != self._written(found[name]):
                raise ExportError(f"{name}: gave texts that are not those of its tokens")
        if precision == "float32" and others > LARGEST_SHARE * total:
            raise ExportError(f"{others} of {total} texts differ from Keras', expected at most {LARGEST_SHARE:.0%}")
        why = "two tokens are equal within rounding" if precision == "float32" else "rounded weights prefer a token"
        return [f"{others} of {total} texts are others than Keras': {why}"] if others else []

    def _judge_drawn(self, name, found, precision):
        """Returns how many texts are others than Keras'; raises ExportError where they are not drawn as they should."""
        inputs = list(self.inputs(name, np.resize(self.seeds, len(found))).values())
        expected = _by_parts(functools.partial(self._drawn, self.generator), *inputs)
        if found.shape != expected.shape or found.dtype != np.int32:
            raise ExportError(f"{name}: gave tokens {found.dtype} {found.shape}, expected int32 {expected.shape}")
        if found.min() < 0 or found.max() >= self.vocabulary_size:
            raise ExportError(f"{name}: gave tokens from {found.min()} to {found.max()}, expected words")
        below = _by_parts(self._below, found, *inputs).mean(axis=0).max()
        if not below <= FARTHEST_BELOW[precision]:
            raise ExportError(
                f"{name}: draws tokens that lie {below:.2g} nats below the best in the mean over texts, expected at "
                f"most {FARTHEST_BELOW[precision]:g} in {precision}: use float32"
            )
        return int((found != expected).any(axis=1).sum())

    def _below(self, tokens, seeds, *temperature):
        """How far the score of each token lies below the best one: Keras would have drawn that."""
        noise = self._noise(seeds) * (temperature[0][:, np.newaxis, np.newaxis] if temperature else 1.0)
        scores = self.generator(tokens) + noise
        return (tf.reduce_max(scores, axis=-1) - _chosen(scores, tokens)) * alive(tokens, self.ends)

    def _drawn(self, generator, seeds, temperature=None):
        """The tokens of seeds."""
        if temperature is None:
            return generator.sample(self._noise(seeds))
        # Interpreters on devices have no assertions: `sample.py` refuses such temperatures itself.
        checks = [tf.debugging.assert_positive(temperature, "temperature: expected above 0")] if self.strings else []
        with tf.control_dependencies(checks):
            return generator.sample(self._noise(seeds), temperature[:, tf.newaxis])

    def _noise(self, seeds):
        return sampling_gumbels(seeds, self.length, self.vocabulary_size)

    def _log_probabilities(self, generator, tokens):
        """What `generator.log_probabilities` gives, in operations that devices have."""
        chosen = _chosen(tf.nn.log_softmax(generator(tokens)), tokens)
        if not self.ends:
            return chosen
        ended = tf.cumsum(tf.cast(tf.equal(tokens, END), tf.int32), axis=1, exclusive=True)
        return tf.where(tf.equal(ended, 0), chosen, 0.0)

    def _texts(self, tokens):
        """What `model.written` gives, in the graph."""
        if self._has_words:
            words = tf.gather(tf.constant(self._written(np.arange(self.vocabulary_size)[:, np.newaxis])), tokens)
            kept = tf.equal(tf.cumsum(tf.cast(tf.equal(tokens, END), tf.int32), axis=1), 0)
        else:
            words, kept = tf.strings.as_string(tokens), tf.ones_like(tokens, tf.bool)
        spaces = tf.constant([["", *[" "] * (self.length - 1)]])
        return tf.strings.reduce_join(tf.where(kept, spaces + words, ""), axis=1)

    def _examples(self, seeds):
        """Tokens to be scored: of even rows the generator's own, of odd ones any, that go on behind their end."""
        tokens = _by_parts(functools.partial(self._drawn, self.generator), seeds)
        for row in range(1, len(tokens), 2):
            tokens[row] = np.random.default_rng(int(seeds[row])).integers(0, self.vocabulary_size, self.length)
            tokens[row, self.length // 2] = END
        return tokens


def _chosen(scores, tokens):
    """The score of each token: (batch, length) of (batch, length, vocabulary_size)."""
    return tf.gather(scores, tokens, axis=2, batch_dims=2)


def _with_those_alone(name, given):
    """An output of all rows, and behind it what the first rows gave that were asked for alone."""
    return np.concatenate([given[key] for key in (name, f"{name} alone") if key in given])


def _by_parts(function, *arrays):
    """Applies a function to some rows of arrays at a time."""
    starts = range(0, len(arrays[0]), ROWS)
    return np.concatenate([np.array(function(*(array[at : at + ROWS] for array in arrays))) for at in starts])


def _in_float32(generator):
    """The generator, or where it computes in half precision a twin that computes in float32."""
    if not any(layer.dtype_policy.name in HALF for layer in generator._flatten_layers()):
        return generator
    twin = generator.__class__.from_config(generator.get_config() | {"dtype": "float32"})
    twin.set_weights(generator.get_weights())
    return twin
