"""Evaluation of image generators; the command, the callback and the benchmarks share it."""

import numpy as np

from ....zoo.errors import ArgumentError
from ...visualization import neighbor_rows
from ..evaluation_report import EvaluationReport
from ..features.extractors import make_extractor
from ..features.nearest_neighbors import nearest
from .image_reference import SPLIT, ImageReference, subsample_rows
from .metrics import ImageComparison, NotComputableError, metric, metric_names
from .sample_checks import SamplesError, as_pixels
from .sample_conditions import conditions_for

NUM_SAMPLES = 10_000
# Far from the seeds of sample grids: no generator is selected by the samples it is evaluated on.
FIRST_SEED = 1_000_000
# Samples of the grid of nearest neighbors, and neighbors of each.
SHOWN, NEIGHBORS = 12, 5


class ImageEvaluator:
    """Compares generated images or points with a reference set; one instance evaluates any number of sample sets.

    When to use it: for models that generate images or points, and for arrays of such samples.

    Args:
        source: the data, an `ImageSource`.
        extractor: str, `Extractor` or Keras model, see `make_extractor`. Default "auto".
        metrics: iterable of str or None for all, see `metric_names`.
        num_samples: int >= 2, training images in the reference, and samples per block. Default 10,000.
        cache_dir: str or None for `GANZOO_CACHE` or the user's cache.
        progress: bool, progress bars and notes on stderr. Default False.

    Attributes:
        reasons: dict of metric name -> why the last `score` has no value for it.

    Raises:
        ArgumentError: an unknown metric, or `num_samples` below 2.
        ExtractorError: an extractor that is not available.

    Example:

        evaluator = ImageEvaluator(load("digits"), metrics=["fid"], num_samples=1000)
        evaluator.score(model.generate(1000, seed=0))["fid"]
    """

    # The result that selects the best checkpoint of a run.
    criterion = "fid"

    def __init__(
        self, source, extractor="auto", metrics=None, num_samples=NUM_SAMPLES, cache_dir=None, progress=False
    ):  # fmt: skip
        if num_samples < 2:
            raise ArgumentError(
                f"num_samples: received {num_samples}, expected at least 2: one sample has no distribution"
            )
        self.metrics = {name: metric(name) for name in (metric_names() if metrics is None else metrics)}
        # Without an explicit list, metrics of labels and captions are skipped for samples that have none.
        self._explicit_metrics = metrics is not None
        self.num_samples = num_samples
        self.reasons = {}
        self._baselines = {}
        self.extractor = make_extractor(extractor, source, cache_dir, progress)
        self.reference = ImageReference(source, self.extractor, num_samples, cache_dir, progress)

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
        results, self.reasons = self._measure(self.embed(samples, name, value_range, conditions))
        return results

    def embed(self, samples, name="samples", value_range=None, conditions=None):
        """Returns the `FeatureBatch` of samples, checked and rounded to 8 bits; arguments as of `score`."""
        pixels = as_pixels(samples, name, value_range)
        expected = self.reference.source.shape
        if pixels.shape[1:] != expected:
            pixels = _match_channels(pixels, expected, name)
        batch = self.extractor.embed(pixels)
        return batch if conditions is None else batch.with_conditions(conditions.labels, conditions.rows)

    def sample(self, model, first_seed, name="samples"):
        """Generates the samples that a model is evaluated on: the arguments of `score`, in their order."""
        conditions = conditions_for(model, self.reference.source, first_seed, self.num_samples)
        samples = model.generate(self.num_samples, seed=first_seed, batch_size=256, **conditions.conditions)
        # The range of a model's images; it is ignored for points.
        return samples, name, (-1, 1), conditions

    def held_out_baseline(self, batch=None):
        """Returns (results, reasons) of held-out real images, the score of a perfect generator.

        Args:
            batch: `FeatureBatch` or None, the samples that the baseline is compared with: labels and captions of the
                held-out images count only where these samples have them.
        """
        has_labels, has_captions = batch is None or batch.labels is not None, batch is None or batch.rows is not None
        key = has_labels, has_captions
        if key not in self._baselines:
            held_out = self.reference.held_out
            if held_out is None:
                self._baselines[key] = ({}, dict.fromkeys(self.metrics, "no images were held out"))
            else:
                labels, rows = held_out.labels if has_labels else None, held_out.rows if has_captions else None
                self._baselines[key] = self._measure(held_out.with_conditions(labels, rows))
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
        if not is_model:
            if seeds != 1:
                raise ArgumentError(
                    f"seeds: received {seeds} for an array of samples, expected 1: only a generator has more samples"
                )
            # All samples are checked before subsampling, so that the message names the index in the original array.
            pixels = as_pixels(subject, name, value_range)
        blocks, reasons, warnings = [], {}, [*self.extractor.warnings]
        for block in range(seeds):
            if is_model:
                batch = self.embed(*self.sample(subject, first_seed + block * self.num_samples, name))
            else:
                batch = self.embed(pixels[subsample_rows(len(pixels), self.num_samples)], name)
            results, block_reasons = self._measure(batch)
            blocks.append(results)
            reasons |= block_reasons
            if block == 0:
                first = batch
        comparison = ImageComparison(self.reference.real, first, self.reference)
        for metric_name, module in self.metrics.items():
            if metric_name not in reasons:
                warnings += getattr(module, "warnings", _no_warnings)(comparison)
        source = self.reference.source
        starts = [first_seed + block * self.num_samples for block in range(seeds)] if is_model else None
        held_out_baseline, baseline_reasons = self.held_out_baseline(first)
        metadata = {
            "subject": name,
            "num_samples": len(first),
            "seeds": starts,
            "reference": {
                "name": source.name,
                "fingerprint": source.fingerprint,
                "split": SPLIT,
                "num_samples": len(self.reference.rows),
                "held_out": len(self.reference.held_out_rows),
                "shape": list(source.shape),
            },
            "extractor": self.extractor.identity,
            "held_out_not_computed": baseline_reasons,
        } | (facts or {})
        return EvaluationReport(
            blocks,
            held_out_baseline,
            reasons,
            self.results_info,
            metadata,
            warnings,
            {"neighbors": self._neighbor_grid(first)} if source.is_image and "memorization" in self.metrics else {},
            _provenance(metadata),
        )

    def _measure(self, batch):
        comparison, results, reasons = ImageComparison(self.reference.real, batch, self.reference), {}, {}
        for name, module in self.metrics.items():
            if not self._explicit_metrics and _lacks_conditions(module, batch):
                continue
            try:
                results |= module.measure(comparison)
            except NotComputableError as reason:
                reasons[name] = str(reason)
        return results, reasons

    def _neighbor_grid(self, batch):
        """Returns a grid of the samples closest to training images, each next to its nearest training images."""
        searched = self.reference.searched
        distances, indices = nearest(batch.features, searched.features, min(NEIGHBORS, len(searched)))
        closest = np.argsort(distances[:, 0], kind="stable")[:SHOWN]
        return neighbor_rows(batch.samples[closest], searched.samples[indices[closest]])


