"""The run directory: the files that a training writes, and what resuming needs of them.

runs/NAME/
    recipe.toml         the resolved recipe
    environment.json    versions, git revision, devices, command
    metrics.jsonl       one row of means per interval
    samples/            image grids of fixed latents, or texts of fixed seeds
    checkpoints/        last.keras, previous.keras, best.keras, and state.json: the recipe and data of the checkpoints
    evaluation.json     the results of `ganzoo evaluate`; its image grids are in evaluation/
    tensorboard/
    export/             SavedModels and files of `ganzoo export`, and report.json: their deviation from Keras
"""

import json
import shutil
from pathlib import Path

from ...zoo.core.atomic_files import write_text
from ...zoo.errors import UserError
from ..callbacks.metrics_logger import truncate_rows
from ..config.recipe import Recipe, differences, load_recipe
from .checkpointing import CHECKPOINT_NAMES, LAST, PREVIOUS, load_checkpoint
from .environment import describe_environment


class RunError(UserError):
    """A run directory that does not allow the requested operation."""


class RunDir:
    """A run directory: its paths, its recipe, its model, and the checks before it is written to.

    When to use it: build it once per command and pass it on; functions that take a run accept a path as well, see
    `as_run_dir`.

    Args:
        path: str or path; it need not exist.

    Attributes:
        path: `Path` of the directory; `recipe`, `environment`, `metrics`, `samples`, `checkpoints`, `state`,
            `tensorboard`, `export` and `evaluation` are the `Path`s in it.

    Example:

        run_dir = RunDir("runs/demo")
        model, recipe = run_dir.load_model(), run_dir.load_recipe()
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
        self._loaded_recipe = None

    def __str__(self):
        return str(self.path)

    # Reading a run.

    def load_recipe(self, overrides=(), source=None):
        """Returns the run's recipe. It is parsed once, unless it is modified.

        Args:
            overrides, source: of `ganzoo.training.load_recipe`. Default: none.

        Raises:
            RunError: the directory holds no run.
            RecipeError: a recipe that is not valid.
        """
        self.require_run()
        if overrides or source is not None:
            return load_recipe(str(self.recipe), overrides, source)
        if self._loaded_recipe is None:
            self._loaded_recipe = load_recipe(str(self.recipe))
        return self._loaded_recipe

    def load_model(self, checkpoint="last"):
        """Returns the run's model, compiled, as a checkpoint holds it.

        Args:
            checkpoint: "last", or "best": the one with the best score, if the run was evaluated. Default "last".

        Raises:
            RunError: the directory holds no run, or no intact checkpoint.
        """
        if checkpoint not in CHECKPOINT_NAMES:
            raise RunError(f"checkpoint: received {checkpoint!r}, expected one of {list(CHECKPOINT_NAMES)}")
        self.load_recipe().import_classes()
        try:
            model, _ = load_checkpoint(self.checkpoints, checkpoint)
        except FileNotFoundError as error:
            fix = "runs whose recipe has [evaluate] keep one" if checkpoint == "best" else "the run cannot be restored"
            raise RunError(f"{error}: {fix}") from None
        return model

    @property
    def has_checkpoint(self):
        """Whether a checkpoint was ever written here, intact or not."""
        return (self.checkpoints / LAST).exists() or (self.checkpoints / PREVIOUS).exists()

    # Checks.

    def require_run(self):
        """Raises RunError unless the directory holds a run."""
        if not self.recipe.is_file() or not self.state.is_file():
            raise RunError(
                f"{self}: received a folder without a run's recipe.toml and checkpoints, expected a run folder made by "
                f"`ganzoo train RECIPE --out {self}`"
            )

    def require_empty(self, overwrite=False):
        """Raises RunError if a new run would destroy files.

        Args:
            overwrite: bool, whether an existing run may be removed. Default False.
        """
        if not self.path.exists() or (self.path.is_dir() and not any(self.path.iterdir())):
            return
        if not overwrite:
            raise RunError(
                f"{self}: received a folder that is not empty, expected a new one: resume the run with "
                f"`ganzoo train --resume {self}`, or start again with --overwrite"
            )
        if not self.recipe.is_file():
            raise RunError(f"{self}: received --overwrite for a folder without a recipe.toml, expected a run folder")

    def require_recipe(self, recipe):
        """Refuses a recipe that would change the run.

        Args:
            recipe: `Recipe` to resume the run with.

        Returns:
            The recipe.

        Raises:
            RunError: a difference other than a larger `train.steps`; the message names each.
        """
        self.require_run()
        trained = json.loads(self.state.read_text(encoding="utf-8"))["recipe"]
        # Validation fills in keys that were added later, with the defaults that they had.
        trained = Recipe(trained, str(self.state)).content()
        changes = differences(_comparable(trained), _comparable(recipe.content()))
        if changes:
            raise RunError(
                f"{self}: received a changed recipe ({'; '.join(changes)}), expected the run's own, in which only "
                "train.steps may grow: start a new run, with --init-from to keep the weights"
            )
        if recipe.train.steps < trained["train"]["steps"]:
            raise RunError(
                f"{self}: received train.steps {recipe.train.steps}, expected at least {trained['train']['steps']}"
            )
        return recipe

    def require_data(self, fingerprint):
        """Raises RunError unless the data are those that the run was trained on.

        Args:
            fingerprint: str, of the data source.
        """
        trained = json.loads(self.state.read_text(encoding="utf-8"))["data"]
        if fingerprint != trained:
            raise RunError(
                f"{self}: received other data than the run was trained on (fingerprint {fingerprint}, expected "
                f"{trained}): restore them, or start a new run with --init-from"
            )

    # Writing a run.

    def create(self, recipe, fingerprint):
        """Creates the directory of a new run, in place of a run that `require_empty` allowed to overwrite.

        Args:
            recipe: `Recipe`.
            fingerprint: str, of the data source.

        Raises:
            RunError: the directory cannot be written.
        """
        try:
            if self.path.exists():
                shutil.rmtree(self.path)
            for directory in (self.samples, self.checkpoints):
                directory.mkdir(parents=True, exist_ok=True)
            write_text(self.recipe, recipe.dumps())
            write_text(self.environment, json.dumps(describe_environment(), indent=1) + "\n")
            self.write_state(recipe, fingerprint)
        except OSError as error:
            raise RunError(f"{self}: cannot be written: {error}; choose another --out, or free some space") from None

    def write_state(self, recipe, fingerprint):
        """Records the recipe and the data fingerprint that the checkpoints are trained with."""
        write_text(self.state, json.dumps({"recipe": recipe.content(), "data": fingerprint}, indent=1) + "\n")

    def truncate_after(self, step):
        """Removes the metrics and samples of later steps, which a resumed run repeats."""
        truncate_rows(self.metrics, step)
        for sample in (*self.samples.glob("step-*.png"), *self.samples.glob("step-*.txt")):
            if int(sample.stem.removeprefix("step-")) > step:
                sample.unlink()


def as_run_dir(run):
    """Returns a `RunDir` for a path; a `RunDir` is returned unchanged."""
    return run if isinstance(run, RunDir) else RunDir(run)


def load_run(run, checkpoint="last"):
    """Loads the model of a run, compiled, as a checkpoint holds it.

    When to use it: to sample from, evaluate or fine-tune a trained model in Python.

    Args:
        run: str or path of a run directory, or a `RunDir`.
        checkpoint: "last", or "best": the one with the best score, if the run was evaluated. Default "last".

    Returns:
        The model: an `ImageGAN`, `ImageTranslationGAN` or `TextGAN`.

    Raises:
        RunError: the directory holds no run, or no intact checkpoint.

    Example:

        model = load_run("runs/demo")
        images = model.generate(16, seed=7)
    """
    return as_run_dir(run).load_model(checkpoint)


def _comparable(content):
    """Returns a resolved recipe without what may differ when a run is resumed."""
    train = {key: value for key, value in content["train"].items() if key != "steps"}
    return content | {"train": train, "description": "", "export": None}
