"""Nine configurations on Fashion-MNIST at equal kimg: quality, missing classes, and whether a loss tracks quality.

    python benchmarks/fashion_mnist.py --data DIR --work DIR

DIR of `--data` holds the four IDX files of Fashion-MNIST. Writes one JSON record per (configuration, seed); existing
records are skipped, so an interrupted benchmark can be restarted. `python benchmarks/generate_pages.py` writes
the tables and plots.
"""

import functools
from pathlib import Path

from ganzoo.export.evaluation import ImageEvaluator
from ganzoo.training import load, load_recipe, load_run, train
from ganzoo.training.callbacks.metrics_logger import read_rows
from ganzoo.training.run.run_dir import RunDir
from ganzoo.zoo.families.class_conditional_gan import ClassConditionalGAN
from ganzoo.zoo.registry import variant_class
from scipy.stats import spearmanr
from support.records import is_recorded, recipe_settings, run_configurations, save_record

FOLDER = Path(__file__).parent / "results" / "fashion_mnist"
# The shipped recipes; the GAN's other losses and ACGAN's other generator change nothing else.
CONFIGURATIONS = {
    "gan-non_saturating": ("gan_fashion_mnist", []),
    "gan-minimax": ("gan_fashion_mnist", ['model.loss="minimax"']),
    "gan-least_squares": ("gan_fashion_mnist", ['model.loss="least_squares"']),
    "gan-hinge": ("gan_fashion_mnist", ['model.loss="hinge"']),
    "wgan-clipping": ("wgan_fashion_mnist", []),
    "cgan": ("cgan_fashion_mnist", []),
    "projection_gan": ("projection_gan_fashion_mnist", []),
    "acgan": ("acgan_fashion_mnist", []),
    "acgan-concatenation": ("acgan_fashion_mnist", ['model.generator={network="conditional_dcgan", width=32}']),
}
LOSSES = ("d_loss", "g_loss", "wasserstein")
METRICS = ("fid", "kid", "inception_score", "precision_recall", "duplicates", "modes")
# Metrics of samples with a requested label.
LABEL_METRICS = ("gan_test", "gan_train", "intra_fid")
CURVE_SAMPLES, REPORT_SAMPLES = 2500, 5000
# Where a record names the data, without this machine's path.
SOURCE = "idx:DIR"


ARGUMENTS = {
    "--data": {"required": True, "help": "folder of Fashion-MNIST's IDX files"},
    "--work": {"type": Path, "required": True, "help": "folder for the runs"},
    "--kimg": {"type": int, "default": 64, "help": "thousands of real images (default: %(default)s)"},
    "--checkpoints": {"type": int, "default": 10, "help": "evaluations per run (default: %(default)s)"},
}


def main():
    """Trains, evaluates and records what is missing."""
    run_configurations(__doc__, FOLDER, CONFIGURATIONS, measure, arguments=ARGUMENTS)


def measure(name, seed, options, configurations=CONFIGURATIONS, script="fashion_mnist"):
    """Measures one configuration with one seed, unless it is recorded."""
    path = options.results / f"{name}-seed{seed}.json"
    recipe_name, overrides = configurations[name]
    recipe = shortened_recipe(recipe_name, overrides, options.data, options.kimg, options.checkpoints, seed)
    if is_recorded(path, recipe_settings(recipe, SOURCE)):
        return
    folder = RunDir(options.work / f"{name}-seed{seed}")
    seconds = finish(recipe, folder)
    numbers = {"curve": curve(folder), "losses": loss_series(folder), "loss_against_fid": correlations(folder)}
    has_labels = issubclass(variant_class(recipe.model["variant"]), ClassConditionalGAN)
    evaluator = make_evaluator(recipe.data["source"], recipe.data["resolution"], METRICS + LABEL_METRICS * has_labels)
    for checkpoint in ("best", "last"):
        model = load_run(folder.path, checkpoint)
        report = evaluator.report(model, name=f"{name}, seed {seed}")
        numbers[checkpoint] = {"step": model.steps_done} | report.blocks[0]
    numbers["held_out"] = report.held_out_baseline
    head = {
        "configuration": name,
        "seed": seed,
        "command": f"python benchmarks/{script}.py --data DIR --work DIR --configurations {name} --seeds {seed} "
        f"--kimg {options.kimg} --checkpoints {options.checkpoints}",
        "recipe": recipe_settings(recipe, SOURCE),
        "evaluation": {
            "curve_num": CURVE_SAMPLES,
            "num_samples": REPORT_SAMPLES,
            "split": "train",
            "extractor": evaluator.extractor.identity,
        },
    }
    save(path, head | {"seconds_of_training": round(seconds)}, numbers)


