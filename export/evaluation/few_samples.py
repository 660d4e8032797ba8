"""The note that precedes all scores of a set that is too small for any of them."""

# Below it, every score is dominated by chance, and most cannot be computed.
FEW = 50
# How a note that is shown before the scores begins.
LOUD = "WARNING"


def small_set_notes(sizes):
    """Returns the notes about small sets: a list of one or no str.

    Args:
        sizes: dict of what is counted, such as "samples" -> int.

    >>> small_set_notes({"samples": 3, "training images": 540})
    ['WARNING: only 3 samples: the scores below are dominated by chance; 50 are the least, use 1,000 or more']
    >>> small_set_notes({"samples": 50})
    []
    """
    few = ", ".join(f"{size} {kind}" for kind, size in sizes.items() if size < FEW)
    if not few:
        return []
    return [f"{LOUD}: only {few}: the scores below are dominated by chance; {FEW} are the least, use 1,000 or more"]
