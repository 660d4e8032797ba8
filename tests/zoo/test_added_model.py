"""A model is added with one file and one recipe: a copy of the project with both trains it and lists it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL = '''"""A GAN with R1."""

import keras

from ...families.image_gan import ImageGAN
from ...registry import variant
from ...regularizers.r1 import R1


@variant
class AddedGAN(ImageGAN):
    """The non-saturating GAN with R1 on every fourth step.

    Paper: Mescheder et al. 2018 (arXiv:1801.04406), equation 9.
    """

    def default_regularizers(self):
        """Returns the paper's penalty."""
        return [R1(10.0, every=4)]

    def default_optimizers(self):
        """Returns RMSprop for both networks."""
        return keras.optimizers.RMSprop(1e-4), keras.optimizers.RMSprop(1e-4)
'''
RECIPE = """description = "An added model on digits"

[data]
source = "digits"
resolution = 8

[model]
variant = "added_gan"
latent_dim = 4

[model.generator]
network = "dcgan"
width = 2

[model.discriminator]
network = "dcgan"
width = 2

[[model.regularizers]]
name = "r1"
weight = 0.5

[model.augmentation]
name = "diff_augment"
shift = 1

[train]
steps = 2
batch_size = 8

[evaluate]
every = 0
"""


@pytest.fixture(scope="module")
def ganzoo(tmp_path_factory):
    """Runs a command in a copy of the project that has one model and one recipe more."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("zoo", "training", "export", "configs"):
        shutil.copytree(ROOT / name, folder / "ganzoo" / name, ignore=ignored)
    if (ROOT / "ganzoo").is_dir():
        shutil.copytree(ROOT / "ganzoo", folder / "ganzoo", ignore=ignored, dirs_exist_ok=True)
    (folder / "ganzoo" / "zoo" / "models" / "image" / "added_gan.py").write_text(MODEL)
    (folder / "ganzoo" / "configs" / "added_gan_digits.toml").write_text(RECIPE)

    def run(*arguments):
        command = [sys.executable, "-c", "from ganzoo.training.cli.command_line import main; main()", *arguments]
        # The copy comes before an installed package.
        environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}
        process = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert process.returncode == 0, process.stderr
        return process.stdout

    return run


def test_the_model_is_listed_by_the_first_line_of_its_docstring(ganzoo):
    listed = ganzoo("list")
    assert "added_gan" in listed
    assert "The non-saturating GAN with R1 on every fourth step." in listed
    assert "added_gan_digits" in listed


def test_the_recipe_trains_the_model_with_its_pieces(ganzoo, tmp_path):
    ganzoo("train", "added_gan_digits", "--out", str(tmp_path / "run"))
    assert '"r1":' in (tmp_path / "run" / "metrics.jsonl").read_text()
    assert "weight = 0.5" in (tmp_path / "run" / "recipe.toml").read_text()
