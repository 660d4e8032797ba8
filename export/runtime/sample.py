"""Samples from a TFLite file exported by ganzoo. Requires ai-edge-litert and NumPy, and Pillow to save images.

    python sample.py generator.tflite --num-samples 16 --seed 7 --out samples/
    python sample.py generator.tflite --num-samples 16 --labels 3,7 --out samples.npz
    python sample.py texts.tflite --num-samples 16 --temperature 0.7

Sample i is the sample of seed + i: the same image, or text, that the model generated before it was exported.
"""

import argparse
import itertools
import json
import pathlib
import re
import sys

import numpy as np


class Sampler:
    """A TFLite file that maps seeds to samples.

    Attributes:
        num_classes: int, where the file takes labels, else None.
        batch_size: int, samples per call of the interpreter.
        words: dict of word -> token, where the file takes captions, else None. It is read from the file
            NAME.vocabulary.json next to NAME.tflite.
        outputs_tokens: bool, whether samples are tokens of texts; `decode` converts them with the same vocabulary.

    Args:
        path: str or path of the file.
        threads: int >= 1, or None for the interpreter's default.

    Raises:
        ValueError: a file without a signature `sample`.
    """

    def __init__(self, path, threads=None):
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(str(path), num_threads=threads)
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
        if "tokens" in self._runner.get_input_details():
            vocabulary = json.loads(vocabulary_path.read_text(encoding="utf-8"))
            self.length = vocabulary["length"]
            # Token 0 is padding, 1 is any unknown word.
            self.words = {word: number + 2 for number, word in enumerate(vocabulary["words"])}
        if self.outputs_tokens:
            self._runner_at = self._interpreter.get_signature_runner("sample_at")
            self._token_words = json.loads(vocabulary_path.read_text(encoding="utf-8"))["words"]

    def unknown(self, texts):
        """Returns the sorted words of texts that are not in the vocabulary."""
        return sorted({word for text in texts for word in split_words(text)} - set(self.words or ()))

    def encode(self, texts):
        """Returns the tokens of texts: int32 array (num_samples, length)."""
        tokens = np.zeros((len(texts), self.length), np.int32)
        for row, text in zip(tokens, texts, strict=True):
            encoded = [self.words.get(word, 1) for word in split_words(text)][: self.length]
            row[: len(encoded)] = encoded
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
        words = ["", "<unk>", *self._token_words]
        return [" ".join(words[token] for token in itertools.takewhile(bool, row)) for row in rows]

    def __call__(self, seeds, labels=None, texts=None, temperature=None):
        """Returns the samples of seeds.

        Args:
            seeds: int32 array (num_samples,).
            labels, texts: sequences that are repeated over the samples, where the file takes labels or captions.
            temperature: float > 0, or one per seed, where the file generates texts; below 1 favors likely words.

        Returns:
            float32 array (num_samples, *shape), images in [0, 1]; or tokens of texts, int32 (num_samples, length).

        Raises:
            ValueError: inputs that the file does not take, or that are out of range.
        """
        inputs, runner = {"seeds": np.asarray(seeds, np.int32)}, self._runner
        num_samples = len(inputs["seeds"])
        if temperature is not None:
            temperature = np.asarray(temperature, np.float32)
            if not self.outputs_tokens or not (temperature > 0).all():
                expected = "above 0" if self.outputs_tokens else "none: the file generates no texts"
                raise ValueError(f"temperature: received {temperature}, expected {expected}")
            inputs["temperature"], runner = np.broadcast_to(temperature, num_samples), self._runner_at
        if (texts is None) != (self.words is None):
            raise ValueError(f"texts: received {texts}, expected {'none' if self.words is None else 'some'}")
        if texts is not None:
            inputs["tokens"] = self.encode(list(itertools.islice(itertools.cycle(texts), num_samples)))
        if self.num_classes is not None:
            inputs["labels"] = self._checked_labels(labels, num_samples)
        elif labels is not None:
            raise ValueError(f"labels: received {labels}, expected none: the file takes no labels")
        parts = []
        for start in range(0, num_samples, self.batch_size):
            # The batch size is fixed: the last batch is filled up with copies of the last row.
            rows = np.minimum(np.arange(start, start + self.batch_size), num_samples - 1)
            (samples,) = runner(**{name: value[rows] for name, value in inputs.items()}).values()
            parts.append(np.array(samples))
        samples = np.concatenate(parts)[:num_samples]
        if samples.dtype == np.int8:
            scale, zero_point = self._output["quantization"]
            samples = (samples.astype(np.float32) - zero_point) * np.float32(scale)
        return samples

    def _checked_labels(self, labels, num_samples):
        expected = f"integers from 0 to {self.num_classes - 1}"
        if labels is None:
            raise ValueError(f"labels: received none, expected {expected}")
        resized = np.resize(np.asarray(labels, np.int32), num_samples)
        if resized.min() < 0 or resized.max() >= self.num_classes:
            # The interpreter does not check bounds and would read beyond its embedding table.
            raise ValueError(f"labels: received {labels}, expected {expected}")
        return resized


