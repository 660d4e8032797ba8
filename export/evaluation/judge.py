"""The one function behind every score: the command, the callback and the benchmarks call it."""

import numpy as np

from ...zoo.errors import ArgumentError
from ..pictures import neighbour_rows
from .asked import asked_of
from .extractors import make_extractor
from .metrics import Comparison, NotComputableError, metric, metric_names
from .neighbours import nearest
from .pixels import SamplesError, as_pixels
from .reference import SPLIT, Reference, chosen_rows
from .report import Report

NUM = 10_000
# Far from the seeds of people's pictures, so that nobody judges a generator by the samples that were looked at.
FIRST_SEED = 1_000_000
SHOWN, NEIGHBOURS = 12, 5


class Judge:
    """Compares samples with a reference; made once, used for as many sets of samples as one likes.

    Args:
        source: the data, an `ImageSource`.
        extractor: str, `Extractor` or Keras model, see `make_extractor`. Default "auto".
        metrics: iterable of str or None for all, see `metric_names`.
        num: int >= 2, training images in the reference. Default 10,000.
        cache_dir: str or None for `GANZOO_CACHE` or the user's cache.
        progress: bool, bars and notes on stderr. Default False.

    Attributes:
        reasons: dict of metric name -> why the last `score` has no value of it.

    Raises:
        ArgumentError: an unknown metric, a `num` below 2.
        ExtractorError: an extractor that cannot be had.

    Example:

        judge = Judge(load("digits"), metrics=["fid"], num=1000)
        judge.score(model.generate(1000, seed=0))["fid"]
    """

    # What tells which of a run's models is the best.
    criterion = "fid"

    def __init__(self, source, extractor="auto", metrics=None, num=NUM, cache_dir=None, progress=False):
        if num < 2:
            raise ArgumentError(f"num: received {num}, expected at least 2: one sample has no distribution")
        self.metrics = {name: metric(name) for name in (metric_names() if metrics is None else metrics)}
        # Metrics of labels and captions that nobody named are left out where samples have none.
        self._named = metrics is not None
        self.num = num
        self.reasons = {}
        self._ceilings = {}
        self.extractor = make_extractor(extractor, source, cache_dir, progress)
        self.reference = Reference(source, self.extractor, num, cache_dir, progress)

    @property
    def known(self):
        """Returns a dict of result name -> `Result` of the chosen metrics."""
        return {name: result for module in self.metrics.values() for name, result in module.RESULTS.items()}

    def score(self, samples, name="samples", value_range=None, asked=None):
        """Judges one set of samples.

        Args:
            samples: array of images or points; see `as_pixels`.
            name: str, for messages.
            value_range: (low, high) of float images, or None for (-1, 1).
            asked: `Asked`, what the samples were asked for, or None.

        Returns:
            dict of result name -> value; what cannot be computed is left out, `reasons` tells why.

        Raises:
            SamplesError: samples that cannot be judged.
        """
        found, self.reasons = self._measure(self.embed(samples, name, value_range, asked))
        return found

    def embed(self, samples, name="samples", value_range=None, asked=None):
        """Returns the `Embedded` of samples, checked and rounded to 8 bits."""
        pixels = as_pixels(samples, name, value_range)
        expected = self.reference.source.shape
        if pixels.shape[1:] != expected:
            pixels = _fitted(pixels, expected, name)
        embedded = self.extractor.embed(pixels)
        return embedded if asked is None else embedded.asked_for(asked.labels, asked.rows)

    def draw(self, model, first_seed, name="samples"):
        """Draws what a model is judged by: the arguments of `score`, in their order."""
        asked = asked_of(model, self.reference.source, first_seed, self.num)
        samples = model.generate(self.num, seed=first_seed, batch_size=256, **asked.conditions)
        # Points have no range, and a model's images have this one.
        return samples, name, (-1, 1), asked

    def ceiling(self, judged=None):
        """Returns (results, reasons) of held-out real images, what a perfect generator would score.

        Args:
            judged: `Embedded` or None, the samples beside which they stand: where those were asked for no label or
                caption, neither are they.
        """
        asked = (judged is None or judged.labels is not None, judged is None or judged.rows is not None)
        if asked not in self._ceilings:
            held_out = self.reference.held_out
            if held_out is None:
                self._ceilings[asked] = ({}, dict.fromkeys(self.metrics, "no images were held out"))
            else:
                labels, rows = (
                    known if kept else None for known, kept in zip((held_out.labels, held_out.rows), asked, strict=True)
                )
                self._ceilings[asked] = self._measure(held_out.asked_for(labels, rows))
        return self._ceilings[asked]

    def report(self, subject, seeds=1, first_seed=FIRST_SEED, name="samples", value_range=None, facts=None):
        """Judges a generator over disjoint blocks of seeds, or one set of samples.

        Args:
            subject: a model with `generate(num, seed)`, or an array of samples.
            seeds: int >= 1, blocks of samples of a model. Default 1.
            first_seed: int >= 0, of the first sample; block b begins `num` further. Default 1,000,000.
            name: str, what the subject is called. Default "samples".
            value_range: (low, high) of an array of float images, or None for (-1, 1).
            facts: dict or None, what else shall stand in the report.

        Returns:
            A `Report`.

        Raises:
            SamplesError: samples that cannot be judged; ArgumentError: no seeds, or several of an array.
        """
        if seeds < 1:
            raise ArgumentError(f"seeds: received {seeds}, expected at least 1, a block of samples to judge")
        if not hasattr(subject, "generate"):
            if seeds != 1:
                raise ArgumentError(
                    f"seeds: received {seeds} for an array of samples, expected 1: a generator can draw more"
                )
            # All are looked at before some are drawn, so that a bad one is named by its place in the array.
            pixels = as_pixels(subject, name, value_range)
        blocks, reasons, warnings = [], {}, [*self.extractor.warnings]
        for block in range(seeds):
            if hasattr(subject, "generate"):
                embedded = self.embed(*self.draw(subject, first_seed + block * self.num, name))
            else:
                embedded = self.embed(pixels[chosen_rows(len(pixels), self.num)], name)
            found, why = self._measure(embedded)
            blocks.append(found)
            reasons |= why
            if block == 0:
                first = embedded
        comparison = Comparison(self.reference.real, first, self.reference)
        for metric_name, module in self.metrics.items():
            if metric_name not in reasons:
                warnings += getattr(module, "warnings", _none)(comparison)
        source = self.reference.source
        known = {
            "subject": name,
            "num": len(first),
            "seeds": [first_seed + block * self.num for block in range(seeds)]
            if hasattr(subject, "generate")
            else None,
            "reference": {
                "name": source.name,
                "fingerprint": source.fingerprint,
                "split": SPLIT,
                "num": len(self.reference.rows),
                "held_out": len(self.reference.held_out_rows),
                "shape": list(source.shape),
            },
            "extractor": self.extractor.identity,
        }
        pictures = {"neighbours": self._neighbours(first)} if source.is_image and "memorisation" in self.metrics else {}
        ceiling, ceiling_reasons = self.ceiling(first)
        known |= {"held_out_not_computed": ceiling_reasons} | (facts or {})
        return Report(blocks, ceiling, reasons, self.known, known, warnings, pictures)

    def _measure(self, fake):
        comparison, found, reasons = Comparison(self.reference.real, fake, self.reference), {}, {}
        for name, module in self.metrics.items():
            if not self._named and _lacks(module, fake):
                continue
            try:
                found |= module.measure(comparison)
            except NotComputableError as reason:
                reasons[name] = str(reason)
        return found, reasons

    def _neighbours(self, fake):
        """The samples nearest to training images, of all the most suspicious, beside those images."""
        searched = self.reference.searched
        distances, indices = nearest(fake.features, searched.features, min(NEIGHBOURS, len(searched)))
        suspicious = np.argsort(distances[:, 0], kind="stable")[:SHOWN]
        return neighbour_rows(fake.samples[suspicious], searched.samples[indices[suspicious]])


