"""Sources from arrays: ranges, shapes and labels in every form that users hold."""

import numpy as np
import pytest
from ganzoo.training import load

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
IMAGES.flat[:2] = 0, 255
LABELS = np.arange(40) % 4


def refusal(*arguments, **options):
    with pytest.raises(ValueError, match="received|unknown") as caught:
        load(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rows(source):
    """Returns training and held-out rows in their original order: every tenth was held out."""
    result = np.empty((40, *source.shape), source.samples.dtype)
    result[np.arange(40) % 10 != 9], result[9::10] = source.samples, source.held_out
    return result


def labels_of(source):
    return np.insert(source.labels, [9, 18, 27, 36], source.held_out_labels)


@pytest.mark.parametrize(
    ("images", "value_range"),
    [(IMAGES, None), (IMAGES / 127.5 - 1, None), (IMAGES / 255, (0, 1)), (IMAGES.astype("float32"), (0, 255)),
     (IMAGES.astype("int64"), (0, 255)), (IMAGES.astype("uint16") * 257, (0, 65535)), (list(IMAGES), None)],
)  # fmt: skip
def test_images_of_a_known_range_become_bytes(images, value_range):
    np.testing.assert_array_equal(rows(load(images, value_range=value_range)), IMAGES)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES / 255, "rescale them with images * 2 - 1"),
        (IMAGES.astype("int64"), "images.astype('uint8')"),
        (IMAGES > 99, "bool images"),
        (np.where(np.arange(40)[:, None, None, None] == 20, np.nan, IMAGES / 127.5 - 1), "NaN or infinite in row 20"),
        (np.zeros((40, 3, 8, 8), np.uint8), "np.moveaxis(images, 1, -1)"),
        (np.zeros((8, 8, 3), np.uint8), "images[np.newaxis]"),
        (np.zeros((40, 784), np.uint8), "reshape images"),
        (np.full((40, 2), np.nan), "in row 0"),
        ([IMAGES[0], IMAGES[1][:4]], "rows of different shapes"),
        (((IMAGES, LABELS), (IMAGES, LABELS)), "a tuple of tuples"),
        ((row for row in IMAGES), "an iterator"),
        (None, "no data"),
    ],
)
def test_images_that_cannot_be_used_name_their_cure(images, message):
    assert message in refusal(images)


@pytest.mark.parametrize(
    "labels",
    [LABELS[:, np.newaxis], np.eye(4)[LABELS], LABELS * 1.0, LABELS.tolist(), LABELS.astype(object)],
    ids=["column", "one_hot", "float", "list", "objects"],
)
def test_labels_of_every_form_are_classes(labels):
    source = load(IMAGES, labels=labels)
    np.testing.assert_array_equal(labels_of(source), LABELS)
    assert (source.class_names, source.notes) == (["0", "1", "2", "3"], [])
    np.testing.assert_array_equal(labels_of(load((IMAGES, labels))), LABELS)
    np.testing.assert_array_equal(labels_of(load({"image": IMAGES, "label": labels})), LABELS)


def test_strings_become_class_names():
    names = np.array(["owl", "cat", "dog", "bee"])[LABELS]
    source = load(IMAGES, labels=names)
    assert source.class_names == ["bee", "cat", "dog", "owl"]
    assert [source.class_names[label] for label in labels_of(source)] == list(names)
    ordered = load(IMAGES, labels=names.astype(object), class_names=["owl", "cat", "dog", "bee"])
    np.testing.assert_array_equal(labels_of(ordered), LABELS)
    assert "received 'bee', expected one of" in refusal(IMAGES, labels=names, class_names=["owl", "cat", "dog"])


def test_labels_from_one_on_and_classes_without_rows_are_noted():
    source = load(IMAGES, labels=LABELS + 1)
    np.testing.assert_array_equal(labels_of(source), LABELS)
    assert source.class_names == ["1", "2", "3", "4"]
    assert source.notes == ["labels 1 to 4 became the classes 0 to 3; their names are the labels"]
    gaps = load(IMAGES, labels=LABELS * 2)
    assert gaps.notes == ["3 of 7 classes have no rows and cannot be learned: 1, 3, 5"]
    assert load(IMAGES, labels=LABELS, class_names=[*"abcde"]).notes[0].endswith("learned: 4")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": LABELS + 1, "class_names": [*"abcd"]}, "pass labels - 1"),
        ({"labels": LABELS - 1}, "received -1 in row 0"),
        ({"labels": [None, *LABELS[1:]]}, "received none in row 0"),
        ({"labels": LABELS + 10**9}, "np.unique"),
        ({"lables": LABELS}, "did you mean 'labels'?"),
        ({"value_range": (1, 0)}, "value_range: received (1, 0)"),
        ({"value_range": (0, 100)}, "expected finite values in [0, 100]"),
        ({"resolution": 16.0}, "data.resolution: received 16.0"),
        ({"resolution": "16"}, "data.resolution: received '16'"),
        ({"resolution": True}, "data.resolution: received True"),
    ],
)
def test_options_are_checked(options, message):
    assert message in refusal(IMAGES, **options)


def test_a_source_is_not_loaded_again():
    assert "it is a source already" in refusal(load(IMAGES))
