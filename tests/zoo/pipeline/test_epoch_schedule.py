"""Epochs of `fit`: one pass over the data each, whatever the kind, length and batches of the data."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import GAN
from ganzoo.zoo.pipeline.epoch_schedule import EpochSchedule
from ganzoo.zoo.pipeline.input_pipeline import step_dataset
from ganzoo.zoo.pipeline.preprocessor import Preprocessor


def numbered(count):
    """Returns one-pixel images (count, 1) whose value is their number."""
    return np.arange(count, dtype=np.float32).reshape(-1, 1)


def generator_of(count):
    spec = tf.TensorSpec((1,), tf.float32)
    return tf.data.Dataset.from_generator(lambda: iter(numbered(count)), output_signature=spec)


def epochs_of(x, batch_size, count, n_critic=1, steps_per_execution=1, steps_per_epoch=None):
    """Returns the rows of each step of each epoch, as Keras would take them."""
    data = step_dataset(Preprocessor({"images": (1,)}), x, None, batch_size, n_critic)
    keras_iterator = types.SimpleNamespace(
        steps_per_epoch=steps_per_epoch or data.steps,
        steps_per_execution=steps_per_execution,
        _get_iterator=lambda: data.dataset,
    )
    schedule, epochs = EpochSchedule(keras_iterator, data, types.SimpleNamespace(steps_done=0)), []
    for _ in range(count):
        epochs.append([])
        for first, last, batches in schedule.executions():
            assert first == len(epochs[-1])
            for _, batch in zip(range(steps_per_execution), batches, strict=False):
                epochs[-1].append(batch["images"].numpy()[:, 0].astype(int).tolist())
            assert last + 1 == len(epochs[-1])
    return epochs


KINDS = {
    "array": lambda rows: numbered(rows),
    "filter": lambda rows: generator_of(rows + 5).filter(lambda x: x[0] < rows).batch(4),
    "filter_of_batches": lambda rows: generator_of(rows).batch(7).filter(lambda x: True),
    "generator": lambda rows: generator_of(rows).batch(3),
    "remainder": lambda rows: tf.data.Dataset.from_tensor_slices(numbered(rows)).batch(16),
    "remainder_mapped": lambda rows: tf.data.Dataset.from_tensor_slices(numbered(rows)).batch(16).map(lambda x: x),
    "flat_map": lambda rows: tf.data.Dataset.from_tensors(numbered(rows)).flat_map(
        tf.data.Dataset.from_tensor_slices
    ).batch(5),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("steps_per_execution", "n_critic"), [(1, 1), (3, 1), (2, 2)])
def test_an_epoch_has_the_updates_of_one_pass_and_leftover_rows_enter_the_next(kind, steps_per_execution, n_critic):
    """With 22 rows, steps of 4 take 5 per epoch and leave 2 rows; after two epochs 4 rows of the second pass remain."""
    epochs = epochs_of(KINDS[kind](22), 4 // n_critic, 3, n_critic, steps_per_execution)
    assert [len(epoch) for epoch in epochs] == [22 // 4] * 3
    rows = np.concatenate([np.concatenate(epoch) for epoch in epochs])
    assert sorted(rows[:22]) == sorted(rows[22:44]) == list(range(22))


def test_a_pass_of_fewer_rows_than_a_step_is_one_update():
    epochs = epochs_of(generator_of(6).batch(2), 5, 2, n_critic=2)
    assert epochs == [[[0, 1, 2, 3, 4, 5, 0, 1, 2, 3]], [[4, 5, 0, 1, 2, 3, 4, 5, 0, 1]]]


def test_exact_multiples_leave_nothing():
    epochs = epochs_of(generator_of(8).batch(3), 4, 2)
    assert epochs == [[[0, 1, 2, 3], [4, 5, 6, 7]]] * 2


def test_explicit_steps_need_not_be_a_pass():
    assert epochs_of(generator_of(6).batch(2), 2, 2, steps_per_epoch=2) == [[[0, 1], [2, 3]], [[4, 5], [0, 1]]]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (generator_of(3).batch(3), "received 4 for 3 rows, expected at most 3"),
        (numbered(3), "received 4 for 3 rows, expected at most 3"),
        (generator_of(0).batch(3), "received 4 for 0 rows"),
    ],
)
def test_fewer_rows_than_an_update_takes_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        epochs_of(x, 4, 1)


def test_data_that_can_be_read_once_train_one_epoch():
    rows = iter(numbered(9))
    dataset = tf.data.Dataset.from_generator(lambda: rows, output_signature=tf.TensorSpec((1,), tf.float32)).batch(3)
    assert epochs_of(dataset, 4, 1) == [[[0, 1, 2, 3], [4, 5, 6, 7]]]
    rows = iter(numbered(9))
    with pytest.raises(ValueError, match="no rows in its second pass"):
        epochs_of(dataset, 4, 2)


class EpochLengths(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.lengths = []

    def on_epoch_begin(self, epoch, logs=None):
        self.batches = []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append(batch)

    def on_epoch_end(self, epoch, logs=None):
        self.lengths.append((epoch, self.batches[-1] + 1))


@pytest.fixture
def model():
    """A model whose steps run without compilation."""
    model = GAN.create((1,), {"network": "mlp", "width": 2}, {"network": "mlp", "width": 2}, latent_dim=1)
    model.compile(run_eagerly=True)
    return model


def test_fit_counts_epochs_from_the_initial_one_and_continues_its_count_of_updates(model):
    lengths = EpochLengths()
    dataset = generator_of(10).batch(3)
    model.fit(dataset, batch_size=4, epochs=3, initial_epoch=1, verbose=0, callbacks=[lengths])
    assert lengths.lengths == [(1, 2), (2, 2)]
    assert model.steps_done == 4
    model.fit(numbered(9), batch_size=4, verbose=0)
    assert model.steps_done == 6


def test_the_progress_bar_knows_the_length_of_the_second_epoch(model, capsys):
    model.fit(generator_of(6).batch(3), batch_size=2, epochs=2, verbose=2)
    assert capsys.readouterr().out.count("3/3 -") == 2


def test_endless_data_need_steps(model):
    endless = generator_of(5).batch(5).repeat()
    with pytest.raises(ValueError, match="^steps_per_epoch: received none with endless data") as caught:
        model.fit(tf.data.Dataset.from_tensors(numbered(4)).repeat(), verbose=0)
    assert "\n" not in str(caught.value)
    model.fit(endless, batch_size=2, steps_per_epoch=3, verbose=0)
    assert model.steps_done == 3


@pytest.mark.thorough
def test_several_replicas_count_the_same_rows(two_replicas):
    with two_replicas.scope():
        model = GAN.create((1,), {"network": "mlp", "width": 2}, {"network": "mlp", "width": 2}, latent_dim=1)
        model.compile()
    lengths = EpochLengths()
    model.fit(generator_of(22).batch(5), batch_size=4, epochs=2, verbose=0, callbacks=[lengths])
    assert lengths.lengths == [(0, 5), (1, 5)]
