"""Datasets of tensorflow-datasets: pictures, or texts."""

import contextlib
import json
import sys
from pathlib import Path

import numpy as np
from PIL import __version__ as pillow
from tqdm import tqdm

from ...zoo.cache import building, cache_entry, digest, read_manifest
from ...zoo.registry import nearest
from .captions import caption_table
from .decoding import decode_all
from .downloads import fetch, in_one_line
from .fields import choose_fields, choose_text, read_texts
from .records import quiet_tfds
from .rows import RESIDENT_BYTES, SPLITS, RowWriter, fingerprint_rows, open_rows, rows_source
from .source import DataError, split_rows
from .texts import text_source

HELD_OUT_NAMES = ("test", "validation")
TOLD = "told.json"


def load_tfds(
    argument, resolution=None, split="train", held_out_split=None, data_dir=None, image_key=None, label_key=None,
    caption_key=None, cache_dir=None, text_key=None, length=None, words=None,
):  # fmt: skip
    """Loads a dataset of tensorflow-datasets; one that is already prepared on the disk never touches the network.

    Pictures are cut to the largest central square and resized with antialiasing; one that cannot be read is left out
    and counted in the source's facts as `skipped`. Of a dataset without pictures, or with `text_key`, the texts are
    read, as those of `lines:` are.

    Args:
        argument: str, the dataset: NAME or NAME/CONFIG, with or without :VERSION.
        resolution: int or None for the dataset's own, where that is one square size from 8 to 128.
        split: str, the rows to train on, in tensorflow-datasets' words, such as "train[:10%]". Default "train".
        held_out_split: str or None for "test" or else "validation", where there is one; every tenth row of `split`
            otherwise.
        data_dir: str or None for the environment's `TFDS_DATA_DIR`, else `~/tensorflow_datasets`.
        image_key: str or None for the first feature that is an image.
        label_key: str or None for the first feature that is a class label; no labels if there is none.
        caption_key: str or None for the first text named caption, captions, text or description; no captions if there
            is none. A sequence of texts, or of records with a `text`, gives a picture several.
        cache_dir: str or None, as for `folder:`; only sets of more than 256 MB once decoded are kept there.
        text_key: str, the text to read in place of pictures; or None for pictures where there are some, and the first
            text (one of those names, if any) otherwise. Each text of a sequence is one by itself.
        length, words: of texts, as for `lines:`.

    Returns:
        An `ImageSource`, or a `TextSource`.

    Raises:
        DataError: no such dataset, split or feature; data that are neither on the disk nor to be had; all within
            seconds where there is no network.

    Example:

    >>> load_tfds("mnist", resolution=32)  # doctest: +SKIP
    ImageSource('tfds:mnist', 60000 + 10000 held out, (32, 32, 1), 10 classes)
    """
    name = f"tfds:{argument}"
    builder = _prepared(name, argument, data_dir)
    features = builder.info.features
    text = choose_text(name, features, text_key)
    of_pictures = {
        "resolution": resolution, "image_key": image_key, "label_key": label_key, "caption_key": caption_key,
        "cache_dir": cache_dir,
    }  # fmt: skip
    _refuse(of_pictures if text else {"length": length, "words": words}, name, "texts" if text else "pictures")
    splits = _splits(name, builder, split, held_out_split)
    if text:
        rows = {split: _texts(builder, part, text) for split, part in splits.items()}
        return text_source(name, rows["train"], rows.get("held_out"), length, words)
    fields = choose_fields(name, features, image_key, label_key, caption_key)
    resolution = resolution or _own_resolution(name, features[fields.image])
    shape = (resolution, resolution, 1 if features[fields.image].shape[-1] == 1 else 3)

    def pictures():
        return _pictures(builder, splits, fields, shape)

    count = sum(builder.info.splits[part].num_examples for part in splits.values())
    if count * np.prod(shape) <= RESIDENT_BYTES:
        rows, told, known = _in_memory(pictures(), shape)
    else:
        settings = [shape, splits, *fields]
        entry = cache_entry(cache_dir, "tfds", argument, str(builder.data_dir), settings)
        inputs = digest((Path(builder.data_dir) / "dataset_info.json").read_bytes(), settings, pillow)
        rows, told, known = _on_disk(entry, inputs, pictures, shape, bool(fields.label))
    if known["skipped"]:
        print(f"{name}: {known['skipped']} pictures could not be read and are left out", file=sys.stderr)
    source = rows_source(
        name,
        rows,
        _labels(told) if fields.label else None,
        known.get("fingerprint"),
        class_names=getattr(features[fields.label], "names", None) if fields.label else None,
        facts={"skipped": known["skipped"]},
        **(_captions(name, told, fields.caption) if fields.caption else {}),
    )
    if fields.caption:
        source.fingerprint = digest(source.fingerprint, [source.captions.tolist(), source.held_out_captions.tolist()])
    return source


def _refuse(given, name, read):
    """Refuses options that have no meaning for what is read."""
    for option, value in given.items():
        if value is not None:
            raise DataError(f"data.{option}: received {value!r} with {name}, expected none: {read} are read from it")


