"""Judging translations: are they of the domain, is the content kept, and is anything better than copying?"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ...zoo.errors import ArgumentError
from ...zoo.images import to_uint8
from .domains import BothDomains, Sided, in_channels, matched_colours
from .extractors import make_extractor
from .metrics import Comparison, NotComputableError, Result, fid
from .reference import Reference, chosen_rows
from .translation_report import TranslationReport

OTHER = {"x": "y", "y": "x"}
# Of pictures that are equal, whose ratio has no end.
MOST_DECIBELS = 100.0
RESULTS = {
    "fid": Result("lower", "Frechet distance of translations from training pictures of the domain"),
    "psnr": Result("higher", "mean peak signal-to-noise ratio to the truth, in dB, at most 100"),
    "ssim": Result("higher", "mean structural similarity to the truth (Wang et al. 2004)"),
    "distance": Result("lower", "mean distance from the truth in the extractor's features"),
    "content": Result("higher", "share of translations in which all is read that should have been kept"),
    "style": Result("higher", "share of translations that are read as of the domain"),
    "cycle": Result("lower", "mean absolute error of there and back, in grey levels of 255"),
}


class Translated(NamedTuple):
    """Held-out pictures of one domain in the other.

    Attributes:
        pictures: uint8 array (num, height, width, channels of the domain).
        back: the same translated back, or None.
    """

    pictures: np.ndarray
    back: np.ndarray | None = None


class TranslationJudge:
    """Scores translations of held-out pictures, each direction by itself.

    When to use it: for runs of `Pix2Pix` and `CycleGAN`. FID needs nothing but pictures; the others need the truth, or
    factors that a classifier can read, where the data have them.

    Args:
        source: the data of two domains: `x`, `y` and, where they are known, `truth` and `facts["changed"]`.
        extractor: as of `make_extractor`; it is made for the pictures of both domains. Default "auto".
        num: int >= 2, held-out pictures of a direction, and training pictures in its reference. Default 10,000.
        cache_dir: str or None.
        progress: bool. Default False.

    Attributes:
        reasons: dict of result name -> why the last `score` has no value of it.

    Raises:
        ArgumentError: a `num` below 2, or nothing held out.
    """

    # What `Evaluate` looks for.
    metrics, criterion = ("fid",), "fid"

    def __init__(self, source, extractor="auto", num=10_000, cache_dir=None, progress=False):
        if num < 2 or not len(source.x.held_out) or not len(source.y.held_out):
            raise ArgumentError(
                f"num: received {num} of {len(source.x.held_out)} and {len(source.y.held_out)} held-out pictures, "
                "expected at least 2 of each domain"
            )
        both = BothDomains(source)
        self.source, self.num, self.reasons = source, num, {}
        self.channels = both.shape[-1]
        self.extractor = make_extractor(extractor, both, cache_dir, progress)
        self.references = {
            domain: Reference(Sided(self._side(domain), self.channels), self.extractor, num, cache_dir, progress)
            for domain in OTHER
        }

    def _side(self, domain):
        return getattr(self.source, domain)

    def rows(self, domain):
        """Returns the held-out rows of a domain that are translated."""
        return chosen_rows(len(self._side(domain).held_out), self.num)

    def draw(self, model, *_):
        """Translates what a model is judged by: domain that is translated to -> `Translated`."""
        drawn = {}
        for to in model.directions:
            pictures = np.asarray(self._side(OTHER[to]).held_out[self.rows(OTHER[to])])
            there = to_uint8(model.translate(pictures, to=to, batch_size=64))
            back = None
            if OTHER[to] in model.directions:
                back = to_uint8(model.translate(there, to=OTHER[to], batch_size=64))
            drawn[to] = Translated(there, back)
        return (drawn,)

    def score(self, drawn):
        """Returns a dict of result name -> value: each of `RESULTS` by direction, and `fid`, the mean of both."""
        found, self.reasons = {}, {}
        for to, translated in drawn.items():
            for name, value in self._measure(to, translated).items():
                found[f"{name}_{OTHER[to]}{to}"] = value
        fids = [value for name, value in found.items() if name.startswith("fid_")]
        return ({"fid": float(np.mean(fids))} if fids else {}) | found

    def report(self, model, name="translations", facts=None):
        """Judges a model, and beside it what needs none: copying the input, and matching colours.

        Args:
            model: a `TranslationModel`.
            name: str, what it is called. Default "translations".
            facts: dict or None, what else shall stand in the report.

        Returns:
            A `TranslationReport`.
        """
        columns = {"model": self.score(*self.draw(model))}
        reasons = self.reasons
        for baseline, draw in (("copied", self._copied), ("colours", self._coloured), ("real", self._real)):
            columns[baseline] = self.score({to: draw(to) for to in model.directions})
        known = {
            "subject": name,
            "num": {to: len(self.rows(OTHER[to])) for to in model.directions},
            "source": {"name": self.source.name, "fingerprint": self.source.fingerprint},
            "references": {to: len(self.references[to].rows) for to in model.directions},
            "extractor": self.extractor.identity,
        }
        return TranslationReport(columns, RESULTS, reasons, known | (facts or {}))

    def _inputs(self, to):
        return np.asarray(self._side(OTHER[to]).held_out[self.rows(OTHER[to])])

    def _copied(self, to):
        return Translated(in_channels(self._inputs(to), self._side(to).shape[-1]))

    def _coloured(self, to):
        return Translated(matched_colours(self._inputs(to), self._side(OTHER[to]).samples, self._side(to).samples))

    def _real(self, to):
        """The truth where it is known, held-out pictures of the domain otherwise."""
        truth = self._truth(to)
        return Translated(np.asarray(self._side(to).held_out[self.rows(to)]) if truth is None else truth)

    def _truth(self, to):
        if self.source.truth is None:
            return None
        return np.asarray(self.source.truth[0 if to == "y" else 1][self.rows(OTHER[to])])

    def _measure(self, to, translated):
        fake = self.extractor.embed(in_channels(translated.pictures, self.channels))
        reference, found = self.references[to], {}
        try:
            found |= fid.measure(Comparison(reference.real, fake, reference))
        except NotComputableError as reason:
            self.reasons["fid"] = str(reason)
        truth = self._truth(to)
        if truth is None:
            self.reasons |= dict.fromkeys(("psnr", "ssim", "distance"), "nobody knows the right translations")
        else:
            found |= nearness(translated.pictures, truth)
            seen = self.extractor.embed(in_channels(truth, self.channels))
            found["distance"] = float(np.linalg.norm(fake.features - seen.features, axis=1).mean())
        found |= self._read(to, fake.logits)
        if translated.back is not None:
            change = translated.back.astype(np.float32) - self._inputs(to)
            found["cycle"] = float(np.abs(change).mean())
        return found

    def _read(self, to, logits):
        """What a classifier of both domains' pictures reads: factors kept, and the one that was to change."""
        side, rows = self._side(OTHER[to]), self.rows(OTHER[to])
        if not logits or side.held_out_labels is None or self.source.truth is None:
            self.reasons |= dict.fromkeys(("content", "style"), "nothing in these pictures can be read")
            return {}
        changed = self.source.facts.get("changed")
        known = {"label": side.held_out_labels} | {n: v for n, v in side.held_out_factors.items() if n in logits}
        kept = [logits[name].argmax(1) == values[rows] for name, values in known.items() if name != changed]
        found = {"content": float(np.all(kept, axis=0).mean())}
        if changed in logits:
            wanted = np.asarray(self._side(to).held_out_factors[changed])[0]
            found["style"] = float((logits[changed].argmax(1) == wanted).mean())
        else:
            self.reasons["style"] = "no factor is known to differ"
        return found


def nearness(pictures, truth):
    """Returns PSNR and SSIM, means over pictures, as TensorFlow computes them.

    Args:
        pictures, truth: uint8 arrays (num, height, width, channels), at least 11 pixels a side for SSIM.
    """
    found = {"psnr": float(np.minimum(tf.image.psnr(pictures, truth, 255), MOST_DECIBELS).mean())}
    if min(pictures.shape[1:3]) >= 11:
        found["ssim"] = float(np.mean(tf.image.ssim(tf.constant(pictures), tf.constant(truth), 255)))
    return found
