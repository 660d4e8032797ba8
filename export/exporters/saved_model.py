"""Exports SavedModels into the versioned folders that TF Serving loads: NAME/1, NAME/2, ..."""

import contextlib
import numbers
import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import keras
from tensorflow.core.protobuf import saved_model_pb2

from ...zoo.core.cache import clear_abandoned, flush, temporary_folder
from ...zoo.core.ownership import MARKER
from ...zoo.errors import ArgumentError
from ..signatures.signature_factory import make_signatures
from ..verification.export_report import ExportedFile
from ..verification.verify_file import REPEATS, verify
from .export_errors import ExportError, write_errors
from .saved_model_assets import write_vocabulary, write_warmup

# TF Serving parses a version as a signed 64-bit integer and ignores larger ones.
HIGHEST_VERSION = 2**63 - 1


def export_saved_model(
    model: Any,
    path: str | Path,
    version: int | None = None,
    value_range: tuple[float, float] = (-1.0, 1.0),
    num_classes: int | None = None,
    batch_size: int = 1,
    repeats: int = REPEATS,
) -> ExportedFile:
    """Exports a generator as the next version of a SavedModel.

    The SavedModel is run in a fresh process and compared with Keras before it is published. It is written under a
    name that TF Serving ignores and renamed once it is complete, so that a running server never loads an incomplete
    version and an interrupted export never leaves one.

    When to use it: for TF Serving, and for any program that has TensorFlow but not ganzoo. `docs/serving.md` shows
    clients.

    Args:
        model: an `ImageGAN`, an `ImageTranslationGAN` or a `TextGAN`, whose EMA generators are used, or a
            `keras.Model` that maps latents, or [latents, labels], to samples.
        path: str or path of the model's folder, created if missing; its last part is the name to serve it under.
        version: int >= 1, or None for the next free one. Default None.
        value_range: (low, high) of the generator's images, which are exported in [0, 1]. Default (-1, 1).
        num_classes: int >= 2, where a plain generator takes labels. Default: the model's own.
        batch_size: int >= 1, of the timed calls. Default 1.
        repeats: int >= 0, timed calls, of which the median is reported; 0 disables timing. Default 50.

    Returns:
        An `ExportedFile`: differences from Keras, times, size; `entry.file` is the folder of the version.

    Raises:
        ArgumentError: a version that is invalid or exists already, or a model that cannot be exported.
        ExportError: the SavedModel cannot be written, or deviates from Keras; nothing of it is left.

    Example:

    >>> import tempfile
    >>> from ganzoo.zoo import GAN
    >>> model = GAN.create((8, 8, 1), {"network": "dcgan", "width": 4}, {"network": "dcgan", "width": 4})
    >>> entry = export_saved_model(model, tempfile.mkdtemp() + "/digits", repeats=0)
    >>> entry.file.endswith("digits/1"), entry.signatures
    (True, ['sample', 'sample_png', 'serving_default'])
    """
    folder = Path(path)
    _check_version(folder, version)
    signatures = make_signatures(model, value_range, num_classes, strings=True)
    is_new = not folder.exists()
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        clear_abandoned(folder)
        part = temporary_folder(".part-", folder)
    try:
        with write_errors(folder):
            archive = keras.export.ExportArchive()
            # Endpoints include their variables, which tracking would write a second time, but not their tables.
            for layer in signatures.lookup_layers:
                archive.track(layer)
            for name in signatures.names:
                archive.add_endpoint(name, *signatures.function(name))
            archive.write_out(str(part), verbose=False)
            notes = write_warmup(signatures, part, folder.name)
            if signatures.token_vocabulary is not None:
                write_vocabulary(signatures.token_vocabulary, part)
            entry = verify(signatures, part, "saved_model", batch_size=batch_size, repeats=repeats)
            entry.operations = operations(part)
            entry.notes += notes
            (part / MARKER).unlink()
            for file in [*part.rglob("*"), part]:
                flush(file)
            part.chmod(0o755)
            entry.file = str(_publish(part, folder, version))
            flush(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if is_new:
            # After a failed export the folder is empty and is removed as well.
            with contextlib.suppress(OSError):
                folder.rmdir()
    return entry


def operations(folder):
    """Returns a dict of operation -> count over all functions of a SavedModel folder."""
    content = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    functions = content.meta_graphs[0].graph_def.library.function
    return dict(sorted(Counter(node.op for function in functions for node in function.node_def).items()))


def next_version(folder):
    """Returns the version after the highest one in a model's folder."""
    return max(_versions(folder), default=0) + 1


def _versions(folder):
    """Returns the versions as TF Serving parses them: names are 64-bit integers, so that 01 is 1."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    numbers_in_folder = {int(name) for name in names if re.fullmatch(r"[0-9]+", name)}
    return {number for number in numbers_in_folder if number <= HIGHEST_VERSION}


def _check_version(folder, version):
    if version is not None and (
        isinstance(version, bool) or not isinstance(version, numbers.Integral) or not 1 <= version <= HIGHEST_VERSION
    ):
        raise ArgumentError(
            f"version: received {version!r}, expected a positive integer: TF Serving loads no other name"
        )
    if not folder.name or re.fullmatch(r"[0-9]+", folder.name):
        raise ArgumentError(f"path: received {str(folder)!r}, expected a model's folder, without the version")
    if folder.exists() and not folder.is_dir():
        raise ArgumentError(f"path: received {str(folder)!r}, which is a file, expected a model's folder")
    if version is not None and version in _versions(folder):
        raise ArgumentError(
            f"version: received {version}, which exists in {folder} already, expected a new one: leave it out for "
            f"{next_version(folder)}"
        )


def _publish(part, folder, version):
    """Renames the finished SavedModel to its version; a concurrent process may have taken the number meanwhile."""
    for _ in range(100):
        target = folder / str(version or next_version(folder))
        try:
            # Fails if the target is a folder that is not empty.
            os.rename(part, target)
            return target
        except OSError:
            if not target.exists():
                raise
            if version is not None:
                break
    raise ExportError(f"{target}: written by another process meanwhile, expected a free version: export again")