@functools.cache
def make_evaluator(source, resolution, metrics):
    """Returns the evaluator of all final reports."""
    names = load_recipe("gan_fashion_mnist").data["class_names"]
    return ImageEvaluator(load(source, resolution, class_names=names), metrics=metrics, num_samples=REPORT_SAMPLES)


def shortened_recipe(recipe_name, overrides, data, kimg, checkpoints, seed):
    """Returns a recipe cut to `kimg` thousand real images, with `checkpoints` evenly spaced evaluations."""
    steps = round(kimg * 1000 / rows_per_step(load_recipe(recipe_name, overrides)))
    every = max(1, steps // checkpoints)
    return load_recipe(
        recipe_name,
        [
            f'data.source="idx:{data}"',
            f"train.steps={every * checkpoints}",
            f"train.seed={seed}",
            f"train.log_every={every}",
            f"train.save_every={every}",
            f"train.sample_every={every * checkpoints // 4}",
            f"evaluate.every={every}",
            f"evaluate.num_samples={CURVE_SAMPLES}",
            'evaluate.metrics=["fid"]',
            *overrides,
        ],
    )


def rows_per_step(recipe):
    """Returns the number of real images that one step consumes."""
    default = variant_class(recipe.model["variant"]).default_n_critic
    return recipe.train.batch_size * recipe.model.get("n_critic", default)


def finish(recipe, folder):
    """Trains a run to its end, resuming from its last checkpoint; returns the seconds of training in its log."""
    resume = folder.state.exists()
    result = train(folder.require_recipe(recipe) if resume else recipe, folder.path, resume=resume, progress=False)
    if result.signal is not None:
        # An unfinished run must not be recorded.
        raise SystemExit(
            f"{folder}: stopped by {result.signal.name} at step {result.step}: repeat the command to resume"
        )
    rows = [row for row in read_rows(folder.metrics) if "images_per_second" in row]
    return sum(row["steps_averaged"] * rows_per_step(recipe) / row["images_per_second"] for row in rows)


def curve(folder):
    """Returns [[kimg, FID], ...] of the checkpoints."""
    return [[row["kimg"], round(row["fid"], 3)] for row in read_rows(folder.metrics) if "fid" in row]


def loss_series(folder):
    """Returns loss name -> [[kimg, mean since the previous entry], ...]."""
    rows = [row for row in read_rows(folder.metrics) if "d_loss" in row]
    return {name: [[row["kimg"], round(row[name], 4)] for row in rows] for name in LOSSES if name in rows[0]}


def correlations(folder):
    """Returns Spearman's rank correlation of each loss with the FID over the checkpoints, without the one of step 0."""
    rows = read_rows(folder.metrics)
    fids = {row["step"]: row["fid"] for row in rows if "fid" in row and row["step"] > 0}
    logged = {row["step"]: row for row in rows if "d_loss" in row}
    steps = sorted(set(fids) & set(logged))
    results = {"checkpoints": len(steps)}
    for name in LOSSES:
        if name in logged[steps[0]]:
            losses = [logged[step][name] for step in steps]
            results[name] = round(float(spearmanr(losses, [fids[step] for step in steps])[0]), 3)
            results[f"{name}_range"] = [round(min(losses), 3), round(max(losses), 3)]
    return results


def save(path, head, numbers):
    """Writes one record and prints its FID."""
    save_record(path, head, numbers)
    print(f"{path.name}: FID {numbers['last']['fid']:.2f}", flush=True)


if __name__ == "__main__":
    main()
