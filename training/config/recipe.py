"""Recipes: runs described in TOML, validated before any data are read or anything is computed.

A recipe cannot express more than a constructor: the keys of `[model]` are the arguments of the variant's `create` and
constructor, those of `[optimizers.*]` the arguments of a Keras optimizer, those of `[data]` the options of the source.
Their defaults are defined in those signatures alone.
"""

import copy
import importlib
import tomllib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

import tomli_w

from ...zoo.core.user_paths import user_path
from ...zoo.registry import nearest, variant_class
from ..data import options
from ..data.absolute_paths import absolute_data
from ..data.texts.text_files import read_text
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

    def with_absolute_paths(self):
        """Returns the same recipe with absolute paths of data and extractor, valid in any working directory."""
        recipe = copy.copy(self)
        recipe.data = absolute_data(self.data)
        kind, _, path = (getattr(self.evaluate, "extractor", None) or "").partition(":")
        if path:
            recipe.evaluate = self.evaluate.model_copy(update={"extractor": f"{kind}:{user_path(path)}"})
        return recipe

    def import_classes(self):
        """Imports the variant and the user's network modules: Keras must know their classes to load a model."""
        variant_class(self.model["variant"])
        for module in self.network_modules():
            importlib.import_module(module)

    def network_modules(self):
        """Returns the names of the user's modules that hold networks: those of 'package.module:function'."""
        specifications = [self.model.get(role, "") for role in ROLES]
        networks = [spec if isinstance(spec, str) else spec.get("network", "") for spec in specifications]
        return sorted({network.partition(":")[0] for network in networks if ":" in network})


def load_recipe(name: str, overrides: Iterable[str] = (), source: str | None = None, same_data: bool = False) -> Recipe:
    """Reads and validates a recipe.

    Args:
        name: str, the name of a shipped recipe (`ganzoo list`) or the path of a `.toml` file.
        overrides: iterable of str "section.key=value"; values are TOML, bare words are strings.
        source: str or None, a data source in place of the recipe's; of its options only the resolution is kept.
        same_data: bool, whether the source holds the recipe's own data: then it keeps every option that it has. Default
            False.

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
        text = read_text(path, f"recipe: {name}", RecipeError)
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
    return resolve_recipe(content, name, overrides, source, same_data)


def resolve_recipe(content, origin, overrides=(), source=None, same_data=False):
    """Validates a recipe that was read from TOML or JSON.

    Args:
        content: dict; it is not modified.
        origin: str, the origin of the recipe in messages.
        overrides, source, same_data: of `load_recipe`.

    Returns:
        A `Recipe`.
    """
    content = copy.deepcopy(content)
    if source is not None:
        data = content.get("data", {})
        kept = ("resolution", *(options(source) if same_data else ()))
        content["data"] = {"source": source} | {key: data[key] for key in kept if key in data}
    for override in overrides:
        _apply_override(content, override)
    return Recipe(content, origin)


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
