"""Eight games on Fashion-MNIST at equal kimg: quality, what is missing, and whether a loss tells how good a GAN is.

    python benchmarks/fashion_mnist.py --data DIR --work DIR

DIR of `--data` holds Fashion-MNIST's four IDX files. One JSON a (variant, seed); what is there is skipped, so that an
interrupted benchmark goes on. `python benchmarks/fashion_mnist_plots.py` draws the figures and the table.
"""

import argparse
import functools
from pathlib import Path

from ganzoo.export.evaluation import Judge
from ganzoo.training import load, load_recipe, load_run, train
from ganzoo.training.callbacks.metrics import read_rows
from ganzoo.training.rundir import RunFolder
from ganzoo.zoo.labelled import LabelledGame
from ganzoo.zoo.registry import variant_class
from records import measured, save_record
from scipy.stats import spearmanr

FOLDER = Path(__file__).parent / "results" / "fashion_mnist"
# The recipes as they are shipped; the GAN's other losses change nothing else.
VARIANTS = {
    "gan-non_saturating": ("gan_fashion_mnist", []),
    "gan-minimax": ("gan_fashion_mnist", ['model.loss="minimax"']),
    "gan-least_squares": ("gan_fashion_mnist", ['model.loss="least_squares"']),
    "gan-hinge": ("gan_fashion_mnist", ['model.loss="hinge"']),
    "wgan-clipping": ("wgan_fashion_mnist", []),
    "cgan": ("cgan_fashion_mnist", []),
    "projection_gan": ("projection_gan_fashion_mnist", []),
    "acgan": ("acgan_fashion_mnist", []),
}
LOSSES = ("d_loss", "g_loss", "wasserstein")
REPORTED = ("fid", "kid", "inception_score", "precision_recall", "duplicates", "modes")
# What only samples of an asked-for label have.
LABELLED = ("gan_test", "gan_train", "intra_fid")
CURVE_NUM, REPORT_NUM = 2500, 5000


def main():
    """Trains, judges and writes what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of Fashion-MNIST's IDX files")
    parser.add_argument("--work", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--results", type=Path, default=FOLDER, help="folder of the JSONs")
    parser.add_argument("--variants", default=",".join(VARIANTS), help="comma-separated (default: %(default)s)")
    parser.add_argument("--seeds", default="0,1,2", help="comma-separated (default: %(default)s)")
    parser.add_argument("--kimg", type=int, default=64, help="thousands of real images (default: %(default)s)")
    parser.add_argument("--checkpoints", type=int, default=10, help="evaluations of a run (default: %(default)s)")
    options = parser.parse_args()
    for seed in options.seeds.split(","):
        for name in options.variants.split(","):
            measure(name, int(seed), options)


def measure(name, seed, options):
    """Measures one variant with one seed, unless its JSON is there."""
    path = options.results / f"{name}-seed{seed}.json"
    recipe, overrides = VARIANTS[name]
    recipe = settings_for(recipe, overrides, options.data, options.kimg, options.checkpoints, seed)
    if measured(path, told(recipe)):
        return
    folder = RunFolder(options.work / f"{name}-seed{seed}")
    seconds = finish(recipe, folder)
    numbers = {"curve": curve(folder), "loss_against_fid": correlations(folder)}
    labelled = issubclass(variant_class(recipe.model["variant"]), LabelledGame)
    judge = judge_of(recipe.data["source"], recipe.data["resolution"], REPORTED + LABELLED * labelled)
    for checkpoint in ("best", "last"):
        model = load_run(folder.path, checkpoint)
        report = judge.report(model, name=f"{name}, seed {seed}")
        numbers[checkpoint] = {"step": model.steps_done} | report.blocks[0]
    numbers["held_out"] = report.ceiling
    head = {
        "variant": name,
        "seed": seed,
        "command": f"python benchmarks/fashion_mnist.py --data DIR --work DIR --variants {name} --seeds {seed} "
        f"--kimg {options.kimg} --checkpoints {options.checkpoints}",
        "recipe": told(recipe),
        "judged": {"curve_num": CURVE_NUM, "num": REPORT_NUM, "split": "train", "extractor": judge.extractor.identity},
    }
    write(path, head | {"seconds_of_training": round(seconds)}, numbers)


def told(recipe):
    """Returns what a record says of a recipe: everything but where the data lie."""
    return recipe.content() | {"data": {**recipe.data, "source": "idx:DIR"}}


@functools.cache
def judge_of(source, resolution, metrics):
    """Returns the judge of all final reports."""
    names = load_recipe("gan_fashion_mnist").data["class_names"]
    return Judge(load(source, resolution, class_names=names), metrics=metrics, num=REPORT_NUM)


def settings_for(recipe, overrides, data, kimg, checkpoints, seed):
    """Returns a recipe cut to so many thousand real images, with evaluations at equal distances."""
    known = load_recipe(recipe, overrides)
    steps = round(kimg * 1000 / rows_of(known))
    every = max(1, steps // checkpoints)
    return load_recipe(
        recipe,
        [
            f'data.source="idx:{data}"',
            f"train.steps={every * checkpoints}",
            f"train.seed={seed}",
            f"train.log_every={every}",
            f"train.save_every={every}",
            f"train.sample_every={every * checkpoints // 4}",
            f"evaluate.every={every}",
            f"evaluate.num={CURVE_NUM}",
            'evaluate.metrics=["fid"]',
            *overrides,
        ],
    )


def rows_of(recipe):
    """Returns the real images of one step."""
    return recipe.train.batch_size * recipe.model.get(
        "n_critic", variant_class(recipe.model["variant"]).default_n_critic
    )


def finish(recipe, folder):
    """Trains a run to its end, from its last checkpoint if there is one; returns the seconds that its rows tell of."""
    begun = folder.state.exists()
    outcome = train(folder.resume(recipe) if begun else recipe, folder.path, resume=begun, progress=False)
    if outcome.signal is not None:
        # A run that is not at its end has nothing to be recorded.
        raise SystemExit(f"{folder}: stopped by {outcome.signal.name} at step {outcome.step}: the same command goes on")
    rows = [row for row in read_rows(folder.metrics) if "images_per_second" in row]
    return sum(row["steps_averaged"] * rows_of(recipe) / row["images_per_second"] for row in rows)


def curve(folder):
    """Returns [[kimg, FID], ...] over the checkpoints."""
    return [[row["kimg"], round(row["fid"], 3)] for row in read_rows(folder.metrics) if "fid" in row]


def correlations(folder):
    """Returns Spearman's rank correlation of each loss with the FID, over the checkpoints after the first step."""
    rows = read_rows(folder.metrics)
    fids = {row["step"]: row["fid"] for row in rows if "fid" in row and row["step"] > 0}
    logged = {row["step"]: row for row in rows if "d_loss" in row}
    steps = sorted(set(fids) & set(logged))
    found = {"checkpoints": len(steps)}
    for name in LOSSES:
        if name in logged[steps[0]]:
            found[name] = round(float(spearmanr([logged[s][name] for s in steps], [fids[s] for s in steps])[0]), 3)
            found[f"{name}_range"] = [round(pick(logged[s][name] for s in steps), 3) for pick in (min, max)]
    return found


def write(path, head, numbers):
    """Writes one JSON and tells the FID."""
    save_record(path, head, numbers)
    print(f"{path.name}: FID {numbers['last']['fid']:.2f}", flush=True)


if __name__ == "__main__":
    main()
