"""Which images of a folder have labels, and which are held out: decided on the readable images."""

import os

import numpy as np

from .row_store import NUM_LISTED, SPLITS

# As in `image_source.split_rows`.
HELD_OUT_EVERY = 10
NONE_HELD_OUT = f"no image is held out: that takes {HELD_OUT_EVERY} or more"
SEPARATOR = os.sep.encode()
# Names of first-level subfolders that are splits rather than classes.
SPLIT_NAMES = {"train", "test", "val", "valid", "validation", "training", "testing"}


def label_by_folder(paths):
    """Assigns labels: if every readable image is in a subfolder, the first-level subfolders are the classes.

    Args:
        paths: list of bytes, the readable images relative to the source's folder, in order.

    Returns:
        (names, labels, notes): the sorted names of the classes and an int array, or None and None; and a list of str.
    """
    outside = [path for path in paths if SEPARATOR not in path]
    if len(outside) == len(paths):
        return None, None, []
    if outside:
        return None, None, [
            f"{len(outside):,} of {len(paths):,} images are not in a subfolder ({_listed(outside)}), so the subfolders "
            "are not classes: move or remove these images to have labels"
        ]  # fmt: skip
    tops = [path.partition(SEPARATOR)[0] for path in paths]
    classes = sorted(set(tops))
    label_of = {top: label for label, top in enumerate(classes)}
    labels = np.array([label_of[top] for top in tops], np.int64)
    return [os.fsdecode(top) for top in classes], labels, _doubts(classes, paths)


def _doubts(classes, paths):
    """Returns notes about subfolders that are probably no classes."""
    names, notes = [os.fsdecode(name) for name in classes], []
    splits = [name for name in names if name.lower() in SPLIT_NAMES]
    if splits:
        notes.append(
            f"the subfolders {splits} are read as classes: if they are splits, name one of them in the source, such as "
            f"folder:DIR/{splits[0]}"
        )
    deeper = {path.split(SEPARATOR)[1] for path in paths if path.count(SEPARATOR) > 1}
    if len(names) == 1 and len(deeper) > 1:
        notes.append(
            f"all images are in one subfolder, the only class: for the {len(deeper)} folders in it as classes use "
            f"folder:DIR/{show_name(classes[0])}"
        )
    if len({name.casefold() for name in names}) < len(names):
        notes.append("the names of some classes differ in upper and lower case only")
    return notes


def tenth_split(index):
    """Returns the split of an image by its index among the readable ones: every tenth is held out."""
    return SPLITS[index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1]


def hold_out(count, labels=None):
    """Holds out every tenth image, and for a class without any the last of its images, unless it is its only one.

    Args:
        count: int, the number of readable images.
        labels: int array of that length, or None.

    Returns:
        (splits, notes): the list of the split of each image, and a list of str.
    """
    splits = [tenth_split(index) for index in range(count)]
    if labels is None:
        return splits, [NONE_HELD_OUT] if count < HELD_OUT_EVERY else []
    rows_of, num_added, num_single = {}, 0, 0
    for row, label in enumerate(labels.tolist()):
        rows_of.setdefault(label, []).append(row)
    for rows in rows_of.values():
        if len(rows) == 1:
            splits[rows[0]] = "train"
            num_single += 1
        elif not any(splits[row] == "held_out" for row in rows):
            splits[rows[-1]] = "held_out"
            num_added += 1
    notes = []
    if num_added:
        notes.append(f"classes with too few images for every tenth, of which the last image is held out: {num_added:,}")
    if num_single:
        notes.append(f"classes of a single image, which is trained on, so that none is held out: {num_single:,}")
    return splits, notes


def empty_subfolders(root, known):
    """Returns a list of at most one note about the subfolders that are no classes, since no image in them is readable.

    Args:
        root: str, the source's folder.
        known: iterable of str, the names of the classes, and of other subfolders that have been reported.
    """
    with os.scandir(root) as entries:
        names = {entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")}
    empty = sorted(map(os.fsencode, names.difference(known)))
    if not empty:
        return []
    return [f"subfolders without a readable image, which are not classes: {_listed(empty)}"]


def show_name(path):
    """Returns a path of bytes as one line of text."""
    return " ".join(os.fsencode(path).decode("utf-8", "backslashreplace").split())


def _listed(paths):
    shown = ", ".join(map(show_name, paths[:NUM_LISTED]))
    return shown + (", ..." if len(paths) > NUM_LISTED else "")
