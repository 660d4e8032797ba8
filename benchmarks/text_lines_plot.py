"""Draws `text_lines.png` and prints the README's table from the records of `text_lines.py`.

    pip install matplotlib
    python benchmarks/text_lines_plot.py

To the right is closer to real texts, further down is more varied. Small points are seeds, large ones their means.
"""

import json
import statistics

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
from tables import line
from text_lines import FOLDER, GAMES, TEMPERATURES

PICTURE = FOLDER.with_suffix(".png")
COLUMNS = {
    "bleu_2": ".3f", "bleu_3": ".3f", "self_bleu_2": ".3f", "self_bleu_3": ".3f", "nll_held_out": ".2f",
    "frechet_local": ".4f", "two_sample": ".3f",
}  # fmt: skip
TITLES = {
    "likelihood": "maximum likelihood",
    "seqgan": "SeqGAN",
    "relgan": "RelGAN",
    "scratchgan": "ScratchGAN, from nothing",
    "seqgan-bleu": "SeqGAN, reward BLEU",
}
X, Y = "bleu_3", "self_bleu_3"


def groups():
    """Returns title -> list of what each seed measured; temperatures of maximum likelihood follow each other."""
    found = {}
    for name in GAMES:
        records = [json.loads(path.read_text())["numbers"] for path in sorted(FOLDER.glob(f"{name}-seed*.json"))]
        if records:
            found[TITLES[name]] = [record["last"] for record in records]
        if records and name == "likelihood":
            for temperature in TEMPERATURES[1:]:
                rows = [record[f"temperature {temperature}"] for record in records]
                found[f"{TITLES[name]}, temperature {temperature}"] = rows
            found["held-out texts"] = [record["held_out"] for record in records]
    return found


def table(found):
    """Yields the lines of the table."""
    yield f"| what | seeds | {' | '.join(COLUMNS)} |"
    yield f"| --- | --- |{' --- |' * len(COLUMNS)}"
    for title, rows in found.items():
        yield line(title, rows, COLUMNS, str(len(rows)))


def draw(found):
    """Draws BLEU against Self-BLEU: all of it, and without the reward that is BLEU itself."""
    figure, panels = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    likely = TITLES["likelihood"]
    sweep = {title: rows for title, rows in found.items() if title.startswith(likely)}
    means = [[statistics.fmean(row[key] for row in rows) for rows in sweep.values()] for key in (X, Y)]
    rest = [title for title in found if title not in sweep]
    for axes in panels:
        axes.plot(*means, marker="o", color="0.4", label=f"{likely}, temperature {', '.join(map(str, TEMPERATURES))}")
        for rows in sweep.values():
            axes.scatter([row[X] for row in rows], [row[Y] for row in rows], s=8, color="0.4")
        for color, title in zip(mpl.color_sequences["tab10"], rest, strict=False):
            xs, ys = ([row[key] for row in found[title]] for key in (X, Y))
            if axes is panels[0] or title != TITLES["seqgan-bleu"]:
                axes.scatter(xs, ys, s=8, color=color)
                axes.scatter(statistics.fmean(xs), statistics.fmean(ys), s=60, color=color, label=title)
        axes.set(xlabel="BLEU-3 to held-out texts", ylabel="Self-BLEU-3")
    panels[0].legend(fontsize=8)
    figure.savefig(PICTURE, dpi=100)


if __name__ == "__main__":
    everything = groups()
    draw(everything)
    print("\n".join(table(everything)))
