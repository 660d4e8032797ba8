"""DiffAugment against shifts, colors and squares by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import R1, Augmentation, DiffAugment
from ganzoo.zoo.augmentations.augmentation_specs import read_augmentation
from ganzoo.zoo.augmentations.sampling_grid import inside_square, shift_images, uniform_integers

IMAGES = tf.random.stateless_uniform((4, 6, 5, 3), (0, 0), -1, 1)


def shifted(image, rows, columns):
    """Moves one image by slices."""
    result, (height, width, _) = np.zeros_like(image), image.shape
    target = result[max(rows, 0) : height + min(rows, 0), max(columns, 0) : width + min(columns, 0)]
    target[:] = image[max(-rows, 0) : height - max(rows, 0), max(-columns, 0) : width - max(columns, 0)]
    return result


def test_images_are_moved_by_rows_and_columns():
    rows, columns = tf.constant([0, 2, -1, 5]), tf.constant([0, -3, 1, 4])
    expected = [shifted(*each) for each in zip(IMAGES.numpy(), rows.numpy(), columns.numpy(), strict=True)]
    np.testing.assert_array_equal(shift_images(IMAGES, rows, columns), expected)
    # Farther than the image is large.
    assert not shift_images(IMAGES, rows + 100, columns).numpy().any()


def test_uniform_numbers_become_equally_likely_integers():
    uniforms = tf.constant((np.arange(1000) + 0.5) / 1000, tf.float32)
    values = uniform_integers(uniforms, 5).numpy()
    assert np.bincount(values).tolist() == [200] * 5
    assert uniform_integers(tf.constant([1.0, 2.0**-24]), 5).numpy().tolist() == [0, 4]


def test_the_shift_is_limited_in_each_direction():
    numbers = tf.constant([[1.0, 1.0], [1.0, 1e-6], [1e-6, 0.5], [0.5, 0.5]])
    actual = DiffAugment(shift=2)(IMAGES, numbers).numpy()
    amounts = [(-2, -2), (-2, 2), (2, 0), (0, 0)]
    expected = [shifted(image, *each) for image, each in zip(IMAGES.numpy(), amounts, strict=True)]
    np.testing.assert_array_equal(actual, expected)


def test_colors_are_those_of_the_paper():
    brightness, saturation, contrast = np.array([[0.5, 0.5, 0.5], [1.0, 0.25, 0.75]] * 2).T
    actual = DiffAugment(color=True)(IMAGES, tf.constant(np.stack([brightness, saturation, contrast], 1), tf.float32))
    # One half of each number changes nothing.
    np.testing.assert_allclose(actual[::2], IMAGES[::2], atol=1e-6)
    image = IMAGES.numpy()[1] + 0.5
    gray = image.mean(axis=2, keepdims=True)
    image = gray + 0.5 * (image - gray)
    image = image.mean() + 1.25 * (image - image.mean())
    np.testing.assert_allclose(actual[1], image, atol=1e-5)


def test_a_square_of_half_the_side_is_set_to_zero():
    numbers = tf.constant([[1.0, 1.0], [0.5, 0.5], [1e-6, 1e-6], [1.0, 0.5]])
    mask = (DiffAugment(cutout=0.4)(tf.ones((4, 6, 5, 1)), numbers).numpy() == 0)[..., 0]
    # 0.4 of 5 pixels; the center is any pixel, so that a square may be cut at the border.
    assert mask.sum(axis=(1, 2)).tolist() == [1, 4, 4, 2]
    assert np.argwhere(mask[1]).tolist() == [[2, 1], [2, 2], [3, 1], [3, 2]]
    # The share is one of the shorter side.
    wide = DiffAugment(cutout=0.5)(tf.ones((1, 4, 10, 1)), tf.constant([[0.5, 0.5]])).numpy()
    assert (wide == 0).sum() == 4
    assert inside_square(4, 4, 2, tf.constant([3]), tf.constant([-1])).numpy().sum() == 1


@pytest.mark.parametrize("options", [{"shift": 1}, {"color": True}, {"cutout": 0.5}, {"shift": 2, "color": True}])
def test_a_row_depends_on_its_own_numbers_alone(options):
    augment = DiffAugment(**options)
    numbers = tf.random.stateless_uniform((4, augment.numbers_per_row), (1, 1), 1e-3, 1)
    together = augment(IMAGES, numbers)
    np.testing.assert_array_equal(together, augment(IMAGES, numbers))
    alone = [augment(IMAGES[row : row + 1], numbers[row : row + 1])[0] for row in range(4)]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert (augment(IMAGES, 1.001 - numbers).numpy() != together.numpy()).any()


def test_gradients_move_back():
    upstream, numbers = tf.random.stateless_normal(IMAGES.shape, (2, 2)), tf.constant([[1.0, 1e-6]] * 4)
    with tf.GradientTape() as tape:
        tape.watch(IMAGES)
        total = tf.reduce_sum(upstream * DiffAugment(shift=1)(IMAGES, numbers))
    np.testing.assert_array_equal(tape.gradient(total, IMAGES), [shifted(each, 1, -1) for each in upstream.numpy()])


def test_r1_goes_through_a_shift():
    augment, numbers = DiffAugment(shift=1), tf.constant([[1.0, 0.5]] * 4)
    weights = tf.Variable(tf.random.stateless_normal(IMAGES.shape[1:], (3, 3)))

    def discriminate(samples, draw):
        return tf.reduce_sum(weights * augment(samples, numbers), axis=(1, 2, 3))[:, tf.newaxis]

    with tf.GradientTape() as tape:
        penalty = R1().penalty(discriminate, IMAGES, IMAGES, None)
    # Moved up by a row: the weights of the last row meet the zeros that enter.
    kept = weights.numpy().copy()
    kept[-1] = 0
    assert float(penalty) == pytest.approx(0.5 * np.square(kept).sum(), rel=1e-5)
    np.testing.assert_allclose(tape.gradient(penalty, weights), kept, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_xla_equals_eager_mode_and_types_are_kept(dtype):
    augment = DiffAugment(shift=2, color=True, cutout=0.5)
    numbers = tf.random.stateless_uniform((4, augment.numbers_per_row), (1, 1), 1e-3, 1)
    images = tf.cast(IMAGES, dtype)
    actual = tf.function(augment, jit_compile=True)(images, numbers)
    assert actual.dtype == images.dtype
    tolerance = 1e-5 if dtype == "float32" else 0.03
    expected = augment(IMAGES, numbers)
    np.testing.assert_allclose(tf.cast(actual, tf.float32), expected, atol=tolerance)


def test_specifications_and_files():
    augment = read_augmentation({"name": "diff_augment", "shift": 1, "cutout": 0.25})
    assert augment == DiffAugment(shift=1, cutout=0.25)
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(augment)) == augment
    assert [DiffAugment(**each).numbers_per_row for each in ({"shift": 1}, {"color": True}, {"cutout": 0.1})] == [
        2,
        3,
        2,
    ]
    assert augment.numbers_per_row == 4
    assert Augmentation.numbers_per_row == 0
    assert read_augmentation(None) is None
    for wrong, message in (
        ("diffaugment", "augmentation.name: received 'diffaugment', .*; did you mean 'diff_augment'"),
        ({"name": "diff_augment", "shift": -1}, "augmentation.shift: received -1"),
        ({"name": "diff_augment", "cutout": 1.0}, "augmentation.cutout: received 1.0"),
        ({"name": "diff_augment"}, "DiffAugment: received no augmentation, expected shift, color or cutout"),
        (7, "augmentation: received 7, expected an Augmentation"),
    ):
        with pytest.raises(ValueError, match=message):
            read_augmentation(wrong)
