"""Samples from a TFLite file exported by ganzoo. Requires ai-edge-litert and NumPy, and Pillow to save images.

    python sample.py generator.tflite --num-samples 16 --seed 7 --out samples/
    python sample.py generator.tflite --num-samples 16 --labels 3,7 --out samples.npz
    python sample.py texts.tflite --num-samples 16 --temperature 0.7

Sample i is the sample of seed + i: the same image, or text, that the model generated before it was exported.
"""

import argparse
import functools
import itertools
import json
import pathlib
import re
import sys
import unicodedata

import numpy as np

# The rules by which texts become words, as in ganzoo's `zoo/sequences/characters.py` and `tokenization.py`.
UNSPACED_LETTERS = (
    "\u0e01-\u0e30\u0e32-\u0e33\u0e40-\u0e46"
    "\u0e81-\u0eb0\u0eb2-\u0eb3\u0ebd\u0ec0-\u0ec6\u0edc-\u0edf"
    "\u1000-\u102a\u103f\u1050-\u1055\u105a-\u105d\u1061\u1065-\u1066\u106e-\u1070\u1075-\u1081\u108e"
    "\ua9e0-\ua9e4\ua9e6-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa76\uaa7a\uaa7e-\uaa7f"
    "\u1780-\u17b3\u17d7\u17dc"
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f\U0001aff0-\U0001b16f"
    "\u3005-\u3006\u3031-\u3035\u303b-\u303c\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00016fe3\U00020000-\U0003fffd"
)
WIDE_PUNCTUATION = (
    "\u3001-\u3004\u3008-\u3020\u3030\u3036-\u3037\u303d-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
JOINERS = "\u200c\u200d"
GREEK = "\u0370-\u03ff\u1f00-\u1fff"
TOKENS = {"word": ("sm*|w[wm]*", "sm*|w[wm]*|pm*"), "character": ("[sw]m*", "[swp]m*")}


class Sampler:
    """A TFLite file that maps seeds to samples.

    Attributes:
        num_classes: int, where the file takes labels, else None.
        batch_size: int, samples per call of the interpreter.
        words: dict of word -> token in NAME.vocabulary.json, where the file takes captions, else None.
        numbers: set of str, the further inputs of the file, one number per sample.
        outputs_tokens: bool, whether samples are tokens of texts; `decode` converts them with the same vocabulary.

    Args:
        path: str or path of the file.
        threads: int >= 1, or None for the interpreter's default.

    Raises:
        OSError: the file or its vocabulary cannot be read.
        ValueError: a file of another kind.
    """

    options = {}  # of `split_words`

    def __init__(self, path, threads=None):
        self._interpreter = open_interpreter(path, threads)
        if "sample" not in self._interpreter.get_signature_list():
            raise ValueError(f"{path}: has no signature 'sample', expected a file exported by ganzoo")
        self._runner = self._interpreter.get_signature_runner("sample")
        self.batch_size = int(self._runner.get_input_details()["seeds"]["shape"][0])
        # The number of classes is in the file's description, to which the interpreter gives no access.
        description = re.search(rb'ganzoo(\{"num_classes": [0-9]+\})', pathlib.Path(path).read_bytes())
        self.num_classes = json.loads(description[1])["num_classes"] if description else None
        ((output, self._output),) = self._runner.get_output_details().items()
        self.words, self.outputs_tokens = None, output == "tokens"
        vocabulary_path = pathlib.Path(path).with_suffix(".vocabulary.json")
        self.numbers = set(self._runner.get_input_details()) - {"seeds", "tokens", "labels", "temperature"}
        if "tokens" in self._runner.get_input_details():
            words, self.length, self.options = read_vocabulary(vocabulary_path)
            # Token 0 is padding, 1 is any unknown word.
            self.words = {word: number + 2 for number, word in enumerate(words)}
        if self.outputs_tokens:
            self._runner_at = self._interpreter.get_signature_runner("sample_at")
            self._token_words, _, self.options = read_vocabulary(vocabulary_path)

    def unknown(self, texts):
        """Returns the sorted words of texts that are not in the vocabulary."""
        return sorted({word for text in texts for word in split_words(text, **self.options)} - set(self.words or ()))

    def encode(self, texts):
        """Returns the tokens of texts: int32 array (num_samples, length)."""
        tokens = np.zeros((len(texts), self.length), np.int32)
        for row, text in zip(tokens, texts, strict=True):
            words = split_words(text, **self.options)[: self.length]
            row[: len(words)] = [self.words.get(word, 1) for word in words]
        return tokens

    def decode(self, tokens):
        """Returns the texts of tokens, each up to token 0, or numbers where the model has no vocabulary.

        Args:
            tokens: int array (num_samples, length).

        Returns:
            list of str.
        """
        rows = np.asarray(tokens).tolist()
        if self._token_words is None:
            return [" ".join(map(str, row)) for row in rows]
        words, unit = ["", "<unk>", *self._token_words], self.options.get("unit", "word")
        return [join_words([words[token] for token in itertools.takewhile(bool, row)], unit) for row in rows]

    def __call__(self, seeds, labels=None, texts=None, temperature=None, **numbers):
        """Returns the samples of seeds.

        Args:
            seeds: int32 array (num_samples,).
            labels, texts: sequences that are repeated over the samples, where the file takes labels or captions.
            temperature: float > 0, or one per seed, where the file generates texts; below 1 favors likely words.
            **numbers: float, or one per seed, for each further input that the file takes.

        Returns:
            float32 array (num_samples, *shape), images in [0, 1]; or tokens of texts, int32 (num_samples, length).
        """
        inputs, runner = {"seeds": np.asarray(seeds, np.int32)}, self._runner
        num_samples = len(inputs["seeds"])
        if temperature is not None:
            temperature = np.asarray(temperature, np.float32)
            if not self.outputs_tokens or not ((temperature > 0) & np.isfinite(temperature)).all():
                expected = "above 0" if self.outputs_tokens else "none: the file generates no texts"
                raise ValueError(f"temperature: received {temperature}, expected {expected}")
            inputs["temperature"], runner = np.broadcast_to(temperature, num_samples), self._runner_at
        if self.words is not None:
            if texts is None or not len(texts):
                raise ValueError("texts: received none, expected a caption: `--text CAPTION`")
            inputs["tokens"] = self.encode(list(itertools.islice(itertools.cycle(texts), num_samples)))
        elif texts is not None:
            raise ValueError(f"texts: received {texts}, expected none: the file takes no captions")
        if self.num_classes is not None:
            inputs["labels"] = self._checked_labels(labels, num_samples)
        elif labels is not None:
            raise ValueError(f"labels: received {labels}, expected none: the file takes no labels")
        if set(numbers) != self.numbers:
            raise ValueError(f"condition: received {sorted(numbers)}, expected {sorted(self.numbers)}")
        inputs |= {name: np.broadcast_to(np.asarray(value, np.float32), num_samples) for name, value in numbers.items()}
        parts = []
        for start in range(0, num_samples, self.batch_size):
            # The batch size is fixed: the last batch is filled up with copies of the last row.
            rows = np.minimum(np.arange(start, start + self.batch_size), num_samples - 1)
            parts.append(np.array(*runner(**{name: value[rows] for name, value in inputs.items()}).values()))
        samples = np.concatenate(parts)[:num_samples]
        if samples.dtype == np.int8:
            scale, zero_point = self._output["quantization"]
            samples = (samples.astype(np.float32) - zero_point) * np.float32(scale)
        return samples

    def _checked_labels(self, labels, num_samples):
        # The interpreter does not check bounds and would read beyond its embedding table.
        known = {str(label): label for label in range(self.num_classes)}
        values = [] if labels is None else [str(label).strip() for label in np.ravel(labels).tolist()]
        if not values or not known.keys() >= set(values):
            received = "none" if labels is None else labels
            raise ValueError(f"labels: received {received}, expected integers from 0 to {self.num_classes - 1}")
        return np.resize(np.array([known[value] for value in values], np.int32), num_samples)


def open_interpreter(path, threads=None):
    """Returns the interpreter of a TFLite file; arguments as for `Sampler`."""
    if threads is not None and threads < 1:
        raise ValueError(f"threads: received {threads}, expected at least 1")
    if pathlib.Path(path).read_bytes()[4:8] != b"TFL3":
        raise ValueError(f"{path}: received a file of another kind, expected a .tflite file exported by ganzoo")
    from ai_edge_litert.interpreter import Interpreter

    try:
        return Interpreter(str(path), num_threads=threads)
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"{path}: received a damaged file ({error}), expected one exported by ganzoo") from None


