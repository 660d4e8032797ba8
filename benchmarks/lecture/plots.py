"""Draws one PNG a claim from the records: `supports.png`, `modes.png`, `saturation.png`.

    pip install matplotlib
    python benchmarks/lecture/plots.py

Lines are means over seeds, the shade behind them reaches from the lowest to the highest seed.
"""

import argparse
import math
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from results import FOLDER, read
from tables import NAMES

COLOURS = {
    "data": "0.5",
    "minimax": "C3",
    "non_saturating": "C0",
    "non_saturating_5": "C9",
    "wgan": "C2",
    "wasserstein": "C2",
}


def band(axes, x, runs, label, colour, **style):
    """Draws the mean of runs (seeds, points) over x, and their range."""
    runs = np.asarray(runs, float)
    axes.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=colour, alpha=0.2, linewidth=0)
    axes.plot(x, runs.mean(axis=0), "o-", markersize=4, color=colour, label=label, **style)


def supports(folder):
    groups = read(folder, "supports")
    judge, critic = groups["discriminator", "segments"], groups["critic", "segments"]
    distances = [float(distance) for distance in judge[0]["numbers"]]
    figure, panels = plt.subplots(1, 3, figsize=(10.5, 3.2), layout="constrained")

    def runs(records, key):
        return [[numbers[key] for numbers in record["numbers"].values()] for record in records]

    band(panels[0], distances, runs(judge, "estimate"), "discriminator", "C3")
    panels[0].axhline(math.log(2), color="0.5", linestyle=":", label="log 2")
    panels[0].set_title("Jensen-Shannon, by the discriminator", fontsize=10)
    band(panels[1], distances, runs(critic, "estimate"), "critic", "C2")
    panels[1].set_title("E[D(x)] - E[D(G(z))], by the critic", fontsize=10)
    band(panels[2], distances, runs(critic, "over_slope"), "critic over its steepest slope", "C2")
    panels[2].plot([0, 2], [0, 2], color="0.5", linestyle=":", label="true Wasserstein distance")
    panels[2].set_title("the same, over its steepest slope", fontsize=10)
    for axes in panels:
        axes.set_xlabel("distance of the segments")
        axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])
        axes.legend(fontsize=8)
    return figure


def modes(folder):
    groups = read(folder, "modes")
    names = ("data", "minimax", "non_saturating", "non_saturating_5", "wgan")
    figure, panels = plt.subplots(2, 5, figsize=(11, 4.9), layout="constrained", sharex=True, sharey=True)
    for row, layout in zip(panels, ("grid", "ring"), strict=True):
        for axes, variant in zip(row, names, strict=True):
            first, *_ = records = groups[variant, layout]
            axes.scatter(*first["numbers"]["points"], s=1.5, color=COLOURS[variant], linewidths=0)
            found = ", ".join(str(record["numbers"]["modes"]) for record in records)
            good = ", ".join(f"{record['numbers']['high_quality']:.2f}" for record in records)
            axes.set_title(f"{NAMES[variant]}\nmodes {found}\nhigh quality {good}", fontsize=8)
            axes.set(aspect="equal", xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), xticks=(), yticks=())
    return figure


def saturation(folder):
    groups = read(folder, "saturation")
    layouts = [layout for layout in ("mlp", "dcgan") if ("minimax", layout) in groups]
    figure, panels = plt.subplots(1, len(layouts), figsize=(5 * len(layouts), 3.4), layout="constrained", squeeze=False)
    for axes, layout in zip(panels[0], layouts, strict=True):
        for variant in ("minimax", "non_saturating", "wasserstein"):
            records = [record["numbers"] for record in groups[variant, layout]]
            runs = [[numbers["weights"] for numbers in record.values()] for record in records]
            band(axes, [int(check) for check in records[0]], runs, NAMES[variant], COLOURS[variant])
        axes.set_xscale("symlog", linthresh=1)
        axes.set_yscale("log")
        axes.set_xlabel("updates that the discriminator is ahead")
        axes.set_title(f"gradient norm at the generator's weights, {layout}", fontsize=10)
        axes.legend(fontsize=8)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=FOLDER, help="folder of the JSONs (default: beside the script)")
    folder = parser.parse_args().results
    for draw in (supports, modes, saturation):
        if not read(folder, draw.__name__):
            print(f"{draw.__name__}: no records, nothing drawn")
            continue
        path = Path(__file__).parent / f"{draw.__name__}.png"
        draw(folder).savefig(path, dpi=90, metadata={"Software": None})
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
