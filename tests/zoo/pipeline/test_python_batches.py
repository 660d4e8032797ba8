"""Batches of a `PyDataset` and of iterators."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.pipeline.input_pipeline import step_dataset
from ganzoo.zoo.pipeline.preprocessor import LabeledImagePreprocessor, Preprocessor
from ganzoo.zoo.pipeline.python_batches import from_python, is_python_batches


def rows(start, stop):
    return (np.arange(start, stop, dtype="float32").reshape(-1, 1, 1, 1) - 8) / 8


class Batches(keras.utils.PyDataset):
    """Three batches of rows 0 to 10, of 4, 4 and 3 rows."""

    ends = 0

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return rows(4 * index, min(11, 4 * index + 4)), None

    def on_epoch_end(self):
        self.ends += 1


def read(dataset):
    return [np.asarray(batch)[:, 0, 0, 0].tolist() for batch in dataset]


@pytest.mark.parametrize("options", [{}, {"workers": 3, "max_queue_size": 1}, {"workers": 2, "max_queue_size": 10}])
def test_batches_come_in_the_order_of_their_numbers(options):
    source = Batches(**options)
    dataset, num_rows, is_read_once = from_python(source)
    assert (num_rows, is_read_once, int(dataset.cardinality())) == (4, False, 3)
    for passes in (1, 2):
        assert read(dataset) == [
            rows(0, 4).flatten().tolist(),
            rows(4, 8).flatten().tolist(),
            rows(8, 11).flatten().tolist(),
        ]
        assert source.ends == passes


def test_a_pass_has_as_many_steps_as_its_rows_fill():
    data = step_dataset(Preprocessor({"images": (1, 1, 1)}), Batches())
    # The first batch sets the size of the others; the 3 rows left over begin the next pass.
    batches = [batch["images"].numpy().flatten() for batch in data.dataset.take(3)]
    np.testing.assert_array_equal(np.concatenate(batches), np.concatenate([rows(0, 11), rows(0, 1)]).flatten())


def test_an_iterator_is_read_once_and_loses_nothing():
    batches = (rows(4 * number, 4 * number + 4) for number in range(3))
    assert is_python_batches(batches)
    data = step_dataset(Preprocessor({"images": (1, 1, 1)}), batches)
    assert data.is_endless
    read_rows = np.concatenate([batch["images"].numpy().flatten() for batch in data.dataset])
    np.testing.assert_array_equal(read_rows, rows(0, 12).flatten())


def test_tuples_carry_labels():
    batches = iter([(rows(0, 4), np.array([0, 1, 1, 0]))])
    (batch,) = step_dataset(LabeledImagePreprocessor((1, 1, 1), 2), batches).dataset
    np.testing.assert_array_equal(batch["labels"], [0, 1, 1, 0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: iter([]), "fit: received an iterator without batches"),
        (lambda: Batches(use_multiprocessing=True, workers=2), "use_multiprocessing: received True of a Batches"),
        (lambda: type("Empty", (Batches,), {"__len__": lambda self: 0})(), "fit: received a Empty without batches"),
    ],
)
def test_what_cannot_be_read_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        from_python(make())


def test_labels_next_to_batches_are_refused():
    with pytest.raises(ValueError, match="y: received labels next to a Batches"):
        step_dataset(Preprocessor({"images": (1, 1, 1)}), Batches(), y=np.zeros(4))


def test_an_endless_dataset_has_an_endless_cardinality():
    endless = type("Endless", (Batches,), {"num_batches": property(lambda self: None)})()
    assert int(from_python(endless)[0].cardinality()) == tf.data.INFINITE_CARDINALITY
