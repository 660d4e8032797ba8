"""Evaluation of image generators; the command, the callback and the benchmarks share it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ....zoo.errors import ArgumentError
from ...visualization import neighbor_rows
from ..evaluation_report import EvaluationReport
from ..features.extractors import make_extractor
from ..features.nearest_neighbors import nearest
from ..metric_registry import split_finite
from .image_reference import ImageReference, subsample_rows
from .metrics import ImageComparison, NotComputableError, metric, metric_names
from .pair_reference import PairReference
from .report_parts import describe_scores
from .sample_checks import as_pixels, match_channels
from .sample_conditions import conditions_for

NUM_SAMPLES = 10_000
# Far from the seeds of sample grids: no generator is selected by the samples it is evaluated on.
FIRST_SEED = 1_000_000
# Samples of the grid of nearest neighbors, and neighbors of each.
SHOWN, NEIGHBORS = 12, 5
REFERENCES = {"train": ImageReference, "all": PairReference}


class ImageEvaluator:
    """Compares generated images or points with a reference set; one instance evaluates any number of sample sets.

    When to use it: for models that generate images or points, and for arrays of such samples.

    Args:
        source: the data, an `ImageSource`.
        extractor: str, `Extractor` or Keras model, see `make_extractor`. Default "auto".
        metrics: iterable of str or None for all, see `metric_names`.
        num_samples: int >= 2, training images in the reference, and samples per block; or None for all images of both
            sets, with `split="all"`. Default 10,000.
        cache_dir: str or None for `GANZOO_CACHE` or the user's cache.
        progress: bool, progress bars and notes on stderr. Default False.
        split: "train" compares samples with the training rows, and held-out rows are the baseline: the generator was
            trained on the former. "all" compares two sets, all rows of the source with the samples; random halves of
            the source are the baseline. Default "train".

    Attributes:
        reasons: dict of metric name -> why the last `score` has no value for it.
        counts: dict of the numbers of samples and of real images that the last `score` was computed from.

    Raises:
        ArgumentError: an unknown metric or split, or `num_samples` below 2.
        ExtractorError: an extractor that is not available.

    Example:

        evaluator = ImageEvaluator(load("digits"), metrics=["fid"], num_samples=1000)
        evaluator.score(model.generate(1000, seed=0))["fid"]
    """

    # The result that selects the best checkpoint of a run.
    criterion = "fid"

    def __init__(
        self, source, extractor="auto", metrics=None, num_samples=NUM_SAMPLES, cache_dir=None, progress=False,
        split="train",
    ):  # fmt: skip
        if split not in REFERENCES:
            raise ArgumentError(f"split: received {split!r}, expected one of {list(REFERENCES)}")
        if num_samples is None and split != "all":
            raise ArgumentError("num_samples: received None, expected an integer: a generator has no end of samples")
        if num_samples is not None and num_samples < 2:
            raise ArgumentError(
                f"num_samples: received {num_samples}, expected at least 2: one sample has no distribution"
            )
        self.metrics = {name: metric(name) for name in (metric_names() if metrics is None else metrics)}
        # Without an explicit list, metrics of labels and captions are skipped for samples that have none.
        self._explicit_metrics = metrics is not None
        self.source, self.num_samples = source, num_samples
        self.reasons, self.counts, self._baselines = {}, {}, {}
        self.extractor = make_extractor(extractor, source, cache_dir, progress)
        self.reference = REFERENCES[split](source, self.extractor, num_samples, cache_dir, progress)

    @property
    def results_info(self):
        """Returns a dict of result name -> `Result` of the chosen metrics."""
        return {name: result for module in self.metrics.values() for name, result in module.RESULTS.items()}

    def score(self, samples, name="samples", value_range=None, conditions=None):
        """Evaluates one set of samples.

        Args:
            samples: array of images or points; see `as_pixels`.
            name: str, for messages.
            value_range: (low, high) of float images, or None for (-1, 1).
            conditions: `SampleConditions` that the samples were generated with, or None.

        Returns:
            dict of result name -> value; results that cannot be computed are absent, see `reasons`.

        Raises:
            SamplesError: samples that cannot be evaluated.
        """
        batch = self.embed(samples, name, value_range, conditions)
        results, self.reasons = self._measure(self._comparison(batch))
        self.counts = {"num_samples": len(batch), "num_real": len(self.reference.rows)}
        return results

    def embed(self, samples, name="samples", value_range=None, conditions=None):
        """Returns the `FeatureBatch` of samples, checked and rounded to 8 bits; arguments as of `score`."""
        pixels = as_pixels(samples, name, value_range)
        expected = self.reference.source.shape
        if pixels.shape[1:] != expected:
            pixels = match_channels(pixels, expected, name)
        batch = self.extractor.embed(pixels)
        return batch if conditions is None else batch.with_conditions(conditions.labels, conditions.rows)

    def sample(self, model, first_seed, name="samples"):
        """Generates the samples that a model is evaluated on: the arguments of `score`, in their order."""
        conditions = conditions_for(model, self.reference.source, first_seed, self.num_samples)
        samples = model.generate(self.num_samples, seed=first_seed, batch_size=256, **conditions.conditions)
        # The range of a model's images; it is ignored for points.
        return samples, name, (-1, 1), conditions

    def held_out_baseline(self, batch=None):
        """Returns (results, reasons) of real images, the score of a perfect generator.

        They are held-out images, or one half of the reference against the other where two sets are compared.

        Args:
            batch: `FeatureBatch` or None, the samples that the baseline is compared with: labels and captions of the
                real images count only where these samples have them.
        """
        has_labels, has_captions = batch is None or batch.labels is not None, batch is None or batch.rows is not None
        key = has_labels, has_captions
        if key not in self._baselines:
            sides = self.reference.baseline_sides()
            if sides is None:
                self._baselines[key] = ({}, dict.fromkeys(self.metrics, self.reference.no_baseline))
            else:
                real, other, reference = sides
                labels, rows = other.labels if has_labels else None, other.rows if has_captions else None
                comparison = ImageComparison(real, other.with_conditions(labels, rows), reference)
                self._baselines[key] = self._measure(comparison)
        return self._baselines[key]

    def report(self, subject, seeds=1, first_seed=FIRST_SEED, name="samples", value_range=None, facts=None):
        """Evaluates a generator over disjoint blocks of seeds, or one array of samples.

        Args:
            subject: a model with `generate(num_samples, seed)`, or an array of samples.
            seeds: int >= 1, blocks of samples of a model. Default 1.
            first_seed: int >= 0, of the first sample; block b starts at first_seed + b * num_samples. Default
                1,000,000.
            name: str, the name of the subject in the report. Default "samples".
            value_range: (low, high) of an array of float images, or None for (-1, 1).
            facts: dict or None, further entries of the report.

        Returns:
            An `EvaluationReport`.

        Raises:
            SamplesError: samples that cannot be evaluated; ArgumentError: no seeds, or several for an array.
        """
        if seeds < 1:
            raise ArgumentError(f"seeds: received {seeds}, expected at least 1, a block of samples to evaluate")
        is_model = hasattr(subject, "generate")
        if is_model and self.num_samples is None:
            raise ArgumentError("num_samples: received None for a model, expected an integer: it has no end of samples")
        if not is_model and seeds != 1:
            raise ArgumentError(
                f"seeds: received {seeds} for an array of samples, expected 1: only a generator has more samples"
            )
        starts = [first_seed + block * self.num_samples for block in range(seeds)] if is_model else None
        blocks, reasons, first = [], {}, None
        for start in starts or [None]:
            samples = (
                self.sample(subject, start, name) if is_model else (self._selected(subject, name, value_range), name)
            )
            comparison = self._comparison(self.embed(*samples))
            results, block_reasons = self._measure(comparison)
            blocks.append(results)
            reasons |= block_reasons
            first = first or comparison
        num_samples = len(first.fake)
        available = num_samples if is_model else len(subject)
        settings = {"subject": name, "num_samples": num_samples, "available": available, "seeds": starts}
        baseline, baseline_reasons = self.held_out_baseline(first.fake)
        parts = describe_scores(self, first, blocks[0], settings)
        parts["facts"] |= {f"{self.reference.baseline_key}_not_computed": baseline_reasons} | (facts or {})
        shows_neighbors = self.source.is_image and "memorization" in self.metrics
        images = {"neighbors": self._neighbor_grid(first.fake)} if shows_neighbors else {}
        return EvaluationReport(blocks, baseline, reasons, self.results_info, images=images, **parts)

    def _selected(self, samples, name, value_range):
        """Returns the pixels of an array, at most `num_samples`; all are checked, so that messages name their index."""
        pixels = as_pixels(samples, name, value_range)
        return pixels[subsample_rows(len(pixels), self.num_samples or len(pixels))]

    def _comparison(self, batch):
        return ImageComparison(self.reference.real, batch, self.reference)

    def _measure(self, comparison):
        results, reasons = {}, {}
        for name, module in self.metrics.items():
            if not self._explicit_metrics and _lacks_conditions(module, comparison.fake):
                continue
            try:
                results |= module.measure(comparison)
            except NotComputableError as reason:
                reasons[name] = str(reason)
        results, not_finite = split_finite(results)
        return results, reasons | not_finite

    def _neighbor_grid(self, batch):
        """Returns a grid of the samples closest to training images, each next to its nearest training images."""
        searched = self.reference.searched
        distances, indices = nearest(batch.features, searched.features, min(NEIGHBORS, len(searched)))
        closest = np.argsort(distances[:, 0], kind="stable")[:SHOWN]
        return neighbor_rows(batch.samples[closest], searched.samples[indices[closest]])


def evaluate(
    subject: Any,
    source: Any,
    extractor: Any = "auto",
    metrics: Iterable[str] | None = None,
    num_samples: int | None = NUM_SAMPLES,
    seeds: int = 1,
    cache_dir: str | Path | None = None,
    progress: bool = False,
    split: str = "train",
    **report_arguments: Any,
) -> EvaluationReport:
    """Evaluates a generator, or samples, against a data source.

    Args:
        subject: a model with `generate(num_samples, seed)`, or an array of samples.
        source: the data, an `ImageSource`.
        extractor, metrics, num_samples, cache_dir, progress, split: of `ImageEvaluator`.
        seeds: int >= 1, disjoint blocks of seeds; the report has means and spreads over them. Default 1.
        **report_arguments: of `ImageEvaluator.report`.

    Returns:
        An `EvaluationReport`.

    Raises:
        UserError: samples, an extractor or a metric that cannot be used.

    Example:

        print(evaluate(load_run("runs/demo"), load("digits", resolution=16), num_samples=1000))
    """
    evaluator = ImageEvaluator(source, extractor, metrics, num_samples, cache_dir, progress, split)
    return evaluator.report(subject, seeds, **report_arguments)


def _lacks_conditions(module, batch):
    needs_labels, needs_captions = getattr(module, "NEEDS_LABELS", False), getattr(module, "NEEDS_CAPTIONS", False)
    return (needs_labels and batch.labels is None) or (needs_captions and batch.rows is None)
