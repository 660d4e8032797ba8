"""Markdown tables of records: means over seeds with their spread, one feature extractor per table."""

import math
import statistics
from dataclasses import dataclass, field

from .record_reader import extractor_of, lookup


class MixedExtractorsError(ValueError):
    """A table whose rows would compare scores of different feature extractors."""


@dataclass
class Row:
    """One row of a table.

    Args:
        title: str, the first cell.
        records: list of records, one per seed.
        key: str, where the results are in a record, such as "numbers/last".
        cells: list of str after the title, such as the number of seeds.
        once: bool, whether the results are the same for every seed, so that they have no spread.
    """

    title: str
    records: list
    key: str = "numbers/last"
    cells: list = field(default_factory=list)
    once: bool = False

    def values(self, column):
        """Returns the values of a result, one per record; empty where it was not computed."""
        values = [lookup(record, f"{self.key}/{column}") for record in self.records]
        values = [] if None in values else values
        return values[:1] if self.once else values


def cell(values, form):
    """Returns "mean ± standard deviation"; of one value the value alone, of none an empty cell."""
    if not values:
        return ""
    spread = f" ± {statistics.stdev(values):{form}}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):{form}}{spread}"


def comparison(rows, columns, titles=("", "seeds"), last=None):
    """Returns a table that compares rows by the same results.

    Args:
        rows: list of `Row`.
        columns: dict of result -> format, such as {"fid": ".1f"}; results are looked up below each row's key.
        titles: titles of the columns before the results. Default ("", "seeds").
        last: (title, function of a row that returns the cell) of a column after the results, or None.

    Raises:
        MixedExtractorsError: the records name different feature extractors.
    """
    require_one_extractor(rows)
    lines = []
    for row in rows:
        cells = [row.title, *row.cells, *(cell(row.values(column), form) for column, form in columns.items())]
        lines.append([*cells, last[1](row)] if last else cells)
    return table([*titles, *columns, *([last[0]] if last else [])], lines)


def require_one_extractor(rows):
    """Raises MixedExtractorsError unless all rows were scored with the same feature extractor."""
    titles = {}
    for row in rows:
        for record in row.records:
            titles.setdefault(extractor_of(record), row.title)
    titles.pop(None, None)
    if len(titles) > 1:
        received = ", ".join(f"{extractor} ({title})" for extractor, title in sorted(titles.items()))
        raise MixedExtractorsError(
            f"received rows of different feature extractors, {received}; expected one: evaluate all rows with one "
            "extractor, or put them into separate tables"
        )


def table(head, rows):
    """Returns a Markdown table of cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def pooled_spread(groups):
    """Returns the standard deviation within groups of repeats: the root of the mean of their variances."""
    return math.sqrt(statistics.fmean(statistics.variance(group) for group in groups))
