"""Evaluation of text generators, with the same protocol as that of images and translations."""

from ....zoo.core.progress import track_progress
from ....zoo.errors import ArgumentError
from ..evaluation_report import EvaluationReport, block_count, share
from ..few_samples import small_set_notes
from ..image.image_evaluator import FIRST_SEED
from ..image.image_reference import subsample_rows
from ..metric_registry import result_counts, split_finite
from .metrics import NotComputableError, TextComparison, count_both_sides, metric, metric_names
from .text_reference import SPLIT, TextReference, as_tokens

NUM_SAMPLES = 2000


class TextEvaluator:
    """Compares generated texts with real ones; one instance evaluates any number of sample sets.

    When to use it: for models that generate texts, and for arrays of token sequences. No single result is sufficient:
    a generator that repeats one good sentence has a high BLEU, which Self-BLEU reveals; the likelihood of samples
    under an oracle increases as their diversity decreases. The references of BLEU are held-out texts; those of
    `frechet_local` and `two_sample` are training texts.

    Args:
        source: the data, a `TextSource`.
        metrics: iterable of str, see `text.metrics.metric_names`, or None for all that can be computed for these data.
        num_samples: int >= 2, samples per block, and training texts in the reference. Default 2,000.
        progress: bool, a progress bar on stderr. Default False.

    Attributes:
        metrics: dict of metric name -> its module.
        reasons: dict of metric name -> why the last `score` has no value for it, or why no score can have one.
        counts: dict of the numbers of samples and of training texts that the last `score` was computed from.

    Raises:
        ArgumentError: a metric that is unknown or cannot be computed for these data, or `num_samples` below 2.

    Example:

        evaluator = TextEvaluator(load("oracle:markov"), metrics=["bleu", "exact"])
        evaluator.score(*evaluator.sample(model))["js"]
    """

    # The result that selects the best checkpoint of a run.
    criterion = "frechet_local"

    def __init__(self, source, metrics=None, num_samples=NUM_SAMPLES, progress=False):
        if num_samples < 2:
            raise ArgumentError(
                f"num_samples: received {num_samples}, expected at least 2: one sample has no distribution"
            )
        self.num_samples, self.progress, self.counts, self._baseline = num_samples, progress, {}, None
        self.reference = TextReference(source, num_samples)
        self.metrics = {name: metric(name) for name in (metric_names() if metrics is None else metrics)}
        self._impossible = self.reasons = self._not_computable()
        if metrics is None:
            self.metrics = {name: module for name, module in self.metrics.items() if name not in self._impossible}
        elif self._impossible:
            name, reason = next(iter(self._impossible.items()))
            raise ArgumentError(
                f"metrics: received {name!r}, expected metrics that can be computed for these data ({reason}): leave "
                "it out"
            )

    @property
    def results_info(self):
        """Returns a dict of result name -> `Result` of the chosen metrics."""
        return {name: result for module in self.metrics.values() for name, result in module.RESULTS.items()}

    def sample(self, model, first_seed=FIRST_SEED, name="samples"):
        """Generates the samples that a model is evaluated on: the arguments of `score`, in their order."""
        return model.generate(self.num_samples, seed=first_seed, batch_size=256), name, model

    def score(self, samples, name="samples", model=None):
        """Evaluates one set of texts.

        Args:
            samples: int array (num_samples, length) of tokens.
            name: str, for messages.
            model: the text model that generated the samples, or None: then there are no likelihoods.

        Returns:
            dict of result name -> value; results that cannot be computed are absent, see `reasons`.

        Raises:
            SamplesError: samples that cannot be evaluated.
        """
        results, reasons = self._measure(self._comparison(samples, name, model))
        self.reasons = self._impossible | reasons
        self.counts = {"num_samples": len(samples), "num_real": len(self.reference.real)}
        return results

    def held_out_baseline(self):
        """Returns (results, reasons) of held-out texts, the score of a perfect generator."""
        if self._baseline is None:
            self._baseline = {}, dict.fromkeys(self.metrics, "too few texts are held out for a baseline")
            if len(self.reference.baseline) >= 2:
                self._baseline = self._measure(TextComparison(self.reference.baseline, self.reference))
        return self._baseline

    def report(self, subject, seeds=1, first_seed=FIRST_SEED, name="samples", facts=None):
        """Evaluates a generator over disjoint blocks of seeds, or one array of texts.

        Args:
            subject: a text model, or an int array (num_samples, length) of tokens.
            seeds: int >= 1, blocks of samples of a model. Default 1.
            first_seed: int >= 0, of the first sample; block b starts at first_seed + b * num_samples. Default
                1,000,000.
            name: str, the name of the subject in the report. Default "samples".
            facts: dict or None, further entries of the report.

        Returns:
            An `EvaluationReport`.

        Raises:
            SamplesError: samples that cannot be evaluated; ArgumentError: no seeds, or several for an array.
        """
        is_model = hasattr(subject, "generate")
        if seeds < 1 or (seeds > 1 and not is_model):
            raise ArgumentError(f"seeds: received {seeds}, expected 1 for an array of samples, 1 or more for a model")
        starts = [first_seed + block * self.num_samples for block in range(seeds)] if is_model else None
        available = self.num_samples
        if is_model:
            comparisons = [self._comparison(*self.sample(subject, start, name)) for start in starts]
        else:
            tokens = as_tokens(subject, self.reference.source, name)
            available = len(tokens)
            comparisons = [self._comparison(tokens[subsample_rows(len(tokens), self.num_samples)], name)]
        blocks, reasons = [], dict(self._impossible)
        for comparison in comparisons:
            results, block_reasons = self._measure(comparison)
            blocks.append(results)
            reasons |= block_reasons
        held_out_baseline, baseline_reasons = self.held_out_baseline()
        metadata = self._metadata(comparisons[0], reasons) | {"subject": name, "seeds": starts}
        metadata |= {"available": available, "held_out_not_computed": baseline_reasons} | (facts or {})
        warnings = [note for notes in self._call("warnings", comparisons[0], reasons) for note in notes]
        modules = [module for name, module in self.metrics.items() if name not in reasons]
        return EvaluationReport(
            blocks,
            held_out_baseline,
            reasons,
            self.results_info,
            metadata,
            [*_size_notes(metadata), *warnings],
            provenance=_provenance(metadata),
            counts=result_counts(modules, comparisons[0], count_both_sides),
            baseline_title=f"held-out real ({len(self.reference.baseline)})",
        )

    def _not_computable(self):
        """Returns the metrics that cannot be computed for any samples of these data: name -> reason."""
        reasons = {}
        for name, module in self.metrics.items():
            try:
                getattr(module, "require", _no_requirement)(self.reference)
            except NotComputableError as reason:
                reasons[name] = str(reason)
        return reasons

    def _comparison(self, samples, name, model=None):
        return TextComparison(as_tokens(samples, self.reference.source, name), self.reference, model)

    def _measure(self, comparison):
        results, reasons = {}, {}
        for name in track_progress(
            self.metrics, "evaluating", len(self.metrics), "metrics", self.progress, leave=False
        ):
            try:
                results |= self.metrics[name].measure(comparison)
            except NotComputableError as reason:
                reasons[name] = str(reason)
        results, not_finite = split_finite(results)
        return results, reasons | not_finite

    def _call(self, function, comparison, reasons):
        """Returns the results of an optional function of the modules of all metrics that have a value."""
        modules = [module for name, module in self.metrics.items() if name not in reasons]
        return [getattr(module, function)(comparison) for module in modules if hasattr(module, function)]

    def _metadata(self, comparison, reasons):
        source, reference = self.reference.source, self.reference
        metadata = {
            "num_samples": len(comparison.samples),
            "reference": {
                "name": source.name,
                "fingerprint": source.fingerprint,
                "split": SPLIT,
                "num_samples": len(reference.real),
                "available": len(source.tokens),
                "held_out": len(reference.baseline),
                "held_out_available": len(source.held_out),
                "shape": list(source.shape),
            },
        }
        for facts in self._call("facts", comparison, reasons):
            metadata |= facts
        return metadata


