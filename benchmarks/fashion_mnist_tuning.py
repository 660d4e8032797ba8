"""How the Fashion-MNIST recipes were found: settings compared at 64 kimg, one seed each.

    python benchmarks/fashion_mnist_tuning.py --data DIR --work DIR

The differences that matter here are large ones: a setting that learns against one that does not. The winners are
measured over three seeds by `fashion_mnist.py`.
"""

import argparse
from pathlib import Path

from fashion_mnist import FOLDER, finish, rows_of, told, write
from ganzoo.export.evaluation import Judge
from ganzoo.training import load, load_recipe, load_run
from ganzoo.training.rundir import RunFolder
from records import measured

NUM = 5000
KIMG = 64
METRICS = ("fid", "precision_recall", "modes", "duplicates")


def optimizers(name, generator, discriminator, **others):
    """Returns overrides that set both optimisers."""
    told = "".join(f", {key}={value}" for key, value in others.items())
    return [
        f'optimizers.{role}={{name="{name}", learning_rate={rate}{told}}}'
        for role, rate in (("generator", generator), ("discriminator", discriminator))
    ]


def adam_gan(generator, discriminator):
    """Returns Adam as DCGAN has it."""
    return optimizers("adam", generator, discriminator, beta_1=0.5)


def adam_wgan(rate):
    """Returns Adam without momentum."""
    return optimizers("adam", rate, rate, beta_1=0.0, beta_2=0.9)


BATCH, NONE = ['model.discriminator.normalization="batch"'], ['model.discriminator.normalization="none"']
PAPER = ["model.clip=0.01", "model.n_critic=5"]
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
    "wgan-clip0.01-1e-3": ("wgan", ["model.clip=0.01", "model.n_critic=1", *adam_wgan("1e-3")]),
    "wgan-clip0.02-1e-3": ("wgan", ["model.clip=0.02", "model.n_critic=1", *adam_wgan("1e-3")]),
    "wgan-clip0.02-2e-3": ("wgan", ["model.clip=0.02", "model.n_critic=1", *adam_wgan("2e-3")]),
    "wgan-clip0.02-5e-4": ("wgan", ["model.clip=0.02", "model.n_critic=1", *adam_wgan("5e-4")]),
    "wgan-clip0.05-2e-4": ("wgan", ["model.clip=0.05", "model.n_critic=1", *adam_wgan("2e-4")]),
    "wgan-clip0.05-5e-4": ("wgan", ["model.clip=0.05", "model.n_critic=1", *adam_wgan("5e-4")]),
    "wgan-clip0.1-2e-4": ("wgan", ["model.clip=0.1", "model.n_critic=1", *adam_wgan("2e-4")]),
    "wgan-clip0.1-5e-4": ("wgan", ["model.clip=0.1", "model.n_critic=1", *adam_wgan("5e-4")]),
}


def main():
    """Trains and judges the settings of which there is no JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of Fashion-MNIST's IDX files")
    parser.add_argument("--work", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--results", type=Path, default=FOLDER.with_name("fashion_mnist_tuning"), help="of the JSONs")
    parser.add_argument("--settings", default=",".join(SETTINGS), help="comma-separated (default: all)")
    options = parser.parse_args()
    judge = None
    for name in options.settings.split(","):
        path = options.results / f"{name}.json"
        variant, overrides = SETTINGS[name]
        recipe = load_recipe(f"{variant}_fashion_mnist", [f'data.source="idx:{options.data}"', *overrides])
        steps = KIMG * 1000 // rows_of(recipe)
        recipe.train.steps, recipe.train.save_every, recipe.evaluate = steps, steps, None
        if measured(path, told(recipe)):
            continue
        folder = RunFolder(options.work / name)
        finish(recipe, folder)
        judge = judge or Judge(load(**recipe.data), metrics=METRICS, num=NUM)
        report = judge.report(load_run(folder.path), name=name)
        head = {
            "setting": name,
            "seed": recipe.train.seed,
            "kimg": KIMG,
            "command": f"python benchmarks/fashion_mnist_tuning.py --data DIR --work DIR --settings {name}",
            "recipe": told(recipe),
            "judged": {"num": NUM, "split": "train", "extractor": judge.extractor.identity},
        }
        write(path, head, {"last": report.blocks[0], "held_out": report.ceiling})


if __name__ == "__main__":
    main()