def read_vocabulary(path):
    """Returns (words or None, length, options of `split_words`) of the vocabulary file next to a TFLite file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        options = {name: content[name] for name in ("unit", "keep_case", "keep_punctuation") if name in content}
        return content["words"], content["length"], options
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path}: received a damaged file, expected the vocabulary that was exported") from None


def split_words(text, unit="word", keep_case=False, keep_punctuation=False):
    """Returns the words, or the characters, of a text, as the model's own tokenizer does: list of str."""
    text = unicodedata.normalize("NFC", re.sub("[\ud800-\udfff]", "\ufffd", text))
    if not keep_case:
        text = re.sub(f"(?<=[{GREEK}])Σ(?![{GREEK}])", "ς", text).replace("Σ", "σ").replace("İ", "i").lower()
    words, end = [], None
    for match in re.finditer(TOKENS[unit][keep_punctuation], "".join(map(kind, text))):
        if unit == "character" and end not in (None, match.start()):
            words.append(" ")
        words.append(text[match.start() : match.end()])
        end = match.end()
    return words


def join_words(words, unit="word"):
    """Returns the text of words: with spaces between them, except between those of scripts that have none."""
    unspaced = [unit == "character" or re.match(f"[{UNSPACED_LETTERS}{WIDE_PUNCTUATION}]", word) for word in words]
    spaces = ["" if before and after else " " for before, after in itertools.pairwise(unspaced)]
    return "".join(itertools.chain.from_iterable(zip(["", *spaces], words, strict=bool(words))))


