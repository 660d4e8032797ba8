"""Prints the README's table from the records of `text_exact.py`: means over seeds, and how far they spread."""

import json

from tables import cell, line
from text_exact import FOLDER, GAMES

TITLES = {
    "seqgan": "SeqGAN, reward -log(1 - D)",
    "seqgan-probability": "SeqGAN, reward D",
    "placebo-without-baseline": "placebo without a baseline",
    "placebo": "placebo",
    "relgan": "RelGAN, minimax",
    "relgan-relativistic": "RelGAN, relativistic",
    "relgan-unblended": "RelGAN, minimax, unblended",
    "scratchgan": "ScratchGAN, from nothing",
    "maligan": "MaliGAN, from one epoch",
}
COLUMNS = {"js": ".3f", "kl_forward": ".2f", "nll_oracle": ".2f", "entropy": ".2f"}


def table():
    """Yields the lines of the table."""
    yield f"| what | seeds | gap closed | {' | '.join(COLUMNS)} |"
    yield f"| --- | --- | --- |{' --- |' * len(COLUMNS)}"
    records = {
        name: [json.loads(path.read_text())["numbers"] for path in sorted(FOLDER.glob(f"{name}-seed*.json"))]
        for name in GAMES
    }
    for title, key in (
        ("maximum likelihood", "likelihood"),
        ("its best temperature", "best_temperature"),
        ("the best chain there is", "optimum"),
    ):
        rows = [record[key] for record in records["seqgan"]]
        yield line(title, rows, COLUMNS, "", "")
    for name, found in records.items():
        if found:
            closed = cell([record["closed"] for record in found], ".2f")
            yield line(TITLES[name], [record["last"] for record in found], COLUMNS, str(len(found)), closed)


if __name__ == "__main__":
    print("\n".join(table()))
