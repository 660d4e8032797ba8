"""Markdown templates: `{{ name argument ... }}` is replaced by what a function returns.

A placeholder is a function's name and its arguments, separated by spaces, such as
`{{ value fashion_mnist/cgan-seed* numbers/last/fid .1f }}`. Every page has the functions `value`, `mean`, `total` and
`count` below; the others are those of the page's modules. A paragraph whose record is missing is left out and reported.
"""

import inspect
import re
import statistics
import textwrap

from .record_reader import MissingRecordError
from .tables import cell

PLACEHOLDER = re.compile(r"\{\{\s*(\S+?)((?:\s+[^\s}]+)*)\s*\}\}")
WIDTH = 120


class ClaimError(Exception):
    """A sentence of a page that its records no longer support."""


def require(condition, claim):
    """Raises ClaimError unless a claim of the prose is true of the records."""
    if not condition:
        raise ClaimError(f"the records do not support {claim!r}: rewrite the sentence in its template")


def value(reader, pattern, key, form=""):
    """Returns a value of the matching records: mean ± standard deviation if there are several."""
    values = reader.values(pattern, key)
    return f"{values[0]:{form}}" if len(values) == 1 else cell(values, form)


def mean(reader, pattern, key, form=""):
    """Returns the mean of the matching records."""
    return f"{statistics.fmean(reader.values(pattern, key)):{form}}"


def total(reader, pattern, key, form="", divisor="1"):
    """Returns the sum over the matching records, divided by `divisor`."""
    return f"{sum(reader.values(pattern, key)) / float(divisor):{form}}"


def count(reader, pattern, key):
    """Returns the length of a list in one record."""
    (items,) = reader.values(pattern, key)
    return f"{len(items)}"


def fill(text, reader, *modules):
    """Fills a template.

    Args:
        text: str, the template.
        reader: `RecordReader`.
        *modules: modules with the page's functions of (reader, *arguments).

    Returns:
        (page, missing): the text, and a list of the missing records of paragraphs that were left out.

    Raises:
        KeyError: an unknown function.
        ClaimError: a claim that the records do not support.
    """
    functions = {"value": value, "mean": mean, "total": total, "count": count}
    for module in modules:
        members = inspect.getmembers(module, inspect.isfunction)
        functions |= {name: function for name, function in members if function.__module__ == module.__name__}
    paragraphs, missing = [], []
    for paragraph in text.strip().split("\n\n"):
        try:
            filled = PLACEHOLDER.sub(lambda match: functions[match[1]](reader, *match[2].split()), paragraph)
        except MissingRecordError as error:
            missing.append(str(error))
            continue
        paragraphs.append(wrap(filled))
    return "\n\n".join(paragraphs) + "\n", missing


def wrap(paragraph):
    """Wraps prose and list items at 120 characters; tables, headings, code and images stay as they are."""
    if re.match(r"[|#>!<]|```", paragraph):
        return paragraph
    items = re.split(r"\n(?=- )", paragraph)
    return "\n".join(
        textwrap.fill(
            " ".join(item.split()),
            WIDTH,
            subsequent_indent="  " if item.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for item in items
    )
