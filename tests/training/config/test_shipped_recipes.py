"""Every shipped recipe is built at its real sizes and trained for one step."""

import gzip
import json

import numpy as np
import pytest
from ganzoo.training.config.catalog import recipes
from ganzoo.training.config.recipe import load_recipe
from ganzoo.training.data import load
from ganzoo.training.run.training_run import build_model
from PIL import Image

COUNT = 80
pytestmark = pytest.mark.thorough


def write_idx(folder):
    """Fashion-MNIST's files with random content."""
    rng = np.random.default_rng(0)
    for part in ("train", "t10k"):
        images, labels = rng.integers(0, 256, (COUNT, 28, 28), np.uint8), (np.arange(COUNT) % 10).astype(np.uint8)
        for kind, rank, array in (("images-idx3", 3, images), ("labels-idx1", 1, labels)):
            header = bytes([0, 0, 8, rank]) + b"".join(int(n).to_bytes(4, "big") for n in array.shape)
            with gzip.open(folder / f"{part}-{kind}-ubyte.gz", "wb") as file:
                file.write(header + array.tobytes())


def write_images(folder, size):
    folder.mkdir(parents=True)
    for number in range(COUNT):
        pixels = np.random.default_rng(number).integers(0, 256, size, np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03d}.png")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Small stand-ins for data that a recipe expects on disk: kind of source -> `--data` value."""
    root = tmp_path_factory.mktemp("data")
    (root / "idx").mkdir()
    write_idx(root / "idx")
    write_images(root / "captions", (32, 32, 3))
    captions = [{"file_name": f"{n:03d}.png", "text": f"face number {n % 7}"} for n in range(COUNT)]
    (root / "captions" / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in captions))
    for domain in ("A", "B"):
        write_images(root / "paired" / domain, (32, 32, 3))
    (root / "lines.txt").write_text("".join(f"the {n} cat sat on mat {n % 5}\n" for n in range(10 * COUNT)))
    names = {"idx": "idx", "captions": "captions", "paired": "paired", "lines": "lines.txt"}
    return {kind: f"{kind}:{root / name}" for kind, name in names.items()}


@pytest.mark.parametrize("name", sorted(recipes()))
def test_a_shipped_recipe_trains_for_one_step(name, data):
    recipe = load_recipe(name)
    kind = recipe.data["source"].partition(":")[0]
    options = recipe.data | ({"source": data[kind]} if kind in data else {})
    if kind == "shapes":
        options["count"] = 2000
    source = load(**options)
    model = build_model(recipe, source)
    batch_size = min(recipe.train.batch_size, len(source))
    history = model.fit(source, batch_size=batch_size, steps_per_epoch=1, verbose=0).history
    assert model.steps_done == 1
    assert all(np.isfinite(value).all() for value in history.values())
