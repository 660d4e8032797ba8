"""Evaluation of translations, on translators with known outputs."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.evaluation import Extractor, TranslationEvaluator, make_evaluator
from ganzoo.export.evaluation.image.metrics import NotComputableError, fid
from ganzoo.export.evaluation.translation import domain_views
from ganzoo.export.evaluation.translation.translation_evaluator import image_similarity
from ganzoo.training import load
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


def random_images(seed, num_samples=6, shape=(16, 16, 3)):
    return np.random.default_rng(seed).integers(0, 256, (num_samples, *shape), dtype=np.uint8)


def test_psnr_and_ssim_equal_those_of_scikit_image():
    first = random_images(0)
    second = np.clip(first.astype(int) + np.random.default_rng(1).integers(-40, 40, first.shape), 0, 255).astype(
        "uint8"
    )
    actual = image_similarity(first, second)
    pairs = list(zip(first, second, strict=True))
    assert actual["psnr"] == pytest.approx(np.mean([peak_signal_noise_ratio(a, b) for a, b in pairs]), rel=1e-5)
    # TensorFlow does not pad: only windows inside the image count.
    window = {"gaussian_weights": True, "use_sample_covariance": False, "sigma": 1.5, "channel_axis": 2, "full": True}
    per_image = [structural_similarity(a, b, **window)[1][5:-5, 5:-5].mean() for a, b in pairs]
    assert actual["ssim"] == pytest.approx(np.mean(per_image), abs=1e-4)
    assert image_similarity(first, first) == {"psnr": 100.0, "ssim": pytest.approx(1.0)}


def test_matched_colors_have_the_moments_of_the_other_domain():
    source = np.random.default_rng(0).normal(100, 10, (50, 8, 8, 3)).astype("uint8")
    target = np.random.default_rng(1).normal((150, 90, 60), (20, 10, 5), (50, 8, 8, 3)).astype("uint8")
    matched = domain_views.matched_colors(source, source, target).astype(float)
    np.testing.assert_allclose(matched.mean((0, 1, 2)), target.mean((0, 1, 2)), atol=0.3)
    np.testing.assert_allclose(matched.std((0, 1, 2)), target.std((0, 1, 2)), rtol=0.05)
    gray = domain_views.matched_colors(source, source, target[..., :1])
    assert gray.shape == (50, 8, 8, 1)
    assert domain_views.to_channels(source, 1).shape == (50, 8, 8, 1)
    np.testing.assert_array_equal(domain_views.to_channels(source[..., :1], 3)[..., 2], source[..., 0])


def test_moments_are_computed_over_all_chunks(monkeypatch):
    many = random_images(3, num_samples=50)
    monkeypatch.setattr(domain_views, "CHUNK", 7)
    mean, deviation = domain_views.moments(many, 3)
    np.testing.assert_allclose(mean, many.mean((0, 1, 2)))
    np.testing.assert_allclose(deviation, many.std((0, 1, 2)))


class Side(SimpleNamespace):
    """One domain of rendered squares on the left or on the right of a background."""

    def __init__(self, name, ground, num_samples=160):
        rng = np.random.default_rng(0)
        label, factors = np.arange(num_samples) % 2, {"ground": np.full(num_samples, int(ground > 127))}
        samples = np.full((num_samples, 16, 16, 3), ground, np.uint8)
        for image, on_the_right in zip(samples, label, strict=True):
            top, left = rng.integers(1, 8), 2 + 7 * on_the_right
            image[top : top + 6, left : left + 5] = rng.integers(60, 190, 3)
        super().__init__(
            name=name, samples=samples, held_out=samples[:120], labels=label, held_out_labels=label[:120],
            class_names=["left", "right"], factors=factors, fingerprint=name,
            held_out_factors={"ground": factors["ground"][:120]}, shape=(16, 16, 3), is_image=True,
        )  # fmt: skip

    def __len__(self):
        return len(self.samples)


class FakeExtractor(Extractor):
    """Computes background and position of the square directly."""

    name = "fake"
    values = {"label": ["left", "right"], "ground": ["dark", "light"]}

    def network(self, images):
        corner = images[:, :1, :1]
        contrast = tf.reduce_mean(tf.abs(images - corner), axis=(1, 3))
        ground = tf.reduce_mean(corner, axis=(1, 2, 3))
        position = tf.reduce_sum(contrast[:, 8:], 1) - tf.reduce_sum(contrast[:, :8], 1)
        features = tf.concat([tf.reduce_mean(images, axis=(1, 2)), contrast[:, ::4]], 1)
        return {
            "features": features,
            "label": tf.stack([-position, position], 1),
            "ground": tf.stack([-ground, ground], 1),
        }


@pytest.fixture(scope="module")
def evaluator(tmp_path_factory):
    x, y = Side("x", 20), Side("y", 230)
    source = SimpleNamespace(
        name="squares", x=x, y=y, truth=(y.held_out, x.held_out), fingerprint="squares", target_shape=y.shape,
        facts={"changed": "ground", "factors": {"ground": ["dark", "light"]}},
    )  # fmt: skip
    return TranslationEvaluator(
        source, FakeExtractor(), num_samples=120, cache_dir=str(tmp_path_factory.mktemp("cache"))
    )


def translator(evaluator, **changes):
    """A model that returns the ground truth; `changes` has a function of the outputs of a direction."""
    source = evaluator.source
    lookup = {"y": dict(zip(map(bytes, source.x.held_out), source.truth[0], strict=True))}
    lookup["x"] = dict(zip(map(bytes, source.y.held_out), source.truth[1], strict=True))

    def translate(images, to, batch_size):
        outputs = np.stack([lookup[to][bytes(image)] for image in images])
        return changes.get(to, np.asarray)(outputs) / 127.5 - 1

    return SimpleNamespace(directions=("y", "x"), translate=translate)


def test_the_ground_truth_has_perfect_scores(evaluator):
    report = evaluator.report(translator(evaluator))
    for way in ("xy", "yx"):
        assert report[f"psnr_{way}"] == 100.0
        assert report[f"ssim_{way}"] == pytest.approx(1.0)
        assert report[f"distance_{way}"] == report[f"cycle_{way}"] == 0
        assert report[f"content_{way}"] == 1.0
        assert report[f"style_{way}"] == 1.0
    assert report["fid"] == pytest.approx((report["fid_xy"] + report["fid_yx"]) / 2)
    real, copied = report.columns["real"], report.columns["copied"]
    assert real["content_xy"] == report["content_xy"]
    assert copied["style_xy"] == copied["style_yx"] == 0
    assert copied["psnr_xy"] < 15
    assert copied["fid_xy"] > 5 * report["fid_xy"]
    assert report.columns["colors"]["psnr_xy"] > copied["psnr_xy"]
    text = str(report)
    assert "colors matched" in text
    assert "psnr_yx" in text
    assert report.content()["results"]["fid_xy"]["copied"] == copied["fid_xy"]


def test_each_direction_is_scored_separately(evaluator):
    # Each output is that of another input: realistic, but with wrong content.
    actual = evaluator.score(*evaluator.sample(translator(evaluator, y=lambda images: np.roll(images, 1, axis=0))))
    assert actual["style_xy"] == 1.0
    assert actual["content_xy"] < 0.1
    assert actual["psnr_xy"] < 25
    assert actual["content_yx"] == 1.0
    assert actual["fid_xy"] == pytest.approx(
        evaluator.score(*evaluator.sample(translator(evaluator)))["fid_xy"], rel=1e-6
    )


@pytest.mark.thorough
def test_without_a_second_direction_or_ground_truth_their_results_are_absent():
    def same(images, to, batch_size):
        return images / 127.5 - 1

    digits = load("unpaired:digits,digits", resolution=8)
    evaluator = make_evaluator(digits, "rotation", num_samples=100)
    assert isinstance(evaluator, TranslationEvaluator)
    actual = evaluator.score(*evaluator.sample(SimpleNamespace(directions=("y",), translate=same)))
    assert set(actual) == {"fid", "fid_xy"}
    assert set(evaluator.reasons) == {"psnr", "ssim", "distance", "content", "style"}
    both = evaluator.score(*evaluator.sample(SimpleNamespace(directions=("y", "x"), translate=same)))
    assert both["cycle_xy"] == both["cycle_yx"] == 0
    with pytest.raises(ValueError, match="num_samples: received 1"):
        TranslationEvaluator(digits, num_samples=1)


def test_a_report_has_the_counts_of_each_direction_and_warns_of_few_images(evaluator):
    few = TranslationEvaluator(evaluator.source, FakeExtractor(), num_samples=40)
    report = few.report(translator(evaluator))
    content = report.content()
    assert content["num_samples"] == content["num_real"] == {"y": 40, "x": 40}
    assert content["available"] == {"y": 120, "x": 120}
    assert content["references"] == {"y": 40, "x": 40}
    assert content["references_available"] == {"y": 160, "x": 160}
    lines = str(report).splitlines()
    assert lines[0].startswith("WARNING: only 40 translations into y, 40 training images of y, ")
    assert "40 of 120 into y against 40 of 160 training images, last column 40 images" in lines[-1]
    assert "note: fid_xy: computed from 40 samples; fewer than 2048 bias it upward" in str(report)
    complete = str(evaluator.report(translator(evaluator)))
    assert "WARNING" not in complete
    assert "held-out images: 120 into y against 120 of 160 training images" in complete.splitlines()[-1]


def test_a_mean_over_one_of_two_directions_is_called_incomplete(evaluator, monkeypatch):
    measure = fid.measure

    def measured_into_y(comparison):
        if comparison.reference is evaluator.references["x"]:
            raise NotComputableError("too few images")
        return measure(comparison)

    monkeypatch.setattr(fid, "measure", measured_into_y)
    report = evaluator.report(translator(evaluator))
    assert report["fid"] == report["fid_xy"]
    assert "fid_yx" not in report.columns["model"]
    assert report.reasons == {"fid_yx": "too few images", "fid": "it is fid_xy alone: too few images"}
    assert "fid: incomplete: it is fid_xy alone: too few images" in str(report).splitlines()
    monkeypatch.setattr(fid, "measure", lambda comparison: {"fid": float("nan")})
    assert not any("fid" in name for name in evaluator.score(*evaluator.sample(translator(evaluator))))
    assert evaluator.reasons["fid"].startswith("its value is nan")


def test_images_that_are_smaller_than_the_windows_of_ssim_are_the_reason_for_its_absence(evaluator):
    x, y = Side("small x", 20), Side("small y", 230)
    for side in (x, y):
        side.samples, side.held_out, side.shape = side.samples[:, :10, :10], side.held_out[:, :10, :10], (10, 10, 3)
    source = SimpleNamespace(**(vars(evaluator.source) | {"x": x, "y": y, "shape": x.shape, "target_shape": y.shape}))
    source.truth = (source.y.held_out, source.x.held_out)
    small = TranslationEvaluator(source, FakeExtractor(), num_samples=120)
    results = small.score(*small.sample(translator(small)))
    assert results["psnr_xy"] == 100
    assert "ssim_xy" not in results
    assert "11 x 11 pixels" in small.reasons["ssim"]