def evaluate(
    subject, source, extractor="auto", metrics=None, num=NUM, seeds=1, cache_dir=None, progress=False, **known
):
    """Judges a generator, or samples, against a data source.

    Args:
        subject: a model with `generate(num, seed)`, or an array of samples.
        source: the data, an `ImageSource`.
        extractor, metrics, num, cache_dir, progress: of `Judge`.
        seeds: int >= 1, disjoint blocks of seeds; the report then has means and spreads. Default 1.
        **known: of `Judge.report`.

    Returns:
        A `Report`.

    Raises:
        UserError: samples, an extractor or a metric that cannot be used.

    Example:

        print(evaluate(load_run("runs/demo"), load("digits", resolution=16), num=1000))
    """
    return Judge(source, extractor, metrics, num, cache_dir, progress).report(subject, seeds, **known)


def _lacks(module, embedded):
    labels, captions = getattr(module, "NEEDS_LABELS", False), getattr(module, "NEEDS_CAPTIONS", False)
    return (labels and embedded.labels is None) or (captions and embedded.rows is None)


def _none(comparison):
    return []


def _fitted(pixels, expected, name):
    """Grey beside colour is compared as colour; another resolution is never resized in silence."""
    if pixels.ndim == 4 and pixels.shape[1:3] == tuple(expected[:2]):
        if pixels.shape[-1] == 1 and expected[-1] == 3:
            return np.repeat(pixels, 3, axis=-1)
        if pixels.shape[-1] == 3 and expected[-1] == 1 and (pixels == pixels[..., :1]).all():
            return pixels[..., :1]
    raise SamplesError(
        f"{name}: received samples of shape {pixels.shape[1:]}, expected {tuple(expected)} as the reference has: load "
        "either at the other's resolution and channels"
    )
