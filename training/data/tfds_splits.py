"""Which rows of a tensorflow-datasets dataset are trained on, and which are held out."""

from collections import defaultdict

from .data_error import DataError

HELD_OUT_NAMES = ("test", "validation")


def choose_splits(name, available, split, held_out_split=None):
    """Returns a dict of "train" and, unless every tenth row is held out, "held_out" -> split of the dataset.

    Args:
        name: str, the dataset, for messages.
        available: the `SplitDict` of the dataset.
        split: str, the rows to train on.
        held_out_split: str; or None for "test", else "validation", if the dataset has one that is not trained on.

    Raises:
        DataError: no such rows, or held-out rows that are also trained on.
    """
    _require_rows(name, available, "split", split)
    if held_out_split is None:
        unused = (part for part in HELD_OUT_NAMES if part in available and not _shared_rows(available, split, part))
        held_out_split = next(unused, None)
        return {"train": split} | ({"held_out": held_out_split} if held_out_split else {})
    _require_rows(name, available, "held_out_split", held_out_split)
    shared = _shared_rows(available, split, held_out_split)
    if shared:
        raise DataError(
            f"data.held_out_split: received {held_out_split!r}, {shared:,} rows of which are also in data.split "
            f"{split!r}, expected rows that are not trained on"
        )
    return {"train": split, "held_out": held_out_split}


def _require_rows(name, available, option, part):
    try:
        count = available[part].num_examples
    except (KeyError, ValueError, TypeError, AssertionError):
        count = 0
    if not count:
        raise DataError(f"data.{option}: received {part!r}, expected rows of {name}'s splits {sorted(available)}")


def _shared_rows(available, *parts):
    """Returns how many rows two splits have in common, from the parts of files that they read."""
    ranges = defaultdict(lambda: ([], []))
    for side, part in enumerate(parts):
        for read in available[part].file_instructions:
            stop = read.examples_in_shard if read.take == -1 else read.skip + read.take
            ranges[str(read.filename)][side].append((read.skip, stop))
    return sum(
        max(0, min(stop, other_stop) - max(start, other_start))
        for first, second in ranges.values()
        for start, stop in first
        for other_start, other_stop in second
    )
