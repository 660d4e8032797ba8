"""What an evaluation says: one object for the screen, the JSON file and programs."""

import json
import statistics
import time
from importlib import metadata

from ...zoo.files import write_text

PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy", "scikit-learn", "scipy", "tensorflow-gan")
# These are no scores: they are told below the table.
TOLD = ("missing", "shares")


class Report:
    """Results of one or several blocks of samples, the same of held-out real images, and how they came about.

    Args:
        blocks: list of dicts, result name -> value, one a block of samples.
        ceiling: dict of result name -> value of held-out real images.
        reasons: dict of metric name -> why it has no value.
        known: dict of result name -> `Result`.
        facts: dict, everything that a number hangs on.
        warnings: list of str.
        pictures: dict of name -> uint8 picture. Default: none.
    """

    def __init__(self, blocks, ceiling, reasons, known, facts, warnings, pictures=None):
        self.blocks, self.ceiling, self.reasons = blocks, ceiling, reasons
        self.known, self.facts, self.warnings = known, facts, list(dict.fromkeys(warnings))
        self.pictures = pictures or {}
        # What is printed and what is saved are one report.
        self.date = time.strftime("%Y-%m-%dT%H:%M:%S%z")

    def __getitem__(self, name):
        """The mean of a numeric result over blocks, or the first block's value of another one."""
        values = [block[name] for block in self.blocks]
        return statistics.fmean(values) if _numeric(values) else values[0]

    def content(self):
        """Returns what the JSON file holds."""
        results = {}
        for name in self.blocks[0]:
            values = [block[name] for block in self.blocks]
            result = {"better": self.known[name].better, "meaning": self.known[name].meaning}
            if _numeric(values):
                result["mean"] = statistics.fmean(values)
                result["spread"] = statistics.stdev(values) if len(values) > 1 else None
            result |= {"values": values, "held_out": self.ceiling.get(name)}
            results[name] = result
        versions = {name: metadata.version(name) for name in PACKAGES}
        return self.facts | {
            "results": results,
            "not_computed": self.reasons,
            "warnings": self.warnings,
            "versions": versions,
            "date": self.date,
        }

    def save(self, path):
        """Writes the JSON file, whole or not at all."""
        write_text(path, json.dumps(self.content(), indent=1) + "\n")

    def __str__(self):
        rows = [("", "samples", "held-out real", "")]
        for name in self.blocks[0]:
            values = [block[name] for block in self.blocks]
            if name in TOLD or not _numeric(values):
                continue
            spread = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
            real = self.ceiling.get(name)
            better = self.known[name].better
            rows.append(
                (
                    name,
                    f"{self[name]:.4g}{spread}",
                    "" if real is None else f"{real:.4g}",
                    better and f"{better} is better",
                )
            )
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        for block in self.blocks:
            if block.get("missing"):
                lines.append(f"missing: {', '.join(block['missing'])}")
        lines += [f"{name}: not computed: {reason}" for name, reason in self.reasons.items()]
        lines += [f"note: {warning}" for warning in self.warnings]
        return "\n".join([*lines, self._provenance()])

    def _provenance(self):
        reference, extractor = self.facts["reference"], self.facts["extractor"]
        return (
            f"{self.facts['num']} samples against {reference['num']} of {reference['name']} ({reference['split']}), "
            f"features of {extractor['name']} {extractor.get('weights', '')}, "
            f"resizer {extractor.get('resizer', 'none')}"
        )


def _numeric(values):
    return all(isinstance(value, (int, float)) for value in values)
