"""The frame of a benchmark that can be interrupted: one JSON a (game, seed), and what is there is skipped."""

import argparse
import json
import os
import time
from importlib import metadata
from pathlib import Path

from ganzoo.training.recipe import Recipe, differences

PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy", "tensorflow-gan")


def run_games(doc, folder, games, measure, seeds="0,1,2", arguments=None):
    """Reads the command line and measures every game with every seed.

    Args:
        doc: str, the script's docstring, whose first line describes it.
        folder: path of the JSONs, unless another is given.
        games: iterable of str.
        measure: function of (name, seed, options).
        seeds: str, comma-separated. Default "0,1,2".
        arguments: dict of further arguments, flag -> keywords of `add_argument`, or None.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    for flag, keywords in (arguments or {}).items():
        parser.add_argument(flag, **keywords)
    parser.add_argument("--results", type=Path, default=folder, help="folder of the JSONs")
    parser.add_argument("--games", default=",".join(games), help="comma-separated (default: %(default)s)")
    parser.add_argument("--seeds", default=seeds, help="comma-separated (default: %(default)s)")
    options = parser.parse_args()
    for seed in options.seeds.split(","):
        for name in options.games.split(","):
            measure(name, int(seed), options)


def measured(path, told):
    """Returns whether a record is there; leaves where it was made with other settings than those `told`."""
    if not path.exists():
        return False
    recorded = json.loads(path.read_text())["recipe"]
    # Of a whole recipe, keys that are younger than the record have their defaults.
    changed = differences(Recipe(recorded, path.name).content() if "train" in recorded else recorded, told)
    if changed:
        raise SystemExit(f"{path.name}: made with other settings ({'; '.join(changed)}): delete it, or give --results")
    print(f"{path.name}: exists, skipped")
    return True


def save_record(path, head, numbers):
    """Writes one JSON, whole or not at all."""
    versions = {name: metadata.version(name) for name in PACKAGES}
    facts = {"date": time.strftime("%Y-%m-%d"), "versions": versions}
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.part")
    draft.write_text(json.dumps(head | facts | {"numbers": numbers}, indent=1) + "\n")
    draft.replace(path)
