"""Draws `fashion_mnist.png` and prints the README's tables from the records of `fashion_mnist.py`.

    pip install matplotlib
    python benchmarks/fashion_mnist_plots.py

Lines are means over seeds, the shade behind them reaches from the lowest to the highest seed.
"""

import json

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from fashion_mnist import FOLDER, VARIANTS
from tables import cell

TITLES = {
    "gan-non_saturating": "GAN, non-saturating",
    "gan-minimax": "GAN, minimax",
    "gan-least_squares": "LSGAN",
    "gan-hinge": "GAN, hinge",
    "wgan-clipping": "WGAN, clipping",
}
# Games that are told a label have a table of their own, beside the game that is told none.
LABELLED = {"cgan": "ConditionalGAN", "projection_gan": "ProjectionGAN", "acgan": "ACGAN"}
UNLABELLED = "gan-non_saturating"
# The loss that a model's user would watch.
WATCHED = {"gan": "d_loss", "wgan": "wasserstein"}


def records():
    """Returns variant -> list of records, seed by seed."""
    found = {name: [] for name in VARIANTS}
    for path in sorted(FOLDER.glob("*.json")):
        record = json.loads(path.read_text())
        found[record["variant"]].append(record)
    return {name: group for name, group in found.items() if group}


def table(groups):
    """Yields the lines of the table."""
    yield "| game | best FID | last FID | precision | recall | missing classes | loss against FID |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, group in groups.items():
        numbers = [record["numbers"] for record in group]

        def column(key, form, numbers=numbers):
            return cell([each["last"][key] for each in numbers], form)

        watched = WATCHED[name.partition("-")[0]]
        missing = sorted({label for each in numbers for label in each["last"]["missing"]})
        yield (
            f"| {TITLES[name]} | {cell([each['best']['fid'] for each in numbers], '.1f')} | {column('fid', '.1f')} "
            f"| {column('precision', '.2f')} | {column('recall', '.2f')} | {', '.join(missing) or 'none'} "
            f"| `{watched}`: {cell([each['loss_against_fid'][watched] for each in numbers], '.2f')} |"
        )
    held_out = next(iter(groups.values()))[0]["numbers"]["held_out"]
    yield (
        f"| held-out real images | {held_out['fid']:.1f} | {held_out['fid']:.1f} | {held_out['precision']:.2f} "
        f"| {held_out['recall']:.2f} | none | |"
    )


def labelled_table(groups):
    """Yields the lines of the table of class-conditional games."""
    columns = {
        "fid": ".1f",
        "precision": ".2f",
        "recall": ".2f",
        "gan_test": ".3f",
        "gan_train": ".3f",
        "intra_fid": ".1f",
    }
    yield f"| variant | {' | '.join(columns)} | missing classes |"
    yield f"| --- |{' --- |' * (len(columns) + 1)}"
    for name, title in ({UNLABELLED: "unconditional GAN"} | LABELLED).items():
        numbers = [record["numbers"]["last"] for record in groups[name]]
        cells = [
            cell([each[key] for each in numbers], form) if key in numbers[0] else "" for key, form in columns.items()
        ]
        missing = sorted({label for each in numbers for label in each["missing"]})
        yield f"| {title} | {' | '.join(cells)} | {', '.join(missing) or 'none'} |"
    held_out = groups["cgan"][0]["numbers"]["held_out"]
    yield f"| held-out real images | {' | '.join(f'{held_out[key]:{form}}' for key, form in columns.items())} | none |"


def draw(groups):
    """Writes the figure: FID over images shown, and the last score beside the watched loss."""
    figure, (curves, ranks) = plt.subplots(1, 2, figsize=(10.5, 3.6), layout="constrained")
    for index, (name, group) in enumerate(groups.items()):
        runs = np.array([record["numbers"]["curve"] for record in group])[:, 1:]
        kimg, fids = runs[0, :, 0], runs[:, :, 1]
        curves.fill_between(kimg, fids.min(0), fids.max(0), color=f"C{index}", alpha=0.2, linewidth=0)
        curves.plot(kimg, fids.mean(0), "o-", markersize=3, color=f"C{index}", label=TITLES[name])
        watched = WATCHED[name.partition("-")[0]]
        values = [record["numbers"]["loss_against_fid"][watched] for record in group]
        ranks.plot(values, [index] * len(values), "o", color=f"C{index}")
    curves.set_yscale("log")
    curves.set_xlabel("thousands of real images shown")
    curves.set_ylabel("FID (features of the classifier)")
    curves.legend(fontsize=8)
    ranks.axvline(0, color="0.7", linewidth=1)
    ranks.set_xlim(-1.05, 1.05)
    ranks.set_yticks(range(len(groups)), [TITLES[name] for name in groups])
    ranks.set_xlabel("rank correlation of the model's own loss with its FID")
    figure.savefig(FOLDER.parent / "fashion_mnist.png", dpi=110)


if __name__ == "__main__":
    found = records()
    told = {name: group for name, group in found.items() if name not in LABELLED}
    draw(told)
    print("\n".join([*table(told), "", *labelled_table(found)]))
