"""Features of the reference are computed once and cached; damaged or outdated entries are recomputed."""

import numpy as np
import pytest
from ganzoo.export.evaluation.image.image_reference import ImageReference, subsample_rows
from ganzoo.training.data import ImageSource


@pytest.fixture
def make_reference(source, shade_extractor, tmp_path):
    """Builds a new reference, as another process would: only the cache is shared."""

    def build(data=source, num_samples=100, **changes):
        extractor = shade_extractor()
        for name, value in changes.items():
            setattr(extractor, name, value)
        return ImageReference(data, extractor, num_samples, str(tmp_path))

    return build


def cached_file(folder, name="features"):
    """The only file of that name in the cache."""
    (path,) = folder.rglob(f"{name}.npy")
    return path


def assert_equal(actual, expected):
    for actual_array, expected_array in ((actual.samples, expected.samples), (actual.features, expected.features)):
        np.testing.assert_array_equal(actual_array, expected_array)
    assert actual.logits.keys() == expected.logits.keys() == {"label"}
    np.testing.assert_array_equal(actual.logits["label"], expected.logits["label"])


def test_cached_features_are_used_and_equal_the_computed_ones(make_reference, source):
    first, second = make_reference(), make_reference()
    expected = first.real
    assert_equal(second.real, expected)
    assert first.extractor.embedded_counts == [100]
    assert second.extractor.embedded_counts == []
    np.testing.assert_array_equal(expected.samples, source.samples[first.rows])
    # The cached features belong to their own images, row by row.
    np.testing.assert_array_equal(expected.features, first.extractor.embed(source.samples[first.rows]).features)


def test_each_part_is_embedded_once_and_cached_separately(make_reference, source):
    first = make_reference()
    assert [len(part) for part in (first.real, first.held_out, first.searched, first.real)] == [100, 100, 300] + [100]
    assert first.extractor.embedded_counts == [100, 100, 300]
    second = make_reference()
    for part in ("real", "held_out", "searched"):
        assert_equal(getattr(second, part), getattr(first, part))
    assert second.extractor.embedded_counts == []
    assert not np.array_equal(first.real.features, first.held_out.features)


@pytest.mark.parametrize(
    "changes",
    [
        {"weights_hash": "other"},
        {"layer": "logits"},
        {"resizer": "bilinear"},
        {"input_range": (0, 1)},
        {"name": "colors"},
        {"facts": {"handle": "elsewhere"}},
        {"num_samples": 90},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_extractor_or_count_recomputes_features(make_reference, changes):
    assert len(make_reference().real) == 100
    other = make_reference(**changes)
    assert len(other.real) == changes.get("num_samples", 100)
    assert other.extractor.embedded_counts == [len(other.real)]


def test_other_data_of_the_same_name_recompute_features(make_reference, source):
    expected = make_reference().real.features
    changes = source.samples.copy()
    changes[make_reference().rows[0], 0, 0, 0] ^= 255
    other = make_reference(ImageSource("shades", changes, source.held_out, source.labels, source.held_out_labels))
    assert other.extractor.embedded_counts == []
    assert (other.real.features[0] != expected[0]).any()
    np.testing.assert_array_equal(other.real.features[1:], expected[1:])
    assert other.extractor.embedded_counts == [100]


@pytest.mark.parametrize("name", ["features", "label"])
@pytest.mark.parametrize("position", [0, 20, 60, -700, -1], ids=["magic", "header", "padding", "middle", "end"])
def test_features_with_a_flipped_bit_are_recomputed_and_cached_again(
    make_reference, tmp_path, flip_bit, name, position
):
    expected = make_reference().real
    flip_bit(cached_file(tmp_path, name), position)
    damaged = make_reference()
    assert_equal(damaged.real, expected)
    assert damaged.extractor.embedded_counts == [100]
    rebuilt = make_reference()
    assert_equal(rebuilt.real, expected)
    assert rebuilt.extractor.embedded_counts == []


@pytest.mark.parametrize("size", [0, 100, -1])
def test_truncated_files_are_recomputed(make_reference, tmp_path, size):
    expected = make_reference().real
    path = cached_file(tmp_path)
    path.write_bytes(path.read_bytes()[:size])
    damaged = make_reference()
    assert_equal(damaged.real, expected)
    assert damaged.extractor.embedded_counts == [100]


@pytest.mark.parametrize("name", ["features.npy", "label.npy", "cache.json"])
def test_missing_files_are_recomputed(make_reference, tmp_path, name):
    expected = make_reference().real
    next(tmp_path.rglob(name)).unlink()
    damaged = make_reference()
    assert_equal(damaged.real, expected)
    assert damaged.extractor.embedded_counts == [100]


def test_rows_are_a_fixed_random_subset_of_all_data():
    rows = subsample_rows(1000, 100)
    assert len(set(rows)) == 100
    assert list(rows) == sorted(rows)
    assert rows.max() >= 900
    np.testing.assert_array_equal(rows, subsample_rows(1000, 100))
    np.testing.assert_array_equal(subsample_rows(5, 9), np.arange(5))
    assert len(subsample_rows(0, 9)) == 0


def test_without_held_out_images_held_out_is_none(make_reference, source):
    assert make_reference(ImageSource("alone", source.samples, source.held_out[:0])).held_out is None
