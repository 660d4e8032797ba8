"""Reads records, and remembers which were read."""

import json
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results"


class MissingRecordError(Exception):
    """A record that has not been measured yet."""


class RecordReader:
    """Reads the records of one folder.

    Args:
        folder: str or path. Default `benchmarks/results`.

    Attributes:
        used: set of the paths that were read, relative to the folder.
    """

    def __init__(self, folder=RESULTS):
        self.folder = Path(folder)
        self.used = set()

    def read(self, pattern):
        """Returns the records whose path matches a pattern, in alphabetical order, so seed by seed.

        Args:
            pattern: str, relative to the folder and without ".json", such as "fashion_mnist/cgan-seed*".

        Raises:
            MissingRecordError: no record matches.
        """
        paths = sorted(self.folder.glob(f"{pattern}.json"))
        if not paths:
            raise MissingRecordError(f"{pattern}.json")
        self.used |= {path.relative_to(self.folder).as_posix() for path in paths}
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths]

    def values(self, pattern, key):
        """Returns one value of each matching record.

        Args:
            pattern: as in `read`.
            key: str, keys of nested dicts joined by "/", such as "numbers/last/fid".

        Raises:
            MissingRecordError: no record matches, or none has the key.
        """
        values = [lookup(record, key) for record in self.read(pattern)]
        if all(value is None for value in values):
            raise MissingRecordError(f"{pattern}.json: {key}")
        return values


def lookup(record, key):
    """Returns the value at "a/b/c" of nested dicts, or None where a key is missing."""
    for part in key.split("/"):
        if not isinstance(record, dict) or part not in record:
            return None
        record = record[part]
    return record


def extractor_of(record):
    """Returns what identifies a record's feature extractor, or None where it used none.

    Scores of different extractors are not comparable. The hash of the weights identifies an extractor; old records have
    the name alone.
    """
    extractor = lookup(record, "evaluation/extractor")
    return extractor.get("weights", extractor.get("name")) if isinstance(extractor, dict) else extractor