def _no_requirement(reference):
    """Most metrics can be computed for all texts."""


def _size_notes(metadata):
    """Returns notes on the sizes of all sets of texts."""
    reference, num_samples = metadata["reference"], metadata["num_samples"]
    sizes = {"samples": num_samples, "training texts": reference["num_samples"]}
    sizes["held-out texts in the baseline"] = reference["held_out"]
    notes = small_set_notes(sizes)
    if num_samples < metadata["available"]:
        notes.append(f"{num_samples} of {metadata['available']} samples were evaluated, a random subset (num_samples)")
    return notes


def _provenance(metadata):
    reference, blocks = metadata["reference"], len(metadata["seeds"] or [None])
    parts = [
        f"{block_count(blocks)}{metadata['num_samples']} samples against "
        f"{share(reference['num_samples'], reference['available'])} of {reference['name']} ({reference['split']})"
    ]
    if "bleu" in metadata:
        bleu = metadata["bleu"]
        parts.append(
            f"BLEU of {bleu['texts']} against {bleu['references']} held-out texts, smoothing {bleu['smoothing']}"
        )
    if "extractor" in metadata:
        encoder = metadata["extractor"]
        parts.append(f"features of {encoder['name']} {encoder['weights']}, fitted to {encoder['fitted_to']} texts")
    return "; ".join(parts)
