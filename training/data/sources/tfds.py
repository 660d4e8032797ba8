"""Datasets of tensorflow-datasets, of images or of texts."""

import contextlib
import json
import os
from pathlib import Path

import numpy as np
from PIL import __version__ as pillow

from ....zoo.core.cache import building, cache_entry, digest, read_manifest
from ....zoo.core.progress import track_progress
from ....zoo.networks.resolutions import DATA
from ....zoo.registry import nearest
from ..data_error import DataError
from ..images.class_folders import tenth_split
from ..images.decode_pool import decode_all
from ..images.high_precision import ValueRange, read_alike
from ..images.row_store import (
    FORMAT,
    RESIDENT_BYTES,
    SPLITS,
    RowWriter,
    fingerprint_rows,
    open_rows,
    report,
    rows_source,
)
from ..images.tfds_records import quiet_tfds
from ..path_arguments import source_path
from ..text_source import from_texts
from ..texts.text_checks import make_tokenizer, with_tokenizer
from ..tfds_download import fetch, in_one_line
from ..tfds_features import choose_fields, choose_text, label_arrays, label_notes, read_texts
from ..tfds_splits import choose_splits
from .captions import caption_table

# The labels and captions of the images in a cache.
ANNOTATIONS = "annotations.json"


def load_tfds(
    argument, resolution=None, split="train", held_out_split=None, data_dir=None, image_key=None, label_key=None,
    caption_key=None, cache_dir=None, text_key=None, length=None, max_words=None, unit=None, keep_case=None,
    keep_punctuation=None,
):  # fmt: skip
    """Loads a dataset of tensorflow-datasets. Datasets that are already prepared on the disk never use the network.

    Images are cropped to the largest central square and resized with antialiasing. Unreadable images are skipped and
    counted in `facts["skipped"]`. Datasets without images, and datasets with `text_key`, are read as texts, in the same
    way as `lines:`.

    Args:
        argument: str, the dataset: NAME or NAME/CONFIG, with or without :VERSION.
        resolution: int or None for the dataset's own, if all images are squares of one size from 8 to 128.
        split: str, the rows to train on, in the syntax of tensorflow-datasets, such as "train[:10%]". Default "train".
        held_out_split: str, or None for "test" or else "validation" if the dataset has one, and every tenth row of
            `split` otherwise.
        data_dir: str or None for the environment's `TFDS_DATA_DIR`, else `~/tensorflow_datasets`.
        image_key: str or None for the first feature that is an image.
        label_key: str or None for the first feature that is a class label; no labels if there is none.
        caption_key: str or None for the first text named caption, captions, text or description; no captions if there
            is none. A sequence of texts, or of records with a `text`, yields several captions per image.
        cache_dir: str or None, as for `folder:`. Only sets of more than 256 MB once decoded are cached.
        text_key: str, the text to read instead of images; or None to read images if the dataset has any, and otherwise
            the first text, preferably with a name as for `caption_key`. Each text of a sequence becomes a row.
        length, max_words: for texts, as for `lines:`.
        unit, keep_case, keep_punctuation: for texts and captions, as for `lines:`.

    Returns:
        An `ImageSource` or a `TextSource`.

    Raises:
        DataError: no such dataset, split or feature, or data that are neither on the disk nor downloadable. Without a
            network all errors are raised within seconds.

    Example:

    >>> load_tfds("mnist", resolution=32)  # doctest: +SKIP
    ImageSource('tfds:mnist', 60000 + 10000 held out, (32, 32, 1), 10 classes)
    """
    name = f"tfds:{argument}"
    builder = _prepared_builder(name, argument, data_dir)
    features = builder.info.features
    text = choose_text(name, features, text_key)
    image_options = {
        "resolution": resolution, "image_key": image_key, "label_key": label_key, "caption_key": caption_key,
        "cache_dir": cache_dir,
    }  # fmt: skip
    text_options = {"length": length, "max_words": max_words}
    token_options = {"unit": unit, "keep_case": keep_case, "keep_punctuation": keep_punctuation}
    _check_unset(image_options if text else text_options, name, "texts" if text else "images")
    splits = choose_splits(name, builder.info.splits, split, held_out_split)
    if text:
        texts = {split: _texts(builder, part, text) for split, part in splits.items()}
        return from_texts(name, texts["train"], texts.get("held_out"), length, max_words, **token_options)
    keys = choose_fields(name, features, image_key, label_key, caption_key)
    _check_unset({} if keys.caption else token_options, name, "images without captions")
    resolution = resolution or _own_resolution(name, features[keys.image])
    shape = (resolution, resolution, 1 if features[keys.image].shape[-1] == 1 else 3)

    def images(values):
        return _images(builder, splits, keys, shape, values)

    count = sum(builder.info.splits[part].num_examples for part in splits.values())
    if count * np.prod(shape) <= RESIDENT_BYTES:
        rows, annotations, manifest = _in_memory(images, shape)
    else:
        settings = [shape, splits, *keys]
        entry = cache_entry(cache_dir, "tfds", argument, str(builder.data_dir), settings)
        inputs = digest(FORMAT, (Path(builder.data_dir) / "dataset_info.json").read_bytes(), settings, pillow)
        rows, annotations, manifest = _on_disk(entry, inputs, images, shape, bool(keys.label))
    skipped = [f"{manifest['skipped']} images could not be read and were skipped"] if manifest["skipped"] else []
    notes = skipped + manifest["notes"] + (label_notes(keys.label, annotations) if keys.label else [])
    report(name, notes)
    source = rows_source(
        name,
        rows,
        label_arrays(annotations) if keys.label else None,
        manifest.get("fingerprint"),
        notes,
        class_names=getattr(features[keys.label], "names", None) if keys.label else None,
        facts={"skipped": manifest["skipped"]},
        **(_captions(name, annotations, keys.caption) if keys.caption else {}),
    )
    if keys.caption:
        source.fingerprint = digest(source.fingerprint, [source.captions.tolist(), source.held_out_captions.tolist()])
        return with_tokenizer(source, make_tokenizer(**token_options))
    return source


