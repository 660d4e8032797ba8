"""Exported files of a trained run: size, difference from Keras, speed, and change of the FID.

    ganzoo train cgan_fashion_mnist --data idx:DIR --out RUN
    ganzoo evaluate RUN
    python benchmarks/export_table.py RUN --out benchmarks/results/export.json

Records the report of `ganzoo export`, which writes into a temporary folder. FID changes need an evaluated run. An
existing record is kept.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from support.records import machine_facts, write_json

PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "ai-edge-litert")
KEYS = ("kind", "precision", "batch_size", "bytes", "images_per_second", "differences", "fid")


def exported(run, formats):
    """Returns the report of `ganzoo export` on a run."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ganzoo.training.cli", "export", str(run), "--out", folder, "--json"]
        command += ["--formats", formats] if formats else []
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(output.splitlines()[-1])


def main():
    """Exports and writes the record, unless it exists."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of an evaluated run")
    parser.add_argument("--formats", help="as in `ganzoo export` (default: the recipe's)")
    parser.add_argument("--out", type=Path, required=True, help="the record")
    options = parser.parse_args()
    if options.out.exists():
        print(f"{options.out.name}: exists, skipped")
        return
    evaluation = options.run / "evaluation.json"
    if not evaluation.exists():
        raise SystemExit(f"{options.run}: received a run without evaluation.json, expected an evaluated run: run "
                         f"`ganzoo evaluate {options.run}` first")  # fmt: skip
    recipe = tomllib.loads((options.run / "recipe.toml").read_text())
    report = exported(options.run, options.formats)
    formats = f" --formats {options.formats}" if options.formats else ""
    record = machine_facts(f"python benchmarks/export_table.py RUN{formats}", PACKAGES)
    record["run"] = {"model": recipe["model"], "step": report["step"], "checkpoint": report["checkpoint"]}
    record["evaluation"] = {
        key: value for key, value in json.loads(evaluation.read_text()).items() if key in ("extractor", "num_samples")
    }
    record["files"] = [{key: entry[key] for key in KEYS} for entry in report["files"] if not entry["failure"]]
    write_json(options.out, record)
    print(f"{options.out.name}: {len(record['files'])} files")


if __name__ == "__main__":
    main()
