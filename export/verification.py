"""An exported file is not done before it has run in a fresh process and given what Keras gives."""

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

from ..zoo.errors import ArgumentError
from .report import Entry
from .signatures import SERVING, ExportError

PROBE = Path(__file__).with_name("probe.py")
REPEATS = 50
# Largest differences, in units of the samples' range ([0, 1] for images), and least PSNR in dB.
LARGEST = {"float32": 1e-4, "float16": 1e-2}
LEAST_PSNR = {"int8": 30.0, "dynamic": 30.0}


def verify(signatures, path, kind, precision="float32", batch_size=None, repeats=REPEATS):
    """Runs a file in a fresh process and compares it with Keras on the examples of some seeds.

    Args:
        signatures: the `Signatures`, `TranslationSignatures` or `TextSignatures` that the file was written from.
        path: path of the file, or of a SavedModel's folder.
        kind: "saved_model", "tflite" or "onnx".
        precision: "float32", "float16", "int8" or "dynamic"; it decides which differences are tolerated.
        batch_size: int, of the call that is timed. Default: 1.
        repeats: int >= 0, calls whose median is the time; 0 takes no times. Default 50.

    Returns:
        An `Entry` of the report.

    Raises:
        ArgumentError: a `batch_size` or `repeats` out of its range.
        ExportError: the file cannot be run, or does not give what Keras gives; the message says how far it is off.
    """
    path, batch_size = Path(path), 1 if batch_size is None else batch_size
    if batch_size < 1 or repeats < 0:
        raise ArgumentError(
            f"batch_size, repeats: received {batch_size} and {repeats}, expected at least 1 and at least 0"
        )
    with tempfile.TemporaryDirectory(prefix="ganzoo-verify-") as folder:
        inputs, outputs = Path(folder) / "inputs.npz", Path(folder) / "outputs.npz"
        np.savez(
            inputs,
            **{
                f"{name}/{key}": value
                for name in signatures.names
                for key, value in signatures.inputs(name, signatures.seeds).items()
            },
        )
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        asked = batch_size, repeats, getattr(signatures, "timed", SERVING)
        facts = _probe(kind, path, inputs, outputs, cores, *asked)
        times = {"all": facts.get("milliseconds")}
        with np.load(outputs, allow_pickle=False) as content:
            given = {name: content[name] for name in content}
        alone = _probe(kind, path, inputs, "-", 1, *asked) if repeats else {}
        times["1"] = alone.get("milliseconds")
    entry = Entry(
        kind=kind,
        precision=precision,
        batch_size=batch_size,
        bytes=size_of(path),
        signatures=facts["signatures"],
        milliseconds=times,
        quantisation=facts.get("quantisation") or None,
    )
    for signature in (SERVING,) if kind == "onnx" else signatures.compared:
        found = given.get(f"{signature}/{signatures.output}")
        if found is None:
            raise ExportError(f"{signature}: gave {sorted(given)}, expected {signature}/{signatures.output} among them")
        expected = signatures.reference(signatures.seeds, signature)
        entry.add(signature, _judge(entry.precision, signature, expected, found))
    _judge_batches(given)
    for name, whole in signatures.rounded.items():
        for output in ("png_bytes", signatures.output):
            if f"{name}/{output}" in given:
                _judge_rounded(name, given[f"{name}/{output}"], given[f"{whole}/{signatures.output}"])
    if hasattr(signatures, "judge"):
        # Of what no difference of numbers says how far it is off.
        entry.notes += signatures.judge(given, precision)
    return entry


def compare(expected, found):
    """Returns how far samples are from what was expected.

    Args:
        expected: float array (num, *shape).
        found: likewise.

    Returns:
        dict with max_difference and mean_difference in units of the range of the samples ([0, 1] for images), and
        `psnr` in dB, infinite where nothing differs.
    """
    images = expected.ndim == 4
    span = 1.0 if images else float(np.ptp(expected)) or 1.0
    differences = abs(found.astype(np.float64) - expected) / span
    error = float((differences**2).mean())
    return {
        "max_difference": float(differences.max()),
        "mean_difference": float(differences.mean()),
        "psnr": -10 * math.log10(error) if error else math.inf,
    }


def size_of(path):
    """Returns the bytes of a file, or of all files of a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def _probe(kind, path, inputs, outputs, threads, batch_size, repeats, timed):
    command = [sys.executable, "-P", PROBE, kind, path, inputs, outputs, threads, batch_size, repeats, timed]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ExportError(f"the file does not run in a fresh process: {lines[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def _judge(precision, signature, expected, found):
    if found.shape != expected.shape:
        raise ExportError(f"{signature}: gave samples of shape {found.shape}, expected {expected.shape}")
    if not np.isfinite(found).all():
        raise ExportError(f"{signature}: {np.isnan(found).mean():.0%} of its values are NaN, expected finite ones")
    if np.ptp(found, axis=0).max() == 0 and np.ptp(expected, axis=0).max() > 1e-3:
        raise ExportError(f"{signature}: every sample is the same, while Keras' samples differ")
    measured = compare(expected, found)
    limit = LARGEST.get(precision)
    if limit is not None and measured["max_difference"] > limit:
        raise ExportError(
            f"{signature}: differs from Keras by up to {measured['max_difference']:.2g} of the range (mean "
            f"{measured['mean_difference']:.2g}), expected at most {limit:g} in {precision}"
        )
    if limit is None and measured["psnr"] < LEAST_PSNR[precision]:
        raise ExportError(
            f"{signature}: has a PSNR of {measured['psnr']:.1f} dB against Keras, expected at least "
            f"{LEAST_PSNR[precision]:g} in {precision}: use float16, or train with smaller activations"
        )
    return measured


def _judge_batches(given):
    for name, rows in given.items():
        # PNGs and grey levels are rounded: they are held against the images that they round.
        if not name.endswith(" alone") or rows.dtype != np.float32:
            continue
        batched = given[name.removesuffix(" alone")][: len(rows)]
        apart = compare(batched, rows)["max_difference"]
        if apart > LARGEST["float32"]:
            raise ExportError(f"{name}: differs by {apart:.2g} of the range from the same sample in a batch")


def _judge_rounded(name, rounded, images):
    for given, image in zip(rounded, images, strict=True):
        is_file = isinstance(given, bytes)
        pixels = np.asarray(Image.open(io.BytesIO(given))) if is_file else given
        # Rounding, and on top of it what two computations of one image may differ by.
        if (abs(pixels.reshape(image.shape) - 255.0 * image) > 0.5 + 255 * LARGEST["float32"]).any():
            held = "a PNG file holds" if is_file else "an image has"
            raise ExportError(f"{name}: {held} other pixels than the image of the same seed")
