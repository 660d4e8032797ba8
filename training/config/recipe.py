"""Recipes: runs described in TOML, validated before any data are read or anything is computed.

A recipe cannot express more than a constructor: the keys of `[model]` are the arguments of the variant's `create` and
constructor, those of `[optimizers.*]` the arguments of a Keras optimizer, those of `[data]` the options of the source.
Their defaults are defined in those signatures alone.
"""

import importlib
import tomllib
from importlib import resources
from pathlib import Path

import tomli_w

from ...zoo.registry import nearest, variant_class
from .catalog import recipes
from .recipe_checks import (
    OPTIONAL_SECTIONS,
    ROLES,
    RecipeError,
    check_data,
    check_model,
    check_optimizers,
    check_optional,
    check_sections,
    check_train,
)


class Recipe:
    """A validated recipe.

    When to use it: to build a recipe from a dict; use `load_recipe` for a file or a shipped recipe.

    Args:
        content: dict as read from TOML.
        origin: str, the origin of the recipe in messages. Default "recipe".

    Attributes:
        data, model, optimizers: dicts.
        train: `Train`.
        pretrain, evaluate, export: `Pretrain`, `Evaluate` and `Export`, each None without its section.

    Raises:
        RecipeError: an unknown section or key, or a value of the wrong type or range.

    Example:

        recipe = Recipe({"data": {"source": "digits"}, "model": {"variant": "gan"}, "train": {"steps": 500}})
    """

    def __init__(self, content, origin="recipe"):
        self.origin = origin
        self.description = content.get("description", "")
        check_sections(content, origin)
        self.data = check_data(content["data"], origin)
        self.train = check_train(content["train"], origin)
        self.model = check_model(content["model"], self.train, origin)
        self.optimizers = check_optimizers(content.get("optimizers", {}), origin)
        for section in OPTIONAL_SECTIONS:
            setattr(self, section, check_optional(section, content.get(section), self.model["variant"], origin))

    def content(self):
        """Returns the resolved recipe as a dict that TOML can represent."""
        train = self.train.model_dump(exclude_none=True, exclude={"precision"})
        content = {"data": self.data, "model": self.model, "optimizers": self.optimizers, "train": train}
        for section in OPTIONAL_SECTIONS:
            if getattr(self, section) is not None:
                content[section] = getattr(self, section).model_dump(exclude_none=True)
        return {"description": self.description} | content

    def dumps(self):
        """Returns the resolved recipe as TOML."""
        return tomli_w.dumps(self.content())

    def import_classes(self):
        """Imports the variant and the user's network modules: Keras must know their classes to load a model."""
        variant_class(self.model["variant"])
        for role in ROLES:
            specification = self.model.get(role, "")
            network = specification if isinstance(specification, str) else specification.get("network", "")
            if ":" in network:
                importlib.import_module(network.partition(":")[0])


def load_recipe(name, overrides=(), source=None):
    """Reads and validates a recipe.

    Args:
        name: str, the name of a shipped recipe (`ganzoo list`) or the path of a `.toml` file.
        overrides: iterable of str "section.key=value"; values are TOML, bare words are strings.
        source: str or None, a data source in place of the recipe's; of its options only the resolution is kept.

    Returns:
        A `Recipe`.

    Raises:
        RecipeError: an unknown recipe, a file that is not TOML, or a key or value that is not valid.

    Example:

        recipe = load_recipe("gan_digits", ["train.steps=200"])
    """
    path = Path(name)
    if path.suffix == ".toml" or path.parent != Path("."):
        if not path.is_file():
            raise RecipeError(f"recipe: received {name!r}, expected an existing .toml file")
        text = path.read_text(encoding="utf-8")
    else:
        if name not in recipes():
            raise RecipeError(
                f"recipe: received {name!r}, expected one of {sorted(recipes())} or the path of a .toml file"
                + nearest(name, recipes())
            )
        text = resources.files("ganzoo.configs").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{name}: not valid TOML: {error}") from None
    if source is not None:
        resolution = content.get("data", {}).get("resolution")
        content["data"] = {"source": source} | ({} if resolution is None else {"resolution": resolution})
    for override in overrides:
        _apply_override(content, override)
    return Recipe(content, name)


def parse_value(text):
    """Parses a value as TOML; what is not TOML, such as a bare word, is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def differences(old, new, prefix=""):
    """Returns lines 'key: old -> new' for all leaves in which two resolved recipes differ."""
    lines = []
    for key in sorted(set(old) | set(new)):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            lines += differences(before, after, f"{prefix}{key}.")
        elif before != after:
            lines.append(f"{prefix}{key}: {before!r} -> {after!r}")
    return lines


def _apply_override(content, override):
    key, equals, value = override.partition("=")
    parts = key.strip().split(".")
    if not equals or len(parts) < 2 or not all(parts):
        raise RecipeError(f"--set: received {override!r}, expected section.key=value, such as train.steps=200")
    node = content
    for part in parts[:-1]:
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            raise RecipeError(f"--set: received {override!r}, but {part!r} is a value, not a section")
    node[parts[-1]] = parse_value(value)