def evaluate(
    subject,
    source,
    extractor="auto",
    metrics=None,
    num_samples=NUM_SAMPLES,
    seeds=1,
    cache_dir=None,
    progress=False,
    **report_arguments,
):
    """Evaluates a generator, or samples, against a data source.

    Args:
        subject: a model with `generate(num_samples, seed)`, or an array of samples.
        source: the data, an `ImageSource`.
        extractor, metrics, num_samples, cache_dir, progress: of `ImageEvaluator`.
        seeds: int >= 1, disjoint blocks of seeds; the report has means and spreads over them. Default 1.
        **report_arguments: of `ImageEvaluator.report`.

    Returns:
        An `EvaluationReport`.

    Raises:
        UserError: samples, an extractor or a metric that cannot be used.

    Example:

        print(evaluate(load_run("runs/demo"), load("digits", resolution=16), num_samples=1000))
    """
    evaluator = ImageEvaluator(source, extractor, metrics, num_samples, cache_dir, progress)
    return evaluator.report(subject, seeds, **report_arguments)


def _provenance(metadata):
    reference, extractor = metadata["reference"], metadata["extractor"]
    return (
        f"{metadata['num_samples']} samples against {reference['num_samples']} of {reference['name']} "
        f"({reference['split']}), features of {extractor['name']} {extractor.get('weights', '')}, "
        f"resizer {extractor.get('resizer', 'none')}"
    )


def _lacks_conditions(module, batch):
    needs_labels, needs_captions = getattr(module, "NEEDS_LABELS", False), getattr(module, "NEEDS_CAPTIONS", False)
    return (needs_labels and batch.labels is None) or (needs_captions and batch.rows is None)


def _no_warnings(comparison):
    return []


def _match_channels(pixels, expected, name):
    """Converts between gray and color where nothing is lost; images are never resized silently."""
    if pixels.ndim == 4 and pixels.shape[1:3] == tuple(expected[:2]):
        if pixels.shape[-1] == 1 and expected[-1] == 3:
            return np.repeat(pixels, 3, axis=-1)
        if pixels.shape[-1] == 3 and expected[-1] == 1 and (pixels == pixels[..., :1]).all():
            return pixels[..., :1]
    raise SamplesError(
        f"{name}: received samples of shape {pixels.shape[1:]}, expected {tuple(expected)} as the reference has: load "
        "both at the same resolution and channels"
    )
