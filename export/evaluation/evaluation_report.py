"""The result of an evaluation: one object for the terminal, the JSON file and programs."""

import json
import statistics
import time
from importlib import metadata

from ...zoo.core.atomic_files import write_text

PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy", "scikit-learn", "scipy", "tensorflow-gan")
# Not scores: the table leaves them out.
NOT_IN_TABLE = ("missing", "shares")


class EvaluationReport:
    """Results of one or several blocks of samples, the held-out baseline, and the settings of the evaluation.

    Args:
        blocks: list of dicts, result name -> value, one per block of samples.
        held_out_baseline: dict of result name -> value for held-out real data.
        reasons: dict of metric name -> why it has no value.
        results_info: dict of result name -> `Result`.
        facts: dict, everything that the scores depend on: reference, extractor, counts, seeds.
        warnings: list of str; duplicates are removed.
        images: dict of name -> uint8 image grid, or None. Default None.
        provenance: str, the last line of the printed report: what was compared with what. Default "".
    """

    def __init__(
        self, blocks, held_out_baseline, reasons, results_info, facts, warnings, images=None, provenance=""
    ):  # fmt: skip
        self.blocks, self.held_out_baseline, self.reasons = blocks, held_out_baseline, reasons
        self.results_info, self.facts, self.warnings = results_info, facts, list(dict.fromkeys(warnings))
        self.images, self.provenance = images or {}, provenance
        # Set once, so that the printed and the saved report agree.
        self.date = time.strftime("%Y-%m-%dT%H:%M:%S%z")

    def __getitem__(self, name):
        """Returns the mean of a numeric result over the blocks; for any other result, the value of the first block."""
        values = [block[name] for block in self.blocks]
        return statistics.fmean(values) if _numeric(values) else values[0]

    def content(self):
        """Returns the content of the JSON file, a dict."""
        results = {}
        for name in self.blocks[0]:
            values = [block[name] for block in self.blocks]
            result = {"better": self.results_info[name].better, "meaning": self.results_info[name].meaning}
            if _numeric(values):
                result["mean"] = statistics.fmean(values)
                result["spread"] = statistics.stdev(values) if len(values) > 1 else None
            result |= {"values": values, "held_out": self.held_out_baseline.get(name)}
            results[name] = result
        return self.facts | {
            "results": results,
            "not_computed": self.reasons,
            "warnings": self.warnings,
            "versions": package_versions(),
            "date": self.date,
        }

    def save(self, path):
        """Writes the JSON file atomically."""
        write_text(path, json.dumps(self.content(), indent=1) + "\n")

    def __str__(self):
        rows = [("", "samples", "held-out real", "")]
        for name in self.blocks[0]:
            values = [block[name] for block in self.blocks]
            if name in NOT_IN_TABLE or not _numeric(values):
                continue
            spread = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
            real = self.held_out_baseline.get(name)
            better = self.results_info[name].better
            rows.append(
                (
                    name,
                    f"{self[name]:.4g}{spread}",
                    "" if real is None else f"{real:.4g}",
                    better and f"{better} is better",
                )
            )
        lines = format_table(rows)
        for block in self.blocks:
            if block.get("missing"):
                lines.append(f"missing: {', '.join(block['missing'])}")
        lines += [f"{name}: not computed: {reason}" for name, reason in self.reasons.items()]
        lines += [f"note: {warning}" for warning in self.warnings]
        return "\n".join([*lines, self.provenance])


def format_table(rows):
    """Returns rows of str cells as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def package_versions():
    """Returns a dict of package name -> installed version, for the packages that scores depend on."""
    return {name: metadata.version(name) for name in PACKAGES}


def _numeric(values):
    return all(isinstance(value, (int, float)) for value in values)
