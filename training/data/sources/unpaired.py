"""Two unpaired domains: any two sources, or a folder or dataset in the layout of CycleGAN's."""

import os

from ....zoo.networks.resolutions import DATA
from .. import kinds, load, options
from ..data_error import DataError
from ..images.layouts import layout_hint
from ..images.paired_reader import FilePair, list_images, read_domains
from ..images.row_store import report, report_skipped
from ..path_arguments import source_folder
from ..translation_source import TranslationSource, size_to_load

EXPECTED = "two sources such as folder:a,folder:b, a folder with trainA/ and trainB/, or tfds:cycle_gan/NAME"


def load_unpaired(argument, resolution=None, flip=False, crop=0, data_dir=None, cache_dir=None):
    """Loads two domains of unpaired images, the setting of CycleGAN (Zhu et al. 2017).

    Args:
        argument: str: "X,Y", two sources separated by a comma; or a folder with `trainA/`, `trainB/` and, optionally,
            `testA/` and `testB/`, which are held out (otherwise every tenth image of a domain is); or "tfds:NAME", a
            dataset of tensorflow-datasets with splits of these names.
        resolution: int or None for 64.
        flip: bool, whether training flips images horizontally with probability 1/2. Default False.
        crop: int >= 0; images are read with that many more pixels per side, and training takes random crops of
            `resolution`. Default 0.
        data_dir: str or None, as for `tfds:`.
        cache_dir: str or None, as for `folder:`.

    Returns:
        A `TranslationSource` without truth; `facts["skipped"]` is the number of skipped images.

    Raises:
        DataError: no such sources or folder, an option out of range, or no readable images.

    Example:

    >>> load_unpaired("digits,shapes", resolution=16).shape
    (16, 16, 1)
    """
    name, size = f"unpaired:{argument}", size_to_load(resolution, flip, crop)
    pair = split_sources(argument)
    folders = {"data_dir": data_dir, "cache_dir": cache_dir}
    if pair:
        x, y = (_load(source, size, crop, folders) for source in pair)
    elif argument.startswith("tfds:"):
        from .tfds import load_tfds

        dataset = argument.removeprefix("tfds:")
        x, y = (load_tfds(dataset, size, f"train{domain}", f"test{domain}", **folders) for domain in "AB")
    else:
        root = source_folder(name, argument, EXPECTED)
        x, y = (_load_folder(name, root, argument, domain, size, cache_dir) for domain in "AB")
    skipped = sum(domain.facts.get("skipped", 0) for domain in (x, y))
    source = TranslationSource(name, x, y, flip=flip, crop=crop, facts={"skipped": skipped})
    source.notes = [f"{domain}: {note}" for domain, part in (("x", x), ("y", y)) for note in part.notes]
    return source


def split_sources(argument):
    """Splits "X,Y" into a tuple of two sources, or returns None. Paths may contain commas.

    Args:
        argument: str, what follows "unpaired:".
    """
    parts = argument.split(",")
    for count in range(1, len(parts)):
        pair = ",".join(parts[:count]), ",".join(parts[count:]).lstrip()
        if all(source.partition(":")[0] in kinds() for source in pair):
            return pair
    return None


def _load(source, size, crop, folders):
    if crop and size > DATA.highest:
        raise DataError(
            f"data.crop: received {crop} with data.resolution {size - crop}, expected a sum of at most {DATA.highest}"
        )
    supported = options(source)
    return load(source, size, **{option: folder for option, folder in folders.items() if option in supported})


def _load_folder(name, root, argument, domain, size, cache_dir):
    train, test = f"train{domain}", f"test{domain}"
    if not os.path.isdir(os.path.join(root, train)):
        hint = layout_hint(root, argument, "unpaired")
        raise DataError(f"data.source: received {name!r} without {train}/, expected {EXPECTED}{hint}")
    has_test = os.path.isdir(os.path.join(root, test))
    rows, skipped, fingerprints = [], {}, []
    for split, folder in (("train", train), ("held_out", test)) if has_test else ((None, train),):
        files, problems, fingerprint = list_images(name, root, folder)
        rows += [FilePair(split, (file,)) for file in files]
        skipped |= problems
        fingerprints.append(fingerprint)
    if not rows:
        raise DataError(f"{name}: received no files in {train}/, expected images")
    crops = {domain: "center"}
    (source,), unreadable, notes = read_domains(name, root, rows, fingerprints, size, crops, cache_dir=cache_dir)
    skipped |= unreadable
    report_skipped(source.name, skipped)
    report(name, notes)
    source.notes = [note.removeprefix(f"{domain}: ") for note in notes]
    source.facts["skipped"] = len(skipped)
    return source
