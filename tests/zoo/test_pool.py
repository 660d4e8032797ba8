"""The pool of past fakes: what a discriminator sees, and what is kept for it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import FakePool


def numbered(first, count, shape=(2,)):
    """Fakes that are known by their number."""
    numbers = np.arange(first, first + count, dtype="float32")
    return tf.constant(np.broadcast_to(numbers.reshape(-1, *[1] * len(shape)), (count, *shape)).copy())


def run(pool, steps, batch, seed=0):
    """Returns the numbers that were shown, step by step."""
    exchange = tf.function(pool.exchange)
    return [
        exchange(numbered(1 + step * batch, batch), tf.constant(seed), tf.constant(0)).numpy()[:, 0]
        for step in range(steps)
    ]


def built(size, salt=0):
    pool = FakePool(size, salt)
    pool.build((None, 2))
    return pool


def test_without_room_the_discriminator_sees_the_current_fakes():
    shown = run(built(0), 3, 4)
    np.testing.assert_array_equal(np.concatenate(shown), np.arange(1, 13))


def test_while_it_fills_every_fake_is_kept_and_shown():
    pool = built(10)
    shown = run(pool, 3, 4)
    np.testing.assert_array_equal(np.concatenate(shown), np.arange(1, 13))
    np.testing.assert_array_equal(pool.fakes.numpy()[0, :, 0], np.arange(1, 11))
    assert int(pool.filled.value) == 10


@pytest.mark.parametrize("batch", [1, 4])
def test_half_of_what_is_shown_is_past_and_nothing_is_shown_twice(batch):
    pool, steps = built(50), 400
    shown = run(pool, steps, batch)
    current = [np.isin(numbers, np.arange(1 + s * batch, 1 + (s + 1) * batch)) for s, numbers in enumerate(shown)]
    full = -(-50 // batch)
    share = 1 - np.mean(np.concatenate(current[full:]))
    # 350 and 1,587 tosses of a coin: three standard deviations.
    assert abs(share - 0.5) < 3 * 0.5 / np.sqrt(len(np.concatenate(current[full:])))
    # What is kept while the pool fills is shown then and may come once more; later each fake is shown at most once.
    numbers, counts = np.unique(np.concatenate(shown), return_counts=True)
    assert counts[numbers > 50].max() == 1
    assert counts.max() <= 2
    kept = pool.fakes.numpy()[0, :, 0]
    assert len(set(kept)) == 50
    # A past fake is on average as many steps old as exchanges pass until its slot is drawn.
    ages = [s * batch + 1 - n for s, row in enumerate(shown) for n in row[~current[s]]]
    assert np.mean(ages) > 50
    assert set(kept) | set(numbers) == set(np.arange(1, 1 + steps * batch))


def test_what_is_drawn_hangs_on_seed_and_salt():
    first, again, other, salted = (
        np.concatenate(run(built(8, salt), 20, 4, seed)) for seed, salt in ((0, 0), (0, 0), (1, 0), (0, 7))
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first != salted).any()


def test_turns_of_one_step_draw_other_slots():
    # Were they named by the step, every second turn would give back what the turn before it had put in.
    pool = built(50)
    shown = run(pool, 200, 4)
    pasts = [(turn, number) for turn, row in enumerate(shown[13:], 13) for number in row if number <= 4 * turn]
    assert np.mean([(number - 1) // 4 == turn - 1 for turn, number in pasts]) < 0.1


def test_a_batch_larger_than_the_pool_is_shown_whole():
    pool = built(3)
    shown = run(pool, 30, 5)
    assert all(len(set(numbers)) == 5 for numbers in shown)
    assert len(set(pool.fakes.numpy()[0, :, 0])) == 3
    # The last two of five never take part.
    np.testing.assert_array_equal(np.stack(shown)[:, 3:], np.arange(1, 151).reshape(30, 5)[:, 3:])


class Holder(keras.Model):
    """A model of one pool, for files."""

    def __init__(self, size):
        super().__init__()
        self.pool = FakePool(size)
        self.pool.build((None, 2))
        self.built = True


def test_replicas_have_pools_of_their_own_and_files_suit_any_number_of_them(two_replicas, tmp_path):
    with two_replicas.scope():
        model = Holder(4)

    @tf.function
    def step(number):
        def replica():
            context = tf.distribute.get_replica_context()
            me = context.replica_id_in_sync_group
            fakes = numbered(0, 2) + tf.cast(100 * me + 10 * number + 1, tf.float32)
            return model.pool.exchange(fakes, tf.constant(0), me)

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
