"""What the tables of the README have in common."""

import statistics


def cell(values, form):
    """Returns "mean ± spread" over seeds."""
    spread = f" ± {statistics.stdev(values):{form}}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):{form}}{spread}"


def line(title, rows, columns, *between):
    """Returns a line of a table: a title, cells of its own, and the mean and spread of each column.

    Args:
        title: str.
        rows: list of dict, what each seed measured; a column that is not among them stays empty.
        columns: dict of column -> format.
        *between: str, cells after the title.
    """
    cells = [cell([row[key] for row in rows], form) if key in rows[0] else "" for key, form in columns.items()]
    return f"| {' | '.join([title, *between, *cells])} |"
