"""`ganzoo data`: what a source holds, in facts and in a picture, or in some texts."""

import numpy as np

from ..export.pictures import alike, overview
from ..zoo.text_encoder import UNKNOWN
from ..zoo.tokens import END

# Pictures in a row of those that show two domains, and how many such rows.
ACROSS, DOWN = 8, 4
# Texts that are shown.
EXAMPLES = 8


def facts_of(source):
    """Returns a dict of what is known about a source; of two domains, each one's under `x` and `y`."""
    facts = {"source": source.name}
    if hasattr(source, "target_shape"):
        facts |= {"paired": source.paired, "truth": "known" if source.truth is not None else "unknown"}
        facts |= {side: _facts(getattr(source, side)) for side in ("x", "y")}
    elif hasattr(source, "tokens"):
        facts |= _facts_of_texts(source)
    else:
        facts |= _facts(source)
    return facts | {"fingerprint": source.fingerprint}


def picture_of(source):
    """Returns a picture of a source's first samples: uint8 array (height, width, channels).

    Of two domains a row of x stands above each row of y; of pairs, either picture above or below the other.
    """
    if not hasattr(source, "target_shape"):
        return overview(source.samples[:64] if source.is_image else source.samples[:2000])
    across = min(ACROSS, len(source.x), len(source.y))
    down = min(DOWN, len(source.x) // across, len(source.y) // across)
    x, y = alike(*(side.samples[: across * down] for side in (source.x, source.y)))
    rows = [side.reshape(down, across, *side.shape[1:]) for side in (x, y)]
    return overview(np.stack(rows, axis=1).reshape(-1, *x.shape[1:]), columns=across)


def _facts(source):
    facts = {
        "train": len(source),
        "held_out": len(source.held_out),
        "shape": source.shape,
        "dtype": str(source.samples.dtype),
        "range": [float(source.samples.min()), float(source.samples.max())],
        "classes": source.class_names,
    }
    if source.labels is not None:
        counts = [int((source.labels == number).sum()) for number in range(len(source.class_names))]
        facts["images_per_class"] = dict(zip(source.class_names, counts, strict=True))
    return facts


def _facts_of_texts(source):
    said = np.ones(source.tokens.shape, bool)
    if source.ends:
        said = np.cumprod(source.tokens != END, axis=1).astype(bool)
    facts = {
        "train": len(source),
        "held_out": len(source.held_out),
        "length": source.length,
        "mean_length": round(float(said.sum() / len(source)), 2),
        "vocabulary": source.vocabulary_size,
    }
    if source.vocabulary:
        facts["unknown"] = round(float((source.tokens == UNKNOWN)[said].mean()), 4)
    return facts | {"notes": source.notes, "examples": source.written(source.tokens[:EXAMPLES])}
