"""Text to image: do the images match their captions, and what does the matching loss contribute?

    python benchmarks/text_to_image.py --emoji DIR --work DIR

DIR of `--emoji` holds the folders `google` and `twitter`, each with a `metadata.jsonl`. Writes one JSON record per
(configuration, seed), for emoji with a sample grid as a PNG of the same name; existing records are skipped, so an
interrupted benchmark can be restarted.
"""

import functools
from pathlib import Path

import numpy as np
from fashion_mnist import finish, save
from ganzoo.export.evaluation import ImageEvaluator
from ganzoo.training import load, load_recipe, load_run
from ganzoo.training.callbacks.metrics_logger import read_rows
from ganzoo.training.run.run_dir import RunDir
from PIL import Image, ImageDraw
from support.records import is_recorded, recipe_settings, run_configurations

FOLDER = Path(__file__).parent / "results" / "text_to_image"
# Recipe, overrides, and the vendor of the emoji or None.
CONFIGURATIONS = {
    "shapes": ("text_to_image_gan_shapes", [], None),
    "shapes-unmatched": ("text_to_image_gan_shapes", ["model.matching_weight=0.0"], None),
    "emoji-google": ("text_to_image_gan_emoji", [], "google"),
    "emoji-twitter": ("text_to_image_gan_emoji", [], "twitter"),
}
METRICS = {
    "text_to_image_gan_shapes": ("fid", "attributes", "r_precision", "duplicates"),
    "text_to_image_gan_emoji": ("fid", "r_precision", "duplicates", "memorization"),
}
CURVE = ("kimg", "fid", "attributes_seen", "attributes_unseen", "r_precision")
CURVE_SAMPLES, REPORT_SAMPLES = 1000, 5000
CAPTIONS, SEEDS, SCALE, MARGIN = 6, 6, 3, 330


def main():
    """Trains, evaluates and records what is missing."""
    run_configurations(
        __doc__,
        FOLDER,
        CONFIGURATIONS,
        measure,
        seeds="0",
        arguments={
            "--emoji": {"type": Path, "required": True, "help": "folder of the vendors' emoji"},
            "--work": {"type": Path, "required": True, "help": "folder for the runs"},
        },
    )


def measure(name, seed, options):
    """Measures one configuration with one seed, unless it is recorded."""
    path = options.results / f"{name}-seed{seed}.json"
    recipe_name, overrides, vendor = CONFIGURATIONS[name]
    source = [f'data.source="captions:{options.emoji / vendor}"'] if vendor else []
    recipe = load_recipe(
        recipe_name, [*source, f"train.seed={seed}", f"evaluate.num_samples={CURVE_SAMPLES}", *overrides]
    )
    settings = recipe_settings(recipe, f"captions:DIR/{vendor}" if vendor else recipe.data["source"])
    if is_recorded(path, settings):
        return
    folder = RunDir(options.work / f"{name}-seed{seed}")
    seconds = finish(recipe, folder)
    evaluator, model = make_evaluator(recipe_name, tuple(recipe.data.items())), load_run(folder.path)
    report = evaluator.report(model, name=f"{name}, seed {seed}")
    numbers = {"curve": curve(folder), "last": {"step": model.steps_done} | report.blocks[0]}
    numbers["held_out"] = report.held_out_baseline
    head = {
        "configuration": name,
        "seed": seed,
        "command": f"python benchmarks/text_to_image.py --emoji DIR --work DIR --configurations {name} --seeds {seed}",
        "recipe": settings,
        "evaluation": {
            "num_samples": REPORT_SAMPLES,
            "captions": "held out",
            "extractor": evaluator.extractor.identity,
        },
        "seconds_of_training": round(seconds),
    }
    if vendor:
        head["grid"] = grid(model, evaluator.reference.source, path.with_suffix(".png"))
    save(path, head, numbers)


@functools.cache
def make_evaluator(recipe_name, data):
    """Returns the evaluator of all final reports on the same data."""
    return ImageEvaluator(load(**dict(data)), metrics=METRICS[recipe_name], num_samples=REPORT_SAMPLES)


def curve(folder):
    """Returns one dict of results per checkpoint."""
    rows = [row for row in read_rows(folder.metrics) if "fid" in row]
    return [{key: round(row[key], 4) for key in CURVE if key in row} for row in rows]


def grid(model, source, path):
    """Saves a grid of six captions chosen at random, three of training images and three of held-out images.

    Returns:
        dict of the captions; each row of the grid has one caption, each column one seed.
    """
    rng = np.random.default_rng(0)
    half = CAPTIONS // 2
    trained, held_out = (
        [str(table[row][0]) for row in rng.choice(len(table), half, replace=False)]
        for table in (source.captions, source.held_out_captions)
    )
    captions = trained + held_out
    texts = [caption for caption in captions for _ in range(SEEDS)]
    # Image i has seed i, so every row starts again at seed 0 and a column has one seed.
    images = np.concatenate(
        [model.generate(SEEDS, seed=0, texts=texts[row * SEEDS :][:SEEDS]) for row in range(CAPTIONS)]
    )
    pixels = np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8)
    size = pixels.shape[1] * SCALE
    sheet = Image.new("RGB", (MARGIN + SEEDS * size, CAPTIONS * size), "white")
    pen = ImageDraw.Draw(sheet)
    for row, caption in enumerate(captions):
        suffix = "" if row < half else " (held out)"
        pen.text((6, row * size + size // 2 - 6), caption + suffix, "black")
        for column in range(SEEDS):
            tile = Image.fromarray(pixels[row * SEEDS + column]).resize((size, size), Image.Resampling.NEAREST)
            sheet.paste(tile, (MARGIN + column * size, row * size))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, optimize=True)
    return {"training captions": trained, "held-out captions": held_out, "seeds": list(range(SEEDS))}


if __name__ == "__main__":
    main()
