"""Sources from IDX files, digits, mixtures, arrays and datasets."""

import gzip
import json
import struct

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.training import load
from ganzoo.training.data.sources.idx import read_idx
from ganzoo.zoo.pipeline.data_source import DataSource


def idx_bytes(array):
    return struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def mnist_like(tmp_path):
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (40, 28, 28), np.uint8), np.arange(40, dtype=np.uint8) % 10
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(images))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images[:7])))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(labels[:7]))
    return tmp_path, images, labels


def test_idx_files_are_read_gzipped_or_not(mnist_like):
    folder, images, labels = mnist_like
    source = load(f"idx:{folder}", class_names=[*"abcdefghij"])
    np.testing.assert_array_equal(source.samples[..., 0], images)
    np.testing.assert_array_equal(source.labels, labels)
    assert (len(source.held_out), source.shape, source.class_names[9]) == (7, (28, 28, 1), "j")
    assert load(f"idx:{folder}", resolution=32).shape == (32, 32, 1)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-1], "received 31375 bytes, expected 31376"),
        (lambda data: data + b"x", "received 31377 bytes, expected 31376"),
        (lambda data: b"<html>quota</html>", "expected an IDX file of bytes"),
        (lambda data: gzip.compress(data)[:-9], "cannot be read"),
        (lambda data: b"", "expected an IDX file"),
        (lambda data: b"\x1f\x8b" + data, "cannot be read"),
    ],
)
def test_corrupted_idx_files_are_identified(mnist_like, damage, message):
    folder, _, _ = mnist_like
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=message) as caught:
        load(f"idx:{folder}")
    assert str(path) in str(caught.value)


def test_idx_files_of_other_ranks_are_refused(tmp_path):
    (tmp_path / "train-images").write_bytes(idx_bytes(np.zeros((3, 4), np.uint8)))
    with pytest.raises(ValueError, match="expected square images"):
        load(f"idx:{tmp_path}")
    assert read_idx(tmp_path / "train-images").shape == (3, 4)


def test_digits_have_sixteen_gray_levels_and_the_published_class_counts():
    source = load("digits")
    assert source.shape == (8, 8, 1)
    assert set(np.unique(source.samples)) <= {int(np.rint(level * 255 / 16)) for level in range(17)}
    counts = np.bincount(np.concatenate([source.labels, source.held_out_labels]))
    # The published table of UCI's optdigits test set.
    assert list(counts) == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_splits_and_fingerprints_do_not_change_between_loads():
    first, second = load("digits", resolution=16), load("digits", resolution=16)
    assert first.fingerprint == second.fingerprint != load("digits").fingerprint
    np.testing.assert_array_equal(first.held_out, second.held_out)
    rows = {row.tobytes() for row in first.held_out} & {row.tobytes() for row in first.samples}
    assert not rows


@pytest.mark.parametrize(("layout", "modes"), [("ring", 8), ("grid", 25)])
def test_mixtures_are_at_their_centers(layout, modes):
    source = load(f"mixture:{layout}", count=20_000)
    centers = source.facts["centers"]
    assert centers.shape == (modes, 2)
    distances = np.linalg.norm(source.samples - centers[source.labels], axis=1)
    # A 2-D Gaussian's distance has mean std * sqrt(pi / 2).
    assert distances.mean() == pytest.approx(0.02 * np.sqrt(np.pi / 2), rel=0.02)
    assert np.bincount(source.labels).min() > 0.8 * len(source) / modes


def test_arrays_and_datasets_become_sources():
    images, labels = np.zeros((50, 8, 8, 3), np.uint8), np.arange(50) % 5
    source = load(images, labels=labels, resolution=16)
    assert (len(source), len(source.held_out), source.shape) == (45, 5, (16, 16, 3))
    assert load(images[..., 0]).shape == (8, 8, 1)
    assert load(np.zeros((20, 2))).shape == (2,)
    np.testing.assert_array_equal(load(images.astype("float32") - 1.0).samples, 0)
    for dataset in (
        tf.data.Dataset.from_tensor_slices((images, labels)),
        tf.data.Dataset.from_tensor_slices((images, labels)).batch(8),
        tf.data.Dataset.from_tensor_slices({"image": images, "label": labels}).batch(8),
    ):
        source = load(dataset)
        assert (len(source), source.shape) == (45, (8, 8, 3))
        np.testing.assert_array_equal(source.labels, labels[np.arange(50) % 10 != 9])
    assert load(tf.data.Dataset.from_tensor_slices(images)).shape == (8, 8, 3)
    assert load(tf.data.Dataset.from_tensor_slices(images).batch(9)).shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        (np.zeros((5, 8, 9, 1), np.uint8), {}, "expected squares"),
        (np.full((5, 8, 8, 1), 3.0), {}, "expected uint8 in"),
        (np.full((5, 8, 8, 1), np.nan), {}, "expected uint8 in"),
        (np.zeros((0, 8, 8, 1), np.uint8), {}, "received no images"),
        (np.zeros((5, 8, 8, 1), np.uint8), {"labels": np.arange(4)}, "expected one per image"),
        (np.zeros((5, 8, 8, 1), np.uint8), {"labels": np.arange(5) - 1}, "expected integers >= 0"),
        (np.zeros((5, 2)), {"resolution": 8}, "with points"),
        ("mixture:star", {}, "expected 'mixture:ring' or 'mixture:grid'"),
        ("mixture", {"std": -1}, "expected std > 0"),
        ("digits:8", {}, "takes no argument"),
        (tf.data.Dataset.range(3).repeat(), {}, "endless"),
    ],
)
def test_invalid_data_and_options_are_refused(source, arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        load(source, **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "options", "family"),
    [
        ("digits", {}, "image"),
        ("mixture", {"count": 200}, "image"),
        ("restyled:invert", {}, "translation"),
        ("oracle:markov", {"count": 100}, "text"),
    ],
)
def test_sources_implement_the_protocol(source, options, family):
    loaded = load(source, **options)
    assert loaded.family == family
    assert all(hasattr(loaded, member) for member in DataSource.__annotations__)
    description = loaded.describe()
    assert json.loads(json.dumps(description))["source"] == loaded.name
    assert description["fingerprint"] == loaded.fingerprint
