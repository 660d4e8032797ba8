"""Sources from `tf.data`: whether elements are rows or batches follows from their shapes or is declared."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.training import load
from ganzoo.training.data.images.from_tf_dataset import is_batched

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
IMAGES.flat[:2] = 0, 255
LABELS = np.arange(40) % 4


def spec(*shape, dtype="float32"):
    return tf.TensorSpec(shape, dtype)


@pytest.mark.parametrize(
    ("images", "labels", "expected"),
    [
        (spec(None, 8, 8, 1), None, True),
        (spec(8, 8, 1), None, False),
        (spec(None, None, 3), None, False),
        (spec(None, 28, 28), None, True),
        (spec(2), None, False),
        (spec(None, 2), None, True),
        (spec(32, 2), None, True),
        (spec(8, 8, dtype="uint8"), None, False),
        (spec(8, 8), spec(), False),
        (spec(None, 8, 8), spec(None), True),
        (spec(None, 784), spec(None), True),
        (spec(28, 28, 1), spec(10), False),
        (spec(None, 28, 28, 1), spec(None, 10), True),
        (spec(16, 16, 16), spec(16), True),
    ],
)
def test_shapes_decide_whether_elements_are_batches(images, labels, expected):
    assert is_batched(images, labels) == expected


@pytest.mark.parametrize("images", [spec(8, 8), spec(None, None), spec(16, 16, 16), spec(None, None, None)])
def test_shapes_that_fit_both_are_refused(images):
    with pytest.raises(ValueError, match="batched=True") as caught:
        is_batched(images)
    assert "\n" not in str(caught.value)


def test_the_reading_is_noted_and_can_be_declared():
    gray = tf.data.Dataset.from_tensor_slices(IMAGES[..., 0] / 127.5 - 1)
    source = load(gray, batched=False)
    assert (len(source), source.shape) == (36, (8, 8, 1))
    assert source.notes == ["the elements of the dataset were read as single rows, (8, 8, 1) each"]
    assert load(gray, batched=True).shape == (8,)
    assert "batches of rows" in load(tf.data.Dataset.from_tensor_slices(IMAGES).batch(7)).notes[0]


@pytest.mark.parametrize("labels", [LABELS, LABELS[:, np.newaxis], np.eye(4)[LABELS], np.array([*"abcd"])[LABELS]],
                         ids=["int64", "column", "one_hot", "strings"])  # fmt: skip
@pytest.mark.parametrize("batch", [None, 7])
def test_labels_of_every_form_are_classes(labels, batch):
    for element in ((IMAGES, labels), {"image": IMAGES, "label": labels, "id": LABELS}):
        dataset = tf.data.Dataset.from_tensor_slices(element)
        source = load(dataset if batch is None else dataset.batch(batch))
        np.testing.assert_array_equal(source.labels, LABELS[np.arange(40) % 10 != 9])


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (tf.data.Dataset.from_tensor_slices(IMAGES / 255).batch(7), "images * 2 - 1"),
        (tf.data.Dataset.from_tensor_slices(IMAGES.astype("int64")), "images.astype('uint8')"),
        (tf.data.Dataset.from_tensor_slices({"photo": IMAGES}), "expected a key 'image'"),
        (tf.data.Dataset.from_tensor_slices(IMAGES).take(0), "no elements"),
        (tf.data.Dataset.from_tensor_slices(tf.ragged.constant([[1], [2, 3]])), "expected dense tensors"),
        (tf.data.Dataset.from_generator(lambda: iter(IMAGES), output_types=tf.uint8), "unknown rank"),
        (
            tf.data.Dataset.from_generator(
                lambda: iter([IMAGES[0], IMAGES[1, :4]]), output_signature=spec(None, None, 1, dtype="uint8")
            ),
            "of the shapes (4, 8, 1), (8, 8, 1), expected one",
        ),
    ],
)
def test_elements_that_cannot_be_used_are_refused(dataset, message):
    with pytest.raises(ValueError, match="received") as caught:
        load(dataset)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
