"""Checks of the paths that commands write to, before anything is computed for them.

Nothing is written into a data source, and only what ganzoo wrote is replaced.
"""

import os
from pathlib import Path

from ...zoo.core.own_files import is_own_file
from ...zoo.core.ownership import mark, read_marker
from ...zoo.errors import UserError
from ..data.images.own_output import READABLE
from ..data.outside_data import require_outside_data
from ..run.run_dir import as_run_dir

# Files of a refused folder that the message names.
NUM_NAMED = 3


def check_output_file(path, *sources, option="--out", default=False, parents=False):
    """Refuses a file path that cannot or must not be written.

    Args:
        path: str or path of the file.
        *sources, option, default: of `require_outside_data`.
        parents: bool, whether missing folders are created later. Default False.

    Raises:
        UserError: the path is a folder, its folder does not exist or cannot be written to, it is inside a data source
            or a folder of samples, or it is a file that ganzoo did not write.
    """
    require_outside_data(path, *sources, option=option, default=default)
    path = Path(path)
    folder = _existing_parent(path) if parents else path.absolute().parent
    if not _is_writable(folder) or path.is_dir():
        expected = "path that can be written to" if parents else "file in a folder that exists and can be written to"
        raise UserError(f"{option}: received {str(path)!r}, expected a {expected}")
    holder = next((folder for folder in path.absolute().parents if _holds_samples(folder)), None)
    if holder is not None:
        raise UserError(
            f"{option}: received {str(path)!r}, in the folder of samples or translations {str(holder)!r}, expected a "
            "path outside of it: the file would be read as one of them"
        )
    if path.exists() and not (path.is_file() and path.stat().st_size == 0) and not is_own_file(path):
        raise UserError(
            f"{option}: received {str(path)!r}, a file that exists and that ganzoo did not write, or that was edited "
            "since, expected a new name: only ganzoo's own files are replaced"
        )


def check_output_folder(path, kind, *sources, option="--out"):
    """Refuses a folder that cannot be created, or that holds anything but the command's own earlier output.

    Args:
        path: str or path of the folder; it need not exist.
        kind: str, what the command writes, as for `ownership.mark`.
        *sources, option: of `require_outside_data`.

    Raises:
        UserError: the folder cannot be written, is inside a data source, or has files and no marker of this kind.
    """
    require_outside_data(path, *sources, option=option)
    path = Path(path)
    if (path.exists() and not path.is_dir()) or not _is_writable(path if path.is_dir() else _existing_parent(path)):
        raise UserError(f"{option}: received {str(path)!r}, expected a folder, and a path that can be written to")
    marker = read_marker(path) or {"kind": None}
    # Hidden files are those of file managers.
    names = sorted(entry.name for entry in os.scandir(path) if entry.name[0] != ".") if path.is_dir() else []
    if marker["kind"] == kind or (marker["kind"] is None and not names):
        return
    listed = ", ".join(names[:NUM_NAMED]) + (", ..." if len(names) > NUM_NAMED else "")
    raise UserError(
        f"{option}: received {str(path)!r}, a folder that is not empty ({listed}), expected a new one, or ganzoo's "
        f"own ({kind}): nothing else is overwritten"
    )


def claim_folder(path, kind):
    """Creates a folder if it is missing, and marks it as ganzoo's. Returns its `Path`."""
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True)
    mark(path, kind)
    return path


def data_of_run(run):
    """Returns the `[data]` of a run's recipe, for `require_outside_data`.

    Args:
        run: str or path of a run directory, or a `RunDir`.

    Raises:
        UserError: the directory holds no run.
    """
    return as_run_dir(run).load_recipe().data


def _holds_samples(folder):
    return (read_marker(folder) or {}).get("kind") in READABLE


def _existing_parent(path):
    return next(parent for parent in path.absolute().parents if parent.exists())


def _is_writable(folder):
    return folder.is_dir() and os.access(folder, os.W_OK)
