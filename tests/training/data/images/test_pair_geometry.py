"""Sizes of images that make a pair."""

import pytest
from ganzoo.training.data.images.pair_geometry import halves_trouble, pair_trouble, same_proportions, stray_halves


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((64, 48), (64, 48), True),
        ((64, 48), (128, 96), True),
        ((1000, 667), (150, 100), True),
        # 17 is 33 / 2, rounded.
        ((50, 33), (25, 17), True),
        ((286, 286), (256, 256), True),
        ((64, 48), (64, 64), False),
        ((64, 48), (48, 64), False),
        ((9, 8), (8, 8), False),
        ((100, 50), (100, 52), False),
    ],
)
def test_proportions(first, second, expected):
    assert same_proportions(first, second) == same_proportions(second, first) == expected


def test_the_reason_names_both_sizes():
    assert pair_trouble([(64, 48), (128, 96)], "B/1.png") is None
    assert pair_trouble([(64, 48), (64, 64)], "B/1.png") == (
        "64 x 48 pixels, but B/1.png has 64 x 64: expected equal proportions, crop or stretch one of them"
    )


def test_halves_need_a_wide_image():
    assert halves_trouble((96, 48)) is halves_trouble((96, 64)) is halves_trouble((128, 48)) is None
    assert halves_trouble((64, 48)) == "64 x 48 pixels, expected two squares side by side"
    assert halves_trouble((48, 96)).endswith("side by side, not one above the other")


def test_other_proportions_are_strays_only_among_many_squares():
    squares = [(96, 48), (97, 48), (200, 100)]
    assert stray_halves(squares) == ({}, [])
    strays, notes = stray_halves([*squares * 3, (128, 48)])
    assert strays == {9: "128 x 48 pixels, expected two squares side by side"}
    assert notes == []
    strays, (note,) = stray_halves([*squares, (128, 48)])
    assert strays == {}
    assert note.startswith("1 of 4 images are not two squares side by side (one has 128 x 48)")
