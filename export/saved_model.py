"""SavedModels in the folders that TF Serving loads: NAME/1, NAME/2, ..."""

import contextlib
import numbers
import os
import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import keras
from tensorflow.core.protobuf import saved_model_pb2

from ..zoo.cache import clear_abandoned, flush
from ..zoo.errors import ArgumentError
from .serving import write_vocabulary, write_warmup
from .signatures import ExportError
from .translation import signatures_of
from .verification import REPEATS, verify
from .writing import write_errors

# TF Serving reads a version as a signed 64-bit number and passes over what is larger.
HIGHEST_VERSION = 2**63 - 1


def export_saved_model(
    model, path, version=None, value_range=(-1.0, 1.0), num_classes=None, batch_size=1, repeats=REPEATS
):  # fmt: skip
    """Writes a model's generator as the next version of a SavedModel, run and compared before it appears.

    When to use it: for TF Serving, and for any program that has TensorFlow and not ganzoo. `docs/serving.md` has the
    clients. The version comes about under a name that TF Serving does not load and is renamed when it is whole, so that
    neither a running server nor a killed export ever sees half of one.

    Args:
        model: an `AdversarialModel`, a `TranslationModel` or a `TextModel`, whose averages are taken, or a
            `keras.Model` that maps latents, or [latents, labels], to samples.
        path: str or path of the model's folder; its last part is the name to serve it under. Made if need be.
        version: int >= 1, or None for the next free one. Default None.
        value_range: (low, high) of the generator's images; they leave in [0, 1]. Default (-1, 1).
        num_classes: int >= 2, where a plain generator takes labels. Default: the model's own.
        batch_size: int >= 1, of the calls that are timed. Default 1.
        repeats: int >= 0, calls whose median is the time; 0 takes none. Default 50.

    Returns:
        An `Entry`: differences from Keras, times, size; `entry.file` is the folder of the version.

    Raises:
        ArgumentError: a version that exists or is none, or a model that cannot be exported.
        ExportError: the SavedModel cannot be written, or does not give what Keras gives; nothing of it is left.

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
    signatures = signatures_of(model, value_range, num_classes, words=True)
    made = not folder.exists()
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        clear_abandoned(folder)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder))
    try:
        with write_errors(folder):
            archive = keras.export.ExportArchive()
            # Endpoints bring their variables along, and tracking would write each a second time; tables they do not.
            if signatures.reader is not None:
                archive.track(signatures.reader.reader)
            for name in signatures.names:
                archive.add_endpoint(name, *signatures.function(name))
            archive.write_out(str(part), verbose=False)
            write_warmup(signatures, part, folder.name)
            if hasattr(signatures, "vocabulary"):
                write_vocabulary(signatures.vocabulary, part)
            entry = verify(signatures, part, "saved_model", batch_size=batch_size, repeats=repeats)
            entry.operations = operations(part)
            for file in [*part.rglob("*"), part]:
                flush(file)
            part.chmod(0o755)
            entry.file = str(_placed(part, folder, version))
            flush(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if made:
            # Where nothing came of it the folder is empty, and goes as well.
            with contextlib.suppress(OSError):
                folder.rmdir()
    return entry


def operations(folder):
    """Returns a dict of operation -> count over all functions of a SavedModel's folder."""
    content = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    functions = content.meta_graphs[0].graph_def.library.function
    return dict(sorted(Counter(node.op for function in functions for node in function.node_def).items()))


def next_version(folder):
    """Returns the version after the highest one that is in a model's folder."""
    return max(_versions(folder), default=0) + 1


def _versions(folder):
    """The versions that TF Serving would see: names are read as 64-bit numbers, so that 01 is 1."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    found = {int(name) for name in names if re.fullmatch(r"[0-9]+", name)}
    return {number for number in found if number <= HIGHEST_VERSION}


def _check_version(folder, version):
    if version is not None and (
        isinstance(version, bool) or not isinstance(version, numbers.Integral) or not 1 <= version <= HIGHEST_VERSION
    ):
        raise ArgumentError(
            f"version: received {version!r}, expected a positive integer: TF Serving loads no other name"
        )
    if not folder.name or re.fullmatch(r"[0-9]+", folder.name):
        raise ArgumentError(f"path: received {str(folder)!r}, expected the folder of a model, without the version")
    if folder.exists() and not folder.is_dir():
        raise ArgumentError(f"path: received {str(folder)!r}, which is a file, expected the folder of a model")
    if version is not None and version in _versions(folder):
        raise ArgumentError(
            f"version: received {version}, which is in {folder} already, expected a new one: leave it out for "
            f"{next_version(folder)}"
        )


def _placed(part, folder, version):
    """Gives the finished SavedModel its number; another process may have taken one in between."""
    for _ in range(100):
        place = folder / str(version or next_version(folder))
        try:
            # Fails where a folder with something in it is already there.
            os.rename(part, place)
            return place
        except OSError:
            if not place.exists():
                raise
            if version is not None:
                break
    raise ExportError(f"{place}: another process has written it meanwhile, expected a free version: export again")
