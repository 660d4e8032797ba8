"""Data as users hold them: every form is taken, or refused in one line that names the row and the cure."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import CGAN, GAN
from ganzoo.zoo.pipeline import pixel_checks
from ganzoo.zoo.pipeline.data_kinds import check_kind
from ganzoo.zoo.pipeline.input_pipeline import step_dataset
from ganzoo.zoo.pipeline.label_checks import as_labels
from ganzoo.zoo.pipeline.preprocessor import LabeledImagePreprocessor, Preprocessor, TokenPreprocessor

SHAPE = (8, 8, 1)
LABELS = np.arange(40) % 3


def pictures(low, high, dtype="float32", count=40, shape=SHAPE):
    """Returns random images whose extremes are `low` and `high`."""
    images = np.random.default_rng(0).uniform(low, high, (count, *shape))
    images.flat[:2] = low, high
    return images.astype(dtype)


def refusal(function, *arguments, **options):
    with pytest.raises(ValueError, match="received") as caught:
        function(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def batches(x, y=None, preprocessor=None, value_range=None):
    """Returns the first eleven steps of 4 rows as the model takes them."""
    preprocessor = preprocessor or Preprocessor({"images": SHAPE})
    if value_range is not None:
        preprocessor.declare_range(value_range)
    data = step_dataset(preprocessor, x, y, batch_size=4)
    try:
        # A dataset that ends is destroyed slowly.
        return list(itertools.islice(data.dataset.as_numpy_iterator(), 11))
    except tf.errors.InvalidArgumentError:
        raise data.error from None


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (pictures(0, 1), r"float images in \[0, 1\], .* rescale them with images \* 2 - 1"),
        (pictures(-0.005, 1.004), r"images \* 2 - 1"),
        (pictures(0, 255), r"images / 127.5 - 1"),
        (pictures(-2, 2.6), r"value_range=\(-2, 2.6\)"),
        (pictures(0, 255, "int64"), r"int64 images in \[0, 255\], .* images.astype\('uint8'\)"),
        (pictures(0, 65535, "uint16"), r"value_range=\(0, 65535\)"),
        (pictures(0, 1, "int32"), r"value_range=\(0, 1\)"),
        (pictures(0, 1.99, "uint8"), r"uint8 images in \[0, 1\], .* multiply them by 255"),
        (pictures(-1, 1) > 0, r"bool images in \[0, 1\]"),
        (pictures(-1, 1).astype(str), "pass numbers"),
    ],
)
def test_images_in_another_range_are_refused_with_their_cure(images, message):
    assert refusal(batches, images)
    with pytest.raises(ValueError, match=message):
        batches(images)


@pytest.mark.parametrize(
    "images",
    [
        pictures(-1, 1),
        pictures(0, 255, "uint8"),
        np.zeros((40, *SHAPE), "uint8"),
        np.full((40, *SHAPE), 0.5),
        pictures(-1, 1, "float16"),
        pictures(0.95, 1),
    ],
)
def test_images_in_their_range_are_taken(images):
    assert all(abs(batch["images"]).max() <= 1 for batch in batches(images))


@pytest.mark.parametrize("row", [20, 39])
@pytest.mark.parametrize("kind", ["array", "stream"])
def test_the_row_of_a_bad_value_is_named(row, kind):
    def data(value):
        images = pictures(-1, 1)
        images[row, 3, 3] = value
        return images if kind == "array" else tf.data.Dataset.from_tensor_slices(images).batch(6)

    assert f"NaN or infinite in row {row}, expected finite" in refusal(batches, data(np.nan))
    assert f"NaN or infinite in row {row}, expected finite" in refusal(batches, data(-np.inf))
    assert f"in row {row}, expected [-1, 1]" in refusal(batches, data(3.0))


def test_large_arrays_are_scanned_in_parts(monkeypatch):
    monkeypatch.setattr(pixel_checks, "CHUNK_BYTES", 5 * 64 * 4)
    images = pictures(-1, 1)
    images[[17, 31], 0, 0] = np.nan
    assert "in row 17," in refusal(batches, images)
    assert pixel_checks.extremes(pictures(-1, 1)) == (-1, 1)


@pytest.mark.parametrize("batch", [1, 3, 40])
@pytest.mark.parametrize("rows", [5, 40])
def test_streams_of_images_in_zero_to_one_are_refused(batch, rows):
    dataset = tf.data.Dataset.from_tensor_slices(pictures(0, 1, count=rows)).batch(batch)
    assert "images * 2 - 1" in refusal(batches, dataset)


def test_a_few_bright_images_of_a_stream_are_taken():
    images = pictures(-1, 1)
    images[:3] = abs(images[:3])
    assert len(batches(tf.data.Dataset.from_tensor_slices(images).batch(1))) == 11


@pytest.mark.parametrize(("low", "high", "dtype"), [(0, 1, "float32"), (0, 255, "int64"), (0, 65535, "uint16"),
                                                    (-3, 5, "float64"), (0, 1, "uint8")])  # fmt: skip
def test_a_declared_range_is_mapped_to_minus_one_to_one_and_checked(low, high, dtype):
    images = np.array([low, high] * 20).reshape(-1, 1, 1, 1) * np.ones((1, *SHAPE))
    for data in (images.astype(dtype), tf.data.Dataset.from_tensor_slices(images.astype(dtype)).batch(8)):
        rows = np.concatenate([batch["images"] for batch in batches(data, value_range=(low, high))])
        assert set(np.unique(rows)) == {-1, 1}
        assert "declare their range" in refusal(batches, data, value_range=(low, low + 0.4 * (high - low)))


def test_bright_images_are_taken_when_their_range_is_declared():
    np.testing.assert_allclose(batches(pictures(0, 1), value_range=(-1, 1))[0]["images"].max(), 1, atol=0.1)


@pytest.mark.parametrize("value_range", [(1, 0), 3, (0, np.inf), (0, 1, 2), "ab"])
def test_invalid_ranges_are_refused(value_range):
    assert "value_range: received" in refusal(Preprocessor({"images": SHAPE}).declare_range, value_range)


def test_ranges_of_what_is_no_image_are_refused():
    assert "is not fed images" in refusal(TokenPreprocessor(3, 5, True).declare_range, (0, 1))


@pytest.mark.parametrize(
    ("shape", "cure"),
    [((8, 8), "images[..., np.newaxis]"), ((1, 8, 8), "np.moveaxis(images, 1, -1)"), ((64,), "images.reshape(-1, 8"),
     ((16, 16, 1), "load(images, resolution=8)")],
)  # fmt: skip
def test_other_shapes_name_their_cure(shape, cure):
    images = np.zeros((40, *shape), np.uint8)
    assert cure in refusal(batches, images)
    assert cure in refusal(batches, tf.data.Dataset.from_tensor_slices(images).batch(8))


# Labels.

TAKEN = {
    "column": LABELS[:, np.newaxis],
    "one_hot": np.eye(3)[LABELS],
    "one_hot_int": np.eye(3, dtype=int)[LABELS],
    "float": LABELS.astype("float32"),
    "uint8": LABELS.astype("uint8"),
    "list": LABELS.tolist(),
    "objects": LABELS.astype(object),
    "tensor": tf.constant(LABELS),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_labels_of_every_form_are_taken(kind):
    np.testing.assert_array_equal(as_labels(TAKEN[kind], 3), LABELS)
    images = np.arange(40, dtype=np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, *SHAPE), np.uint8)
    labels = TAKEN[kind]
    sources = [((images, labels), None), (images, labels), ({"image": images, "label": labels}, None)]
    if kind not in ("list", "objects"):
        sources.append((tf.data.Dataset.from_tensor_slices((images, labels)).batch(8), None))
        sources.append((tf.data.Dataset.from_tensor_slices({"image": images, "label": labels}).batch(8), None))
    for x, y in sources:
        batch = batches(x, y, LabeledImagePreprocessor(SHAPE, 3))[0]
        numbers = np.rint((batch["images"][:, 0, 0, 0] + 1) * 127.5).astype(int)
        np.testing.assert_array_equal(batch["labels"], numbers % 3)
        assert batch["labels"].dtype == np.int32


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS + 1, "received 3 in row 2, expected integers from 0 to 2: subtract 1 from all of them"),
        (LABELS - 1, "received -1 in row 0"),
        (LABELS + 0.5, "received 0.5 in row 0"),
        (np.where(np.arange(40) == 7, np.nan, LABELS), "received nan in row 7"),
        (np.where(np.arange(40) == 7, None, LABELS), "received none in row 7"),
        (np.array(["cat", "dog", "owl"])[LABELS], "strings such as 'cat'"),
        (np.full((40, 3), 1 / 3), "row 0, which is not one-hot"),
        (np.eye(5)[LABELS], "rows of 5 numbers, expected 3"),
        (np.zeros((40, 2, 2)), "array of shape (40, 2, 2)"),
        (LABELS * 1j, "values of complex128"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels, message):
    images = np.zeros((40, *SHAPE), np.uint8)
    assert message in refusal(batches, images, labels, LabeledImagePreprocessor(SHAPE, 3))


@pytest.mark.parametrize(("labels", "message"), [(np.where(np.arange(40) == 29, 7, LABELS), "received 7 in row 29"),
                                                 (np.array(["a", "b", "c"])[LABELS], "received strings")])  # fmt: skip
def test_bad_labels_of_a_stream_are_named(labels, message):
    dataset = tf.data.Dataset.from_tensor_slices((np.zeros((40, *SHAPE), np.uint8), labels)).batch(4)
    assert message in refusal(batches, dataset, None, LabeledImagePreprocessor(SHAPE, 3))


def test_tokens_of_a_later_batch_are_checked():
    tokens = np.zeros((40, 3), int)
    tokens[33, 1] = 9
    dataset = tf.data.Dataset.from_tensor_slices(tokens).batch(4)
    assert "in row 33, expected 0 to 4" in refusal(batches, dataset, None, TokenPreprocessor(3, 5, True))


# Kinds of data.


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return np.zeros((2, 2))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (None, "no data"),
        ("digits", "ganzoo.training.load('digits')"),
        ((row for row in LABELS), "an iterator (generator)"),
        (iter([1]), "an iterator"),
        (Sequence(), "from_generator"),
        (tf.data.Dataset.range(3).as_numpy_iterator(), "an iterator"),
        (tf.ragged.constant([[1], [2, 3]]), "to_tensor()"),
        ({"train": tf.data.Dataset.range(3)}, "a dict of datasets ['train'], expected one of them"),
        ((tf.data.Dataset.range(3), "info"), "a tuple of datasets"),
        (((LABELS, LABELS), (LABELS, LABELS)), "a tuple of tuples"),
        (object(), "an object, expected"),
    ],
)
def test_what_is_no_array_is_refused(x, message):
    assert message.replace("an object", "a object") in refusal(check_kind, x)


def test_datasets_of_unknown_shapes_are_refused():
    unknown = tf.data.Dataset.from_generator(lambda: iter([]), output_types=tf.uint8)
    assert "unknown rank" in refusal(batches, unknown.batch(8))
    ragged = tf.data.Dataset.from_tensor_slices(tf.ragged.constant([[1], [2, 3]])).batch(2)
    assert "expected dense tensors" in refusal(batches, ragged)
    unknown_sizes = tf.data.Dataset.from_generator(
        lambda: iter(np.zeros((20, *SHAPE), np.uint8)), output_signature=tf.TensorSpec((None, None, 1), tf.uint8)
    )
    assert batches(unknown_sizes.batch(4))[0]["images"].shape == (4, *SHAPE)


def test_the_error_of_a_stream_ends_fit_in_one_line(tiny):
    images = pictures(-1, 1)
    images[20] = np.nan
    model = tiny(GAN, network="mlp", compiled=False)
    model.compile(run_eagerly=True)
    message = "fit: received samples that are NaN or infinite in row 20, expected finite values"
    assert refusal(model.fit, tf.data.Dataset.from_tensor_slices(images).batch(4), verbose=0) == message
    assert refusal(model.fit, images, verbose=0) == message


@pytest.mark.parametrize("value", [8.0, "8", True, 0, -1, [8], np.float32(8)])
@pytest.mark.parametrize("name", ["batch_size", "epochs", "steps_per_epoch"])
def test_counts_of_fit_are_integers(tiny, name, value):
    message = refusal(tiny(CGAN, "conditional_dcgan", num_classes=3).fit, pictures(-1, 1), LABELS, **{name: value})
    assert message == f"{name}: received {value!r}, expected an integer >= 1"
