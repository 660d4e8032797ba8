"""JSON records of benchmarks that can be interrupted: one per (configuration, seed); existing ones are skipped."""

import argparse
import json
import os
import time
from importlib import metadata
from pathlib import Path

from ganzoo.training.config.recipe import Recipe, differences

PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy", "tensorflow-gan")


def run_configurations(doc, folder, configurations, measure, seeds="0,1,2", arguments=None):
    """Parses the command line and measures every configuration with every seed.

    Args:
        doc: str, the script's docstring; its first line is the description in `--help`.
        folder: path, default folder of the records.
        configurations: iterable of str.
        measure: function of (name, seed, options).
        seeds: str, comma-separated. Default "0,1,2".
        arguments: dict of further arguments, flag -> keyword arguments of `add_argument`, or None.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    for flag, keywords in (arguments or {}).items():
        parser.add_argument(flag, **keywords)
    parser.add_argument("--results", type=Path, default=folder, help="folder of the records")
    parser.add_argument(
        "--configurations", default=",".join(configurations), help="comma-separated (default: %(default)s)"
    )
    parser.add_argument("--seeds", default=seeds, help="comma-separated (default: %(default)s)")
    options = parser.parse_args()
    for seed in options.seeds.split(","):
        for name in options.configurations.split(","):
            measure(name, int(seed), options)


def recipe_settings(recipe, source):
    """Returns a recipe's content as a record holds it.

    Args:
        recipe: `Recipe`.
        source: str, the data source without this machine's paths, such as "idx:DIR".
    """
    content = recipe.content() | {"data": {**recipe.data, "source": source}}
    # A description changes no result.
    return {key: value for key, value in content.items() if key != "description"}


def is_recorded(path, settings):
    """Returns whether a record exists; exits if it was measured with settings other than `settings`."""
    if not path.exists():
        return False
    recorded = json.loads(path.read_text())["recipe"]
    if "train" in recorded:
        # Keys of a complete recipe that are younger than the record take their defaults.
        recorded = recipe_settings(Recipe(recorded, path.name), recorded["data"]["source"])
    changed = differences(recorded, json.loads(json.dumps(settings)))
    if changed:
        raise SystemExit(
            f"{path.name}: received a record of other settings ({'; '.join(changed)}), expected the current ones: "
            "delete the file, or give --results another folder"
        )
    print(f"{path.name}: exists, skipped")
    return True


def save_record(path, head, numbers):
    """Writes one record atomically: `head`, the date, package versions, and `numbers`."""
    versions = {name: metadata.version(name) for name in PACKAGES}
    facts = {"date": time.strftime("%Y-%m-%d"), "versions": versions}
    write_json(path, head | facts | {"numbers": numbers})


def write_json(path, record):
    """Writes one JSON file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.part")
    draft.write_text(json.dumps(record, indent=1) + "\n")
    draft.replace(path)


def machine_facts(command, packages):
    """Returns what every record of a speed measurement begins with: command, date, cores, and package versions."""
    return {
        "command": command,
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS"),
        "versions": {name: metadata.version(name) for name in packages},
    }
