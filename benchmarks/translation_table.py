"""Prints the README's table from the records of `translation.py`: means over both directions and all seeds."""

import json
import statistics

from tables import cell
from translation import FOLDER, GAMES

RESULTS = {"content": ".3f", "style": ".3f", "psnr": ".1f", "ssim": ".3f", "distance": ".1f", "fid": ".1f"}
TITLES = {
    "fill": "CycleGAN, filled and outlined",
    "light": "CycleGAN, light and dark",
    "fill-without-cycle": "CycleGAN without the cycle loss, filled and outlined",
    "emoji": "CycleGAN, two vendors' emoji",
    "emoji-pairs": "Pix2Pix with pairs, from one vendor's to the other's",
}
COLUMNS = {"model": "", "copied": "copying the input", "colours": "matching colours"}


def both(found, name):
    """Returns the mean of a result over the directions that there are, or None."""
    values = [found[key] for key in (f"{name}_xy", f"{name}_yx") if key in found]
    return statistics.fmean(values) if values else None


def table():
    """Yields the lines of the table."""
    yield f"| what | seeds | {' | '.join(RESULTS)} |"
    yield f"| --- | --- |{' --- |' * len(RESULTS)}"
    for name in GAMES:
        records = [json.loads(path.read_text())["numbers"] for path in sorted(FOLDER.glob(f"{name}-seed*.json"))]
        for column, title in COLUMNS.items():
            # The baselines stand once beside each pair of domains.
            if not records or (column != "model" and name in ("fill-without-cycle", "emoji-pairs")):
                continue
            cells = []
            for result, form in RESULTS.items():
                values = [both(record[column], result) for record in records]
                # Baselines and data do not hang on the seed, but for the network that measures them.
                cells.append("" if None in values else cell(values if column == "model" else values[:1], form))
            yield f"| {title or TITLES[name]} | {len(records) if not title else ''} | {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join(table()))
