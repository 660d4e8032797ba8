"""The records of the lecture's measurements: one JSON a (claim, variant, layout, seed), never measured twice."""

import argparse
import json
import os
import re
import statistics
import time
from importlib import metadata
from pathlib import Path

FOLDER = Path(__file__).parent / "results"
PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy")


def options(description, **settings):
    """Parses `--seeds` and one flag a setting, whose default gives its type."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--seeds", default="0,1,2", help="comma-separated (default: %(default)s)")
    parser.add_argument("--results", type=Path, default=FOLDER, help="folder of the JSONs (default: beside the script)")
    for name, value in settings.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help="default: %(default)s")
    chosen = parser.parse_args()
    chosen.seeds = [int(seed) for seed in chosen.seeds.split(",")]
    return chosen


class Record:
    """One JSON file.

    Args:
        folder: path of the JSONs.
        claim: str, the script's name.
        variant: str, what was trained.
        layout: str, on what.
        seed: int.
        flags: dict, the command-line flags that made it.
        settings: dict, everything else that the numbers hang on.
    """

    def __init__(self, folder, claim, variant, layout, seed, flags, settings):
        self.path = Path(folder) / f"{claim}-{variant}-{layout}-seed{seed}.json"
        words = "".join(f" --{name.replace('_', '-')} {value}" for name, value in flags.items())
        self.head = {
            "claim": claim,
            "variant": variant,
            "layout": layout,
            "seed": seed,
            "command": f"python benchmarks/lecture/{claim}.py --seeds {seed}{words}",
            "settings": flags | settings,
        }

    def missing(self):
        """Returns whether it is still to be measured; leaves where the file was made with other settings."""
        if not self.path.exists():
            return True
        found = json.loads(self.path.read_text())["settings"]
        if found != json.loads(json.dumps(self.head["settings"])):
            raise SystemExit(
                f"{self.path.name}: holds settings {found}, expected {self.head['settings']}: delete the file, or give "
                "--results another folder"
            )
        print(f"{self.path.name}: exists, skipped")
        return False

    def write(self, numbers, seconds):
        """Writes the file as a whole or not at all."""
        versions = {name: metadata.version(name) for name in PACKAGES}
        facts = {"date": time.strftime("%Y-%m-%d"), "versions": versions, "seconds": round(seconds, 1)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(f".{os.getpid()}.part")
        draft.write_text(_text(self.head | facts | {"numbers": numbers}))
        draft.replace(self.path)
        print(f"{self.path.name}: {seconds:.0f} s")


def _text(record):
    """Returns indented JSON, a list of numbers on one line."""
    text = json.dumps(record, indent=1)
    return re.sub(r"\[([^][{}]*)\]", lambda match: f"[{' '.join(match[1].split())}]", text) + "\n"


def read(folder, claim):
    """Returns a claim's records as a dict of (variant, layout) -> list of records in the order of their seeds."""
    groups = {}
    for path in Path(folder).glob(f"{claim}-*.json"):
        record = json.loads(path.read_text())
        groups.setdefault((record["variant"], record["layout"]), []).append(record)
    return {key: sorted(records, key=lambda record: record["seed"]) for key, records in groups.items()}


def mean_and_spread(values):
    """Returns the mean and the standard deviation over seeds (n - 1 in the denominator; 0 for one seed)."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0
