"""Verification of exported files: each is run in a fresh process and compared with Keras before it is published."""

import io
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from ...zoo.errors import ArgumentError
from ..exporters.export_errors import ExportError
from ..signatures.model_signatures import SERVING
from .export_report import ExportedFile

PROBE = Path(__file__).with_name("probe.py")
REPEATS = 50
# Largest difference, in units of the samples' range ([0, 1] for images), and smallest PSNR in dB.
MAX_DIFFERENCE = {"float32": 1e-4, "float16": 1e-2}
MIN_PSNR = {"int8": 30.0, "dynamic": 30.0}


def verify(signatures, path, kind, precision="float32", batch_size=None, repeats=REPEATS):
    """Runs a file in a fresh process and compares it with Keras on examples.

    Args:
        signatures: the `ModelSignatures` from which the file was written.
        path: path of the file, or of a SavedModel's folder.
        kind: "saved_model", "tflite" or "onnx".
        precision: "float32", "float16", "int8" or "dynamic"; it determines the tolerance.
        batch_size: int >= 1, of the timed calls. Default: 1.
        repeats: int >= 0, timed calls, of which the median is reported; 0 disables timing. Default 50.

    Returns:
        An `ExportedFile` of the report.

    Raises:
        ArgumentError: a `batch_size` or `repeats` out of its range.
        ExportError: the file cannot be run, or deviates from Keras; the message says by how much.
    """
    path, batch_size = Path(path), 1 if batch_size is None else batch_size
    if batch_size < 1 or repeats < 0:
        raise ArgumentError(
            f"batch_size, repeats: received {batch_size} and {repeats}, expected at least 1 and at least 0"
        )
    with tempfile.TemporaryDirectory(prefix="ganzoo-verify-") as folder:
        inputs_path, outputs_path = Path(folder) / "inputs.npz", Path(folder) / "outputs.npz"
        np.savez(
            inputs_path,
            **{
                f"{name}/{key}": value
                for name in signatures.names
                for key, value in signatures.inputs(name, signatures.seeds).items()
            },
        )
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        timing = batch_size, repeats, signatures.timed
        facts = _probe(kind, path, inputs_path, outputs_path, cores, *timing)
        times = {"all": facts.get("milliseconds")}
        with np.load(outputs_path, allow_pickle=False) as content:
            outputs = {name: content[name] for name in content}
        single_thread = _probe(kind, path, inputs_path, "-", 1, *timing) if repeats else {}
        times["1"] = single_thread.get("milliseconds")
    entry = ExportedFile(
        kind=kind,
        precision=precision,
        batch_size=batch_size,
        bytes=size_of(path),
        signatures=facts["signatures"],
        milliseconds=times,
        quantization=facts.get("quantization") or None,
    )
    for signature in (SERVING,) if kind == "onnx" else signatures.compared:
        actual = outputs.get(f"{signature}/{signatures.output}")
        if actual is None:
            raise ExportError(
                f"{signature}: returned {sorted(outputs)}, expected {signature}/{signatures.output} among them"
            )
        expected = signatures.reference(signatures.seeds, signature)
        entry.add(signature, _check_samples(entry.precision, signature, expected, actual))
    _check_single_rows(outputs)
    for name, unrounded in signatures.rounded.items():
        for output in ("png_bytes", signatures.output):
            if f"{name}/{output}" in outputs:
                _check_rounded(name, outputs[f"{name}/{output}"], outputs[f"{unrounded}/{signatures.output}"])
    entry.notes += signatures.compare_outputs(outputs, precision)
    return entry


def compare(expected, actual):
    """Returns how far samples deviate from the expected ones.

    Args:
        expected: float array (num_samples, *shape).
        actual: likewise.

    Returns:
        dict with `max_difference` and `mean_difference` in units of the samples' range ([0, 1] for images), and `psnr`
        in dB, infinite for equal samples.
    """
    images = expected.ndim == 4
    span = 1.0 if images else float(np.ptp(expected)) or 1.0
    differences = abs(actual.astype(np.float64) - expected) / span
    error = float((differences**2).mean())
    return {
        "max_difference": float(differences.max()),
        "mean_difference": float(differences.mean()),
        "psnr": -10 * math.log10(error) if error else math.inf,
    }


def size_of(path):
    """Returns the bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def _probe(kind, path, inputs_path, outputs_path, threads, batch_size, repeats, timed):
    command = [sys.executable, "-P", PROBE, kind, path, inputs_path, outputs_path]
    command += [threads, batch_size, repeats, timed]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
    if process.returncode:
        lines = process.stderr.strip().splitlines() or [f"exit code {process.returncode}"]
        raise ExportError(f"the file does not run in a fresh process: {lines[-1]}")
    return json.loads(process.stdout.splitlines()[-1])


def _check_samples(precision, signature, expected, actual):
    if actual.shape != expected.shape:
        raise ExportError(f"{signature}: returned samples of shape {actual.shape}, expected {expected.shape}")
    if not np.isfinite(actual).all():
        raise ExportError(f"{signature}: {np.isnan(actual).mean():.0%} of its values are NaN, expected finite ones")
    if np.ptp(actual, axis=0).max() == 0 and np.ptp(expected, axis=0).max() > 1e-3:
        raise ExportError(f"{signature}: all samples are equal, expected samples that differ as Keras' do")
    measured = compare(expected, actual)
    limit = MAX_DIFFERENCE.get(precision)
    if limit is not None and measured["max_difference"] > limit:
        raise ExportError(
            f"{signature}: differs from Keras by up to {measured['max_difference']:.2g} of the range (mean "
            f"{measured['mean_difference']:.2g}), expected at most {limit:g} in {precision}"
        )
    if limit is None and measured["psnr"] < MIN_PSNR[precision]:
        raise ExportError(
            f"{signature}: has a PSNR of {measured['psnr']:.1f} dB against Keras, expected at least "
            f"{MIN_PSNR[precision]:g} in {precision}: use float16, or train with smaller activations"
        )
    return measured


def _check_single_rows(outputs):
    for name, rows in outputs.items():
        # PNGs and gray levels are rounded, and are compared with the images that they round instead.
        if not name.endswith(" alone") or rows.dtype != np.float32:
            continue
        batched = outputs[name.removesuffix(" alone")][: len(rows)]
        difference = compare(batched, rows)["max_difference"]
        if difference > MAX_DIFFERENCE["float32"]:
            raise ExportError(f"{name}: differs by {difference:.2g} of the range from the same sample in a batch")


def _check_rounded(name, rounded, images):
    for output, image in zip(rounded, images, strict=True):
        is_file = isinstance(output, bytes)
        pixels = np.asarray(Image.open(io.BytesIO(output))) if is_file else output
        # Half a gray level of rounding, plus the tolerance between two computations of one image.
        if (abs(pixels.reshape(image.shape) - 255.0 * image) > 0.5 + 255 * MAX_DIFFERENCE["float32"]).any():
            kind = "PNG file" if is_file else "uint8 image"
            raise ExportError(f"{name}: a {kind} has other pixels than the float image of the same seed")
