"""Draws the plots of the pages; needs Matplotlib.

Lines are means over seeds, the shade behind them is the range over seeds.
"""

import math
import statistics

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from .image_fields import UNCONDITIONAL, watched_loss
from .lecture_fields import CRITIC, DISCRIMINATOR, MODES_VARIANTS, NAMES, SATURATION_VARIANTS, numbers
from .record_reader import RESULTS
from .text_fields import LINES, lines_groups

COLORS = {
    "data": "0.5",
    "minimax": "C3",
    "non_saturating": "C0",
    "non_saturating_5": "C9",
    "wgan": "C2",
    "wasserstein": "C2",
}


def draw_all(reader, folder=RESULTS):
    """Writes every plot below a folder."""
    for path, (draw, dpi) in PLOTS.items():
        figure = draw(reader)
        figure.savefig(folder / path, dpi=dpi, metadata={"Software": None})
        plt.close(figure)


def band(axes, x, runs, label, color, **style):
    """Draws the mean of runs (seeds, points) over x, and their range."""
    runs = np.asarray(runs, float)
    axes.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=color, alpha=0.2, linewidth=0)
    axes.plot(x, runs.mean(axis=0), "o-", color=color, label=label, **({"markersize": 4} | style))


def fashion_mnist(reader):
    """FID over the number of images, and the rank correlation of the watched loss with it."""
    figure, (curves, ranks) = plt.subplots(1, 2, figsize=(10.5, 3.6), layout="constrained")
    for index, (name, title) in enumerate(UNCONDITIONAL.items()):
        # The first entry is the untrained generator.
        runs = np.array(reader.values(f"fashion_mnist/{name}-seed*", "numbers/curve"))[:, 1:]
        band(curves, runs[0, :, 0], runs[:, :, 1], title, f"C{index}", markersize=3)
        key = f"numbers/loss_against_fid/{watched_loss(name)}"
        values = reader.values(f"fashion_mnist/{name}-seed*", key)
        ranks.plot(values, [index] * len(values), "o", color=f"C{index}")
    curves.set_yscale("log")
    curves.set_xlabel("thousands of real images")
    curves.set_ylabel("FID (features of the classifier)")
    curves.legend(fontsize=8)
    ranks.axvline(0, color="0.7", linewidth=1)
    ranks.set_xlim(-1.05, 1.05)
    ranks.set_yticks(range(len(UNCONDITIONAL)), UNCONDITIONAL.values())
    ranks.set_xlabel("rank correlation of the model's own loss with its FID")
    return figure


def text_lines(reader):
    """BLEU-3 against Self-BLEU-3, with and without the reward that is BLEU itself: small points are seeds."""
    figure, panels = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    scores = {
        title: [row.values(key) for key in ("bleu_3", "self_bleu_3")] for title, row in lines_groups(reader).items()
    }
    sweep = [title for title in scores if title.startswith(LINES["likelihood"])]
    means = zip(*([statistics.fmean(values) for values in scores[title]] for title in sweep), strict=True)
    means = list(means)
    for axes in panels:
        axes.plot(*means, marker="o", color="0.4", label=f"{sweep[0]}, temperature 1 and lower")
        for title in sweep:
            axes.scatter(*scores[title], s=8, color="0.4")
        others = [title for title in scores if title not in sweep]
        for color, title in zip(mpl.color_sequences["tab10"], others, strict=False):
            if axes is panels[0] or title != LINES["seqgan-bleu"]:
                axes.scatter(*scores[title], s=8, color=color)
                axes.scatter(*map(statistics.fmean, scores[title]), s=60, color=color, label=title)
        axes.set(xlabel="BLEU-3 to held-out texts", ylabel="Self-BLEU-3")
    panels[0].legend(fontsize=8)
    return figure


def supports(reader):
    """Claim 1: estimates over the distance."""
    distances = list(reader.read(CRITIC)[0]["numbers"])
    x = [float(distance) for distance in distances]
    figure, panels = plt.subplots(1, 3, figsize=(10.5, 3.2), layout="constrained")

    def runs(pattern, key):
        return np.transpose([reader.values(pattern, f"numbers/{distance}/{key}") for distance in distances])

    band(panels[0], x, runs(DISCRIMINATOR, "estimate"), "discriminator", "C3")
    panels[0].axhline(math.log(2), color="0.5", linestyle=":", label="log 2")
    panels[0].set_title("Jensen-Shannon divergence, discriminator", fontsize=10)
    band(panels[1], x, runs(CRITIC, "estimate"), "critic", "C2")
    panels[1].set_title("E[D(x)] - E[D(G(z))], critic", fontsize=10)
    band(panels[2], x, runs(CRITIC, "over_slope"), "critic / its steepest slope", "C2")
    panels[2].plot([0, 2], [0, 2], color="0.5", linestyle=":", label="true Wasserstein distance")
    panels[2].set_title("the same, divided by its steepest slope", fontsize=10)
    for axes in panels:
        axes.set_xlabel("distance of the segments")
        axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])
        axes.legend(fontsize=8)
    return figure


def modes(reader):
    """Claim 2: samples of seed 0, with the scores of all seeds in the titles."""
    figure, panels = plt.subplots(2, 5, figsize=(11, 4.9), layout="constrained", sharex=True, sharey=True)
    for row, layout in zip(panels, ("grid", "ring"), strict=True):
        for axes, variant in zip(row, MODES_VARIANTS, strict=True):
            runs = numbers(reader, "modes", variant, layout)
            axes.scatter(*runs[0]["points"], s=1.5, color=COLORS[variant], linewidths=0)
            covered = ", ".join(str(run["modes"]) for run in runs)
            quality = ", ".join(f"{run['high_quality']:.2f}" for run in runs)
            axes.set_title(f"{NAMES[variant]}\nmodes {covered}\nhigh quality {quality}", fontsize=8)
            axes.set(aspect="equal", xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), xticks=(), yticks=())
    return figure


def saturation(reader):
    """Claim 3: gradient norms over the discriminator's updates."""
    figure, panels = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    for axes, layout in zip(panels, ("mlp", "dcgan"), strict=True):
        for variant in SATURATION_VARIANTS:
            runs = numbers(reader, "saturation", variant, layout)
            norms = [[each["weights"] for each in run.values()] for run in runs]
            band(axes, [int(check) for check in runs[0]], norms, NAMES[variant], COLORS[variant])
        axes.set_xscale("symlog", linthresh=1)
        axes.set_yscale("log")
        axes.set_xlabel("discriminator updates")
        axes.set_title(f"gradient norm at the generator's weights, {layout}", fontsize=10)
        axes.legend(fontsize=8)
    return figure


# Path below the results -> (function, dots per inch).
PLOTS = {
    "fashion_mnist.png": (fashion_mnist, 110),
    "text_lines.png": (text_lines, 100),
    "lecture/supports.png": (supports, 90),
    "lecture/modes.png": (modes, 90),
    "lecture/saturation.png": (saturation, 90),
}
