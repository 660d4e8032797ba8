"""What a data source offers to training, evaluation and export."""

from typing import Literal, Protocol

Family = Literal["image", "translation", "text"]


class DataSource(Protocol):
    """Data that are loaded, split and ready for training.

    When to use it: to write a source of your own. `model.fit`, the evaluators and the exporters use these members and
    nothing else to tell one source from another; a family's evaluator may use further members of its own sources.

    Attributes:
        name: str, how the source was called, such as "digits" or "folder:photos".
        family: "image" (images or points), "translation" (images of two domains) or "text" (token sequences).
        shape: tuple of int, one sample without the batch axis.
        samples: array, the training rows.
        held_out: array, rows that are never trained on. The split is fixed.
        labels: int32 array (num_samples,) of the training rows, or None.
        class_names: list of str, or None without labels.
        captions: object array (num_samples, captions) of str of the training rows, or None. A source may
            also have a `tokenizer`, the `Tokenizer` that splits them into words.
        notes: list of str, what the user should know about how the data were read.
        fingerprint: str, a hash of all rows: equal for equal data, whatever their origin.
    """

    name: str
    family: Family
    shape: tuple[int, ...]
    samples: object
    held_out: object
    labels: object
    class_names: list[str] | None
    captions: object
    notes: list[str]
    fingerprint: str

    def __len__(self) -> int:
        """Returns the number of training rows."""

    def batches(self, batch_size: int, seed: int, start_step: int = 0):
        """Returns an endless, shuffled `tf.data.Dataset` of dicts of batches.

        Args:
            batch_size: int >= 1, rows of a batch.
            seed: int >= 0; together with the pass over the data it determines the order.
            start_step: int >= 0, the number of the first batch, so that a resumed run continues where it stopped.
        """

    def describe(self) -> dict:
        """Returns what `ganzoo data` prints: a dict that JSON can hold."""