def _prepared(name, argument, data_dir):
    """Returns a builder whose data are on the disk, if need be after fetching them."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core import naming, read_only_builder

    data_dir = str(Path(data_dir).expanduser()) if data_dir else None
    try:
        namespace = naming.parse_builder_name_kwargs(argument)[0].namespace
    except ValueError:
        namespace = argument
    if not argument or namespace:
        raise DataError(f"data.source: received {name!r}, expected tfds:NAME, tfds:NAME/CONFIG or tfds:NAME:VERSION")
    with quiet_tfds():
        # What lies on the disk comes first, whatever version it is and whether or not its code is known.
        with contextlib.suppress(tfds.core.DatasetNotFoundError, AssertionError, ValueError):
            return read_only_builder.builder_from_files(argument, data_dir=data_dir)
        try:
            builder = tfds.builder(argument, data_dir=data_dir, try_gcs=False)
        except tfds.core.DatasetNotFoundError:
            known = tfds.list_builders(with_community_datasets=False)
            raise DataError(
                f"data.source: received {name!r}, which tensorflow-datasets {tfds.__version__} does not know, expected "
                f"one of its {len(known)} datasets or one prepared in data.data_dir{nearest(argument, known)}"
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
    if height is None or height != width or not 8 <= height <= 128:
        raise DataError(
            f"data.resolution: received none for {name}, whose pictures are {height or 'any'} x {width or 'any'}, "
            "expected 8 to 128: give it with --set data.resolution=32"
        )
    return height


def _splits(name, builder, split, held_out_split):
    known = builder.info.splits
    if held_out_split is None:
        held_out_split = next((each for each in HELD_OUT_NAMES if each in known and each != split), None)
    splits = {"train": split} | ({"held_out": held_out_split} if held_out_split else {})
    for option, part in zip(("split", "held_out_split"), splits.values(), strict=False):
        try:
            count = known[part].num_examples
        except (KeyError, ValueError, TypeError, AssertionError):
            count = 0
        if not count:
            raise DataError(f"data.{option}: received {part!r}, expected rows of {name}'s splits {sorted(known)}")
    if split == held_out_split:
        raise DataError(f"data.held_out_split: received {split!r} twice, expected rows that are not trained on")
    return splits


def _texts(builder, part, key):
    """Returns the texts of a part, a list of str in the order of the dataset's files."""
    import tensorflow_datasets as tfds

    examples = _examples(builder, part, tfds.decode.PartialDecoding({key: True}))
    count = builder.info.splits[part].num_examples
    examples = tqdm(examples, f"reading {part}", count, unit=" texts", file=sys.stderr, dynamic_ncols=True)
    return [text for example in examples for text in read_texts(example[key])]


def _examples(builder, part, decoders):
    import tensorflow as tf
    import tensorflow_datasets as tfds

    config, options = tfds.ReadConfig(try_autocache=False), tf.data.Options()
    # Its thread holds the iterator's end for seconds.
    options.autotune.enabled = False
    dataset = builder.as_dataset(split=part, decoders=decoders, read_config=config, shuffle_files=False)
    return dataset.with_options(options).as_numpy_iterator()


def _pictures(builder, splits, fields, shape):
    """Yields (split, what `decode` returns, (label, captions)), in the order of the dataset's files."""
    import tensorflow_datasets as tfds

    skip = tfds.decode.PartialDecoding(dict.fromkeys(fields.known, True), {fields.image: tfds.decode.SkipDecoding()})
    for split, part in splits.items():
        told = []

        def contents(part=part, told=told):
            for example in _examples(builder, part, skip):
                told.append(fields.read(example))
                yield "content", example[fields.image]

        count = builder.info.splits[part].num_examples
        every_tenth = set() if "held_out" in splits else set(split_rows(count)[1].tolist())
        answers = decode_all(contents(), shape[0], channels=shape[-1])
        answers = tqdm(answers, f"reading {part}", count, unit=" pictures", file=sys.stderr, dynamic_ncols=True)
        for index, answer in enumerate(answers):
            yield "held_out" if index in every_tenth else split, answer, told[index]


def _in_memory(pictures, shape):
    pixels, told, skipped = {key: [] for key in SPLITS}, {key: [] for key in SPLITS}, 0
    for split, answer, said in pictures:
        if isinstance(answer, str):
            skipped += 1
            continue
        pixels[split].append(answer[0])
        told[split].append(said)
    rows = {key: np.frombuffer(b"".join(parts), np.uint8).reshape(-1, *shape) for key, parts in pixels.items()}
    return rows, told, {"skipped": skipped}


def _on_disk(entry, inputs, pictures, shape, labelled):
    known = read_manifest(entry, inputs)
    if known is None:
        with building(entry, inputs) as (part, known):
            told, skipped = {key: [] for key in SPLITS}, 0
            with RowWriter(part, shape[0], shape[-1]) as rows:
                for split, answer, said in pictures():
                    if isinstance(answer, str):
                        skipped += 1
                        continue
                    rows.append(split, answer[0], answer[1])
                    told[split].append(said)
                shapes = rows.finish()
            (part / TOLD).write_text(json.dumps(told))
            fingerprint = fingerprint_rows(part, shapes, _labels(told) if labelled else None)
            known |= {"shapes": shapes, "skipped": skipped, "fingerprint": fingerprint}
    return open_rows(entry, known["shapes"]), json.loads((entry / TOLD).read_text()), known


def _labels(told):
    """Returns labels as arrays; held-out rows of some datasets are labelled -1, which is to say not at all."""
    arrays = {key: np.array([label for label, _ in said], np.int64) for key, said in told.items()}
    return {key: None if len(array) and array.min() < 0 else array for key, array in arrays.items()}


def _captions(name, told, key):
    """Returns captions as object arrays, those of a picture with fewer than others coming again."""
    texts = {split: [captions for _, captions in said] for split, said in told.items()}
    for split, rows in texts.items():
        silent = sum(not captions for captions in rows)
        if silent:
            raise DataError(
                f"{name}: received {silent} pictures of {split!r} without a text in {key!r}, expected at least one "
                "each: name another feature with data.caption_key, or other rows with data.split"
            )
    return {"captions": caption_table(texts["train"]), "held_out_captions": caption_table(texts["held_out"])}
