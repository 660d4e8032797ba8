"""`ganzoo sample`: generates images, points or texts with a run or an exported file."""

import json
import os
import sys
from pathlib import Path

import numpy as np

from ...export.runtime.sample import Sampler, sample_file
from ...export.visualization import overview, save_png, save_samples
from ...zoo.core.atomic_files import write_text
from ...zoo.core.own_files import is_own_png, write_arrays, write_own_text
from ...zoo.core.user_paths import shell_path
from ...zoo.errors import UserError
from ...zoo.families.condition_specs import Number
from ...zoo.registry import nearest
from ..data.texts.text_files import read_lines
from ..run.run_dir import as_run_dir, load_run
from .output_paths import check_output_file, check_output_folder, claim_folder, data_of_run

DEFAULT_NUM_SAMPLES, DEFAULT_NUM_TEXTS = 64, 20
DEFAULT_IMAGE = "samples.png"
# Of a folder of images.
KIND, INDEX, FILES = "samples", "index.jsonl", "seed-*.png"
# The channels that a PNG file can hold.
MAX_CHANNELS = 4
CONDITIONS = ("labels", "per_class", "text", "text_file", "temperature", "condition")


def sample(options):
    """Generates the samples that the options of `ganzoo sample` specify.

    Args:
        options: namespace with source, checkpoint, num_samples, seed, labels, per_class, text, text_file, temperature,
            condition, and out: .png for an image grid, .npz for an array, otherwise a folder of PNGs; of texts .txt or
            None.

    Returns:
        dict of facts for the report: `num_samples`, `seed`, the `texts` of a text model, `out` if a file was
        written, and `removed`, the number of images of an earlier call that a folder no longer holds.

    Raises:
        UserError: options that do not fit the model or each other, or a path that must not be written.
    """
    exported = Path(options.source).suffix == ".tflite" and not Path(options.source).is_dir()
    run = None if exported else as_run_dir(options.source)
    sources = [] if exported else [data_of_run(run)]
    if options.out:
        _check_out(options.out, sources)
    model = _ExportedModel(options.source) if exported else _RunModel(run, options.checkpoint)
    conditions, num_samples, columns = _parse_conditions(options, model)
    if model.decode is not None:
        return _sample_texts(model, options, conditions, num_samples)
    out = Path(options.out or DEFAULT_IMAGE)
    if not options.out:
        check_output_file(out, *sources, default=True)
    suffix = _suffix(options.out or DEFAULT_IMAGE)
    if suffix not in (".png", ".npz", ""):
        raise UserError(f"--out: received {str(out)!r}, expected .png, .npz, or (for images) the name of a folder")
    samples = model.generate(num_samples, options.seed, conditions)
    facts = {"num_samples": num_samples, "seed": options.seed, "out": str(out)}
    if suffix == ".png":
        save_png(out, overview(samples, columns=columns))
    elif suffix == ".npz":
        write_arrays(out, samples=samples, seed=options.seed, **conditions)
    else:
        facts["removed"] = _save_folder(out, samples, conditions.get("texts"), options.seed)
    return facts


def _suffix(out):
    """Returns the lower-case suffix that determines what is written, "" for a folder."""
    is_folder = Path(out).is_dir() or out.endswith(os.sep)
    return "" if is_folder else Path(out).suffix.lower()


def _check_out(out, sources):
    """Refuses a path that must not be written, see `output_paths.py`."""
    if _suffix(out):
        check_output_file(out, *sources)
    else:
        check_output_folder(out, KIND, *sources)
        edited = next((path for path in Path(out).glob(FILES) if not is_own_png(path)), None)
        if edited is not None:
            raise UserError(
                f"--out: received {out!r} with {edited.name}, which ganzoo did not write or which was edited since, "
                "expected another folder"
            )


def _save_folder(out, samples, texts, seed):
    """Writes images as PNGs, in place of those of an earlier call. Returns the number of images that it removed."""
    if samples.ndim != 4 or samples.shape[-1] > MAX_CHANNELS:
        kind = f"have {samples.shape[-1]} channels" if samples.ndim == 4 else "are not images"
        raise UserError(f"--out: received {str(out)!r}, expected .png or .npz: these samples {kind}")
    names = save_samples(claim_folder(out, KIND), samples, seed)
    stale = [path for path in out.glob(FILES) if path.name not in names and is_own_png(path)]
    for path in stale:
        path.unlink()
    if texts is not None:
        _write_index(out, names, texts, seed)
    else:
        (out / INDEX).unlink(missing_ok=True)
    return len(stale)


def _sample_texts(model, options, conditions, num_samples):
    """Generates texts, and writes them to a file if --out is given."""
    if options.out and _suffix(options.out) != ".txt":
        raise UserError(f"--out: received {options.out!r}, expected a .txt file: {options.source} generates texts")
    texts = model.decode(model.generate(num_samples, options.seed, conditions))
    facts = {"num_samples": num_samples, "seed": options.seed, **conditions, "texts": texts}
    if options.out:
        write_own_text(options.out, "".join(f"{text}\n" for text in texts))
        facts["out"] = options.out
    return facts


class _RunModel:
    """The model of a run.

    Attributes:
        num_classes: int, or None without class labels.
        vocabulary: object with `unknown(texts)`, or None without captions.
        decode: function from tokens to texts, or None if the samples are not texts.
    """

    def __init__(self, run_dir, checkpoint):
        self.model = load_run(run_dir, checkpoint)
        family = self.model.data_family
        if family == "translation":
            raise UserError(
                f"{run_dir}: received a run of {type(self.model).__name__}, which translates images, expected one that "
                f"generates samples: `ganzoo translate {shell_path(run_dir.path)} IN OUT`"
            )
        self.num_classes = getattr(self.model, "num_classes", None)
        # The vocabulary of a text model is that of its samples.
        self.vocabulary = getattr(self.model, "vocabulary", None) if family == "image" else None
        self.decode = self.model.decode if family == "text" else None
        self.specs = {spec.argument: spec for spec in self.model.condition_specs}

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
            self.specs = {name: Number(name, 0.0, -np.inf) for name in sampler.numbers}
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
    if names[0] == "condition":
        return _parse_specs(options.condition, model.specs), num_samples, None
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


def _parse_specs(assignments, specs):
    """Returns the conditions that "NAME=VALUE" texts set, as the model's specifications read them."""
    conditions = {}
    for name, equals, value in (assignment.partition("=") for assignment in assignments):
        if name not in specs or not equals:
            raise UserError(
                f"--condition: received {name + equals + value!r}, expected NAME=VALUE with a name among "
                f"{sorted(specs)}{nearest(name, specs)}"
            )
        conditions[name] = specs[name].parse(value)
    return conditions


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
    lines = read_lines(path, f"--text-file: {path}", UserError)
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
