"""Writes a run directory: the checks before a run is created, the lock, and the files that make it a run."""

import json

from ....zoo.core.atomic_files import write_text
from ....zoo.core.ownership import MARKER, mark, read_marker
from ....zoo.core.user_paths import shell_path
from ...callbacks.metrics_logger import truncate_rows
from ..environment import describe_environment
from .run_contents import HIDDEN, LITTER, list_contents, remove_contents
from .run_lock import RunLock
from .target_checks import RunError, require_replaceable, require_writable

# The kind of folder that the marker names.
KIND = "run"
# Of the foreign files in a folder a message names so many.
NUM_NAMED = 3


class RunWriter:
    """The right to write to a run directory, as long as its `with` block lasts: one process has it at a time.

    When to use it: around the creation and the training of a run.

    Args:
        run_dir: `RunDir`; it need not exist.

    Raises:
        RunError: another process is writing to the run, or the directory cannot be written.

    Example:

        with RunWriter(RunDir("runs/demo")) as writer:
            writer.create(recipe, source.fingerprint)
    """

    def __init__(self, run_dir):
        self.run_dir, self.path = run_dir, run_dir.path
        self._lock = RunLock(self.path)

    def __enter__(self):
        # A directory that does not exist yet is locked when it is created.
        if self._is_run() or self.run_dir.state.is_file():
            self._acquire()
        return self

    def __exit__(self, *_):
        self._lock.release()

    def _acquire(self):
        try:
            acquired = self._lock.acquire()
        except OSError as error:
            raise RunError(f"{self.path}: cannot be written: {error}; choose another --out") from None
        if not acquired:
            raise RunError(
                f"{self.path}: received a run that process {self._lock.holder()} is writing, expected a run that has "
                "ended: wait for it, or stop it first"
            )

    def require_empty(self, overwrite=False):
        """Raises RunError if a new run would destroy files.

        A folder in which a run was begun, but has no progress yet, counts as empty.

        Args:
            overwrite: bool, whether an existing run may be removed. Default False.
        """
        require_writable(self.path)
        own, foreign = list_contents(self.path) if self.path.is_dir() else ([], [])
        if not foreign and set(own) <= {*HIDDEN, *LITTER}:
            return
        if overwrite:
            self._require_own(foreign)
            return
        if not self._is_run() or foreign or self.run_dir.has_progress:
            fix = "choose another --out"
            if self._is_run() or self.run_dir.state.is_file():
                command = f"ganzoo train --resume {shell_path(self.path)}"
                fix = f"resume the run with `{command}`, or start again with --overwrite"
            raise RunError(f"{self.path}: received a folder that is not empty, expected a new one: {fix}")

    def _is_run(self):
        return (read_marker(self.path) or {}).get("kind") == KIND

    def _require_own(self, foreign):
        require_replaceable(self.path)
        if not self._is_run():
            raise RunError(
                f"{self.path}: received --overwrite for a folder without the marker of a run ({MARKER}), expected a "
                "folder made by `ganzoo train`: choose another --out"
            )
        if foreign:
            names = ", ".join(foreign[:NUM_NAMED]) + (", ..." if len(foreign) > NUM_NAMED else "")
            raise RunError(
                f"{self.path}: received --overwrite for a run folder that also holds {names}, expected only files that "
                "ganzoo wrote: move what is yours, or choose another --out"
            )

    def create(self, recipe, fingerprint, overwrite=False, resume=False, **facts):
        """Creates the directory of a new run, in place of a run that `require_empty` allows to overwrite.

        Args:
            recipe: `Recipe`.
            fingerprint: str, of the data source.
            overwrite: bool, whether an existing run may be removed. Default False.
            resume: bool, whether it is the run of this directory, which has no progress yet. Default False.
            **facts: further values for `state.json`.

        Raises:
            RunError: the directory cannot be written, or holds files that would be lost.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._acquire()
            if not resume or self.run_dir.has_progress:
                # Files may have arrived since the first check.
                self.require_empty(overwrite)
            mark(self.path, KIND, renew=True)
            self.run_dir.checkpoints.mkdir(exist_ok=True)
            # From here on an earlier run is given up, and this one can be started.
            recipe = recipe.with_absolute_paths()
            self._write_state(recipe, fingerprint, creating=True, **facts)
            remove_contents(self.path, keep=(MARKER, "checkpoints/state.json"))
            self.run_dir.samples.mkdir(exist_ok=True)
            write_text(self.run_dir.environment, json.dumps(describe_environment(), indent=1) + "\n")
            self._write_recipe(recipe, fingerprint, **facts)
        except OSError as error:
            raise RunError(
                f"{self.path}: cannot be written: {error}; choose another --out, or free some space"
            ) from None

    def record(self, recipe, fingerprint, **facts):
        """Records the recipe and the data that the checkpoints are trained with, with absolute paths.

        Args:
            recipe, fingerprint, **facts: of `create`.
        """
        if not self._is_run():
            mark(self.path, KIND, renew=True)
        self._write_recipe(recipe.with_absolute_paths(), fingerprint, **facts)

    def _write_recipe(self, recipe, fingerprint, **facts):
        # The state last: what a crash leaves can be resumed, because the new recipe differs in allowed settings only.
        write_text(self.run_dir.recipe, recipe.dumps())
        self._write_state(recipe, fingerprint, **facts)

    def _write_state(self, recipe, fingerprint, **facts):
        state = {"recipe": recipe.content(), "data": fingerprint} | facts
        write_text(self.run_dir.state, json.dumps(state, indent=1) + "\n")

    def truncate_after(self, step):
        """Removes the metrics and samples of later steps, which a resumed run repeats."""
        truncate_rows(self.run_dir.metrics, step)
        for sample_step, sample in self.run_dir.sample_files():
            if sample_step > step:
                sample.unlink()
