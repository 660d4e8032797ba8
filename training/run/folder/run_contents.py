"""What ganzoo writes into a run folder, so that nothing else in it is ever removed."""

import contextlib
import os
import re
from pathlib import Path

from ....zoo.core.own_files import is_own_png
from ....zoo.core.ownership import MARKER
from ..checkpointing import BEST, DIVERGED, LAST, PART, PREVIOUS
from .run_lock import LOCK

# Files that exist before a run has a recipe; a crash may leave the draft of each file that is renamed into place.
HIDDEN = (LOCK, MARKER, f"{MARKER}.part")
# Files that file managers scatter.
LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")
SAVED_MODEL = r"export/[^/]+/([0-9]+|\.part-[^/]+)"
FILES = re.compile(
    "|".join(
        [
            r"(recipe\.toml|environment\.json|metrics\.jsonl|evaluation\.json)(\.part)?",
            r"samples/step-[0-9]{6,}\.txt(\.part)?",
            rf"checkpoints/({'|'.join(map(re.escape, (LAST, PREVIOUS, BEST, PART, DIVERGED)))}|state\.json(\.part)?)",
            r"tensorboard/([^/]+/)*events\.out\.tfevents\.[^/]+",
            r"export/report\.json(\.part)?",
            r"export/\.?[^/]+-(float32|float16|int8|dynamic)(-batch[0-9]+)?\.(tflite|vocabulary\.json)(\.part)?",
            r"export/\.?[^/]+\.onnx(\.part)?",
            r"export/\.?(sample|translate)\.py(\.part)?",
            rf"{SAVED_MODEL}/((saved_model|fingerprint)\.pb|(variables|assets|assets\.extra)/[^/]+)",
        ]
    )
)
FOLDERS = re.compile(
    rf"samples|checkpoints|evaluation|tensorboard(/[^/]+)*|export(/[^/]+)?|{SAVED_MODEL}(/(variables|assets|assets\.extra))?"
)
# Of the programs that are exported beside a file, the user may keep a version of their own.
PROGRAMS, PROGRAM_MARK = re.compile(r"export/(sample|translate)\.py"), b"ganzoo"


def list_contents(folder):
    """Lists what a run folder holds, without following symbolic links.

    Args:
        folder: path of an existing folder.

    Returns:
        (own, foreign): lists of paths relative to the folder, str with "/" between the parts; folders end with "/" and
        follow what they hold. `own` is what ganzoo writes into runs, `foreign` everything else.
    """
    own, foreign = [], []
    _list(Path(folder), "", own, foreign)
    return own, foreign


def _list(folder, prefix, own, foreign):
    with os.scandir(folder) as entries:
        entries = sorted(entries, key=lambda entry: entry.name)
    for entry in entries:
        name = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            if FOLDERS.fullmatch(name):
                _list(entry.path, f"{name}/", own, foreign)
                own.append(f"{name}/")
            else:
                foreign.append(f"{name}/")
        else:
            known = entry.is_file(follow_symlinks=False) and _is_known(entry, name)
            (own if known else foreign).append(name)


def _is_known(entry, name):
    if entry.name in (*HIDDEN, *LITTER):
        return True
    if entry.name.endswith((".png", ".png.part")):
        return is_own_png(entry.path) or (entry.name.endswith(".part") and not entry.stat().st_size)
    if PROGRAMS.fullmatch(name):
        with open(entry.path, "rb") as file:
            return PROGRAM_MARK in file.readline()
    return FILES.fullmatch(name) is not None


def remove_contents(folder, keep=()):
    """Removes what ganzoo writes into runs; the folder itself and everything else stay.

    Args:
        folder: path of an existing folder.
        keep: iterable of str, relative paths that stay as well. The lock always stays. Default: none.

    Raises:
        OSError: a file cannot be removed.
    """
    own, _ = list_contents(folder)
    for name in own:
        path = Path(folder) / name
        if name.endswith("/"):
            # A folder with something else in it is not empty, and stays.
            with contextlib.suppress(OSError):
                path.rmdir()
        elif name not in (*keep, LOCK):
            path.unlink(missing_ok=True)
