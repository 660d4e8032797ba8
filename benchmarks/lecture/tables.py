"""Writes the tables of the page from the records.

    python benchmarks/lecture/tables.py

Each table stands in `README.md` between `<!-- CLAIM -->` and `<!-- /CLAIM -->`. Numbers are means over seeds, with the
standard deviation over seeds after the sign.
"""

import argparse
import re
from pathlib import Path

from results import FOLDER, mean_and_spread, read

PAGE = Path(__file__).parent / "README.md"
NAMES = {
    "data": "the data itself",
    "minimax": "minimax GAN",
    "non_saturating": "non-saturating GAN",
    "non_saturating_5": "non-saturating, 5 updates",
    "wgan": "WGAN, clipping",
    "wasserstein": "WGAN, clipping",
}


def cell(values, form):
    """Returns "mean ± spread"."""
    mean, spread = mean_and_spread(values)
    return f"{mean:{form}} ± {spread:{form}}"


def supports(folder):
    """Returns the rows of claim 1: a distance a row."""
    groups = read(folder, "supports")
    judge, critic = groups["discriminator", "segments"], groups["critic", "segments"]
    yield "distance", "JS by the discriminator", "E[D(x)] - E[D(G(z))] by the critic", "over its steepest slope"
    for distance in judge[0]["numbers"]:

        def column(records, key, distance=distance):
            return [record["numbers"][distance].get(key) for record in records]

        yield (
            distance,
            cell(column(judge, "estimate"), "z.4f"),
            cell(column(critic, "estimate"), "z.2f"),
            cell(column(critic, "over_slope"), "z.3f"),
        )


def modes(folder):
    """Returns the rows of claim 2: a layout and a game a row."""
    yield "layout", "game", "modes covered", "high quality", "KL, nats"
    groups = read(folder, "modes")
    for layout in ("grid", "ring"):
        for variant in ("data", "minimax", "non_saturating", "non_saturating_5", "wgan"):
            records = groups[variant, layout]
            numbers = [record["numbers"] for record in records]
            divergences = [number["kl"] for number in numbers if number["kl"] is not None]
            yield (
                layout,
                NAMES[variant],
                f"{cell([number['modes'] for number in numbers], '.1f')} of {numbers[0]['modes_of']}",
                cell([number["high_quality"] for number in numbers], ".3f"),
                cell(divergences, ".3f") if divergences else "none",
            )


def saturation(folder):
    """Returns the rows of claim 3: a pair of networks and a game a row, a number of updates a column."""
    groups = read(folder, "saturation")
    checks = list(next(iter(groups.values()))[0]["numbers"])
    chosen = [check for check in checks if check in ("0", "10", "100", checks[-1])]
    yield "networks", "game", *(f"after {check}" for check in chosen), "last over first"
    for layout in ("mlp", "dcgan"):
        for variant in ("minimax", "non_saturating", "wasserstein"):
            runs = [record["numbers"] for record in groups.get((variant, layout), [])]
            if runs:
                cells = [cell([run[check]["weights"] for run in runs], ".3g") for check in chosen]
                changes = [run[checks[-1]]["weights"] / run[checks[0]]["weights"] for run in runs]
                change = cell(changes, ",.0f" if min(changes) > 100 else ".2g")
                yield layout, NAMES[variant], *cells, change


CLAIMS = {"supports": supports, "modes": modes, "saturation": saturation}


def table(rows):
    """Returns a Markdown table of rows, the first of which is the head."""
    head, *body = [" | ".join(row) for row in rows]
    rule = " | ".join(["---"] * (head.count(" | ") + 1))
    return "\n".join(f"| {line} |" for line in (head, rule, *body))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=FOLDER, help="folder of the JSONs (default: beside the script)")
    folder = parser.parse_args().results
    page = PAGE.read_text()
    for claim, rows in CLAIMS.items():
        if not read(folder, claim):
            print(f"{claim}: no records, its table stays")
            continue
        block = f"<!-- {claim} -->\n{table(rows(folder))}\n<!-- /{claim} -->"
        page, count = re.subn(rf"<!-- {claim} -->.*?<!-- /{claim} -->", lambda _, b=block: b, page, flags=re.DOTALL)
        if count != 1:
            raise SystemExit(f"{PAGE.name}: found {count} places for {claim!r}, expected one")
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
