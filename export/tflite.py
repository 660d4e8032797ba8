"""TFLite files for devices: latents, a seed or pictures in, images or texts out, in built-in operations only."""

import contextlib
import json
import os
import re
import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ..zoo.cache import flush
from ..zoo.errors import ArgumentError
from ..zoo.latents import sampling_latents
from . import flatbuffer
from .signatures import SAMPLE, ExportError
from .translation import signatures_of
from .verification import REPEATS, verify
from .writing import write_errors

PRECISIONS = ("float32", "float16", "int8", "dynamic")
# What the first line of every version of the programs beside files holds.
PROGRAM_MARK = b" TFLite file made by ganzoo."


def export_tflite(
    model, path, precision="float32", batch_size=1, int8_io=False, value_range=(-1.0, 1.0), num_classes=None,
    repeats=REPEATS, calibration=None,
):  # fmt: skip
    """Writes a model's generator as a TFLite file, run and compared before it appears.

    When to use it: on phones, boards and wherever ai-edge-litert runs; on a CPU it is also the fastest way to sample.
    The file has the signatures `serving_default` (latents) and `sample` (seeds), the latter with the zoo's own random
    numbers in built-in operations: a seed gives the same picture as in Keras. `sample.py`, written beside the file,
    draws from it with ai-edge-litert and NumPy alone. Of a translator it has `translate_xy` and, where the model goes
    both ways, `translate_yx`, for pictures of the size that the model was built for, and `translate.py` beside it. Of a
    text model `sample` gives tokens, `sample_at` takes a temperature too, and `serving_default` says how likely tokens
    are; the words are beside the file, and `sample.py` writes with them.
    Transposed convolutions are rewritten (`subpixel.py`).

    Args:
        model: an `AdversarialModel`, a `TranslationModel` or a `TextModel`, whose averages are taken, or a
            `keras.Model` that maps latents, or [latents, labels], to samples.
        path: str or path ending in .tflite. A file of that name is replaced once the new one has held.
        precision: "float32"; "float16" (half the size); "int8" (calibrated on 512 latents of the zoo's prior, or 128
            pictures; not for texts), or "dynamic" (int8 weights, float activations; no calibration). Default "float32".
        batch_size: int >= 1. A file takes exactly so many at a time: a free batch would keep devices' accelerators and
            the quickest kernels out. Default 1.
        int8_io: bool, int8 latents or images in and int8 images out, with "int8" only; the report has scales and zero
            points. Default False: float32.
        value_range: (low, high) of the generator's images; they leave in [0, 1]. Default (-1, 1).
        num_classes: int >= 2, where a plain generator takes labels. Default: the model's own.
        repeats: int >= 0, calls whose median is the time; 0 takes none. Default 50.
        calibration: pictures that a translator is calibrated and compared on: dict "x" or "y" -> uint8 array (num,
            height, width, channels), or float32 in [-1, 1]; an array alone is of x. Give 136 of each or more. Default:
            smooth random pictures, whose ranges may be others than those of real ones.

    Returns:
        An `Entry`: differences from Keras, times, size, operations.

    Raises:
        ArgumentError: an argument out of its range, or a model that cannot be exported.
        ExportError: an operation has no built-in counterpart, the file cannot be written, or it does not give what
            Keras gives; nothing of it is left.

    Example:

    >>> import tempfile
    >>> from ganzoo.zoo import GAN
    >>> model = GAN.create((8, 8, 1), {"network": "dcgan", "width": 4}, {"network": "dcgan", "width": 4})
    >>> entry = export_tflite(model, tempfile.mkdtemp() + "/digits.tflite", repeats=0)
    >>> entry.worst["max_difference"] < 1e-5
    True
    """
    path = Path(path)
    _check(path, precision, batch_size, int8_io)
    signatures = signatures_of(model, value_range, num_classes, pictures=calibration)
    network, count = signatures.rewritten(precision == "int8")
    part = path.with_name(f".{path.name}.part")
    try:
        with write_errors(path):
            parsed = _assembled(signatures, network, precision, batch_size, int8_io)
            part.write_bytes(flatbuffer.write(parsed))
            flush(part)
            entry = verify(signatures, part, "tflite", precision, batch_size, repeats)
            _write_beside(path, signatures)
            os.replace(part, path)
            flush(path.parent)
    finally:
        part.unlink(missing_ok=True)
    entry.file = str(path)
    entry.operations = dict(sorted(flatbuffer.operations(parsed).items()))
    if "TRANSPOSE_CONV" in entry.operations:
        kept = entry.operations["TRANSPOSE_CONV"] // (1 + (SAMPLE in signatures.names))
        entry.notes.append(f"{kept} transposed convolutions were kept ({count} rewritten): they are slow on devices")
    return entry


