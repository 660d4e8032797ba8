"""Draws samples from a TFLite file made by ganzoo. It needs ai-edge-litert and NumPy, and Pillow to save pictures.

    python sample.py generator.tflite --num 16 --seed 7 --out samples/
    python sample.py generator.tflite --num 16 --labels 3,7 --out samples.npz
    python sample.py texts.tflite --num 16 --temperature 0.7

Sample i is the sample of seed + i: the same picture, or text, that the model gave before it was exported.
"""

import argparse
import itertools
import json
import pathlib
import re
import sys

import numpy as np


class Sampler:
    """A TFLite file that turns seeds into samples.

    Attributes:
        num_classes: int, where the file takes labels; else None.
        batch_size: int, samples of one call of the interpreter.
        words: dict of word -> token, where the file takes captions; else None. It is read from the file
            NAME.vocabulary.json beside NAME.tflite.
        gives_texts: bool, whether samples are tokens of texts; `written` has their words from the same file.

    Args:
        path: of the file.
        threads: int >= 1, or None for the interpreter's default.
    """

    def __init__(self, path, threads=None):
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(str(path), num_threads=threads)
        if "sample" not in self._interpreter.get_signature_list():
            raise ValueError(f"{path}: has no signature 'sample', expected a file exported by ganzoo")
        self._runner = self._interpreter.get_signature_runner("sample")
        self.batch_size = int(self._runner.get_input_details()["seeds"]["shape"][0])
        # The interpreter does not show a file's description, which says how many classes there are.
        told = re.search(rb'ganzoo(\{"num_classes": [0-9]+\})', pathlib.Path(path).read_bytes())
        self.num_classes = json.loads(told[1])["num_classes"] if told else None
        ((output, self._output),) = self._runner.get_output_details().items()
        self.words, self.gives_texts = None, output == "tokens"
        beside = pathlib.Path(path).with_suffix(".vocabulary.json")
        if "tokens" in self._runner.get_input_details():
            known = json.loads(beside.read_text(encoding="utf-8"))
            self.length = known["length"]
            # 0 pads, 1 stands for every unknown word.
            self.words = {word: number + 2 for number, word in enumerate(known["words"])}
        if self.gives_texts:
            self._runner_at = self._interpreter.get_signature_runner("sample_at")
            self._known = json.loads(beside.read_text(encoding="utf-8"))["words"]

    def unknown(self, texts):
        """Returns the sorted words of texts that the file does not know."""
        return sorted({word for text in texts for word in split(text)} - set(self.words or ()))

    def written(self, tokens):
        """Returns tokens (num, length) as a list of texts, each up to token 0; as numbers where they are no words."""
        rows = np.asarray(tokens).tolist()
        if self._known is None:
            return [" ".join(map(str, row)) for row in rows]
        words = ["", "<unk>", *self._known]
        return [" ".join(words[token] for token in itertools.takewhile(bool, row)) for row in rows]

    def __call__(self, seeds, labels=None, texts=None, temperature=None):
        """Returns the samples of int32 seeds (num,).

        Args:
            seeds: int32 array (num,).
            labels, texts: taken in turn, where the file takes some.
            temperature: float > 0, or one a seed, where the file gives texts; below 1 likely words are likelier.

        Returns:
            float32 (num, *shape), images in [0, 1]; or tokens of texts, int32 (num, length).
        """
        given, runner = {"seeds": np.asarray(seeds, np.int32)}, self._runner
        if temperature is not None:
            temperature = np.asarray(temperature, np.float32)
            if not self.gives_texts or not (temperature > 0).all():
                known = "above 0" if self.gives_texts else "none: the file gives no texts"
                raise ValueError(f"temperature: received {temperature}, expected {known}")
            given["temperature"], runner = np.broadcast_to(temperature, len(given["seeds"])), self._runner_at
        if (texts is None) != (self.words is None):
            raise ValueError(f"texts: received {texts}, expected {'none' if self.words is None else 'some'}")
        if texts is not None:
            given["tokens"] = np.zeros((len(given["seeds"]), self.length), np.int32)
            for row, text in zip(given["tokens"], itertools.cycle(texts), strict=False):
                read = [self.words.get(word, 1) for word in split(text)][: self.length]
                row[: len(read)] = read
        if self.num_classes is not None:
            known = f"integers from 0 to {self.num_classes - 1}"
            if labels is None:
                raise ValueError(f"labels: received none, expected {known}")
            given["labels"] = np.resize(np.asarray(labels, np.int32), len(given["seeds"]))
            if given["labels"].min() < 0 or given["labels"].max() >= self.num_classes:
                # Beyond its table the interpreter would read whatever lies there.
                raise ValueError(f"labels: received {labels}, expected {known}")
        elif labels is not None:
            raise ValueError(f"labels: received {labels}, expected none: the file takes no labels")
        parts = []
        for start in range(0, len(given["seeds"]), self.batch_size):
            # The file takes exactly its own batch size: the last row stands in for those that are missing.
            rows = np.minimum(np.arange(start, start + self.batch_size), len(given["seeds"]) - 1)
            (samples,) = runner(**{name: value[rows] for name, value in given.items()}).values()
            parts.append(np.array(samples))
        samples = np.concatenate(parts)[: len(given["seeds"])]
        if samples.dtype == np.int8:
            scale, zero_point = self._output["quantization"]
            samples = (samples.astype(np.float32) - zero_point) * np.float32(scale)
        return samples


def split(text):
    """Returns the words of a text: small letters and digits, no punctuation."""
    return re.findall(r"[^\W_]+", text.lower())


def draw(path, num, seed=0, labels=None, threads=None, texts=None, temperature=None):
    """Returns `num` samples of a file, those of the seeds from `seed` on; labels or texts are taken in turn."""
    return Sampler(path, threads)(seeds_from(seed, num), labels, texts, temperature)


def seeds_from(seed, num):
    """Returns `num` seeds, the first one given."""
    if num < 1 or not 0 <= seed <= 2**31 - num:
        raise ValueError(f"received {num} samples from seed {seed}, expected at least 1, and seeds from 0 to 2**31 - 1")
    return np.arange(seed, seed + num)


def main(arguments=None):
    """Draws samples and saves them; texts are printed, unless they have a file to go to."""
    parser = argparse.ArgumentParser(description="Draw samples from a TFLite file made by ganzoo.")
    parser.add_argument("file", help="a .tflite file")
    parser.add_argument("--num", type=int, default=16, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first (default: %(default)s)")
    parser.add_argument("--labels", help="classes in turn, such as 3,7, where the file takes labels")
    parser.add_argument("--text", help="what to draw, where the file takes captions")
    parser.add_argument("--temperature", type=float, help="of texts; below 1 likely words are likelier (default: 1)")
    parser.add_argument("--threads", type=int, help="of the interpreter")
    parser.add_argument("--out", help="a folder of PNGs (default: samples), an .npz file, or a .txt file of texts")
    options = parser.parse_args(arguments)
    labels = [int(label) for label in options.labels.split(",")] if options.labels else None
    texts = [options.text] if options.text else None
    seeds, sampler = seeds_from(options.seed, options.num), Sampler(options.file, options.threads)
    samples = sampler(seeds, labels, texts, options.temperature)
    out = pathlib.Path(options.out or "samples")
    if sampler.gives_texts and out.suffix != ".npz":
        lines = "".join(f"{text}\n" for text in sampler.written(samples))
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
