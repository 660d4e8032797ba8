"""Exports ONNX files; requires the extra: pip install 'keras-ganzoo[onnx]'."""

import importlib
import os
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from ...zoo.core.cache import flush
from ...zoo.errors import ArgumentError
from ..signatures.model_signatures import SERVING
from ..signatures.signature_factory import make_signatures
from ..verification.export_report import ExportedFile
from ..verification.verify_file import REPEATS, verify
from .export_errors import ExportError, write_errors

# The oldest operator set that covers the built-in networks; older sets are supported by more runtimes.
OPSET = 17


def export_onnx(
    model: Any,
    path: str | Path,
    value_range: tuple[float, float] = (-1.0, 1.0),
    num_classes: int | None = None,
    batch_size: int = 1,
    repeats: int = REPEATS,
    to: str | None = None,
) -> ExportedFile:
    """Exports a generator as an ONNX file with a free batch dimension.

    The file is run by onnxruntime and compared with Keras before it is published.

    When to use it: for programs that run ONNX: onnxruntime, browsers, TensorRT, OpenVINO. The graph maps `latents`,
    and `labels` where the generator takes them, to `images` in [0, 1]. The graph of a translation model maps `source`,
    images in [0, 1] of the size that the model was built for, to `images` of one direction.

    Args:
        model: an `ImageGAN` or an `ImageTranslationGAN`, whose EMA generators are used, or a `keras.Model` that maps
            latents, or [latents, labels], to samples.
        path: str or path ending in .onnx. An existing file is replaced after the new one has been verified.
        value_range: (low, high) of the generator's images, which are exported in [0, 1]. Default (-1, 1).
        num_classes: int >= 2, where a plain generator takes labels. Default: the model's own.
        batch_size: int >= 1, of the timed calls. Default 1.
        repeats: int >= 0, timed calls, of which the median is reported; 0 disables timing. Default 50.
        to: "y" or "x", the target domain of a translation model. Default: "y".

    Returns:
        An `ExportedFile`: differences from Keras, times, size, operations.

    Raises:
        ArgumentError: a path or a model that cannot be used, or the extra is not installed.
        ExportError: the file cannot be written, or deviates from Keras; nothing of it is left.
    """
    path = Path(path)
    if path.suffix != ".onnx" or not path.parent.is_dir() or path.is_dir():
        raise ArgumentError(f"path: received {str(path)!r}, expected an .onnx file in a folder that exists")
    require_onnx()
    # ONNX identifies tensors by name alone: an input and an output cannot share one.
    signatures = make_signatures(model, value_range, num_classes, to=to, source="source")
    network = signatures.serving_model()
    # Keras exports only models that have been called.
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
    """Raises ArgumentError unless the packages of the extra are installed."""
    for package in ("onnx", "onnxruntime", "tf2onnx"):
        try:
            importlib.import_module(package)
        except ImportError:
            raise ArgumentError(
                f"onnx: received no package {package!r}, expected the extra: pip install 'keras-ganzoo[onnx]'"
            ) from None


def _convert(network, path):
    try:
        with warnings.catch_warnings():
            # Keras accesses names that NumPy 2 has removed.
            warnings.simplefilter("ignore", FutureWarning)
            network.export(str(path), format="onnx", verbose=False, opset_version=OPSET)
    except (ValueError, NotImplementedError, KeyError) as error:
        raise ExportError(f"onnx: the converter failed: {str(error).strip().splitlines()[0]}") from error


def _operations(path):
    import onnx

    return dict(sorted(Counter(node.op_type for node in onnx.load(path).graph.node).items()))
