"""Which settings of a run may change when it is resumed, and what the user is informed of.

The data are identified by their fingerprint alone: where they are, and how the recipe spells their source, may change.
"""

from ..config.recipe import differences

# Settings of `[train]` that change neither the updates nor their order. `steps` may only grow.
FREE_SETTINGS = ("steps", "log_every", "sample_every", "save_every", "strategy")
REPLICAS_NOTE = (
    "the global batch, its order and its latents stay the same, but dropout, batch statistics, image pools and "
    "rounding are those of each replica: the run is no longer bit-identical to an uninterrupted one"
)


def refused_changes(trained, recipe):
    """Returns lines about the differences that would make it another run.

    Args:
        trained, recipe: `Recipe`s: the run's own, and the one to resume it with.
    """
    return differences(*(_comparable(each.with_absolute_paths().content()) for each in (trained, recipe)))


def data_changes(trained, recipe):
    """Returns lines about the differences of the `[data]` sections of two `Recipe`s."""
    before, after = (each.with_absolute_paths().data for each in (trained, recipe))
    return differences(before, after, "data.")


def allowed_changes(trained, recipe):
    """Returns lines for the user about differences that a resumed run takes over and records.

    Args:
        trained, recipe: `Recipe`s: the run's own, and the one to resume it with.
    """
    notes = [f"{line}; the data are the same" for line in data_changes(trained, recipe)]
    before, after = ({key: getattr(each.train, key) for key in FREE_SETTINGS} for each in (trained, recipe))
    return notes + differences(before, after, "train.")


def replicas_note(before, after):
    """Returns a list of one line about another number of replicas than before, or of none.

    Args:
        before: int, or None if it is not known.
        after: int.
    """
    return [] if before in (None, after) else [f"replicas: {before} -> {after}; {REPLICAS_NOTE}"]


def _comparable(content):
    """Returns a resolved recipe without what may differ when a run is resumed."""
    train = {key: value for key, value in content["train"].items() if key not in FREE_SETTINGS}
    return content | {"train": train, "data": None, "description": "", "export": None}
