"""Fixtures shared by the tests of runs and commands."""

import keras
import pytest
from ganzoo.training import load_run
from ganzoo.training.cli.command_line import main
from ganzoo.zoo.core.ownership import MARKER

TINY_TEXT_GAN = [
    "--set=model.generator.embedding_dim=4",
    "--set=model.discriminator={network='text_cnn', widths=[2], filters=4, embedding_dim=4, hidden=4}",
    "--set=model.rollouts=1",
    "--set=model.n_critic=1",
    "--set=model.discriminator_warmup_steps=0",
    "--set=optimizers.generator.learning_rate=0.5",
    "--set=pretrain.steps=9",
    "--set=pretrain.learning_rate=0.1",
    "--set=pretrain.batch_size=8",
    "--set=train.batch_size=8",
    "--set=train.steps=2",
    "--set=train.sample_every=1",
    "--set=evaluate.every=0",
]
COLORS = ["red", "green", "blue", "gray"]


@pytest.fixture(scope="session")
def feature_extractor_path(tmp_path_factory):
    """A `.keras` file of random features of 8x8 gray images: an extractor that needs no training."""
    keras.utils.set_random_seed(4)
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(6, 3, 2), keras.layers.Flatten()])
    path = tmp_path_factory.mktemp("extractor") / "extractor.keras"
    model.save(path)
    return f"model:{path}"


@pytest.fixture(scope="session")
def tiny_text_gan():
    """Options of `ganzoo train` that make a text recipe tiny."""
    return TINY_TEXT_GAN


@pytest.fixture(scope="session")
def train_text_run(tiny_text_gan):
    """Trains a tiny run of a text recipe: `train_text_run(folder, "seqgan_oracle", *options)`."""

    def train(folder, recipe, *options):
        assert main(["train", recipe, "--out", str(folder), "--quiet", *tiny_text_gan, *options]) == 0
        return folder

    return train


@pytest.fixture(scope="session")
def text_file(tmp_path_factory):
    """A file of 60 texts."""
    path = tmp_path_factory.mktemp("data") / "texts.txt"
    path.write_text("".join(f"A {COLORS[n % 4]} car, the {COLORS[n % 3]} one\n" for n in range(60)))
    return path


@pytest.fixture(scope="session")
def token_run(train_text_run, tmp_path_factory):
    """A finished run whose tokens are not words; tests must not change it."""
    return train_text_run(tmp_path_factory.mktemp("runs") / "tokens", "seqgan_oracle", "--set=data.count=200")


@pytest.fixture(scope="session")
def word_run(train_text_run, tmp_path_factory, text_file):
    """A finished run whose tokens are words; tests must not change it."""
    folder = tmp_path_factory.mktemp("runs") / "words"
    options = [f"--set=data.source=lines:{text_file}", "--set=model.generator.units=4"]
    return train_text_run(folder, "seqgan_lines", *options)


TRANSLATION_RECIPE = """
[data]
source = "restyled:fill"
resolution = 16
count = 40
[model]
variant = "cyclegan"
pool_size = 4
[model.generator]
width = 2
blocks = 1
[model.discriminator]
width = 2
[train]
steps = 2
batch_size = 2
log_every = 1
sample_every = 2
"""
IMAGE_RECIPE = """
[data]
source = "digits"
resolution = 8
[model]
variant = "gan"
generator = "mlp"
discriminator = "mlp"
[train]
steps = 1
batch_size = 8
"""


@pytest.fixture(scope="session")
def train_toml():
    """Trains the recipe in a TOML text, by default a tiny CycleGAN, and returns the exit code."""

    def train(folder, *options, text=TRANSLATION_RECIPE):
        path = folder.parent / f"{folder.name}.toml"
        path.write_text(text)
        return main(["train", str(path), "--out", str(folder), "--quiet", *options])

    return train


@pytest.fixture(scope="session")
def translation_run(train_toml, tmp_path_factory):
    """A finished run of a tiny CycleGAN; tests must not change it."""
    folder = tmp_path_factory.mktemp("runs") / "cycle"
    assert train_toml(folder) == 0
    return folder


@pytest.fixture(scope="session")
def translation_model(translation_run):
    """The model of `translation_run`."""
    return load_run(translation_run)


@pytest.fixture(scope="session")
def image_run(train_toml, tmp_path_factory):
    """A finished run that generates images from latents; tests must not change it."""
    folder = tmp_path_factory.mktemp("runs") / "gan"
    assert train_toml(folder, text=IMAGE_RECIPE) == 0
    return folder


@pytest.fixture(scope="session")
def list_tree():
    """Lists all files below a folder except markers, as sorted relative paths."""

    def list_files(folder):
        files = (path for path in folder.rglob("*") if path.is_file() and path.name != MARKER)
        return sorted(path.relative_to(folder).as_posix() for path in files)

    return list_files