def _assembled(signatures, network, precision, batch_size, int8_io):
    """The file's `schema.ModelT`, with all signatures and built-in operations only."""
    parsed = flatbuffer.read(_converted(signatures, network, precision, batch_size, int8_io))
    foreign = sorted(name for name in flatbuffer.operations(parsed) if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name))
    if foreign:
        raise ExportError(f"{precision}: needs {foreign}, expected built-in operations only: replace those layers")
    if signatures.num_classes is not None:
        # `sample.py` looks for it.
        parsed.description = b"ganzoo" + json.dumps({"num_classes": int(signatures.num_classes)}).encode()
    for alias, name in signatures.aliases.items():
        flatbuffer.add_alias(parsed, name, alias)
    if SAMPLE in signatures.names and SAMPLE not in signatures.converted:
        latents = flatbuffer.read(_latents_file(signatures.latent_dim, batch_size))
        flatbuffer.add_sampling(parsed, latents, SAMPLE)
    return parsed


def _write_beside(path, signatures):
    """The program that runs the file, and the words that it knows, each whole or not at all."""
    program, reader = path.with_name(signatures.program), signatures.reader
    # Texts are written with words, captions are read with them.
    known = getattr(signatures, "vocabulary", reader and {"length": reader.length, "words": reader.known})
    content = {program: Path(__file__).with_name(signatures.program).read_bytes()}
    if program.is_file() and PROGRAM_MARK not in program.read_bytes().partition(b"\n")[0]:
        # Somebody's own program of that name stays.
        content = {}
    if known is not None:
        content[path.with_suffix(".vocabulary.json")] = json.dumps(known, ensure_ascii=False).encode()
    for place, data in content.items():
        part = place.with_name(f".{place.name}.part")
        try:
            part.write_bytes(data)
            os.replace(part, place)
        finally:
            part.unlink(missing_ok=True)


def _check(path, precision, batch_size, int8_io):
    if path.suffix != ".tflite" or not path.parent.is_dir() or path.is_dir():
        raise ArgumentError(f"path: received {str(path)!r}, expected a .tflite file in a folder that exists")
    if precision not in PRECISIONS:
        raise ArgumentError(f"precision: received {precision!r}, expected one of {list(PRECISIONS)}")
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ArgumentError(f"batch_size: received {batch_size!r}, expected an integer, at least 1")
    if int8_io and precision != "int8":
        raise ArgumentError(f"int8_io: received {int8_io!r} beside precision {precision!r}, expected False")


def _converted(signatures, network, precision, batch_size, int8_io):
    """The bytes of a file that has the signatures of tensors alone."""
    names = list(signatures.converted)
    with tempfile.TemporaryDirectory(prefix="ganzoo-tflite-") as folder:
        archive = keras.export.ExportArchive()
        for name in names:
            archive.add_endpoint(name, *signatures.function(name, batch_size, network))
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=names)
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if precision == "int8":
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = lambda: _calibration(signatures, batch_size)
        if int8_io:
            converter.inference_input_type = converter.inference_output_type = tf.int8
        return _convert(converter, precision)


def _calibration(signatures, batch_size):
    seeds = signatures.calibration_seeds
    rows = max(batch_size, len(seeds) // batch_size * batch_size)
    for signature in signatures.converted:
        inputs = signatures.inputs(signature, seeds)
        for start in range(0, rows, batch_size):
            chosen = np.arange(start, start + batch_size) % len(seeds)
            yield signature, {name: value[chosen] for name, value in inputs.items()}


def _latents_file(latent_dim, batch_size):
    specs = [tf.TensorSpec((batch_size,), tf.int32, "seeds")]
    function = tf.function(lambda seeds: sampling_latents(seeds, latent_dim), input_signature=specs, autograph=False)
    # A graph without variables: what is said of Keras models and concrete functions does not hold for it.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], tf.Module())
    return _convert(converter, "float32")


def _convert(converter, precision):
    try:
        with _quiet(), warnings.catch_warnings():
            # Calibration goes through an interpreter that TensorFlow itself calls deprecated.
            warnings.simplefilter("ignore")
            return converter.convert()
    except OSError:
        raise
    except Exception as error:
        text = str(error)
        flex = re.search(r"TF Select ops: ([\w, ]+)", text)
        named = flex[1].split(", ") if flex else sorted(set(re.findall(r"'tf\.([A-Z]\w+)' op", text)))
        if named:
            raise ExportError(
                f"{precision}: {', '.join(named)} has no built-in counterpart in TFLite and would need Flex, expected "
                "built-in operations only: replace the layer that uses it"
            ) from None
        raise ExportError(f"{precision}: the converter failed: {text.strip().splitlines()[0]}") from error


@contextlib.contextmanager
def _quiet():
    """The converter writes dozens of lines to the process's stderr from C++."""
    with tempfile.TemporaryFile() as sink:
        kept = os.dup(2)
        try:
            os.dup2(sink.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
