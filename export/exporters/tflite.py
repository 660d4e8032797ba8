"""Exports TFLite files for devices, in built-in operations only."""

import contextlib
import json
import os
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...zoo.core.cache import flush
from ...zoo.core.prng import sampling_latents
from ...zoo.errors import ArgumentError
from ..rewriting import flatbuffer
from ..signatures.model_signatures import SAMPLE
from ..signatures.signature_factory import make_signatures
from ..verification.export_report import ExportedFile
from ..verification.verify_file import REPEATS, verify
from .export_errors import ExportError, write_errors

RUNTIME = Path(__file__).parents[1] / "runtime"
PRECISIONS = ("float32", "float16", "int8", "dynamic")
# Part of the first line of every version of the programs in `runtime`.
PROGRAM_MARK = b" TFLite file exported by ganzoo."


def export_tflite(
    model: Any,
    path: str | Path,
    precision: str = "float32",
    batch_size: int = 1,
    int8_io: bool = False,
    value_range: tuple[float, float] = (-1.0, 1.0),
    num_classes: int | None = None,
    repeats: int = REPEATS,
    calibration: Any = None,
) -> ExportedFile:
    """Exports a generator as a TFLite file.

    The file is run in a fresh process and compared with Keras before it is published. Transposed convolutions are
    rewritten (`rewriting/subpixel_convolution.py`).

    When to use it: on phones, boards and wherever ai-edge-litert runs; on a CPU it is also the fastest way to sample.

    Signatures of image generators: `serving_default` (latents) and `sample` (seeds). The latter computes the zoo's
    random numbers in built-in operations: a seed yields the same image as in Keras. `sample.py`, written next to the
    file, samples from it with ai-edge-litert and NumPy only.
    Translation models: `translate_xy` and, where the model has both directions, `translate_yx`, for images of the size
    that the model was built for. `translate.py` is written next to the file.
    Text models: `sample` returns tokens, `sample_at` also takes a temperature, and `serving_default` returns the log
    probabilities of tokens. The vocabulary is written next to the file, and `sample.py` decodes texts with it.

    Args:
        model: an `ImageGAN`, an `ImageTranslationGAN` or a `TextGAN`, whose EMA generators are used, or a
            `keras.Model` that maps latents, or [latents, labels], to samples.
        path: str or path ending in .tflite. An existing file is replaced after the new one has been verified.
        precision: "float32"; "float16" (half the size); "int8" (calibrated on 512 latents of the zoo's prior, or on 128
            images; not for texts), or "dynamic" (int8 weights, float activations; no calibration). Default "float32".
        batch_size: int >= 1, the only batch size that the file accepts: accelerators and the fastest kernels require
            a fixed one. Default 1.
        int8_io: bool, whether latents or images are int8 as input and images as output, with "int8" only; the report
            has scales and zero points. Default False: float32.
        value_range: (low, high) of the generator's images, which are exported in [0, 1]. Default (-1, 1).
        num_classes: int >= 2, where a plain generator takes labels. Default: the model's own.
        repeats: int >= 0, timed calls, of which the median is reported; 0 disables timing. Default 50.
        calibration: images on which a translation model is calibrated and compared: dict of "x" or "y" -> uint8 array
            (num_samples, height, width, channels), or float32 in [-1, 1]; a single array is of domain x. Pass at least
            136 per domain. Default: smooth random images, whose ranges may differ from those of real ones.

    Returns:
        An `ExportedFile`: differences from Keras, times, size, operations.

    Raises:
        ArgumentError: an argument out of its range, or a model that cannot be exported.
        ExportError: an operation has no built-in counterpart, the file cannot be written, or it deviates from Keras;
            nothing of it is left.

    Example:

    >>> import tempfile
    >>> from ganzoo.zoo import GAN
    >>> model = GAN.create((8, 8, 1), {"network": "dcgan", "width": 4}, {"network": "dcgan", "width": 4})
    >>> entry = export_tflite(model, tempfile.mkdtemp() + "/digits.tflite", repeats=0)
    >>> entry.worst["max_difference"] < 1e-5
    True
    """
    path = Path(path)
    _check_arguments(path, precision, batch_size, int8_io)
    signatures = make_signatures(model, value_range, num_classes, calibration=calibration)
    network, count = signatures.rewrite_generator(precision == "int8")
    part = path.with_name(f".{path.name}.part")
    try:
        with write_errors(path):
            parsed = _assemble(signatures, network, precision, batch_size, int8_io)
            part.write_bytes(flatbuffer.write(parsed))
            flush(part)
            entry = verify(signatures, part, "tflite", precision, batch_size, repeats)
            _write_companions(path, signatures)
            os.replace(part, path)
            flush(path.parent)
    finally:
        part.unlink(missing_ok=True)
    entry.file = str(path)
    entry.operations = dict(sorted(flatbuffer.operations(parsed).items()))
    if "TRANSPOSE_CONV" in entry.operations:
        remaining = entry.operations["TRANSPOSE_CONV"] // (1 + (SAMPLE in signatures.names))
        entry.notes.append(
            f"{remaining} transposed convolutions were not rewritten ({count} were): they are slow on devices"
        )
    return entry


