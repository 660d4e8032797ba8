"""`ganzoo sample`: pictures or texts of a run or of an exported file, of classes or captions where those are taken."""

import json
import sys
from pathlib import Path

import numpy as np

from ..export.pictures import overview, save_png, save_samples
from ..export.sample import Sampler, draw
from ..zoo.errors import UserError
from ..zoo.files import write_text
from .places import require_place
from .rundir import load_run

DEFAULT_NUM, DEFAULT_TEXTS = 64, 20
PICTURE = "samples.png"
INDEX = "index.jsonl"


def sample(options):
    """Draws what the options of `ganzoo sample` ask for.

    Args:
        options: with source, checkpoint, num, seed, labels, per_class, text, text_file, temperature, and out: .png for
            one picture, .npz for an array, else a folder of PNGs; of texts .txt, or None.

    Returns:
        dict of facts for the report: `num`, `seed`, the `texts` of a text model, and `out` where there is a file.

    Raises:
        UserError: options that do not fit the model or each other.
    """
    model = _File(options.source) if Path(options.source).suffix == ".tflite" else _Run(options)
    conditions, num, columns = _asked(options, model)
    if model.write is not None:
        return _texts_of(model, options, conditions, num)
    out = Path(options.out or PICTURE)
    if out.suffix not in (".png", ".npz", ""):
        raise UserError(f"--out: received {str(out)!r}, expected .png, .npz, or (for images) a folder's name")
    if out.suffix:
        require_place(out)
    samples = model.draw(num, options.seed, conditions)
    if out.suffix == ".png":
        save_png(out, overview(samples, columns=columns))
    elif out.suffix == ".npz":
        np.savez_compressed(out, samples=samples, seed=options.seed, **conditions)
    elif samples.ndim != 4:
        raise UserError(f"--out: received {str(out)!r}, expected .png or .npz: these samples are no images")
    else:
        names = save_samples(out, samples, options.seed)
        if "texts" in conditions:
            _write_index(out, names, conditions["texts"], options.seed)
    return {"num": num, "seed": options.seed, "out": str(out)}


def _texts_of(model, options, conditions, num):
    """Draws texts, and writes them to a file where one is named."""
    if options.out and Path(options.out).suffix != ".txt":
        raise UserError(f"--out: received {options.out!r}, expected a .txt file: {options.source} makes texts")
    texts = model.write(model.draw(num, options.seed, conditions))
    facts = {"num": num, "seed": options.seed, **conditions, "texts": texts}
    if options.out:
        write_text(options.out, "".join(f"{text}\n" for text in texts))
        facts["out"] = options.out
    return facts


class _Run:
    """A run's model, as what can be asked for samples."""

    def __init__(self, options):
        self.model = load_run(options.source, options.checkpoint)
        if hasattr(self.model, "translate"):
            raise UserError(
                f"{options.source}: received a run of {type(self.model).__name__}, which translates pictures, expected "
                f"one that draws samples: `ganzoo translate {options.source} IN OUT`"
            )
        self.num_classes = getattr(self.model, "num_classes", None)
        self.reader = getattr(self.model, "reader", None)
        # From tokens to texts.
        self.write = getattr(self.model, "written", None)

    def draw(self, num, seed, conditions):
        return self.model.generate(num, seed=seed, **conditions)


class _File:
    """A TFLite file, as what can be asked for samples."""

    def __init__(self, path):
        self.path = path
        try:
            sampler = Sampler(path)
            self.num_classes = sampler.num_classes
            self.reader = sampler if sampler.words is not None else None
            self.write = sampler.written if sampler.gives_texts else None
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: cannot be sampled: {error}") from None

    def draw(self, num, seed, conditions):
        try:
            samples = draw(self.path, num, seed, **conditions)
        except ValueError as error:
            raise UserError(f"{self.path}: {error}") from None
        # As `generate` gives them.
        return samples * 2 - 1 if samples.ndim == 4 else samples


def _asked(options, model):
    """Returns (conditions of the samples, how many, columns of a picture or None)."""
    asked = ("labels", "per_class", "text", "text_file", "temperature")
    given = [name for name in asked if getattr(options, name) is not None]
    flags = [f"--{name.replace('_', '-')}" for name in given]
    if len(given) > 1:
        raise UserError(f"{flags[0]}: received {', '.join(flags[1:])} beside it, expected one of them")
    default = DEFAULT_NUM if model.write is None else DEFAULT_TEXTS
    num = default if options.num is None else options.num
    if not given:
        return {}, num, None
    if given[0] == "temperature":
        if model.write is None:
            raise UserError("--temperature: received a model that has none, expected one that makes texts")
        return {"temperature": options.temperature}, num, None
    if given[0] in ("labels", "per_class"):
        if model.num_classes is None:
            raise UserError(f"{flags[0]}: received a model without labels, expected a class-conditional one")
        return _labels(options, model.num_classes)
    if model.reader is None:
        raise UserError(f"{flags[0]}: received a model that reads no captions, expected a text-to-image one")
    return _texts(options, model.reader)


def _labels(options, num_classes):
    if options.per_class is not None:
        if options.per_class < 1 or options.num is not None:
            raise UserError(f"--per-class: received {options.per_class}, expected at least 1, and no --num beside it")
        labels = np.repeat(np.arange(num_classes), options.per_class)
        return {"labels": labels}, len(labels), options.per_class
    try:
        labels = [int(label) for label in options.labels.split(",")]
    except ValueError:
        raise UserError(
            f"--labels: received {options.labels!r}, expected integers from 0 to {num_classes - 1}, such as 3,3,7"
        ) from None
    num = len(labels) if options.num is None else options.num
    if len(labels) not in (1, num):
        raise UserError(f"--labels: received {len(labels)} beside --num {num}, expected as many, or one label")
    return {"labels": np.resize(np.array(labels), num)}, num, None


def _texts(options, reader):
    if options.text is not None:
        num = DEFAULT_NUM if options.num is None else options.num
        texts = [options.text] * num
    else:
        texts = _lines(options.text_file)
        if options.num is not None:
            raise UserError(f"--num: received {options.num} beside --text-file, expected none: a line is an image")
    unknown = reader.unknown(texts)
    if unknown:
        print(
            f"words that the model has never read, and takes for one unknown word: {', '.join(unknown)}",
            file=sys.stderr,
        )
    return {"texts": texts}, len(texts), None


def _lines(path):
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"--text-file: received {path!r}, which cannot be read ({error}), expected UTF-8 text"
        ) from None
    texts = [line.strip() for line in lines if line.strip()]
    if not texts:
        raise UserError(f"--text-file: received {path!r} without a line of text, expected a caption a line")
    return texts


def _write_index(folder, names, texts, seed):
    """Writes which file is of which caption and seed, in the order of the captions."""
    rows = [
        {"file_name": name, "text": text, "seed": seed + number}
        for number, (name, text) in enumerate(zip(names, texts, strict=True))
    ]
    write_text(Path(folder) / INDEX, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
