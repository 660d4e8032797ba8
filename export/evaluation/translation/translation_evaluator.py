"""Evaluation of image translation: realism in the target domain, content preservation, and trivial baselines."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ....zoo.core.image_scaling import to_uint8
from ....zoo.errors import ArgumentError
from ..features.extractors import make_extractor
from ..few_samples import small_set_notes
from ..image.image_reference import ImageReference, subsample_rows
from ..image.metrics import ImageComparison, NotComputableError, Result, fid
from ..metric_registry import split_finite
from .domain_views import DomainView, JointDomains, matched_colors, to_channels
from .translation_report import TranslationReport

OTHER = {"x": "y", "y": "x"}
# Upper bound of the PSNR, which is infinite for equal images.
MAX_PSNR = 100.0
# TensorFlow's SSIM uses windows of 11 x 11 pixels.
SSIM_WINDOW = 11
RESULTS = {
    "fid": Result("lower", "Frechet distance of translations from training images of the domain"),
    "psnr": Result("higher", "mean peak signal-to-noise ratio to the truth, in dB, at most 100"),
    "ssim": Result("higher", "mean structural similarity to the truth (Wang et al. 2004)"),
    "distance": Result("lower", "mean distance from the truth in the extractor's features"),
    "content": Result("higher", "share of translations whose unchanged factors are all classified as in the input"),
    "style": Result("higher", "share of translations that are classified as the target domain"),
    "cycle": Result("lower", "mean absolute error of the translation there and back, in gray levels of 255"),
}


class TranslatedBatch(NamedTuple):
    """Held-out images of one domain, translated to the other.

    Attributes:
        images: uint8 array (num_samples, height, width, channels of the target domain).
        reconstructions: uint8 array, the same images translated back, or None.
    """

    images: np.ndarray
    reconstructions: np.ndarray | None = None


class TranslationEvaluator:
    """Scores translations of held-out images, separately for each direction.

    When to use it: for `Pix2Pix`, `CycleGAN` and other image translation models. FID needs only images; the other
    results need the ground truth, or factors that a classifier can predict.

    Args:
        source: the data of two domains: `x`, `y` and, if known, `truth` and `facts["changed"]`.
        extractor: as in `make_extractor`; it is built for the images of both domains. Default "auto".
        num_samples: int >= 2, held-out images per direction, and training images in its reference. Default 10,000.
        cache_dir: str or None.
        progress: bool. Default False.

    Attributes:
        reasons: dict of result name -> why the last `score` has no value for it.
        counts: dict of the numbers of translations and of real images in the last `score`, the fewest of a direction.

    Raises:
        ArgumentError: `num_samples` below 2, or no held-out images.

    Example:

        evaluator = TranslationEvaluator(load("restyled:light", resolution=16), num_samples=1000)
        evaluator.score(*evaluator.sample(model))["fid"]
    """

    # The attributes of an evaluator that the `Evaluate` callback reads.
    metrics, criterion = ("fid",), "fid"

    def __init__(self, source, extractor="auto", num_samples=10_000, cache_dir=None, progress=False):
        if num_samples < 2 or not len(source.x.held_out) or not len(source.y.held_out):
            raise ArgumentError(
                f"num_samples: received {num_samples} of {len(source.x.held_out)} and {len(source.y.held_out)} "
                "held-out images, expected at least 2 of each domain"
            )
        both = JointDomains(source)
        self.source, self.num_samples, self.reasons, self.counts = source, num_samples, {}, {}
        self.channels = both.shape[-1]
        self.extractor = make_extractor(extractor, both, cache_dir, progress)
        self.references = {
            domain: ImageReference(
                DomainView(self._side(domain), self.channels), self.extractor, num_samples, cache_dir, progress
            )
            for domain in OTHER
        }

    def _side(self, domain):
        return getattr(self.source, domain)

    def rows(self, domain):
        """Returns the held-out rows of a domain that are translated."""
        return subsample_rows(len(self._side(domain).held_out), self.num_samples)

    def sample(self, model, *_):
        """Translates the held-out images: the arguments of `score`, target domain -> `TranslatedBatch`."""
        translations = {}
        for to in model.directions:
            images = to_uint8(model.translate(self._inputs(to), to=to, batch_size=64))
            reconstructions = None
            if OTHER[to] in model.directions:
                reconstructions = to_uint8(model.translate(images, to=OTHER[to], batch_size=64))
            translations[to] = TranslatedBatch(images, reconstructions)
        return (translations,)

    def score(self, translations):
        """Returns a dict of result name -> value: each of `RESULTS` per direction, and `fid`, the mean over directions.

        Args:
            translations: dict of target domain -> `TranslatedBatch`.
        """
        results, self.reasons = {}, {}
        self.counts = {
            "num_samples": min(len(batch.images) for batch in translations.values()),
            "num_real": min(len(self.references[to].rows) for to in translations),
        }
        for to, batch in translations.items():
            for name, value in self._measure(to, batch).items():
                results[f"{name}_{OTHER[to]}{to}"] = value
        fids = {name: value for name, value in results.items() if name.startswith("fid_")}
        missing = [reason for name, reason in self.reasons.items() if name.startswith("fid_")]
        if fids:
            results = {"fid": float(np.mean(list(fids.values())))} | results
        if missing:
            # Where one direction has no distance, the mean is that of the other one, which is not to be overlooked.
            alone = f"it is {next(iter(fids))} alone: " if fids else ""
            self.reasons["fid"] = alone + "; ".join(dict.fromkeys(missing))
        results, not_finite = split_finite(results)
        self.reasons |= not_finite
        return results

    def report(self, model, name="translations", facts=None):
        """Evaluates a model and, for comparison, the unchanged inputs, inputs with matched colors, and real images.

        Args:
            model: an `ImageTranslationGAN`.
            name: str, the name of the model in the report. Default "translations".
            facts: dict or None, further entries of the report.

        Returns:
            A `TranslationReport`.
        """
        columns = {"model": self.score(*self.sample(model))}
        reasons = self.reasons
        for column, images_of in (("copied", self._copied), ("colors", self._color_matched), ("real", self._real)):
            columns[column] = self.score({to: TranslatedBatch(images_of(to)) for to in model.directions})
        facts = self._facts(name, model.directions) | (facts or {})
        return TranslationReport(columns, RESULTS, reasons, facts, self._warnings(facts, columns["model"]))

    def _facts(self, name, directions):
        """Returns everything that the scores of a report depend on."""
        known_truth = self.source.truth is not None
        facts = {
            "subject": name,
            "num_samples": {to: len(self.rows(OTHER[to])) for to in directions},
            "available": {to: len(self._side(OTHER[to]).held_out) for to in directions},
            "num_real": {to: len(self.rows(OTHER[to] if known_truth else to)) for to in directions},
            "source": {"name": self.source.name, "fingerprint": self.source.fingerprint},
            "references": {to: len(self.references[to].rows) for to in directions},
            "references_available": {to: len(self._side(to).samples) for to in directions},
            "extractor": self.extractor.identity,
        }
        return facts | ({"extractor_training": self.extractor.training} if self.extractor.training else {})

    def _warnings(self, facts, results):
        """Returns notes to read before the scores are quoted."""
        sizes, notes = {}, []
        for to, count in facts["num_samples"].items():
            sizes |= {f"translations into {to}": count, f"training images of {to}": facts["references"][to]}
            sizes |= {f"real images of {to} in the last column": facts["num_real"][to]}
            fewest = min(count, facts["references"][to])
            if fewest < fid.ADVISED and f"fid_{OTHER[to]}{to}" in results:
                notes.append(f"fid_{OTHER[to]}{to}: {fid.few_images_note(fewest)}")
        trained = self.extractor.training
        if trained and trained["images"] < trained["available"]:
            notes.append(f"{self.extractor.name}: trained on {trained['images']} of {trained['available']} images")
        return [*small_set_notes(sizes), *self.extractor.warnings, *notes]

    def _inputs(self, to):
        return np.asarray(self._side(OTHER[to]).held_out[self.rows(OTHER[to])])

    def _copied(self, to):
        return to_channels(self._inputs(to), self._side(to).shape[-1])

    def _color_matched(self, to):
        return matched_colors(self._inputs(to), self._side(OTHER[to]).samples, self._side(to).samples)

    def _real(self, to):
        """Returns the ground truth if it is known, held-out images of the domain otherwise."""
        truth = self._truth(to)
        return np.asarray(self._side(to).held_out[self.rows(to)]) if truth is None else truth

    def _truth(self, to):
        if self.source.truth is None:
            return None
        return np.asarray(self.source.truth[0 if to == "y" else 1][self.rows(OTHER[to])])

    def _measure(self, to, batch):
        fake = self.extractor.embed(to_channels(batch.images, self.channels))
        reference, results = self.references[to], {}
        try:
            results |= fid.measure(ImageComparison(reference.real, fake, reference))
        except NotComputableError as reason:
            self.reasons[f"fid_{OTHER[to]}{to}"] = str(reason)
        truth = self._truth(to)
        if truth is None:
            self.reasons |= dict.fromkeys(("psnr", "ssim", "distance"), "the data have no ground-truth translations")
        else:
            results |= image_similarity(batch.images, truth)
            if "ssim" not in results:
                self.reasons["ssim"] = f"its windows have {SSIM_WINDOW} x {SSIM_WINDOW} pixels, the images are smaller"
            real = self.extractor.embed(to_channels(truth, self.channels))
            results["distance"] = float(np.linalg.norm(fake.features - real.features, axis=1).mean())
        results |= self._classification_results(to, fake.logits)
        if batch.reconstructions is not None:
            error = batch.reconstructions.astype(np.float32) - self._inputs(to)
            results["cycle"] = float(np.abs(error).mean())
        return results

    def _classification_results(self, to, logits):
        """Returns `content` and `style`, from the factors that the extractor predicts."""
        side, rows = self._side(OTHER[to]), self.rows(OTHER[to])
        if not logits or side.held_out_labels is None or self.source.truth is None:
            self.reasons |= dict.fromkeys(("content", "style"), "the data have no factors that the extractor predicts")
            return {}
        changed = self.source.facts.get("changed")
        factors = {"label": side.held_out_labels} | {n: v for n, v in side.held_out_factors.items() if n in logits}
        preserved = [logits[name].argmax(1) == values[rows] for name, values in factors.items() if name != changed]
        results = {"content": float(np.all(preserved, axis=0).mean())}
        if changed in logits:
            target = np.asarray(self._side(to).held_out_factors[changed])[0]
            results["style"] = float((logits[changed].argmax(1) == target).mean())
        else:
            self.reasons["style"] = "no factor is known to differ between the domains"
        return results


def image_similarity(images, truth):
    """Returns PSNR and SSIM as computed by TensorFlow, means over images.

    Args:
        images, truth: uint8 arrays (num_images, height, width, channels); SSIM is left out below 11 pixels per side.
    """
    results = {"psnr": float(np.minimum(tf.image.psnr(images, truth, 255), MAX_PSNR).mean())}
    if min(images.shape[1:3]) >= SSIM_WINDOW:
        results["ssim"] = float(np.mean(tf.image.ssim(tf.constant(images), tf.constant(truth), 255)))
    return results
