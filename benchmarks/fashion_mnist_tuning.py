"""Search for the settings of the Fashion-MNIST recipes: 19 settings at 64 kimg, one seed each.

    python benchmarks/fashion_mnist_tuning.py --data DIR --work DIR

One seed separates settings that train from settings that do not; it does not rank close ones. `fashion_mnist.py`
measures the selected settings over three seeds. Writes one JSON record per setting; existing records are skipped.
"""

import argparse
from pathlib import Path

from fashion_mnist import FOLDER, SOURCE, finish, rows_per_step, save
from ganzoo.export.evaluation import ImageEvaluator
from ganzoo.training import load, load_recipe, load_run
from ganzoo.training.run.run_dir import RunDir
from support.records import is_recorded, recipe_settings

NUM_SAMPLES = 5000
KIMG = 64
METRICS = ("fid", "precision_recall", "modes", "duplicates")


def optimizers(name, generator, discriminator, **others):
    """Returns overrides that set both optimizers."""
    arguments = "".join(f", {key}={value}" for key, value in others.items())
    return [
        f'optimizers.{role}={{name="{name}", learning_rate={rate}{arguments}}}'
        for role, rate in (("generator", generator), ("discriminator", discriminator))
    ]


def adam_gan(generator, discriminator):
    """Returns overrides for Adam with the momentum of DCGAN."""
    return optimizers("adam", generator, discriminator, beta_1=0.5)


def adam_wgan(rate):
    """Returns overrides for Adam without momentum."""
    return optimizers("adam", rate, rate, beta_1=0.0, beta_2=0.9)


BATCH, NONE = ['model.discriminator.normalization="batch"'], ['model.discriminator.normalization="none"']
PAPER = ["model.clip_value=0.01", "model.n_critic=5"]
SETTINGS = {
    "gan-2e-4": ("gan", [*BATCH, *adam_gan("2e-4", "2e-4")]),
    "gan-4e-4": ("gan", [*BATCH, *adam_gan("4e-4", "4e-4")]),
    "gan-8e-4": ("gan", [*BATCH, *adam_gan("8e-4", "8e-4")]),
    "gan-16e-4": ("gan", [*BATCH, *adam_gan("16e-4", "16e-4")]),
    "gan-8e-4x4e-4": ("gan", [*BATCH, *adam_gan("8e-4", "4e-4")]),
    "gan-1e-4x4e-4": ("gan", [*BATCH, *adam_gan("1e-4", "4e-4")]),
    "gan-smooth-2e-4": ("gan", [*BATCH, "model.label_smoothing=0.1", *adam_gan("2e-4", "2e-4")]),
    "gan-nonorm-2e-4": ("gan", [*NONE, *adam_gan("2e-4", "2e-4")]),
    "gan-nonorm-4e-4": ("gan", [*NONE, *adam_gan("4e-4", "4e-4")]),
    "wgan-paper": ("wgan", [*PAPER, *optimizers("rmsprop", "5e-5", "5e-5")]),
    "wgan-rmsprop-5e-4": ("wgan", [*PAPER, *optimizers("rmsprop", "5e-4", "5e-4")]),
    "wgan-clip0.01-1e-3": ("wgan", ["model.clip_value=0.01", "model.n_critic=1", *adam_wgan("1e-3")]),
    "wgan-clip0.02-1e-3": ("wgan", ["model.clip_value=0.02", "model.n_critic=1", *adam_wgan("1e-3")]),
    "wgan-clip0.02-2e-3": ("wgan", ["model.clip_value=0.02", "model.n_critic=1", *adam_wgan("2e-3")]),
    "wgan-clip0.02-5e-4": ("wgan", ["model.clip_value=0.02", "model.n_critic=1", *adam_wgan("5e-4")]),
    "wgan-clip0.05-2e-4": ("wgan", ["model.clip_value=0.05", "model.n_critic=1", *adam_wgan("2e-4")]),
    "wgan-clip0.05-5e-4": ("wgan", ["model.clip_value=0.05", "model.n_critic=1", *adam_wgan("5e-4")]),
    "wgan-clip0.1-2e-4": ("wgan", ["model.clip_value=0.1", "model.n_critic=1", *adam_wgan("2e-4")]),
    "wgan-clip0.1-5e-4": ("wgan", ["model.clip_value=0.1", "model.n_critic=1", *adam_wgan("5e-4")]),
}


def main():
    """Trains, evaluates and records the settings that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of Fashion-MNIST's IDX files")
    parser.add_argument("--work", type=Path, required=True, help="folder for the runs")
    parser.add_argument(
        "--results", type=Path, default=FOLDER.with_name("fashion_mnist_tuning"), help="folder of the records"
    )
    parser.add_argument("--settings", default=",".join(SETTINGS), help="comma-separated (default: all)")
    options = parser.parse_args()
    evaluator = None
    for name in options.settings.split(","):
        path = options.results / f"{name}.json"
        variant, overrides = SETTINGS[name]
        recipe = load_recipe(f"{variant}_fashion_mnist", [f'data.source="idx:{options.data}"', *overrides])
        steps = KIMG * 1000 // rows_per_step(recipe)
        recipe.train.steps, recipe.train.save_every, recipe.evaluate = steps, steps, None
        if is_recorded(path, recipe_settings(recipe, SOURCE)):
            continue
        folder = RunDir(options.work / name)
        finish(recipe, folder)
        evaluator = evaluator or ImageEvaluator(load(**recipe.data), metrics=METRICS, num_samples=NUM_SAMPLES)
        report = evaluator.report(load_run(folder.path), name=name)
        head = {
            "setting": name,
            "seed": recipe.train.seed,
            "kimg": KIMG,
            "command": f"python benchmarks/fashion_mnist_tuning.py --data DIR --work DIR --settings {name}",
            "recipe": recipe_settings(recipe, SOURCE),
            "evaluation": {"num_samples": NUM_SAMPLES, "split": "train", "extractor": evaluator.extractor.identity},
        }
        save(path, head, {"last": report.blocks[0], "held_out": report.held_out_baseline})


if __name__ == "__main__":
    main()
