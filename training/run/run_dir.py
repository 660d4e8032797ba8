"""The run directory: the files that a training writes, and what resuming needs of them.

runs/NAME/
    recipe.toml         the resolved recipe
    environment.json    versions, git revision, devices, command
    metrics.jsonl       one row of means per interval
    samples/            image grids of fixed latents, or texts of fixed seeds
    checkpoints/        last.keras, previous.keras, best.keras, and state.json: what the checkpoints are trained with
    evaluation.json     the results of `ganzoo evaluate`; its image grids are in evaluation/
    tensorboard/
    export/             SavedModels and files of `ganzoo export`, and report.json: their deviation from Keras
    .ganzoo             the marker, without which nothing is overwritten; .ganzoo.lock is locked by who writes

A run begins with its marker, then `state.json` with `creating`. Until that key is gone, what else is in the folder
belongs to no run or to one that was given up, and either command of `ganzoo train` starts the run.
"""

import json
import re
from pathlib import Path
from typing import Any

from ...zoo.core.progress import write_line
from ...zoo.core.user_paths import shell_path
from ...zoo.registry import variant_class
from ..callbacks.metrics_logger import read_rows
from ..config.recipe import Recipe, load_recipe, resolve_recipe
from ..data import DataError, load
from .checkpointing import CHECKPOINT_NAMES, LAST, PREVIOUS, load_checkpoint
from .folder.run_contents import HIDDEN, list_contents
from .folder.target_checks import RunError
from .run_changes import FREE_SETTINGS, data_changes, refused_changes

