"""Text to image: do pictures show what captions say, and what does the matching loss do for it?

    python benchmarks/text_to_image.py --emoji DIR --work DIR

DIR of `--emoji` holds the folders `google` and `twitter`, each with a `metadata.jsonl`. One JSON a (game, seed); what
is there is skipped, so that an interrupted benchmark goes on. On emoji a grid of pictures lies beside it.
"""

import functools
from pathlib import Path

import numpy as np
from fashion_mnist import finish, write
from ganzoo.export.evaluation import Judge
from ganzoo.training import load, load_recipe, load_run
from ganzoo.training.callbacks.metrics import read_rows
from ganzoo.training.rundir import RunFolder
from PIL import Image, ImageDraw
from records import measured, run_games

FOLDER = Path(__file__).parent / "results" / "text_to_image"
# Recipe, overrides, and the vendor of the emoji.
GAMES = {
    "shapes": ("text_to_image_shapes", [], None),
    "shapes-unmatched": ("text_to_image_shapes", ["model.matching_weight=0.0"], None),
    "emoji-google": ("text_to_image_emoji", [], "google"),
    "emoji-twitter": ("text_to_image_emoji", [], "twitter"),
}
METRICS = {
    "text_to_image_shapes": ("fid", "attributes", "r_precision", "duplicates"),
    "text_to_image_emoji": ("fid", "r_precision", "duplicates", "memorisation"),
}
CURVE = ("kimg", "fid", "attributes_seen", "attributes_unseen", "r_precision")
CURVE_NUM, REPORT_NUM = 1000, 5000
CAPTIONS, SEEDS, SCALE, MARGIN = 6, 6, 3, 330


def main():
    """Trains, judges and writes what is missing."""
    run_games(
        __doc__,
        FOLDER,
        GAMES,
        measure,
        seeds="0",
        arguments={
            "--emoji": {"type": Path, "required": True, "help": "folder of the vendors' emoji"},
            "--work": {"type": Path, "required": True, "help": "folder for the runs"},
        },
    )


def measure(name, seed, options):
    """Measures one game with one seed, unless its JSON is there."""
    path = options.results / f"{name}-seed{seed}.json"
    recipe_name, overrides, vendor = GAMES[name]
    source = [f'data.source="captions:{options.emoji / vendor}"'] if vendor else []
    recipe = load_recipe(recipe_name, [*source, f"train.seed={seed}", f"evaluate.num={CURVE_NUM}", *overrides])
    if measured(path, told(recipe, vendor)):
        return
    folder = RunFolder(options.work / f"{name}-seed{seed}")
    seconds = finish(recipe, folder)
    judge, model = judge_of(recipe_name, tuple(recipe.data.items())), load_run(folder.path)
    report = judge.report(model, name=f"{name}, seed {seed}")
    numbers = {"curve": curve(folder), "last": {"step": model.steps_done} | report.blocks[0]}
    numbers["held_out"] = report.ceiling
    head = {
        "variant": name,
        "seed": seed,
        "command": f"python benchmarks/text_to_image.py --emoji DIR --work DIR --games {name} --seeds {seed}",
        "recipe": told(recipe, vendor),
        "judged": {"num": REPORT_NUM, "captions": "held out", "extractor": judge.extractor.identity},
        "seconds_of_training": round(seconds),
    }
    if vendor:
        head["grid"] = grid(model, judge.reference.source, path.with_suffix(".png"))
    write(path, head, numbers)


def told(recipe, vendor):
    """Returns what a record says of a recipe: everything but where the data lie."""
    return recipe.content() | {"data": {**recipe.data, "source": f"captions:DIR/{vendor}" if vendor else "shapes"}}


@functools.cache
def judge_of(recipe_name, data):
    """Returns the judge of all final reports on the same data."""
    return Judge(load(**dict(data)), metrics=METRICS[recipe_name], num=REPORT_NUM)


def curve(folder):
    """Returns a list of dicts over the checkpoints."""
    rows = [row for row in read_rows(folder.metrics) if "fid" in row]
    return [{key: round(row[key], 4) for key in CURVE if key in row} for row in rows]


def grid(model, source, path):
    """Draws six captions that are chosen blindly, three of training pictures and three of held-out ones.

    Returns:
        dict of the captions; each row of the picture has one caption, each column one seed.
    """
    chosen = np.random.default_rng(0)
    half = CAPTIONS // 2
    trained, held_out = (
        [str(table[row][0]) for row in chosen.choice(len(table), half, replace=False)]
        for table in (source.captions, source.held_out_captions)
    )
    captions = trained + held_out
    texts = [caption for caption in captions for _ in range(SEEDS)]
    # Image i has seed i, so that every column begins at its own number and repeats it row by row.
    drawn = np.concatenate(
        [model.generate(SEEDS, seed=0, texts=texts[row * SEEDS :][:SEEDS]) for row in range(CAPTIONS)]
    )
    pixels = np.clip(np.rint((drawn + 1) * 127.5), 0, 255).astype(np.uint8)
    size = pixels.shape[1] * SCALE
    sheet = Image.new("RGB", (MARGIN + SEEDS * size, CAPTIONS * size), "white")
    pen = ImageDraw.Draw(sheet)
    for row, caption in enumerate(captions):
        unknown = "" if row < half else " (held out)"
        pen.text((6, row * size + size // 2 - 6), caption + unknown, "black")
        for column in range(SEEDS):
            tile = Image.fromarray(pixels[row * SEEDS + column]).resize((size, size), Image.Resampling.NEAREST)
            sheet.paste(tile, (MARGIN + column * size, row * size))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, optimize=True)
    return {"training captions": trained, "held-out captions": held_out, "seeds": list(range(SEEDS))}


if __name__ == "__main__":
    main()
