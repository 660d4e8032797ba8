"""What an evaluation of translations says: a column for the model, and one for everything it has to beat."""

import json
import time
from importlib import metadata

from ...zoo.files import write_text
from .report import PACKAGES

TITLES = {"model": "model", "copied": "copying", "colours": "colours matched", "real": "truth or real"}


class TranslationReport:
    """Results of translations, of both baselines and of real pictures, and how they came about.

    Args:
        columns: dict of column -> (dict of result name -> value).
        known: dict of result -> `Result`.
        reasons: dict of result -> why it has no value.
        facts: dict, everything that a number hangs on.
    """

    pictures = {}

    def __init__(self, columns, known, reasons, facts):
        self.columns, self.known, self.reasons, self.facts = columns, known, reasons, facts
        # What is printed and what is saved are one report.
        self.date = time.strftime("%Y-%m-%dT%H:%M:%S%z")

    def __getitem__(self, name):
        """The model's value of a result, such as `fid_xy`."""
        return self.columns["model"][name]

    def content(self):
        """Returns what the JSON file holds."""
        results = {
            name: {**self._about(name), **{column: found.get(name) for column, found in self.columns.items()}}
            for name in self.columns["model"]
        }
        return self.facts | {
            "results": results,
            "not_computed": self.reasons,
            "versions": {name: metadata.version(name) for name in PACKAGES},
            "date": self.date,
        }

    def _about(self, name):
        result = self.known[name.rpartition("_")[0] or name]
        return {"better": result.better, "meaning": result.meaning}

    def save(self, path):
        """Writes the JSON file, whole or not at all."""
        write_text(path, json.dumps(self.content(), indent=1) + "\n")

    def __str__(self):
        rows = [("", *(TITLES[column] for column in self.columns), "")]
        for name in self.columns["model"]:
            values = [found.get(name) for found in self.columns.values()]
            cells = ["" if value is None else f"{value:.4g}" for value in values]
            rows.append((name, *cells, f"{self._about(name)['better']} is better"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        lines += [f"{name}: not computed: {reason}" for name, reason in self.reasons.items()]
        extractor = self.facts["extractor"]
        counts = ", ".join(f"{count} into {to}" for to, count in self.facts["num"].items())
        told = f"held-out pictures: {counts}; features of {extractor['name']} {extractor.get('weights', '')}"
        return "\n".join([*lines, told])
