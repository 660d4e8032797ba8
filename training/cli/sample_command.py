"""`ganzoo sample`: generates images, points or texts with a run or an exported file."""

import json
import sys
from pathlib import Path

import numpy as np

from ...export.runtime.sample import Sampler, sample_file
from ...export.visualization import overview, save_png, save_samples
from ...zoo.core.atomic_files import write_text
from ...zoo.errors import UserError
from ..run.run_dir import load_run
from .output_paths import check_output_path

DEFAULT_NUM_SAMPLES, DEFAULT_NUM_TEXTS = 64, 20
DEFAULT_IMAGE = "samples.png"
INDEX = "index.jsonl"
CONDITIONS = ("labels", "per_class", "text", "text_file", "temperature")


def sample(options):
    """Generates the samples that the options of `ganzoo sample` specify.

    Args:
        options: namespace with source, checkpoint, num_samples, seed, labels, per_class, text, text_file, temperature,
            and out: .png for an image grid, .npz for an array, otherwise a folder of PNGs; of texts .txt or None.

    Returns:
        dict of facts for the report: `num_samples`, `seed`, the `texts` of a text model, and `out` if a file was
        written.

    Raises:
        UserError: options that do not fit the model or each other.
    """
    exported = Path(options.source).suffix == ".tflite"
    model = _ExportedModel(options.source) if exported else _RunModel(options.source, options.checkpoint)
    conditions, num_samples, columns = _parse_conditions(options, model)
    if model.decode is not None:
        return _sample_texts(model, options, conditions, num_samples)
    out = Path(options.out or DEFAULT_IMAGE)
    if out.suffix not in (".png", ".npz", ""):
        raise UserError(f"--out: received {str(out)!r}, expected .png, .npz, or (for images) the name of a folder")
    if out.suffix:
        check_output_path(out)
    samples = model.generate(num_samples, options.seed, conditions)
    if out.suffix == ".png":
        save_png(out, overview(samples, columns=columns))
    elif out.suffix == ".npz":
        np.savez_compressed(out, samples=samples, seed=options.seed, **conditions)
    elif samples.ndim != 4:
        raise UserError(f"--out: received {str(out)!r}, expected .png or .npz: these samples are not images")
    else:
        names = save_samples(out, samples, options.seed)
        if "texts" in conditions:
            _write_index(out, names, conditions["texts"], options.seed)
    return {"num_samples": num_samples, "seed": options.seed, "out": str(out)}


def _sample_texts(model, options, conditions, num_samples):
    """Generates texts, and writes them to a file if --out is given."""
    if options.out and Path(options.out).suffix != ".txt":
        raise UserError(f"--out: received {options.out!r}, expected a .txt file: {options.source} generates texts")
    texts = model.decode(model.generate(num_samples, options.seed, conditions))
    facts = {"num_samples": num_samples, "seed": options.seed, **conditions, "texts": texts}
    if options.out:
        write_text(options.out, "".join(f"{text}\n" for text in texts))
        facts["out"] = options.out
    return facts


class _RunModel:
    """The model of a run.

    Attributes:
        num_classes: int, or None without class labels.
        vocabulary: object with `unknown(texts)`, or None without captions.
        decode: function from tokens to texts, or None if the samples are not texts.
    """

    def __init__(self, path, checkpoint):
        self.model = load_run(path, checkpoint)
        family = self.model.data_family
        if family == "translation":
            raise UserError(
                f"{path}: received a run of {type(self.model).__name__}, which translates images, expected one that "
                f"generates samples: `ganzoo translate {path} IN OUT`"
            )
        self.num_classes = getattr(self.model, "num_classes", None)
        # The vocabulary of a text model is that of its samples.
        self.vocabulary = getattr(self.model, "vocabulary", None) if family == "image" else None
        self.decode = self.model.decode if family == "text" else None

    def generate(self, num_samples, seed, conditions):
        return self.model.generate(num_samples, seed=seed, **conditions)


