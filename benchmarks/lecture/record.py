"""Records of the lecture's measurements: one JSON file per (claim, variant, layout, seed), measured once."""

import argparse
import json
import os
import re
import time
from importlib import metadata
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "results" / "lecture"
PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy")


def options(description, **settings):
    """Parses `--seeds`, `--results` and one flag per setting, whose default gives its type."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--seeds", default="0,1,2", help="comma-separated (default: %(default)s)")
    parser.add_argument("--results", type=Path, default=FOLDER, help="folder of the records")
    for name, value in settings.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help="default: %(default)s")
    parsed = parser.parse_args()
    parsed.seeds = [int(seed) for seed in parsed.seeds.split(",")]
    return parsed


class Record:
    """One JSON file.

    Args:
        folder: path of the records.
        claim: str, the script's name.
        variant: str, what was trained.
        layout: str, the data or networks it was trained with.
        seed: int.
        flags: dict, command-line flags.
        settings: dict, everything else that determines the numbers.
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
        """Returns whether the file does not exist; exits if it was measured with other settings."""
        if not self.path.exists():
            return True
        recorded = json.loads(self.path.read_text())["settings"]
        if recorded != json.loads(json.dumps(self.head["settings"])):
            raise SystemExit(
                f"{self.path.name}: received settings {recorded}, expected {self.head['settings']}: delete the file, "
                "or give --results another folder"
            )
        print(f"{self.path.name}: exists, skipped")
        return False

    def write(self, numbers, seconds):
        """Writes the file atomically."""
        versions = {name: metadata.version(name) for name in PACKAGES}
        facts = {"date": time.strftime("%Y-%m-%d"), "versions": versions, "seconds": round(seconds, 1)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(f".{os.getpid()}.part")
        draft.write_text(_text(self.head | facts | {"numbers": numbers}))
        draft.replace(self.path)
        print(f"{self.path.name}: {seconds:.0f} s")


def _text(record):
    """Returns indented JSON with every list of numbers on one line."""
    text = json.dumps(record, indent=1)
    return re.sub(r"\[([^][{}]*)\]", lambda match: f"[{' '.join(match[1].split())}]", text) + "\n"
