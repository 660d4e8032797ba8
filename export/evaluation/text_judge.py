"""The judge of generated texts: one protocol with those of images and translations."""

import sys

from tqdm import tqdm

from ...zoo.errors import ArgumentError
from .judge import FIRST_SEED
from .reference import chosen_rows
from .text_reference import SPLIT, TextReference, as_tokens
from .text_report import TextReport
from .texts import Comparison, NotComputableError, metric, metric_names

NUM = 2000


class TextJudge:
    """Compares generated texts with real ones; made once, used for as many sets of samples as one likes.

    When to use it: for runs of text variants, and texts in arrays. No result tells enough alone: BLEU is won by one
    good sentence said over and over, which Self-BLEU shows; the likelihood of samples falls with their diversity. The
    reference of BLEU is held-out texts, that of `frechet_local` and `two_sample` training texts.

    Args:
        source: the data, a `TextSource`.
        metrics: iterable of str, see `texts.metric_names`, or None for all that can be computed of these data.
        num: int >= 2, samples of a seed block, and training texts in the reference. Default 2,000.
        progress: bool, a bar on stderr. Default False.

    Attributes:
        metrics: dict of metric name -> its module.
        reasons: dict of metric name -> why the last `score` has no value of it, or never can have.

    Raises:
        ArgumentError: a metric that is unknown or cannot be computed of these data, or a `num` below 2.

    Example:

        judge = TextJudge(load("oracle:markov"), metrics=["bleu", "exact"])
        judge.score(*judge.draw(model))["js"]
    """

    # What tells which of a run's models is the best.
    criterion = "frechet_local"

    def __init__(self, source, metrics=None, num=NUM, progress=False):
        if num < 2:
            raise ArgumentError(f"num: received {num}, expected at least 2: one sample has no distribution")
        self.num, self.progress, self._ceiling = num, progress, None
        self.reference = TextReference(source, num)
        self.metrics = {name: metric(name) for name in (metric_names() if metrics is None else metrics)}
        self._impossible = self.reasons = self._refused()
        if metrics is None:
            self.metrics = {name: module for name, module in self.metrics.items() if name not in self._impossible}
        elif self._impossible:
            name, reason = next(iter(self._impossible.items()))
            raise ArgumentError(f"metrics: received {name!r}, expected what can be computed ({reason}): leave it out")

    @property
    def known(self):
        """Returns a dict of result name -> `Result` of the chosen metrics."""
        return {name: result for module in self.metrics.values() for name, result in module.RESULTS.items()}

    def draw(self, model, first_seed=FIRST_SEED, name="samples"):
        """Draws what a model is judged by: the arguments of `score`, in their order."""
        return model.generate(self.num, seed=first_seed, batch_size=256), name, model

    def score(self, samples, name="samples", model=None):
        """Judges one set of texts.

        Args:
            samples: int array (num, length) of tokens.
            name: str, for messages.
            model: the text model that drew them, or None: then nothing is known of likelihoods.

        Returns:
            dict of result name -> value; what cannot be computed is left out, `reasons` tells why.

        Raises:
            SamplesError: samples that cannot be judged.
        """
        found, reasons = self._measure(self._compared(samples, name, model))
        self.reasons = self._impossible | reasons
        return found

    def ceiling(self):
        """Returns (results, reasons) of held-out texts, what a perfect generator would score."""
        if self._ceiling is None:
            self._ceiling = {}, dict.fromkeys(self.metrics, "too few texts are held out to judge some beside samples")
            if len(self.reference.beside) >= 2:
                self._ceiling = self._measure(Comparison(self.reference.beside, self.reference))
        return self._ceiling

    def report(self, subject, seeds=1, first_seed=FIRST_SEED, name="samples", facts=None):
        """Judges a generator over disjoint blocks of seeds, or one set of texts.

        Args:
            subject: a text model, or an int array (num, length) of tokens.
            seeds: int >= 1, blocks of samples of a model. Default 1.
            first_seed: int >= 0, of the first sample; block b begins `num` further. Default 1,000,000.
            name: str, what the subject is called. Default "samples".
            facts: dict or None, what else shall stand in the report.

        Returns:
            A `TextReport`.

        Raises:
            SamplesError: samples that cannot be judged; ArgumentError: no seeds, or several of an array.
        """
        draws = hasattr(subject, "generate")
        if seeds < 1 or (seeds > 1 and not draws):
            raise ArgumentError(f"seeds: received {seeds}, expected 1 for an array of samples, 1 or more for a model")
        starts = [first_seed + block * self.num for block in range(seeds)] if draws else None
        if draws:
            compared = [self._compared(*self.draw(subject, start, name)) for start in starts]
        else:
            tokens = as_tokens(subject, self.reference.source, name)
            compared = [self._compared(tokens[chosen_rows(len(tokens), self.num)], name)]
        blocks, reasons = [], dict(self._impossible)
        for comparison in compared:
            found, why = self._measure(comparison)
            blocks.append(found)
            reasons |= why
        ceiling, ceiling_reasons = self.ceiling()
        known = self._facts(compared[0], reasons) | {"subject": name, "seeds": starts}
        known |= {"held_out_not_computed": ceiling_reasons} | (facts or {})
        warnings = self._of_metrics("warnings", compared[0], reasons)
        return TextReport(blocks, ceiling, reasons, self.known, known, [note for notes in warnings for note in notes])

    def _refused(self):
        """Returns the metrics that no samples could be judged by, and why."""
        refused = {}
        for name, module in self.metrics.items():
            try:
                getattr(module, "require", _nothing)(self.reference)
            except NotComputableError as reason:
                refused[name] = str(reason)
        return refused

    def _compared(self, samples, name, model=None):
        return Comparison(as_tokens(samples, self.reference.source, name), self.reference, model)

    def _measure(self, comparison):
        found, reasons = {}, {}
        for name in tqdm(self.metrics, "judged", file=sys.stderr, disable=not self.progress, leave=False):
            try:
                found |= self.metrics[name].measure(comparison)
            except NotComputableError as reason:
                reasons[name] = str(reason)
        return found, reasons

    def _of_metrics(self, function, comparison, reasons):
        """Returns what the metrics that have a value say beside it."""
        modules = [module for name, module in self.metrics.items() if name not in reasons]
        return [getattr(module, function)(comparison) for module in modules if hasattr(module, function)]

    def _facts(self, comparison, reasons):
        source, reference = self.reference.source, self.reference
        known = {
            "num": len(comparison.samples),
            "reference": {
                "name": source.name,
                "fingerprint": source.fingerprint,
                "split": SPLIT,
                "num": len(reference.real),
                "held_out": len(reference.beside),
                "shape": list(source.shape),
            },
        }
        for facts in self._of_metrics("facts", comparison, reasons):
            known |= facts
        return known


def _nothing(reference):
    """Most metrics ask for nothing."""
