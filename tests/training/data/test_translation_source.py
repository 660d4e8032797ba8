"""Translation sources: which images belong together, in what order they come, and how they are augmented."""

import numpy as np
import pytest
from ganzoo.training.data import DataError

from .translation_data import first_pixels, shades, stream, two_domains


def test_pairs_stay_together_and_occur_once_per_epoch():
    source = two_domains(shades(52), shades(52, 100), paired=True)
    assert len(source) == 50
    rows = first_pixels(stream(source, 10))
    np.testing.assert_array_equal(rows["x"] + 100, rows["y"])
    for part in (rows["x"][:50], rows["x"][50:]):
        assert sorted(part) == list(range(2, 52))
    assert list(rows["x"][:50]) != list(rows["x"][50:])


def test_unpaired_domains_are_shuffled_independently():
    source = two_domains(shades(102), shades(42, 150))
    assert len(source) == 100
    assert repr(source) == ("TranslationSource('test', 100 and 40 + 2 held out, (8, 8, 1) to (8, 8, 1), unpaired)")
    rows = first_pixels(stream(source, 200))
    for part in rows["x"].reshape(-1, 100):
        assert sorted(part) == list(range(2, 102))
    for part in rows["y"].reshape(-1, 40):
        assert sorted(part) == list(range(152, 192))
    assert abs(np.corrcoef(rows["x"], rows["y"])[0, 1]) < 0.08
    alike = first_pixels(stream(two_domains(shades(202), shades(202)), 40))
    assert np.mean(alike["x"] == alike["y"]) < 0.03


@pytest.mark.parametrize("settings", [{}, {"paired": True}, {"flip": True, "crop": 2}])
@pytest.mark.parametrize("start", [1, 7, 23])
def test_a_stream_can_start_at_any_step(settings, start):
    random = np.random.default_rng(0)
    x, y = (random.integers(0, 256, (37, 8, 8, 1), np.uint8) for _ in range(2))
    source = two_domains(x, y[: None if "paired" in settings else 20], **settings)
    full = stream(source, start + 4)
    resumed = stream(source, 4, start_step=start)
    for domain in "xy":
        np.testing.assert_array_equal(full[domain][10 * start :], resumed[domain])
    other = stream(source, 4, seed=4)
    assert (other["x"] != full["x"][:40]).any()


def coordinates(num_samples, size=12):
    """Returns images whose pixels encode their position: 16 * row + column."""
    rows, columns = np.indices((size, size))
    return np.broadcast_to((16 * rows + columns).astype(np.uint8)[None, ..., None], (num_samples, size, size, 1)).copy()


def windows(images):
    """Returns (top, left, mirrored) of windows of `coordinates` images, after checking every pixel."""
    mirrored = images[:, 0, 0, 0] > images[:, 0, -1, 0]
    straight = np.where(mirrored[:, None, None, None], images[:, :, ::-1], images)
    top, left = np.divmod(straight[:, 0, 0, 0].astype(int), 16)
    full = coordinates(1)[0]
    side = images.shape[1]
    for image, down, across in zip(straight, top, left, strict=True):
        np.testing.assert_array_equal(image, full[down : down + side, across : across + side])
    return np.stack([top, left, mirrored], axis=1)


@pytest.mark.parametrize("paired", [True, False])
def test_windows_are_fresh_uniform_and_equal_within_pairs(paired):
    source = two_domains(coordinates(52), coordinates(52), paired=paired, flip=True, crop=4)
    assert source.shape == source.held_out.shape[1:] == source.samples.shape[1:] == (8, 8, 1)
    # Held-out images are center crops and never mirrored.
    np.testing.assert_array_equal(windows(source.held_out), [[2, 2, 0]] * 2)
    x, y = (windows(images) for images in stream(source, 200).values())
    if paired:
        np.testing.assert_array_equal(x, y)
    else:
        assert np.mean((x == y).all(1)) < 0.05
        for column in range(3):
            assert abs(np.corrcoef(x[:, column], y[:, column])[0, 1]) < 0.1
    for sampled in (x, y):
        counts = np.histogramdd(sampled, bins=(5, 5, 2))[0].ravel()
        assert len(counts) == 50
        # 2,000 samples, 40 expected per cell; the 0.999 quantile of chi-squared with 49 degrees of freedom is 85.
        assert np.sum((counts - 40) ** 2 / 40) < 85
        # Windows differ between epochs, and between the images of a batch.
        assert np.mean((sampled[:50] == sampled[50:100]).all(1)) < 0.2
        assert len(np.unique(sampled[:10], axis=0)) > 5


def test_flipping_alone_keeps_the_full_image():
    flipped = windows(stream(two_domains(coordinates(52), coordinates(52), flip=True), 40)["x"])
    np.testing.assert_array_equal(flipped[:, :2], 0)
    assert 0.4 < flipped[:, 2].mean() < 0.6
    np.testing.assert_array_equal(
        windows(stream(two_domains(coordinates(52), coordinates(52), crop=4), 4)["y"])[:, 2], 0
    )


def test_settings_change_the_fingerprint():
    x, y = shades(22), shades(22, 100)
    all_settings = [{}, {"paired": True}, {"flip": True}, {"crop": 1}, {"crop": 2}]
    assert (
        len({two_domains(x, y, **settings).fingerprint for settings in all_settings} | {two_domains(y, x).fingerprint})
        == 6
    )


def test_incompatible_domains_are_refused():
    x = shades(22)
    for y, settings, message in (
        (shades(22, size=12), {}, r"\(8, 8, 1\) and \(12, 12, 1\), expected equal heights and widths"),
        (shades(12), {"paired": True}, "received 20 and 10 images, expected equal numbers"),
        (x, {"crop": 8}, "data.crop: received 8 for images of 8 pixels"),
        (x, {"truth": (x[:2], x[:1])}, r"truth of shape \(1, 8, 8, 1\), expected \(2, 8, 8, 1\)"),
        (np.zeros((22, 2), np.float32), {}, "expected a source of images for each domain"),
    ):
        with pytest.raises(DataError, match=message):
            two_domains(x, y, **settings)