@functools.cache
def kind(character):
    """Returns the kind of a character, one of those in `TOKENS`, or a space."""
    if re.match(f"[{UNSPACED_LETTERS}]", character):
        return "s"
    category = "M" if character in JOINERS else unicodedata.category(character)[0]
    return {"L": "w", "N": "w", "M": "m", "P": "p", "S": "p"}.get(category, " ")


def sample_file(path, num_samples, seed=0, threads=None, **conditions):
    """Returns `num_samples` samples of a file, from `seed` on.

    Args:
        path, threads: of `Sampler`.
        num_samples, seed: int, of `seed_range`.
        **conditions: `labels`, `texts`, `temperature` and numbers, of `Sampler.__call__`.
    """
    return Sampler(path, threads)(seed_range(seed, num_samples), **conditions)


def seed_range(seed, num_samples):
    """Returns the seeds from `seed` to `seed + num_samples - 1`."""
    if num_samples < 1 or not 0 <= seed <= 2**31 - num_samples:
        raise ValueError(
            f"received {num_samples} samples from seed {seed}, expected at least 1, and seeds from 0 to 2**31 - 1"
        )
    return np.arange(seed, seed + num_samples)


def save_png(pixels, path):
    """Saves uint8 pixels (height, width, channels) as a PNG file that names ganzoo as its software."""
    from PIL import Image, PngImagePlugin

    origin = PngImagePlugin.PngInfo()
    origin.add_text("Software", "ganzoo")
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path, pnginfo=origin)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message):
        """Exits with code 2."""
        self.exit(2, f"{self.prog}: error: {message}\n")


def main(arguments=None):
    """Generates and saves samples; texts are printed unless there is an output file."""
    parser = Parser(description="Sample from a TFLite file exported by ganzoo.")
    parser.add_argument("file", help="a .tflite file")
    parser.add_argument("--num-samples", type=int, default=16, help="number of samples (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first sample (default: %(default)s)")
    parser.add_argument("--labels", help="class labels in rotation, such as 3,7, where the file takes labels")
    parser.add_argument("--text", help="the caption, where the file takes captions")
    parser.add_argument("--temperature", type=float, help="of texts; below 1 favors likely words (default: 1)")
    parser.add_argument("--condition", nargs="*", default=[], help="NAME=VALUE of a further number that the file takes")
    parser.add_argument("--threads", type=int, help="threads of the interpreter")
    parser.add_argument("--out", help="a folder of PNGs (default: samples), an .npz file, or a .txt file of texts")
    try:
        run(parser.parse_args(arguments))
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}" if error.strerror else str(error))
    except (ValueError, RuntimeError, ImportError, MemoryError) as error:
        parser.error((str(error) or type(error).__name__).splitlines()[0])


def run(options):
    """Samples as the command line options say."""
    texts, labels = options.text and [options.text], options.labels and options.labels.split(",")
    out = pathlib.Path(options.out or "samples")
    if out.is_file():
        raise ValueError(f"out: received {str(out)!r}, a file that exists, expected a new one")
    seeds, sampler = seed_range(options.seed, options.num_samples), Sampler(options.file, options.threads)
    if sampler.words is not None and texts and (unknown := sampler.unknown(texts)):
        print(f"words outside the model's vocabulary, read as the unknown word: {', '.join(unknown)}", file=sys.stderr)
    numbers = {name: float(value) for name, _, value in (each.partition("=") for each in options.condition)}
    samples = sampler(seeds, labels, texts, options.temperature, **numbers)
    if sampler.outputs_tokens and out.suffix != ".npz":
        lines = "".join(f"{text}\n" for text in sampler.decode(samples))
        if options.out:
            out.write_text(lines, encoding="utf-8")
        else:
            sys.stdout.write(lines)
    elif out.suffix == ".npz" or samples.ndim != 4:
        with open(out.with_suffix(".npz"), "xb") as file:
            np.savez_compressed(file, samples=samples, seeds=seeds)
    else:
        out.mkdir(parents=True, exist_ok=True)
        for seed, image in zip(seeds, samples, strict=True):
            save_png(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8), out / f"seed-{seed:010d}.png")


if __name__ == "__main__":
    sys.exit(main())
