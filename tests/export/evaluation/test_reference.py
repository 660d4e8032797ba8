"""Features of the reference are read once and kept, and never trusted when anything has changed."""

import numpy as np
import pytest
from ganzoo.export.evaluation.reference import Reference, chosen_rows
from ganzoo.training.data import ImageSource


@pytest.fixture
def refer(source, shades, tmp_path):
    """Builds the reference anew, as another process would: nothing is shared but the cache."""

    def build(data=source, num=100, **changed):
        extractor = shades()
        for name, value in changed.items():
            setattr(extractor, name, value)
        return Reference(data, extractor, num, str(tmp_path))

    return build


def kept(folder, name="features"):
    """The one file of that name in the cache."""
    (path,) = folder.rglob(f"{name}.npy")
    return path


def assert_equal(found, expected):
    for mine, theirs in ((found.samples, expected.samples), (found.features, expected.features)):
        np.testing.assert_array_equal(mine, theirs)
    assert found.logits.keys() == expected.logits.keys() == {"label"}
    np.testing.assert_array_equal(found.logits["label"], expected.logits["label"])


def test_kept_features_are_used_and_are_the_same(refer, source):
    first, second = refer(), refer()
    expected = first.real
    assert_equal(second.real, expected)
    assert first.extractor.seen == [100]
    assert second.extractor.seen == []
    np.testing.assert_array_equal(expected.samples, source.samples[first.rows])
    # The extractor itself, row by row: what is kept stands beside its own image.
    np.testing.assert_array_equal(expected.features, first.extractor.embed(source.samples[first.rows]).features)


def test_each_part_is_read_once_and_kept_apart(refer, source):
    first = refer()
    assert [len(part) for part in (first.real, first.held_out, first.searched, first.real)] == [100, 100, 300] + [100]
    assert first.extractor.seen == [100, 100, 300]
    second = refer()
    for part in ("real", "held_out", "searched"):
        assert_equal(getattr(second, part), getattr(first, part))
    assert second.extractor.seen == []
    assert not np.array_equal(first.real.features, first.held_out.features)


@pytest.mark.parametrize(
    "changed",
    [
        {"weights_hash": "other"},
        {"layer": "logits"},
        {"resizer": "bilinear"},
        {"input_range": (0, 1)},
        {"name": "colours"},
        {"facts": {"handle": "elsewhere"}},
        {"num": 90},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_another_extractor_or_count_reads_anew(refer, changed):
    assert len(refer().real) == 100
    other = refer(**changed)
    assert len(other.real) == changed.get("num", 100)
    assert other.extractor.seen == [len(other.real)]


def test_other_data_of_the_same_name_are_read_anew(refer, source):
    expected = refer().real.features
    changed = source.samples.copy()
    changed[refer().rows[0], 0, 0, 0] ^= 255
    other = refer(ImageSource("shades", changed, source.held_out, source.labels, source.held_out_labels))
    assert other.extractor.seen == []
    assert (other.real.features[0] != expected[0]).any()
    np.testing.assert_array_equal(other.real.features[1:], expected[1:])
    assert other.extractor.seen == [100]


@pytest.mark.parametrize("name", ["features", "label"])
@pytest.mark.parametrize("place", [0, 20, 60, -700, -1], ids=["magic", "header", "padding", "middle", "end"])
def test_a_flipped_bit_is_read_anew_and_mended(refer, tmp_path, flip, name, place):
    expected = refer().real
    flip(kept(tmp_path, name), place)
    damaged = refer()
    assert_equal(damaged.real, expected)
    assert damaged.extractor.seen == [100]
    mended = refer()
    assert_equal(mended.real, expected)
    assert mended.extractor.seen == []


@pytest.mark.parametrize("left", [0, 100, -1])
def test_a_file_that_was_cut_short_is_read_anew(refer, tmp_path, left):
    expected = refer().real
    path = kept(tmp_path)
    path.write_bytes(path.read_bytes()[:left])
    damaged = refer()
    assert_equal(damaged.real, expected)
    assert damaged.extractor.seen == [100]


@pytest.mark.parametrize("name", ["features.npy", "label.npy", "cache.json"])
def test_a_file_that_is_gone_is_read_anew(refer, tmp_path, name):
    expected = refer().real
    next(tmp_path.rglob(name)).unlink()
    damaged = refer()
    assert_equal(damaged.real, expected)
    assert damaged.extractor.seen == [100]


def test_rows_are_drawn_from_all_of_the_data_once_for_all():
    rows = chosen_rows(1000, 100)
    assert len(set(rows)) == 100
    assert list(rows) == sorted(rows)
    assert rows.max() >= 900
    np.testing.assert_array_equal(rows, chosen_rows(1000, 100))
    np.testing.assert_array_equal(chosen_rows(5, 9), np.arange(5))
    assert len(chosen_rows(0, 9)) == 0


def test_without_held_out_images_there_is_no_such_part(refer, source):
    assert refer(ImageSource("alone", source.samples, source.held_out[:0])).held_out is None
