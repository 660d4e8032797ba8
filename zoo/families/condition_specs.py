"""The inputs of generators next to latents or noise: how samples, exported files and evaluations get them."""

from typing import Any

import numpy as np

from ..core.prng import sampling_labels
from ..errors import ArgumentError
from ..pipeline.label_checks import validate_labels


class ConditionSpec:
    """One input of a generator: a class label, a caption, a number.

    When to use it: as the base of a kind of condition. A model lists its specifications in `condition_specs`; then
    `generate`, sample grids, the command line, evaluations and exported files have the condition.

    Args:
        argument: str, the keyword of `generate`.
        name: str, the input of exported files. Default: `argument`.
        shape: tuple of int, of one input without the batch axis. Default ().
        dtype: str, of the input. Default "int32".
    """

    def __init__(self, argument: str, name: str | None = None, shape: tuple[int, ...] = (), dtype: str = "int32"):
        self.argument, self.name, self.shape, self.dtype = argument, name or argument, shape, dtype

    def default(self, seeds: np.ndarray) -> Any:
        """Returns the value of the argument that seeds have by default, such as a label for each seed."""
        raise NotImplementedError

    def validate(self, value: Any, seeds: np.ndarray) -> np.ndarray:
        """Returns inputs (num_samples, *shape) of a value of the argument.

        Raises:
            ArgumentError: a value that is no such condition, or another number of them.
        """
        raise NotImplementedError

    def parse(self, text: str) -> Any:
        """Returns the value of the argument that a command line names.

        Raises:
            ArgumentError: a text that names none.
        """
        raise NotImplementedError

    def examples(self, num_samples: int) -> np.ndarray:
        """Returns inputs on which exported files are compared: by default those of the first seeds."""
        seeds = np.arange(num_samples)
        return self.validate(self.default(seeds), seeds)


class ClassLabels(ConditionSpec):
    """A class label of each sample: `generate(labels=...)`.

    Args:
        num_classes: int >= 2.

    Example:

    >>> ClassLabels(3).validate(2, np.arange(4)).tolist()
    [2, 2, 2, 2]
    """

    def __init__(self, num_classes: int):
        super().__init__("labels")
        self.num_classes = num_classes

    def default(self, seeds):
        """Returns a label derived from each seed, balanced over the classes: int32 array (num_samples,)."""
        return sampling_labels(np.asarray(seeds, np.int32), self.num_classes).numpy()

    def validate(self, value, seeds):
        """Returns int32 labels (num_samples,) of one label or of one for each sample."""
        return validate_labels(value, self.num_classes, len(seeds))

    def parse(self, text):
        """Returns the integers of a text such as "3,3,7": one label, or a list."""
        try:
            labels = [int(label) for label in text.split(",")]
        except ValueError:
            raise ArgumentError(
                f"labels: received {text!r}, expected integers from 0 to {self.num_classes - 1}, such as 3,3,7"
            ) from None
        return labels[0] if len(labels) == 1 else labels

    def examples(self, num_samples):
        """Returns all classes in rotation."""
        return (np.arange(num_samples) % self.num_classes).astype(np.int32)


class Captions(ConditionSpec):
    """A caption of each sample, as tokens: `generate(texts=...)`.

    Args:
        vocabulary: `Vocabulary`.
        captions: list of str, of samples without a requested caption.
    """

    def __init__(self, vocabulary: Any, captions: list[str]):
        super().__init__("texts", "tokens", (vocabulary.length,))
        self.vocabulary, self.captions = vocabulary, captions

    def default(self, seeds):
        """Returns one of the known captions for each seed: list of str."""
        rows = sampling_labels(np.asarray(seeds, np.int32), len(self.captions)).numpy()
        return [self.captions[row] for row in rows]

    def validate(self, value, seeds):
        """Returns int32 tokens (num_samples, length) of one text or of one for each sample."""
        texts = [value] * len(seeds) if isinstance(value, str) else list(value)
        if len(texts) != len(seeds) or not all(isinstance(text, str) for text in texts):
            raise ArgumentError(
                f"texts: received {len(texts)} for {len(seeds)} samples, expected a str for each, or one"
            )
        return self.vocabulary.encode(texts)

    def parse(self, text):
        """Returns the text."""
        return text


class Number(ConditionSpec):
    """A number of each sample, such as the temperature of texts.

    Args:
        argument: str, the keyword of `generate`.
        default: float, of samples for which none is requested.
        low, high: float, the number lies above `low` and is at most `high`. Default: above 0, without an upper limit.

    Example:

    >>> Number("temperature", 1.0).validate(0.5, np.arange(2)).tolist()
    [0.5, 0.5]
    """

    def __init__(self, argument: str, default: float, low: float = 0.0, high: float = np.inf):
        super().__init__(argument, dtype="float32")
        self.low, self.high, self._default = low, high, default

    def default(self, seeds):
        """Returns the default of all samples."""
        return self._default

    def validate(self, value, seeds):
        """Returns float32 numbers (num_samples,) of one number or of one for each sample."""
        values = np.asarray(value)
        fits = values.dtype.kind in "iuf" and values.shape in ((), (len(seeds),))
        if not fits or not ((values > self.low) & (values <= self.high)).all():
            limit = "" if np.isinf(self.high) else f" and at most {self.high:g}"
            raise ArgumentError(
                f"{self.argument}: received {value!r} for {len(seeds)} samples, expected a number above "
                f"{self.low:g}{limit}, or one per sample"
            )
        return np.broadcast_to(values, len(seeds)).astype("float32")

    def parse(self, text):
        """Returns the number that a text such as "0.7" names."""
        try:
            return float(text)
        except ValueError:
            raise ArgumentError(f"{self.argument}: received {text!r}, expected a number") from None
