"""The input pipeline: endless shuffled streams, every kind of data that users have, and data that are refused."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import GAN, WGAN
from ganzoo.zoo.pipeline.array_dataset import ArrayDataset


def numbered(count):
    """Returns images (count, 8, 8, 1) in which every pixel is the number of the image."""
    return np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, 8, 8, 1), np.uint8)


def row_numbers(dataset, batches):
    """Returns the row numbers of the first batches of numbered images."""
    return [batch["images"].numpy().reshape(len(batch["images"]), -1)[:, 0] for batch in dataset.take(batches)]


def test_each_pass_contains_every_row_once_in_another_order():
    batches = np.concatenate(row_numbers(ArrayDataset({"images": numbered(100)}).batches(10, seed=5), 20))
    assert sorted(batches[:100]) == sorted(batches[100:]) == list(range(100))
    assert list(batches[:100]) != list(batches[100:])
    other = np.concatenate(row_numbers(ArrayDataset({"images": numbered(100)}).batches(10, seed=6), 10))
    assert list(other) != list(batches[:100])


@pytest.mark.parametrize("start", [1, 7, 13, 30])
def test_a_stream_can_start_at_any_batch(start):
    """With 70 rows in batches of 16, batches span passes, and the first batch lies within a pass."""
    rows = ArrayDataset({"images": numbered(70)})
    complete = row_numbers(rows.batches(16, seed=1), start + 6)
    resumed = row_numbers(rows.batches(16, seed=1, start_step=start), 6)
    np.testing.assert_array_equal(complete[start:], resumed)


def test_uint8_images_become_floats_in_minus_one_to_one(tiny):
    pixels = np.array([0, 255] * 32, np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, 8, 8, 1), np.uint8)
    batch = next(iter(tiny(GAN).make_step_dataset(pixels, None, 32)[0]))["images"].numpy()
    assert batch.dtype == np.float32
    assert set(np.unique(batch)) == {-1.0, 1.0}


@pytest.mark.parametrize("kind", ["array", "tuple", "dict", "dataset", "dataset_dict", "labeled_array"])
def test_every_kind_of_data_is_accepted_and_reduced_to_the_inputs_of_the_model(tiny, kind):
    images, labels = numbered(70), np.zeros(70, np.int32)
    x = {
        "array": images,
        "tuple": (images, labels),
        "dict": {"image": images, "label": labels},
        "dataset": tf.data.Dataset.from_tensor_slices((images, labels)).batch(32),
        "dataset_dict": tf.data.Dataset.from_tensor_slices({"image": images, "label": labels}).batch(32),
        "labeled_array": images,
    }[kind]
    y = labels if kind == "labeled_array" else None
    dataset, steps = tiny(GAN).make_step_dataset(x, y, 32)
    batch = next(iter(dataset))
    assert list(batch) == ["images"]
    assert batch["images"].shape == (32, 8, 8, 1)
    assert dataset.element_spec["images"].shape == (32, 8, 8, 1)
    assert steps == 70 // 32


def test_batches_of_a_dataset_are_regrouped_for_several_discriminator_updates(tiny):
    dataset = tf.data.Dataset.from_tensor_slices(numbered(100)).batch(10)
    prepared, steps = tiny(WGAN, n_critic=5).make_step_dataset(dataset)
    assert steps == 2
    first = next(iter(prepared))["images"].numpy()[:, 0, 0, 0]
    np.testing.assert_allclose(first, np.arange(50) * 2 / 255 - 1, atol=1e-6)


@pytest.mark.parametrize("cls", [GAN, WGAN])
def test_models_train_with_an_uneven_last_batch(tiny, cls):
    model = tiny(cls, **({"n_critic": 2} if cls is WGAN else {}))
    history = model.fit(numbered(70), batch_size=32, epochs=2, verbose=0).history
    assert np.isfinite(history["g_loss"]).all()
    dataset = tf.data.Dataset.from_tensor_slices(numbered(70)).batch(32)
    assert np.isfinite(model.fit(dataset, epochs=2, verbose=0).history["g_loss"]).all()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((20, 8, 8, 3), np.uint8), r"shape \(8, 8, 3\), expected \(8, 8, 1\)"),
        (np.full((20, 8, 8, 1), 200.0, "float32"), r"float images in \[200, 200\], expected \[-1, 1\]"),
        (np.full((20, 8, 8, 1), np.nan, "float32"), "NaN or infinite"),
        (np.zeros((5, 8, 8, 1), np.uint8), "received 8 for 5 rows, expected at most 5"),
        (None, "received no data"),
        ({"pictures": np.zeros((20, 8, 8, 1), np.uint8)}, "received no images but"),
        (tf.data.Dataset.from_tensor_slices(np.zeros((20, 8, 8, 1), np.uint8)), "expected batches"),
    ],
)
def test_data_that_do_not_fit_the_model_are_refused_in_one_line(tiny, x, message):
    with pytest.raises(ValueError, match=message) as caught:
        tiny(GAN).fit(x, batch_size=8, verbose=0)
    assert "\n" not in str(caught.value)


def test_unsupported_options_of_fit_are_refused(tiny):
    with pytest.raises(ValueError, match="sample_weight"):
        tiny(GAN).fit(numbered(20), batch_size=8, sample_weight=np.ones(20))
