"""ONNX files, for the runtimes that read nothing else. It needs the extra: pip install 'keras-ganzoo[onnx]'."""

import importlib
import os
import warnings
from collections import Counter
from pathlib import Path

from ..zoo.cache import flush
from ..zoo.errors import ArgumentError
from .signatures import SERVING, ExportError
from .translation import signatures_of
from .verification import REPEATS, verify
from .writing import write_errors

# The oldest version of the operator set with all that the built-in networks need; runtimes read older ones best.
OPSET = 17


def export_onnx(
    model, path, value_range=(-1.0, 1.0), num_classes=None, batch_size=1, repeats=REPEATS, to=None
):  # fmt: skip
    """Writes a model's generator as an ONNX file with a free batch, run by onnxruntime and compared before it appears.

    When to use it: for programs that run ONNX: onnxruntime, browsers, TensorRT, OpenVINO. The graph takes latents, and
    labels where the generator does, and gives images in [0, 1]. That of a translator takes `source`, pictures in
    [0, 1] of the size that the model was built for, and goes one way.

    Args:
        model: an `AdversarialModel` or a `TranslationModel`, whose averages are taken, or a `keras.Model` that maps
            latents, or [latents, labels], to samples.
        path: str or path ending in .onnx. A file of that name is replaced once the new one has held.
        value_range: (low, high) of the generator's images; they leave in [0, 1]. Default (-1, 1).
        num_classes: int >= 2, where a plain generator takes labels. Default: the model's own.
        batch_size: int >= 1, of the calls that are timed. Default 1.
        repeats: int >= 0, calls whose median is the time; 0 takes none. Default 50.
        to: "y" or "x", the domain that a translator translates to. Default: "y".

    Returns:
        An `Entry`: differences from Keras, times, size, operations.

    Raises:
        ArgumentError: a path or a model that cannot be used, or the extra is not installed.
        ExportError: the file cannot be written, or does not give what Keras gives; nothing of it is left.
    """
    path = Path(path)
    if path.suffix != ".onnx" or not path.parent.is_dir() or path.is_dir():
        raise ArgumentError(f"path: received {str(path)!r}, expected an .onnx file in a folder that exists")
    require_onnx()
    # ONNX knows tensors by name alone: an input cannot be called as an output is.
    signatures = signatures_of(model, value_range, num_classes, to=to, source="source")
    network = signatures.serving_model()
    # Keras exports only what it has seen called.
    network(list(signatures.inputs(SERVING, [0]).values()))
    part = path.with_name(f".{path.name}.part")
    try:
        with write_errors(path):
            _convert(network, part)
            flush(part)
            entry = verify(signatures, part, "onnx", batch_size=batch_size, repeats=repeats)
            entry.operations = _operations(part)
            os.replace(part, path)
            flush(path.parent)
    finally:
        part.unlink(missing_ok=True)
    entry.file = str(path)
    return entry


def require_onnx():
    """Raises ArgumentError unless the packages of the extra are there."""
    for package in ("onnx", "onnxruntime", "tf2onnx"):
        try:
            importlib.import_module(package)
        except ImportError:
            raise ArgumentError(
                f"onnx: received no package {package!r}, expected the extra: pip install 'keras-ganzoo[onnx]'"
            ) from None


def _convert(network, place):
    try:
        with warnings.catch_warnings():
            # Keras looks for names that NumPy 2 no longer has.
            warnings.simplefilter("ignore", FutureWarning)
            network.export(str(place), format="onnx", verbose=False, opset_version=OPSET)
    except (ValueError, NotImplementedError, KeyError) as error:
        raise ExportError(f"onnx: the converter failed: {str(error).strip().splitlines()[0]}") from error


def _operations(place):
    import onnx

    return dict(sorted(Counter(node.op_type for node in onnx.load(place).graph.node).items()))
