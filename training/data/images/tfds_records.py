"""Cached images in the format of tensorflow-datasets, which other programs can read as well."""

import contextlib
import io
import logging
import os
import shutil

import numpy as np

NAME, RELEASE = "images", "1.0.0"
# How much the writer of tensorflow-datasets buffers in memory; its default is a gigabyte.
BUFFER_BYTES = 128 * 2**20
# The writer sorts by keys below this, in a thousand buckets.
KEYS = 2**128
# The names that tensorflow-datasets uses.
SPLIT_NAMES = {"train": "train", "held_out": "test"}


class CorruptRecordsError(RuntimeError):
    """Records that differ from what was written. The cache is rebuilt."""


def records_folder(folder):
    """Returns the path of the dataset in a cache folder, for `tfds.builder_from_directory`."""
    return folder / NAME / RELEASE


def write_records(folder, examples, shapes, class_names=None):
    """Writes a dataset of images and preserves their order.

    Args:
        folder: path; the dataset becomes `folder/images/1.0.0`.
        examples: dict of split ("train", "held_out") -> iterable of (PNG content, label or None, file name as bytes);
            an empty split is left out.
        shapes: dict of split -> (num_samples, height, width, channels).
        class_names: list of str, or None where there are no labels.
    """
    import tensorflow_datasets as tfds

    features = {
        "image": tfds.features.Image(shape=tuple(shapes["train"][1:]), dtype=np.uint8, encoding_format="png"),
        "file": tfds.features.Text(),
    }
    if class_names is not None:
        features["label"] = _class_label(class_names)

    def keyed(split, rows):
        # Evenly spread keys preserve the order and fill all buckets; 0, 1, 2 would all be in the first bucket.
        step = KEYS // shapes[split][0]
        for index, (png, label, file) in enumerate(rows):
            example = {"image": io.BytesIO(png), "file": file}
            yield index * step, example if label is None else {**example, "label": int(label)}

    with quiet_tfds(), _small_buffer():
        tfds.dataset_builders.store_as_tfds_dataset(
            name=NAME,
            version=RELEASE,
            data_dir=folder,
            features=tfds.features.FeaturesDict(features),
            split_datasets={SPLIT_NAMES[split]: keyed(split, rows) for split, rows in examples.items()},
            description="Images of a folder, cropped and resized by ganzoo.",
            disable_shuffling=True,
        )
    shutil.rmtree(folder / "downloads", ignore_errors=True)


def read_records(folder, shapes, labeled):
    """Reads a dataset written by `write_records` into memory.

    Args:
        folder: path.
        shapes: dict of split -> (num_samples, height, width, channels), as written.
        labeled: bool.

    Returns:
        (rows, labels): dicts of split -> array; `labels` is None without labels.

    Raises:
        CorruptRecordsError: the files differ from what was written.
    """
    import tensorflow as tf
    import tensorflow_datasets as tfds

    rows, labels = {}, {}
    try:
        with quiet_tfds():
            builder = tfds.builder_from_directory(records_folder(folder))
            for split, shape in shapes.items():
                rows[split] = np.empty(shape, np.uint8)
                labels[split] = np.empty(shape[0], np.int64)
                done = 0
                for batch in _batches(builder, SPLIT_NAMES[split]) if shape[0] else ():
                    end = done + len(batch["image"])
                    rows[split][done:end] = batch["image"]
                    if labeled:
                        labels[split][done:end] = batch["label"]
                    done = end
                if done != shape[0]:
                    raise CorruptRecordsError(f"{done} records of {shape[0]}")
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        raise CorruptRecordsError(str(error)) from error
    return rows, labels if labeled else None


@contextlib.contextmanager
def _small_buffer():
    from tensorflow_datasets.core import shuffle

    previous, shuffle.MAX_MEM_BUFFER_SIZE = shuffle.MAX_MEM_BUFFER_SIZE, BUFFER_BYTES
    try:
        yield
    finally:
        shuffle.MAX_MEM_BUFFER_SIZE = previous


def _batches(builder, split):
    import tensorflow as tf

    options = tf.data.Options()
    # The autotuning thread delays the end of the iterator for seconds.
    options.autotune.enabled = False
    dataset = builder.as_dataset(split=split, batch_size=256, shuffle_files=False)
    return dataset.with_options(options).as_numpy_iterator()


def _class_label(class_names):
    import tensorflow_datasets as tfds

    # tensorflow-datasets stores one name per line in UTF-8. Folder names may contain line breaks and invalid UTF-8.
    cleaned = [" ".join(os.fsencode(name).decode("utf-8", "backslashreplace").split()) for name in class_names]
    if len(set(cleaned)) == len(cleaned) and all(cleaned):
        return tfds.features.ClassLabel(names=cleaned)
    return tfds.features.ClassLabel(num_classes=len(cleaned))


@contextlib.contextmanager
def quiet_tfds():
    """Silences the progress bars and messages of tensorflow-datasets: standard output is reserved for results."""
    from tensorflow_datasets.core.utils import tqdm_utils

    logger = logging.getLogger("absl")
    active, level = tqdm_utils._active, logger.level
    tqdm_utils.display_progress_bar(False)
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
        tqdm_utils.display_progress_bar(active)
