"""Checks of the folder that a new run is to be written to, before anything is computed or removed."""

import os
from pathlib import Path

from ....zoo.core.user_paths import user_path
from ....zoo.errors import UserError
from ...data.outside_data import paths_read, require_outside_data


class RunError(UserError):
    """A run directory that does not allow the requested operation."""


def require_writable(folder):
    """Raises RunError unless a folder can be created, or written to if it exists.

    Args:
        folder: path.
    """
    ancestors = (folder, *folder.absolute().parents)
    existing = next(path for path in ancestors if os.path.lexists(path))
    if not existing.exists():
        raise RunError(f"{folder}: received the symbolic link {existing}, which leads nowhere, expected a folder")
    if not existing.is_dir():
        raise RunError(f"{folder}: received {existing}, which is a file, expected a folder: choose another --out")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise RunError(f"{folder}: received a path in {existing}, which cannot be written to: choose another --out")


def require_replaceable(folder):
    """Raises RunError for folders that are never overwritten, whatever they hold.

    Args:
        folder: path of an existing folder.
    """
    if folder.is_symlink():
        raise RunError(
            f"{folder}: received --overwrite for a symbolic link, expected the folder itself: {folder.resolve()}"
        )
    for name, path in (("the current directory", Path.cwd()), ("the home folder", Path.home())):
        if path.resolve().is_relative_to(folder.resolve()):
            raise RunError(f"{folder}: received --overwrite for {name} or a folder above it, expected a run folder")


def require_apart(folder, recipe, init_from=None):
    """Raises UserError if a new run and something that it reads are inside one another.

    Args:
        folder: path.
        recipe: `Recipe`.
        init_from: str or path of another run, or None.
    """
    require_outside_data(folder, recipe.data)
    inputs = [("the data", path) for path in paths_read(**recipe.data)]
    inputs += [("the recipe", recipe.origin)] if Path(recipe.origin).suffix == ".toml" else []
    extractor = recipe.evaluate.extractor if recipe.evaluate else None
    if extractor and extractor.startswith("model:"):
        inputs.append(("the feature extractor", extractor.partition(":")[2].partition("#")[0]))
    if init_from is not None:
        inputs.append(("the run of --init-from", init_from))
        if folder.resolve().is_relative_to(Path(init_from).resolve()):
            raise RunError(
                f"{folder}: received a folder in the run of --init-from, expected one apart from {init_from}"
            )
    for name, path in inputs:
        if Path(user_path(path)).resolve().is_relative_to(folder.resolve()):
            raise RunError(
                f"{folder}: received a run folder that holds {name}, {path}, expected one apart from it: choose "
                "another --out"
            )
