"""The result of a translation evaluation: one column for the model, and one for each baseline."""

import json
import time

from ....zoo.core.atomic_files import write_text
from ..evaluation_report import format_table, package_versions, share
from ..few_samples import LOUD

TITLES = {"model": "model", "copied": "copying", "colors": "colors matched", "real": "truth or real"}


class TranslationReport:
    """Results of a model, of the baselines and of real images, and the settings of the evaluation.

    Args:
        columns: dict of column -> (dict of result name -> value); the columns are "model", "copied" (inputs as they
            are), "colors" (inputs with matched colors) and "real" (ground truth, or held-out images).
        results_info: dict of result -> `Result`.
        reasons: dict of result -> why it has no value.
        facts: dict, everything that the scores depend on.
        warnings: list of str. Default none.
    """

    # Like `EvaluationReport.images`; there are no grids of translations.
    images = {}

    def __init__(self, columns, results_info, reasons, facts, warnings=()):
        self.columns, self.results_info, self.reasons, self.facts = columns, results_info, reasons, facts
        self.warnings = list(dict.fromkeys(warnings))
        # Set once, so that the printed and the saved report agree.
        self.date = time.strftime("%Y-%m-%dT%H:%M:%S%z")

    def __getitem__(self, name):
        """Returns the model's value of a result, such as `fid_xy`."""
        return self.columns["model"][name]

    def content(self):
        """Returns the content of the JSON file, a dict."""
        results = {
            name: {**self._info(name), **{column: values.get(name) for column, values in self.columns.items()}}
            for name in self.columns["model"]
        }
        return self.facts | {
            "results": results,
            "not_computed": self.reasons,
            "warnings": self.warnings,
            "versions": package_versions(),
            "date": self.date,
        }

    def _info(self, name):
        result = self.results_info[name.rpartition("_")[0] or name]
        return {"better": result.better, "meaning": result.meaning}

    def save(self, path):
        """Writes the JSON file atomically."""
        write_text(path, json.dumps(self.content(), indent=1, allow_nan=False) + "\n")

    def __str__(self):
        rows = [("", *(TITLES[column] for column in self.columns), "")]
        for name in self.columns["model"]:
            values = [column.get(name) for column in self.columns.values()]
            cells = ["" if value is None else f"{value:.4g}" for value in values]
            rows.append((name, *cells, f"{self._info(name)['better']} is better"))
        loud = [warning for warning in self.warnings if warning.startswith(LOUD)]
        lines = [*loud, *format_table(rows)]
        for name, reason in self.reasons.items():
            # A mean over one of two directions has a value and a reason.
            kind = "incomplete" if name in self.columns["model"] else "not computed"
            lines.append(f"{name}: {kind}: {reason}")
        lines += [f"note: {warning}" for warning in self.warnings if warning not in loud]
        return "\n".join([*lines, self._provenance()])

    def _provenance(self):
        facts, extractor = self.facts, self.facts["extractor"]
        counts = []
        for to, count in facts["num_samples"].items():
            translated = share(count, facts["available"][to])
            references = share(facts["references"][to], facts["references_available"][to])
            real = facts["num_real"][to]
            counts.append(f"{translated} into {to} against {references} training images, last column {real} images")
        return f"held-out images: {'; '.join(counts)}; features of {extractor['name']} {extractor.get('weights', '')}"
