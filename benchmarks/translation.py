"""Translation without pairs: is the content kept, is the style changed, and what does the cycle do for it?

    python benchmarks/translation.py --emoji DIR --work DIR

DIR of `--emoji` holds the folders `google` and `twitter` of pictures with equal names. One JSON a (game, seed); what is
there is skipped, so that an interrupted benchmark goes on. Beside it lies a picture of the last grid.
"""

import functools
import shutil
from pathlib import Path

from fashion_mnist import finish, write
from ganzoo.export.evaluation import TranslationJudge
from ganzoo.training import load, load_recipe, load_run
from ganzoo.training.rundir import RunFolder
from records import measured, run_games

FOLDER = Path(__file__).parent / "results" / "translation"
# Less than the recipes have, so that all seeds of all games fit into ninety minutes on two cores.
SHORT, LONGER = "train.steps=2500", "train.steps=3000"
# Recipe and overrides; what is trained on emoji is told by the recipe's name.
GAMES = {
    "fill": ("cyclegan_restyled", [LONGER]),
    "light": ("cyclegan_restyled", [LONGER, 'data.source="restyled:light"']),
    "fill-without-cycle": ("cyclegan_restyled", [LONGER, "model.cycle_weight=0.0"]),
    "emoji": ("cyclegan_emoji", [SHORT]),
    "emoji-pairs": ("pix2pix_emoji", [SHORT]),
}
NUM = 2000


def main():
    """Trains, judges and writes what is missing."""
    run_games(
        __doc__,
        FOLDER,
        GAMES,
        measure,
        arguments={
            "--emoji": {"type": Path, "required": True, "help": "folder of the vendors' emoji"},
            "--work": {"type": Path, "required": True, "help": "folder for the runs"},
        },
    )


def measure(name, seed, options):
    """Measures one game with one seed, unless its JSON is there."""
    path = options.results / f"{name}-seed{seed}.json"
    recipe_name, overrides = GAMES[name]
    source = [f'data.source="paired:{pairs(options)}"'] if "emoji" in recipe_name else []
    recipe = load_recipe(recipe_name, [*source, f"train.seed={seed}", *overrides])
    if measured(path, told(recipe)):
        return
    folder = RunFolder(options.work / f"{name}-seed{seed}")
    seconds = finish(recipe, folder)
    judge, model = judge_of(tuple(recipe.data.items())), load_run(folder.path)
    report = judge.report(model, name=f"{name}, seed {seed}")
    numbers = {"step": model.steps_done, **report.columns}
    # `write` prints the model's own FID.
    numbers["last"] = report.columns["model"]
    head = {
        "variant": name,
        "seed": seed,
        "command": f"python benchmarks/translation.py --emoji DIR --work DIR --games {name} --seeds {seed}",
        "recipe": told(recipe),
        "judged": report.facts | {"subject": name},
        "not_computed": report.reasons,
        "seconds_of_training": round(seconds),
    }
    write(path, head, numbers)
    shutil.copy(sorted(folder.samples.glob("step-*.png"))[-1], path.with_suffix(".png"))


def pairs(options):
    """Returns a folder in which the vendors are called A and B."""
    folder = options.work / "emoji"
    folder.mkdir(parents=True, exist_ok=True)
    for side, vendor in (("A", "google"), ("B", "twitter")):
        if not (folder / side).exists():
            (folder / side).symlink_to((options.emoji / vendor).resolve(), target_is_directory=True)
    return folder


def told(recipe):
    """Returns what a record says of a recipe: everything but where the data lie."""
    source = recipe.data["source"]
    return recipe.content() | {"data": {**recipe.data, "source": "paired:DIR" if "paired" in source else source}}


@functools.cache
def judge_of(data):
    """Returns the judge of all final reports on the same data."""
    return TranslationJudge(load(**dict(data)), num=NUM)


if __name__ == "__main__":
    main()
