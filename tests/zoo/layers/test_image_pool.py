"""The pool of past fakes: the images that it returns and those that it stores."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import ImagePool


def numbered(first, count, shape=(2,)):
    """Fakes that are identified by their number."""
    numbers = np.arange(first, first + count, dtype="float32")
    return tf.constant(np.broadcast_to(numbers.reshape(-1, *[1] * len(shape)), (count, *shape)).copy())


def run(pool, steps, batch, seed=0):
    """Returns the numbers that the pool returned, step by step."""
    query = tf.function(pool.query)
    return [
        query(numbered(1 + step * batch, batch), tf.constant(seed), tf.constant(0)).numpy()[:, 0]
        for step in range(steps)
    ]


def built(size, salt=0):
    pool = ImagePool(size, salt)
    pool.build((None, 2))
    return pool


def test_a_pool_of_size_0_returns_the_current_fakes():
    returned = run(built(0), 3, 4)
    np.testing.assert_array_equal(np.concatenate(returned), np.arange(1, 13))


def test_while_it_fills_every_fake_is_stored_and_returned():
    pool = built(10)
    returned = run(pool, 3, 4)
    np.testing.assert_array_equal(np.concatenate(returned), np.arange(1, 13))
    np.testing.assert_array_equal(pool.fakes.numpy()[0, :, 0], np.arange(1, 11))
    assert int(pool.filled.value) == 10


@pytest.mark.parametrize("batch", [1, 4])
def test_half_of_the_returned_fakes_are_past_ones_and_none_is_returned_twice(batch):
    pool, steps = built(50), 400
    returned = run(pool, steps, batch)
    current = [np.isin(numbers, np.arange(1 + s * batch, 1 + (s + 1) * batch)) for s, numbers in enumerate(returned)]
    full = -(-50 // batch)
    share = 1 - np.mean(np.concatenate(current[full:]))
    # 350 and 1,587 coin flips: three standard deviations.
    assert abs(share - 0.5) < 3 * 0.5 / np.sqrt(len(np.concatenate(current[full:])))
    # Fakes stored while the pool fills are returned then and may be returned once more; later ones at most once.
    numbers, counts = np.unique(np.concatenate(returned), return_counts=True)
    assert counts[numbers > 50].max() == 1
    assert counts.max() <= 2
    stored = pool.fakes.numpy()[0, :, 0]
    assert len(set(stored)) == 50
    # The mean age of a past fake is the mean number of swaps until its slot is sampled.
    ages = [s * batch + 1 - n for s, row in enumerate(returned) for n in row[~current[s]]]
    assert np.mean(ages) > 50
    assert set(stored) | set(numbers) == set(np.arange(1, 1 + steps * batch))


def test_randomness_depends_on_seed_and_salt():
    first, again, other, salted = (
        np.concatenate(run(built(8, salt), 20, 4, seed)) for seed, salt in ((0, 0), (0, 0), (1, 0), (0, 7))
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first != salted).any()


def test_discriminator_updates_of_one_step_use_different_slots():
    # If slots depended on the step only, every second update would return what the previous one had stored.
    pool = built(50)
    returned = run(pool, 200, 4)
    pasts = [(update, number) for update, row in enumerate(returned[13:], 13) for number in row if number <= 4 * update]
    assert np.mean([(number - 1) // 4 == update - 1 for update, number in pasts]) < 0.1


def test_a_batch_larger_than_the_pool_is_returned_completely():
    pool = built(3)
    returned = run(pool, 30, 5)
    assert all(len(set(numbers)) == 5 for numbers in returned)
    assert len(set(pool.fakes.numpy()[0, :, 0])) == 3
    # The last two of five are never stored.
    np.testing.assert_array_equal(np.stack(returned)[:, 3:], np.arange(1, 151).reshape(30, 5)[:, 3:])


class Holder(keras.Model):
    """A model with one pool, for saving."""

    def __init__(self, size):
        super().__init__()
        self.pool = ImagePool(size)
        self.pool.build((None, 2))
        self.built = True


def test_each_replica_has_its_own_pool_and_files_load_on_any_number_of_replicas(two_replicas, tmp_path):
    with two_replicas.scope():
        model = Holder(4)

    @tf.function
    def step(number):
        def replica():
            context = tf.distribute.get_replica_context()
            replica_id = context.replica_id_in_sync_group
            fakes = numbered(0, 2) + tf.cast(100 * replica_id + 10 * number + 1, tf.float32)
            return model.pool.query(fakes, tf.constant(0), replica_id)

        return two_replicas.run(replica)

    for number in range(2):
        step(tf.constant(number))
    expected = [[1, 2, 11, 12], [101, 102, 111, 112]]
    np.testing.assert_array_equal(model.pool.fakes.numpy()[:, :, 0], expected)
    model.save_weights(tmp_path / "two.weights.h5")
    one = Holder(4)
    one.load_weights(tmp_path / "two.weights.h5")
    np.testing.assert_array_equal(one.pool.fakes.numpy()[:, :, 0], expected[:1])
    assert int(one.pool.filled.value) == 4
    one.save_weights(tmp_path / "one.weights.h5")
    model.load_weights(tmp_path / "one.weights.h5")
    np.testing.assert_array_equal(model.pool.fakes.numpy()[:, :, 0], [expected[0], expected[0]])
