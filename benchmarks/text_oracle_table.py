"""Prints the README's table from the records of `text_oracle.py`: means over seeds, and how far they spread."""

import json

from tables import line
from text_oracle import FOLDER

COLUMNS = {"nll_oracle": ".2f", "nll_held_out": ".3f", "entropy": ".2f", "two_sample": ".3f", "frechet_local": ".4f"}
# Of each row: the game whose record has it, and where.
ROWS = {
    "maximum likelihood": ("seqgan", "likelihood"),
    "SeqGAN, reward D": ("seqgan", "last"),
    "maximum likelihood, as sharp as SeqGAN": ("seqgan", "likelihood_of_equal_entropy"),
    "placebo": ("placebo", "last"),
    "placebo without a baseline": ("placebo-without-baseline", "last"),
    "maximum likelihood, as sharp as that placebo": ("placebo-without-baseline", "likelihood_of_equal_entropy"),
    "held-out sequences": ("seqgan", "held_out"),
    "maximum likelihood, 32 units": ("seqgan-32-units", "likelihood"),
    "SeqGAN, 32 units": ("seqgan-32-units", "last"),
    "maximum likelihood, 32 units, as sharp as that SeqGAN": ("seqgan-32-units", "likelihood_of_equal_entropy"),
}


def table():
    """Yields the lines of the table."""
    yield f"| what | seeds | {' | '.join(COLUMNS)} |"
    yield f"| --- | --- |{' --- |' * len(COLUMNS)}"
    for title, (name, key) in ROWS.items():
        records = [json.loads(path.read_text())["numbers"] for path in sorted(FOLDER.glob(f"{name}-seed*.json"))]
        if records:
            yield line(title, [record[key] for record in records], COLUMNS, str(len(records)))


if __name__ == "__main__":
    print("\n".join(table()))
