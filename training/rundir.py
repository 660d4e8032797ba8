"""The run folder: what a training leaves behind, and how one goes on from it.

runs/NAME/
    recipe.toml         the resolved recipe
    environment.json    versions, git revision, devices, command
    metrics.jsonl       a row of means an interval
    samples/            pictures of fixed latents, or texts of fixed seeds
    checkpoints/        last.keras, previous.keras, best.keras, and state.json: what they were trained with
    evaluation.json     what `ganzoo evaluate` found, and evaluation/ its pictures
    tensorboard/
    export/             SavedModels and files of `ganzoo export`, and report.json: how far each is from Keras
"""

import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import tomllib
from importlib import metadata
from pathlib import Path

from ..zoo.errors import UserError
from ..zoo.files import write_text
from .callbacks.metrics import cut_back
from .checkpoint import LAST, NAMES, PREVIOUS, load_checkpoint
from .recipe import Recipe, differences

PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy", "pillow", "tensorflow-datasets", "tensorflow-gan")


class RunError(UserError):
    """A run folder that cannot be used as asked."""


class RunFolder:
    """The paths of a run folder.

    Args:
        path: str or path.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.recipe = self.path / "recipe.toml"
        self.environment = self.path / "environment.json"
        self.metrics = self.path / "metrics.jsonl"
        self.samples = self.path / "samples"
        self.checkpoints = self.path / "checkpoints"
        self.state = self.checkpoints / "state.json"
        self.tensorboard = self.path / "tensorboard"
        self.export = self.path / "export"
        self.evaluation = self.path / "evaluation.json"

    def __str__(self):
        return str(self.path)

    def require_run(self):
        """Raises RunError unless a run with a checkpoint is here."""
        if not self.recipe.is_file() or not self.state.is_file():
            raise RunError(
                f"{self}: received a folder without a run's recipe.toml and checkpoints, expected a run folder made by "
                "`ganzoo train RECIPE --out " + str(self) + "`"
            )

    @property
    def has_checkpoint(self):
        """Whether a checkpoint has ever been written here, whole or not."""
        return (self.checkpoints / LAST).exists() or (self.checkpoints / PREVIOUS).exists()

    def require_free(self, overwrite=False):
        """Raises RunError where a new run would destroy something."""
        if not self.path.exists() or (self.path.is_dir() and not any(self.path.iterdir())):
            return
        if not overwrite:
            raise RunError(
                f"{self}: received a folder that is not empty, expected a new one: go on with "
                f"`ganzoo train --resume {self}`, or start again with --overwrite"
            )
        if not self.recipe.is_file():
            raise RunError(f"{self}: received --overwrite for what is no run folder, expected one with a recipe.toml")

    def start(self, recipe, fingerprint, overwrite=False):
        """Makes the folder for a new run.

        Args:
            recipe: `Recipe`.
            fingerprint: str, of the data.
            overwrite: bool, whether a run that is here is removed first.

        Raises:
            RunError: the folder holds something, or cannot be written.
        """
        self.require_free(overwrite)
        try:
            if self.path.exists():
                shutil.rmtree(self.path)
            for folder in (self.samples, self.checkpoints):
                folder.mkdir(parents=True, exist_ok=True)
            write_text(self.recipe, recipe.dumps())
            write_text(self.environment, json.dumps(environment(), indent=1) + "\n")
            self.remember(recipe, fingerprint)
        except OSError as error:
            raise RunError(f"{self}: cannot be written: {error}; choose another --out, or free some space") from None

    def remember(self, recipe, fingerprint):
        """Writes down what the checkpoints are trained with."""
        write_text(self.state, json.dumps({"recipe": recipe.content(), "data": fingerprint}, indent=1) + "\n")

    def resume(self, recipe):
        """Refuses a recipe that would make the run that is here another run.

        Args:
            recipe: `Recipe`, what the user wants to go on with.

        Returns:
            The recipe.

        Raises:
            RunError: a difference other than a larger `train.steps`; the message names each.
        """
        self.require_run()
        trained = json.loads(self.state.read_text(encoding="utf-8"))["recipe"]
        # Keys that came later had their defaults then.
        trained = Recipe(trained, str(self.state)).content()
        changed = differences(_comparable(trained), _comparable(recipe.content()))
        if changed:
            raise RunError(
                f"{self}: received a changed recipe ({'; '.join(changed)}), expected the run's own, in which only "
                "train.steps may grow: start a new run, with --init-from to keep the weights"
            )
        if recipe.train.steps < trained["train"]["steps"]:
            raise RunError(
                f"{self}: received train.steps {recipe.train.steps}, expected at least {trained['train']['steps']}"
            )
        return recipe

    def require_data(self, fingerprint):
        """Raises RunError unless the data are those that the run was trained on."""
        trained = json.loads(self.state.read_text(encoding="utf-8"))["data"]
        if fingerprint != trained:
            raise RunError(
                f"{self}: received other data than the run was trained on (fingerprint {fingerprint}, expected "
                f"{trained}): restore them, or start a new run with --init-from"
            )

    def rewind(self, step):
        """Removes the metrics, pictures and texts of steps that will be taken again."""
        cut_back(self.metrics, step)
        for sample in (*self.samples.glob("step-*.png"), *self.samples.glob("step-*.txt")):
            if int(sample.stem.removeprefix("step-")) > step:
                sample.unlink()


def load_run(path, checkpoint="last"):
    """Gives the model of a run back, compiled, as a checkpoint has it.

    Args:
        path: str or path of a run folder.
        checkpoint: "last", or "best": the one with the lowest FID, where the run was evaluated. Default "last".

    Returns:
        The variant's `AdversarialModel`.

    Raises:
        RunError: no run, or no whole checkpoint, is there.

    Example:

        model = load_run("runs/demo")
        images = model.generate(16, seed=7)
    """
    if checkpoint not in NAMES:
        raise RunError(f"checkpoint: received {checkpoint!r}, expected one of {list(NAMES)}")
    folder = RunFolder(path)
    folder.require_run()
    import_networks(Recipe(tomllib.loads(folder.recipe.read_text(encoding="utf-8")), str(folder.recipe)))
    try:
        model, _ = load_checkpoint(folder.checkpoints, checkpoint)
    except FileNotFoundError as error:
        cure = "runs whose recipe has [evaluate] keep one" if checkpoint == "best" else "the run cannot be restored"
        raise RunError(f"{error}: {cure}") from None
    return model


def import_networks(recipe):
    """Imports the variant and the user's network modules, so that their classes are known when a model is read."""
    from ..zoo.registry import variant_class

    variant_class(recipe.model["variant"])
    for role in ("generator", "discriminator"):
        specification = recipe.model.get(role, "")
        network = specification if isinstance(specification, str) else specification.get("network", "")
        if ":" in network:
            importlib.import_module(network.partition(":")[0])


def environment():
    """Returns what a result depends on beside the recipe: versions, revision, machine, command."""
    import tensorflow as tf

    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "devices": [f"{device.device_type}" for device in tf.config.list_physical_devices()],
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "git_revision": _git_revision(),
    }


def _comparable(content):
    """A resolved recipe without what may differ between sittings of one run."""
    train = {key: value for key, value in content["train"].items() if key != "steps"}
    return content | {"train": train, "description": "", "export": None}


def _git_revision():
    """The revision of the ganzoo sources, '+' behind it where they are changed, or None outside a checkout."""
    here = Path(__file__).resolve().parent
    try:
        ask = ["git", "-C", str(here), "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"]
        return subprocess.run(ask, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