def _assemble(signatures, network, precision, batch_size, int8_io):
    """Returns the file's `schema.ModelT` with all signatures, in built-in operations only."""
    parsed = flatbuffer.read(_convert_signatures(signatures, network, precision, batch_size, int8_io))
    foreign = sorted(name for name in flatbuffer.operations(parsed) if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name))
    if foreign:
        raise ExportError(f"{precision}: needs {foreign}, expected built-in operations only: replace those layers")
    if signatures.num_classes is not None:
        # Read by `sample.py`.
        parsed.description = b"ganzoo" + json.dumps({"num_classes": int(signatures.num_classes)}).encode()
    for alias, name in signatures.aliases.items():
        flatbuffer.add_alias(parsed, name, alias)
    if SAMPLE in signatures.names and SAMPLE not in signatures.converted:
        latents = flatbuffer.read(_convert_latents(signatures.latent_dim, batch_size))
        flatbuffer.add_sampling(parsed, latents, SAMPLE)
    return parsed


def _write_companions(path, signatures):
    """Writes the program that runs the file, and the vocabulary, each atomically."""
    program, vocabulary = path.with_name(signatures.program), signatures.token_vocabulary
    content = {program: (RUNTIME / signatures.program).read_bytes()}
    if program.is_file() and PROGRAM_MARK not in program.read_bytes().partition(b"\n")[0]:
        # A user's own program of the same name is not overwritten.
        content = {}
    if vocabulary is not None:
        content[path.with_suffix(".vocabulary.json")] = json.dumps(vocabulary, ensure_ascii=False).encode()
    for target, data in content.items():
        part = target.with_name(f".{target.name}.part")
        try:
            part.write_bytes(data)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)


def _check_arguments(path, precision, batch_size, int8_io):
    if path.suffix != ".tflite" or not path.parent.is_dir() or path.is_dir():
        raise ArgumentError(f"path: received {str(path)!r}, expected a .tflite file in a folder that exists")
    if precision not in PRECISIONS:
        raise ArgumentError(f"precision: received {precision!r}, expected one of {list(PRECISIONS)}")
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ArgumentError(f"batch_size: received {batch_size!r}, expected an integer, at least 1")
    if int8_io and precision != "int8":
        raise ArgumentError(f"int8_io: received {int8_io!r} with precision {precision!r}, expected False")


def _convert_signatures(signatures, network, precision, batch_size, int8_io):
    """Returns the bytes of a file with the signatures `signatures.converted`."""
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
            converter.representative_dataset = lambda: _calibration_inputs(signatures, batch_size)
        if int8_io:
            converter.inference_input_type = converter.inference_output_type = tf.int8
        return _convert(converter, precision)


def _calibration_inputs(signatures, batch_size):
    seeds = signatures.calibration_seeds
    rows = max(batch_size, len(seeds) // batch_size * batch_size)
    for signature in signatures.converted:
        inputs = signatures.inputs(signature, seeds)
        for start in range(0, rows, batch_size):
            indices = np.arange(start, start + batch_size) % len(seeds)
            yield signature, {name: value[indices] for name, value in inputs.items()}


def _convert_latents(latent_dim, batch_size):
    """Returns the bytes of a file that maps seeds to latents."""
    specs = [tf.TensorSpec((batch_size,), tf.int32, "seeds")]
    function = tf.function(lambda seeds: sampling_latents(seeds, latent_dim), input_signature=specs, autograph=False)
    # Converting concrete functions of Keras models writes broken files; this graph has no variables and is safe.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], tf.Module())
    return _convert(converter, "float32")


def _convert(converter, precision):
    try:
        with _quiet(), warnings.catch_warnings():
            # Calibration uses an interpreter that TensorFlow has deprecated.
            warnings.simplefilter("ignore")
            return converter.convert()
    except OSError:
        raise
    except Exception as error:
        text = str(error)
        flex = re.search(r"TF Select ops: ([\w, ]+)", text)
        operations = flex[1].split(", ") if flex else sorted(set(re.findall(r"'tf\.([A-Z]\w+)' op", text)))
        if operations:
            raise ExportError(
                f"{precision}: {', '.join(operations)} has no built-in counterpart in TFLite and would need Flex, "
                "expected built-in operations only: replace the layer that uses it"
            ) from None
        raise ExportError(f"{precision}: the converter failed: {text.strip().splitlines()[0]}") from error


@contextlib.contextmanager
def _quiet():
    """Discards the process's stderr, to which the converter writes dozens of lines from C++."""
    with tempfile.TemporaryFile() as sink:
        stderr = os.dup(2)
        try:
            os.dup2(sink.fileno(), 2)
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