def _check_unset(options, name, content):
    """Raises an error for options that do not apply to what is read."""
    for option, value in options.items():
        if value is not None:
            raise DataError(f"data.{option}: received {value!r} with {name}, expected none: {content} are read from it")


def _prepared_builder(name, argument, data_dir):
    """Returns a builder whose data are on the disk, after a download if necessary."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core import naming, read_only_builder

    # tensorflow-datasets takes the ~ of the variable literally.
    data_dir = data_dir or os.environ.get("TFDS_DATA_DIR")
    data_dir = source_path("data.data_dir", data_dir) if data_dir else None
    try:
        namespace = naming.parse_builder_name_kwargs(argument)[0].namespace
    except ValueError:
        namespace = argument
    if not argument or namespace:
        raise DataError(f"data.source: received {name!r}, expected tfds:NAME, tfds:NAME/CONFIG or tfds:NAME:VERSION")
    with quiet_tfds():
        # Prepared data take precedence, whatever their version and whether or not tensorflow-datasets has their code.
        with contextlib.suppress(tfds.core.DatasetNotFoundError, AssertionError, ValueError):
            return read_only_builder.builder_from_files(argument, data_dir=data_dir)
        try:
            builder = tfds.builder(argument, data_dir=data_dir, try_gcs=False)
        except tfds.core.DatasetNotFoundError:
            names = tfds.list_builders(with_community_datasets=False)
            raise DataError(
                f"data.source: received {name!r}, which tensorflow-datasets {tfds.__version__} does not have, expected "
                f"one of its {len(names)} datasets or one prepared in data.data_dir{nearest(argument, names)}"
            ) from None
        except (AssertionError, ValueError, ImportError) as error:
            raise DataError(
                f"data.source: received {name!r}, expected a dataset that can be opened: {in_one_line(error)}"
            ) from error
        prepared = builder.is_prepared()
    if not prepared:
        fetch(name, argument, builder)
    return builder


def _own_resolution(name, feature):
    height, width = feature.shape[:2]
    if height is None or height != width or height not in DATA:
        raise DataError(
            f"data.resolution: received none for {name}, whose images are {height or 'any'} x {width or 'any'}, "
            f"expected {DATA}: set it with --set data.resolution=32"
        )
    return height


def _texts(builder, part, key):
    """Returns the texts of a split, a list of str in the order of the dataset's files."""
    import tensorflow_datasets as tfds

    examples = _examples(builder, part, tfds.decode.PartialDecoding({key: True}))
    count = builder.info.splits[part].num_examples
    examples = track_progress(examples, f"reading {part}", count, "texts")
    return [text for example in examples for text in read_texts(example[key])]


