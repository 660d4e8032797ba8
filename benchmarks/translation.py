"""Image translation: is the content kept, is the style changed, and what does the cycle loss contribute?

    python benchmarks/translation.py --emoji DIR --work DIR

DIR of `--emoji` holds the folders `google` and `twitter` with images of equal names. Writes one JSON record per
(configuration, seed), with the run's last sample grid as a PNG of the same name; existing records are skipped, so an
interrupted benchmark can be restarted.
"""

import functools
import shutil
from pathlib import Path

from fashion_mnist import finish, save
from ganzoo.export.evaluation import TranslationEvaluator
from ganzoo.training import load, load_recipe, load_run
from ganzoo.training.run.run_dir import RunDir
from support.records import is_recorded, recipe_settings, run_configurations

FOLDER = Path(__file__).parent / "results" / "translation"
# Fewer steps than the recipes: all configurations and seeds take ninety minutes on two cores.
SHORT, LONGER = "train.steps=2500", "train.steps=3000"
# Recipe and overrides. Recipes with "emoji" in their name train on `--emoji`.
CONFIGURATIONS = {
    "fill": ("cyclegan_restyled", [LONGER]),
    "light": ("cyclegan_restyled", [LONGER, 'data.source="restyled:light"']),
    "fill-without-cycle": ("cyclegan_restyled", [LONGER, "model.cycle_weight=0.0"]),
    "emoji": ("cyclegan_emoji", [SHORT]),
    "emoji-pairs": ("pix2pix_emoji", [SHORT]),
}
NUM_SAMPLES = 2000


def main():
    """Trains, evaluates and records what is missing."""
    run_configurations(
        __doc__,
        FOLDER,
        CONFIGURATIONS,
        measure,
        arguments={
            "--emoji": {"type": Path, "required": True, "help": "folder of the vendors' emoji"},
            "--work": {"type": Path, "required": True, "help": "folder for the runs"},
        },
    )


def measure(name, seed, options):
    """Measures one configuration with one seed, unless it is recorded."""
    path = options.results / f"{name}-seed{seed}.json"
    recipe_name, overrides = CONFIGURATIONS[name]
    source = [f'data.source="paired:{pairs(options)}"'] if "emoji" in recipe_name else []
    recipe = load_recipe(recipe_name, [*source, f"train.seed={seed}", *overrides])
    settings = recipe_settings(recipe, "paired:DIR" if source else recipe.data["source"])
    if is_recorded(path, settings):
        return
    folder = RunDir(options.work / f"{name}-seed{seed}")
    seconds = finish(recipe, folder)
    evaluator, model = make_evaluator(tuple(recipe.data.items())), load_run(folder.path)
    report = evaluator.report(model, name=f"{name}, seed {seed}")
    numbers = {"step": model.steps_done, **report.columns}
    # `save` prints the FID of "last".
    numbers["last"] = report.columns["model"]
    head = {
        "configuration": name,
        "seed": seed,
        "command": f"python benchmarks/translation.py --emoji DIR --work DIR --configurations {name} --seeds {seed}",
        "recipe": settings,
        "evaluation": report.facts | {"subject": name},
        "not_computed": report.reasons,
        "seconds_of_training": round(seconds),
    }
    save(path, head, numbers)
    shutil.copy(sorted(folder.samples.glob("step-*.png"))[-1], path.with_suffix(".png"))


def pairs(options):
    """Returns a folder with the two vendors as `A` and `B`, the layout of `paired:DIR`."""
    folder = options.work / "emoji"
    folder.mkdir(parents=True, exist_ok=True)
    for side, vendor in (("A", "google"), ("B", "twitter")):
        if not (folder / side).exists():
            (folder / side).symlink_to((options.emoji / vendor).resolve(), target_is_directory=True)
    return folder


@functools.cache
def make_evaluator(data):
    """Returns the evaluator of all final reports on the same data."""
    return TranslationEvaluator(load(**dict(data)), num_samples=NUM_SAMPLES)


if __name__ == "__main__":
    main()
