"""The result of an evaluation: one object for the terminal, the JSON file and programs."""

import json
import statistics
import time
from importlib import metadata

from ...zoo.core.atomic_files import write_text
from .few_samples import LOUD

PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy", "scikit-learn", "scipy", "tensorflow-gan")
# Not scores: the table leaves them out.
NOT_IN_TABLE = ("missing", "shares", "max_entropy")


class EvaluationReport:
    """Results of one or several blocks of samples, the baseline of real data, and the settings of the evaluation.

    Args:
        blocks: list of dicts, result name -> value, one per block of samples.
        held_out_baseline: dict of result name -> value for real data: held-out ones, or random halves of a set.
        reasons: dict of metric name -> why it has no value.
        results_info: dict of result name -> `Result`.
        facts: dict, everything that the scores depend on: reference, extractor, counts, seeds.
        warnings: list of str; duplicates are removed.
        images: dict of name -> uint8 image grid, or None. Default None.
        provenance: str, the last line of the printed report: what was compared with what. Default "".
        counts: dict of result name -> (dict of what was counted -> `Count`), what each result was computed from.
        baseline_key, baseline_title: str, the name of the baseline in the file, and the title of its column. Default
            "held_out" and "held-out real".
    """

    def __init__(
        self, blocks, held_out_baseline, reasons, results_info, facts, warnings, images=None, provenance="",
        counts=None, baseline_key="held_out", baseline_title="held-out real",
    ):  # fmt: skip
        self.blocks, self.held_out_baseline, self.reasons = blocks, held_out_baseline, reasons
        self.baseline_key, self.baseline_title, self.counts = baseline_key, baseline_title, counts or {}
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
            counts = {kind: count._asdict() for kind, count in self.counts.get(name, {}).items()}
            result |= {"values": values, self.baseline_key: self.held_out_baseline.get(name), "counts": counts}
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
        write_text(path, json.dumps(self.content(), indent=1, allow_nan=False) + "\n")

    def __str__(self):
        rows = [("", "samples", self.baseline_title, "")]
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
                    better and f"{better} is better" + self._bound(name),
                )
            )
        loud = [warning for warning in self.warnings if warning.startswith(LOUD)]
        lines = [*loud, *format_table(rows)]
        for block in self.blocks:
            if block.get("missing"):
                lines.append(f"missing: {', '.join(block['missing'])}")
        lines += [f"{name}: not computed: {reason}" for name, reason in self.reasons.items()]
        lines += [f"{', '.join(names)}: computed from {text}" for text, names in self._incomplete_counts().items()]
        lines += [f"note: {warning}" for warning in self.warnings if warning not in loud]
        return "\n".join([*lines, self.provenance])

    def _bound(self, name):
        """Returns the bound of an entropy: without it, its value says little."""
        return f", at most {self['max_entropy']:.4g}" if name.endswith("_entropy") else ""

    def _incomplete_counts(self):
        """Returns a dict of text -> names of the results that were computed from fewer rows than there were."""
        texts = {}
        for name, counts in self.counts.items():
            parts = [f"{used} of {given} {kind}" for kind, (used, given) in counts.items() if used < given]
            if parts and name in self.blocks[0] and name not in NOT_IN_TABLE:
                texts.setdefault(", ".join(parts), []).append(name)
        return texts


def format_table(rows):
    """Returns rows of str cells as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def block_count(blocks):
    """Returns how the count of samples begins if there are several blocks of them."""
    return f"{blocks} blocks of " if blocks > 1 else ""


def share(used, available):
    """Returns a count, and of how many where it is not all of them.

    >>> share(500, 600), share(600, 600)
    ('500 of 600', '600')
    """
    return str(used) if used == available else f"{used} of {available}"


def package_versions():
    """Returns a dict of package name -> installed version, for the packages that scores depend on."""
    return {name: metadata.version(name) for name in PACKAGES}


def _numeric(values):
    return all(isinstance(value, (int, float)) for value in values)