class _ExportedModel:
    """A TFLite file, with the interface of `_RunModel`."""

    def __init__(self, path):
        self.path = path
        try:
            sampler = Sampler(path)
            self.num_classes = sampler.num_classes
            self.vocabulary = sampler if sampler.words is not None else None
            self.decode = sampler.decode if sampler.outputs_tokens else None
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: cannot be sampled: {error}") from None

    def generate(self, num_samples, seed, conditions):
        try:
            samples = sample_file(self.path, num_samples, seed, **conditions)
        except ValueError as error:
            raise UserError(f"{self.path}: {error}") from None
        # Images of a file are in [0, 1], those of `generate` in [-1, 1].
        return samples * 2 - 1 if samples.ndim == 4 else samples


def _parse_conditions(options, model):
    """Returns (conditions of the samples, number of samples, columns of an image grid or None)."""
    names = [name for name in CONDITIONS if getattr(options, name) is not None]
    flags = [f"--{name.replace('_', '-')}" for name in names]
    if len(names) > 1:
        raise UserError(f"{flags[0]}: received {', '.join(flags[1:])} with it, expected one of them")
    default = DEFAULT_NUM_SAMPLES if model.decode is None else DEFAULT_NUM_TEXTS
    num_samples = default if options.num_samples is None else options.num_samples
    if not names:
        return {}, num_samples, None
    if names[0] == "temperature":
        if model.decode is None:
            raise UserError("--temperature: received a model without a temperature, expected one that generates texts")
        return {"temperature": options.temperature}, num_samples, None
    if names[0] in ("labels", "per_class"):
        if model.num_classes is None:
            raise UserError(f"{flags[0]}: received a model without labels, expected a class-conditional one")
        return _parse_labels(options, model.num_classes)
    if model.vocabulary is None:
        raise UserError(f"{flags[0]}: received a model without captions, expected a text-to-image one")
    return _parse_captions(options, model.vocabulary)


def _parse_labels(options, num_classes):
    if options.per_class is not None:
        if options.per_class < 1 or options.num_samples is not None:
            raise UserError(
                f"--per-class: received {options.per_class}, expected at least 1, and no --num-samples with it"
            )
        labels = np.repeat(np.arange(num_classes), options.per_class)
        return {"labels": labels}, len(labels), options.per_class
    try:
        labels = [int(label) for label in options.labels.split(",")]
    except ValueError:
        raise UserError(
            f"--labels: received {options.labels!r}, expected integers from 0 to {num_classes - 1}, such as 3,3,7"
        ) from None
    num_samples = len(labels) if options.num_samples is None else options.num_samples
    if len(labels) not in (1, num_samples):
        raise UserError(
            f"--labels: received {len(labels)} labels with --num-samples {num_samples}, expected {num_samples} or one"
        )
    return {"labels": np.resize(np.array(labels), num_samples)}, num_samples, None


def _parse_captions(options, vocabulary):
    if options.text is not None:
        num_samples = DEFAULT_NUM_SAMPLES if options.num_samples is None else options.num_samples
        texts = [options.text] * num_samples
    else:
        texts = _read_captions(options.text_file)
        if options.num_samples is not None:
            raise UserError(
                f"--num-samples: received {options.num_samples} with --text-file, expected none: each line is an image"
            )
    unknown = vocabulary.unknown(texts)
    if unknown:
        print(f"words outside the model's vocabulary, read as the unknown word: {', '.join(unknown)}", file=sys.stderr)
    return {"texts": texts}, len(texts), None


def _read_captions(path):
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"--text-file: received {path!r}, which cannot be read ({error}), expected UTF-8 text"
        ) from None
    texts = [line.strip() for line in lines if line.strip()]
    if not texts:
        raise UserError(f"--text-file: received {path!r} without text, expected one caption per line")
    return texts


def _write_index(directory, names, texts, seed):
    """Writes the file, caption and seed of each image, in the order of the captions."""
    rows = [
        {"file_name": name, "text": text, "seed": seed + number}
        for number, (name, text) in enumerate(zip(names, texts, strict=True))
    ]
    write_text(Path(directory) / INDEX, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
