"""Judging translations, on translators whose answers are known."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.evaluation import Extractor, TranslationJudge, domains, judge_of
from ganzoo.export.evaluation.translations import nearness
from ganzoo.training import load
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


def pictures(seed, num=6, shape=(16, 16, 3)):
    return np.random.default_rng(seed).integers(0, 256, (num, *shape), dtype=np.uint8)


def test_nearness_agrees_with_another_library():
    first = pictures(0)
    second = np.clip(first.astype(int) + np.random.default_rng(1).integers(-40, 40, first.shape), 0, 255).astype(
        "uint8"
    )
    found = nearness(first, second)
    pairs = list(zip(first, second, strict=True))
    assert found["psnr"] == pytest.approx(np.mean([peak_signal_noise_ratio(a, b) for a, b in pairs]), rel=1e-5)
    # TensorFlow has no padding, and so no window beyond the border.
    whole = [structural_similarity(a, b, gaussian_weights=True, use_sample_covariance=False, sigma=1.5, channel_axis=2,
                                   full=True)[1][5:-5, 5:-5].mean() for a, b in pairs]  # fmt: skip
    assert found["ssim"] == pytest.approx(np.mean(whole), abs=1e-4)
    assert nearness(first, first) == {"psnr": 100.0, "ssim": pytest.approx(1.0)}


def test_matched_colours_have_the_other_domains_means_and_deviations():
    source = np.random.default_rng(0).normal(100, 10, (50, 8, 8, 3)).astype("uint8")
    target = np.random.default_rng(1).normal((150, 90, 60), (20, 10, 5), (50, 8, 8, 3)).astype("uint8")
    moved = domains.matched_colours(source, source, target).astype(float)
    np.testing.assert_allclose(moved.mean((0, 1, 2)), target.mean((0, 1, 2)), atol=0.3)
    np.testing.assert_allclose(moved.std((0, 1, 2)), target.std((0, 1, 2)), rtol=0.05)
    grey = domains.matched_colours(source, source, target[..., :1])
    assert grey.shape == (50, 8, 8, 1)
    assert domains.in_channels(source, 1).shape == (50, 8, 8, 1)
    np.testing.assert_array_equal(domains.in_channels(source[..., :1], 3)[..., 2], source[..., 0])


def test_moments_are_those_of_all_pictures_however_many(monkeypatch):
    many = pictures(3, num=50)
    monkeypatch.setattr(domains, "CHUNK", 7)
    mean, deviation = domains.moments(many, 3)
    np.testing.assert_allclose(mean, many.mean((0, 1, 2)))
    np.testing.assert_allclose(deviation, many.std((0, 1, 2)))


class Side(SimpleNamespace):
    """One domain of drawn squares, on the left or on the right of a ground."""

    def __init__(self, name, ground, num=160):
        rng = np.random.default_rng(0)
        label, factors = np.arange(num) % 2, {"ground": np.full(num, int(ground > 127))}
        samples = np.full((num, 16, 16, 3), ground, np.uint8)
        for picture, right in zip(samples, label, strict=True):
            top, left = rng.integers(1, 8), 2 + 7 * right
            picture[top : top + 6, left : left + 5] = rng.integers(60, 190, 3)
        super().__init__(
            name=name, samples=samples, held_out=samples[:120], labels=label, held_out_labels=label[:120],
            class_names=["left", "right"], factors=factors, fingerprint=name,
            held_out_factors={"ground": factors["ground"][:120]}, shape=(16, 16, 3), is_image=True,
        )  # fmt: skip

    def __len__(self):
        return len(self.samples)


class Reader(Extractor):
    """Reads ground and place without having learned them."""

    name = "reader"
    values = {"label": ["left", "right"], "ground": ["dark", "light"]}

    def network(self, images):
        corner = images[:, :1, :1]
        apart = tf.reduce_mean(tf.abs(images - corner), axis=(1, 3))
        ground = tf.reduce_mean(corner, axis=(1, 2, 3))
        place = tf.reduce_sum(apart[:, 8:], 1) - tf.reduce_sum(apart[:, :8], 1)
        features = tf.concat([tf.reduce_mean(images, axis=(1, 2)), apart[:, ::4]], 1)
        return {
            "features": features,
            "label": tf.stack([-place, place], 1),
            "ground": tf.stack([-ground, ground], 1),
        }


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    x, y = Side("x", 20), Side("y", 230)
    source = SimpleNamespace(
        name="squares", x=x, y=y, truth=(y.held_out, x.held_out), fingerprint="squares", target_shape=y.shape,
        facts={"changed": "ground", "factors": {"ground": ["dark", "light"]}},
    )  # fmt: skip
    return TranslationJudge(source, Reader(), num=120, cache_dir=str(tmp_path_factory.mktemp("cache")))


def translator(judge, **answers):
    """A model that looks the right answers up; `answers` replaces one direction's."""
    source = judge.source
    known = {"y": dict(zip(map(bytes, source.x.held_out), source.truth[0], strict=True))}
    known["x"] = dict(zip(map(bytes, source.y.held_out), source.truth[1], strict=True))

    def translate(images, to, batch_size):
        right = np.stack([known[to][bytes(image)] for image in images])
        return answers.get(to, np.asarray)(right) / 127.5 - 1

    return SimpleNamespace(directions=("y", "x"), translate=translate)


def test_the_truth_is_without_fault(judge):
    report = judge.report(translator(judge))
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
    assert report.columns["colours"]["psnr_xy"] > copied["psnr_xy"]
    told = str(report)
    assert "colours matched" in told
    assert "psnr_yx" in told
    assert report.content()["results"]["fid_xy"]["copied"] == copied["fid_xy"]


def test_what_is_wrong_in_one_direction_is_told_of_that_one(judge):
    # The pictures of others: of the domain, and not what was asked for.
    found = judge.score(*judge.draw(translator(judge, y=lambda pictures: np.roll(pictures, 1, axis=0))))
    assert found["style_xy"] == 1.0
    assert found["content_xy"] < 0.1
    assert found["psnr_xy"] < 25
    assert found["content_yx"] == 1.0
    assert found["fid_xy"] == pytest.approx(judge.score(*judge.draw(translator(judge)))["fid_xy"], rel=1e-6)


def test_one_direction_has_no_cycle_and_unknown_truth_no_nearness():
    def same(images, to, batch_size):
        return images / 127.5 - 1

    digits = load("unpaired:digits,digits", resolution=8)
    judge = judge_of(digits, "rotation", num=100)
    assert isinstance(judge, TranslationJudge)
    found = judge.score(*judge.draw(SimpleNamespace(directions=("y",), translate=same)))
    assert set(found) == {"fid", "fid_xy"}
    assert set(judge.reasons) == {"psnr", "ssim", "distance", "content", "style"}
    both = judge.score(*judge.draw(SimpleNamespace(directions=("y", "x"), translate=same)))
    assert both["cycle_xy"] == both["cycle_yx"] == 0
    with pytest.raises(ValueError, match="num: received 1"):
        TranslationJudge(digits, num=1)