SAMPLE_NAME = re.compile(r"step-([0-9]{6,})\.(png|txt)")


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
            overrides: of `ganzoo.training.load_recipe`. Default: none.
            source: str or None, a data source that now holds the run's data. Default None.

        Raises:
            RunError: the directory holds no run.
            RecipeError: a recipe that is not valid.
        """
        self.require_run()
        if self.read_state().get("creating"):
            # The recipe file may be missing, or that of the run that is being overwritten.
            return resolve_recipe(self.read_state()["recipe"], str(self.state), overrides, source, same_data=True)
        if overrides or source is not None:
            return load_recipe(str(self.recipe), overrides, source, same_data=True)
        if self._loaded_recipe is None:
            self._loaded_recipe = load_recipe(str(self.recipe))
        return self._loaded_recipe

    def load_data(self, recipe=None):
        """Returns the run's data source.

        Args:
            recipe: `Recipe` that says where the data are, or None for the run's own. Default None.

        Raises:
            UserError: the data cannot be read, or are other data than the run was trained on.
        """
        recipe = recipe or self.load_recipe()
        try:
            source = load(**recipe.data)
        except DataError as error:
            fix = "" if "--data" in str(error) else "; if the run's data have moved, pass them with --data SOURCE"
            raise DataError(f"{error}{fix}") from None
        self.require_data(source.fingerprint, recipe)
        return source

    def read_state(self):
        """Returns the content of `state.json`: `recipe`, `data` and, since they exist, `replicas` and `init_from`.

        Returns:
            dict, empty if there is no such file.

        Raises:
            RunError: the file is damaged.
        """
        try:
            return json.loads(self.state.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise RunError(
                f"{self.state}: damaged ({error}), expected the file that ganzoo wrote: restore it"
            ) from None

    def load_model(self, checkpoint="last"):
        """Returns the run's model, compiled, as a checkpoint holds it.

        Args:
            checkpoint: "last", or "best": the one with the best score, if the run was evaluated. Default "last".

        Raises:
            RunError: the directory holds no run, or no intact checkpoint.
        """
        if checkpoint not in CHECKPOINT_NAMES:
            raise RunError(f"checkpoint: received {checkpoint!r}, expected one of {list(CHECKPOINT_NAMES)}")
        recipe = self.load_recipe()
        recipe.import_classes()
        try:
            model, notes = load_checkpoint(self.checkpoints, checkpoint, variant_class(recipe.model["variant"]))
        except FileNotFoundError as error:
            fix = "runs whose recipe has [evaluate] keep one" if checkpoint == "best" else "the run cannot be restored"
            fix = (
                fix
                if self.has_progress
                else f"train the run first, with `ganzoo train --resume {shell_path(self.path)}`"
            )
            raise RunError(f"{error}: {fix}") from None
        for line in notes:
            write_line(line)
        return model

    @property
    def has_progress(self):
        """Whether the folder holds anything that starting the run would lose: a checkpoint, or what followed from one.

        False as well before the run has a recipe, and while an overwritten run is being removed.
        """
        state = self.read_state()
        if state.get("creating"):
            return False
        own, _ = list_contents(self.path) if self.path.is_dir() else ([], [])
        if not state:
            return any(
                not name.endswith("/") and name.rpartition("/")[2] not in (*HIDDEN, "state.json.part") for name in own
            )
        later = ("export/", "evaluation/", "evaluation.json")
        return (
            any((self.checkpoints / name).exists() for name in (LAST, PREVIOUS))
            or any(row.get("step", 0) > 0 for row in read_rows(self.metrics))
            or any(step > 0 for step, _ in self.sample_files())
            or any(name.startswith(later) for name in own)
        )

    # Checks.

    def require_run(self):
        """Raises RunError unless the directory holds a run."""
        state = self.read_state()
        if not state or not (state.get("creating") or self.recipe.is_file()):
            raise RunError(
                f"{self}: received a folder without a run's recipe.toml and checkpoints, expected a run folder made by "
                f"`ganzoo train RECIPE --out {shell_path(self.path)}`"
            )

    def require_recipe(self, recipe):
        """Refuses a recipe that would change the run.

        Args:
            recipe: `Recipe` to resume the run with.

        Returns:
            The recipe.

        Raises:
            RunError: a difference other than those that `run_changes` allows; the message names each.
        """
        self.require_run()
        trained = self.trained_recipe()
        changes = refused_changes(trained, recipe)
        if changes:
            raise RunError(
                f"{self}: received a changed recipe ({'; '.join(changes)}), expected the run's own: train.steps may "
                f"grow, and of train only {', '.join(FREE_SETTINGS[1:])} may change: start a new run, with --init-from "
                "to keep the weights"
            )
        if recipe.train.steps < trained.train.steps:
            raise RunError(
                f"{self}: received train.steps {recipe.train.steps}, expected at least {trained.train.steps}"
            )
        return recipe

    def trained_recipe(self):
        """Returns the `Recipe` that the checkpoints are trained with."""
        # Validation fills in keys that were added later, with the defaults that they had.
        return Recipe(self.read_state()["recipe"], str(self.state))

    def require_data(self, fingerprint, recipe=None):
        """Raises RunError unless the data are those that the run was trained on, wherever they are.

        Args:
            fingerprint: str, of the data source.
            recipe: `Recipe` by which they were read, to name what differs from the run's; or None. Default None.
        """
        trained = self.read_state()["data"]
        if fingerprint != trained:
            changes = data_changes(self.trained_recipe(), recipe) if recipe else []
            facts = "; ".join([*changes, f"fingerprint {fingerprint}, expected {trained}"])
            raise RunError(
                f"{self}: received other data than the run was trained on ({facts}): restore them, pass them with "
                "--data, or start a new run with --init-from"
            )

    def sample_files(self):
        """Returns (step, path) of the files that the run wrote during training."""
        files = self.samples.iterdir() if self.samples.is_dir() else ()
        matches = ((SAMPLE_NAME.fullmatch(path.name), path) for path in files)
        return [(int(match[1]), path) for match, path in matches if match]


def as_run_dir(run):
    """Returns a `RunDir` for a path; a `RunDir` is returned unchanged."""
    return run if isinstance(run, RunDir) else RunDir(run)


def load_run(run: str | Path | RunDir, checkpoint: str = "last") -> Any:
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