def _examples(builder, part, decoders):
    import tensorflow as tf
    import tensorflow_datasets as tfds

    config, options = tfds.ReadConfig(try_autocache=False), tf.data.Options()
    # The autotuning thread delays the end of the iterator for seconds.
    options.autotune.enabled = False
    dataset = builder.as_dataset(split=part, decoders=decoders, read_config=config, shuffle_files=False)
    return dataset.with_options(options).as_numpy_iterator()


def _images(builder, splits, keys, shape, values):
    """Yields (split, result of `decode`, (label, captions)) in the order of the dataset's files, in the same range."""
    import tensorflow_datasets as tfds

    skip = tfds.decode.PartialDecoding(dict.fromkeys(keys.present, True), {keys.image: tfds.decode.SkipDecoding()})
    for split, part in splits.items():
        annotations = []

        def contents(part=part, annotations=annotations):
            for example in _examples(builder, part, skip):
                annotations.append(keys.read(example))
                yield "content", example[keys.image]

        count = builder.info.splits[part].num_examples
        num_readable = 0
        results = decode_all(contents(), shape[0], channels=shape[-1], whites=values.whites)
        results = track_progress(results, f"reading {part}", count, "images")
        for index, result in enumerate(results):
            row_split = split if "held_out" in splits else tenth_split(num_readable)
            if not isinstance(result, str):
                values.observe(result[-1])
                num_readable += 1
            yield row_split, result, annotations[index]


def _in_memory(images, shape):
    values = ValueRange()

    def read():
        pixels, annotations, skipped = {split: [] for split in SPLITS}, {split: [] for split in SPLITS}, 0
        for split, result, annotation in images(values):
            if isinstance(result, str):
                skipped += 1
                continue
            pixels[split].append(result[0])
            annotations[split].append(annotation)
        return pixels, annotations, skipped

    pixels, annotations, skipped = read_alike(read, values)
    rows = {split: np.frombuffer(b"".join(parts), np.uint8).reshape(-1, *shape) for split, parts in pixels.items()}
    return rows, annotations, {"skipped": skipped, "notes": values.notes()}


def _on_disk(entry, inputs, images, shape, labeled):
    manifest = read_manifest(entry, inputs)
    if manifest is None:
        with building(entry, inputs) as (part, manifest):
            values = ValueRange()
            shapes, annotations, skipped = read_alike(lambda: _write_rows(part, images(values), shape), values)
            (part / ANNOTATIONS).write_text(json.dumps(annotations))
            fingerprint = fingerprint_rows(part, shapes, label_arrays(annotations) if labeled else None)
            manifest |= {"shapes": shapes, "skipped": skipped, "notes": values.notes(), "fingerprint": fingerprint}
    return open_rows(entry, manifest["shapes"]), json.loads((entry / ANNOTATIONS).read_text()), manifest


def _write_rows(folder, images, shape):
    """Returns (shapes, annotations, number of skipped images)."""
    annotations, skipped = {split: [] for split in SPLITS}, 0
    with RowWriter(folder, shape[0], shape[-1]) as rows:
        for split, result, annotation in images:
            if isinstance(result, str):
                skipped += 1
                continue
            rows.append(split, result[0], result[1])
            annotations[split].append(annotation)
        return rows.finish(), annotations, skipped


def _captions(name, annotations, key):
    """Returns the captions of both splits as arguments of `ImageSource`."""
    texts = {split: [captions for _, captions in rows] for split, rows in annotations.items()}
    for split, rows in texts.items():
        num_missing = sum(not captions for captions in rows)
        if num_missing:
            raise DataError(
                f"{name}: received {num_missing} images of {split!r} without a text in {key!r}, expected at least one "
                "per image: name another feature with data.caption_key, or other rows with data.split"
            )
    return {"captions": caption_table(texts["train"]), "held_out_captions": caption_table(texts["held_out"])}
