"""The layouts of data folders: which source reads a folder that another source was given."""

import os

METADATA = ("metadata.jsonl", "metadata.csv")


def layout_of(root):
    """Returns the kind of source whose layout a folder has, by the names in it: "unpaired", "paired", "captions" or
    "idx"; or None for any other folder.

    Args:
        root: str, an existing folder.
    """
    names = _names(root)
    if {"trainA", "trainB"} <= names:
        return "unpaired"
    if {"A", "B"} <= names or {"A", "B"} <= _names(os.path.join(root, "train")):
        return "paired"
    if names.intersection(METADATA):
        return "captions"
    if any("train-images" in name for name in names):
        return "idx"
    return None


def layout_hint(root, argument, kind):
    """Returns '; did you mean KIND:DIR?' for a folder with the layout of another kind of source, else ''.

    Args:
        root: str, an existing folder.
        argument: str, the folder as the user wrote it.
        kind: str, the source that was requested.
    """
    other = layout_of(root)
    if other in (None, kind):
        return ""
    hint = f"; did you mean '{other}:{argument}'?"
    if (kind, other) == ("unpaired", "paired"):
        first, second = (os.path.join(argument, *folder) for folder in _domains(root))
        hint += f" Two domains without pairs are 'unpaired:folder:{first},folder:{second}'"
    return hint


def _domains(root):
    below = [] if {"A", "B"} <= _names(root) else ["train"]
    return [[*below, "A"], [*below, "B"]]


def _names(folder):
    try:
        return {name for name in os.listdir(folder) if not name.startswith(".")}
    except OSError:
        return set()