def split_words(text):
    """Returns the words of a text: runs of letters and digits in lower case, without punctuation."""
    return re.findall(r"[^\W_]+", text.lower())


def sample_file(path, num_samples, seed=0, labels=None, threads=None, texts=None, temperature=None):
    """Returns `num_samples` samples of a file.

    Args:
        path: str or path of the file.
        num_samples: int >= 1.
        seed: int >= 0, the first seed. Default 0.
        threads: int >= 1, or None for the interpreter's default.
        labels, texts, temperature: of `Sampler`.
    """
    return Sampler(path, threads)(seed_range(seed, num_samples), labels, texts, temperature)


def seed_range(seed, num_samples):
    """Returns the seeds from `seed` to `seed + num_samples - 1`."""
    if num_samples < 1 or not 0 <= seed <= 2**31 - num_samples:
        raise ValueError(
            f"received {num_samples} samples from seed {seed}, expected at least 1, and seeds from 0 to 2**31 - 1"
        )
    return np.arange(seed, seed + num_samples)


def main(arguments=None):
    """Generates and saves samples; texts are printed unless there is an output file."""
    parser = argparse.ArgumentParser(description="Sample from a TFLite file exported by ganzoo.")
    parser.add_argument("file", help="a .tflite file")
    parser.add_argument("--num-samples", type=int, default=16, help="number of samples (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first sample (default: %(default)s)")
    parser.add_argument("--labels", help="class labels in rotation, such as 3,7, where the file takes labels")
    parser.add_argument("--text", help="the caption, where the file takes captions")
    parser.add_argument("--temperature", type=float, help="of texts; below 1 favors likely words (default: 1)")
    parser.add_argument("--threads", type=int, help="threads of the interpreter")
    parser.add_argument("--out", help="a folder of PNGs (default: samples), an .npz file, or a .txt file of texts")
    options = parser.parse_args(arguments)
    labels = [int(label) for label in options.labels.split(",")] if options.labels else None
    texts = [options.text] if options.text else None
    seeds, sampler = seed_range(options.seed, options.num_samples), Sampler(options.file, options.threads)
    samples = sampler(seeds, labels, texts, options.temperature)
    out = pathlib.Path(options.out or "samples")
    if sampler.outputs_tokens and out.suffix != ".npz":
        lines = "".join(f"{text}\n" for text in sampler.decode(samples))
        if options.out:
            out.write_text(lines, encoding="utf-8")
        else:
            sys.stdout.write(lines)
        return
    if out.suffix == ".npz" or samples.ndim != 4:
        np.savez_compressed(out.with_suffix(".npz"), samples=samples, seeds=seeds)
        return
    from PIL import Image

    out.mkdir(parents=True, exist_ok=True)
    for seed, image in zip(seeds, samples, strict=True):
        pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
        Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(out / f"seed-{seed:010d}.png")


if __name__ == "__main__":
    sys.exit(main())
