"""Recipes: a run written down as TOML, checked before anything is read or computed.

A recipe says nothing that a constructor cannot say: the keys of `[model]` are the arguments of the variant's `create`
and constructor, those of `[optimizers.*]` the arguments of a Keras optimiser, those of `[data]` the options of the
source. Their defaults live in those signatures alone.
"""

import difflib
import tomllib
from importlib import resources
from pathlib import Path

import pydantic
import tomli_w

from ..zoo.arguments import explain, schema_of
from ..zoo.errors import ArgumentError, UserError
from ..zoo.registry import nearest, variant_class
from .data import options
from .optimizers import check_optimizer
from .sections import Evaluate, Export, Pretrain, Train
from .shelf import recipes

SECTIONS = ("data", "model", "optimizers", "pretrain", "train", "evaluate", "export")
OPTIONAL = {"pretrain": Pretrain, "evaluate": Evaluate, "export": Export}
# Arguments of a constructor that a recipe cannot say: others decide them.
DECIDED = (
    "self",
    "shape",
    "target_shape",
    "generator",
    "discriminator",
    "num_classes",
    "captions",
    "vocabulary",
    "vocabulary_size",
    "ends",
    "corpus",
    "examples",
    "networks",
    "seed",
    "kwargs",
    "arguments",
)


class RecipeError(UserError):
    """A recipe that cannot be run; names the key, what was given and what is allowed."""


class Recipe:
    """A checked recipe.

    Args:
        content: dict as read from TOML.
        origin: str, where it came from, for messages.

    Attributes:
        data, model, optimizers: dicts; train: `Train`; pretrain: `Pretrain`, evaluate: `Evaluate` and export: `Export`,
            each None without its section.

    Raises:
        RecipeError: an unknown section or key, a wrong type or range.
    """

    def __init__(self, content, origin="recipe"):
        self.origin = origin
        self.description = content.get("description", "")
        _check_sections(content, origin)
        self.data = _checked_data(content["data"], origin)
        self.train = _checked_train(content["train"], origin)
        self.model = _checked_model(content["model"], self.train, origin)
        self.optimizers = _checked_optimizers(content.get("optimizers", {}), origin)
        texts = hasattr(variant_class(self.model["variant"]), "texts")
        if "pretrain" in content and not texts:
            raise RecipeError(
                f"{origin}: pretrain: received this section beside model.variant {self.model['variant']!r}, expected "
                "none: only the generators of texts are pretrained"
            )
        for section, schema in OPTIONAL.items():
            setattr(self, section, _checked_optional(schema, content.get(section), section, origin, texts))

    def content(self):
        """Returns the resolved recipe as a dict that TOML can hold."""
        train = self.train.model_dump(exclude_none=True, exclude={"precision"})
        content = {"data": self.data, "model": self.model, "optimizers": self.optimizers, "train": train}
        for section in OPTIONAL:
            if getattr(self, section) is not None:
                content[section] = getattr(self, section).model_dump(exclude_none=True)
        return {"description": self.description} | content

    def dumps(self):
        """Returns the resolved recipe as TOML."""
        return tomli_w.dumps(self.content())


def load_recipe(name, overrides=(), source=None):
    """Reads a recipe and checks it.

    Args:
        name: str, a shipped recipe's name (`ganzoo list`) or the path of a `.toml` file.
        overrides: iterable of "section.key=value"; values are TOML, bare words are strings.
        source: str or None, a data source in place of the recipe's; of its options only the resolution is kept.

    Returns:
        A `Recipe`.

    Raises:
        RecipeError: no such recipe, no TOML, or a key or value that cannot be used.
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
        _override(content, override)
    return Recipe(content, name)


def parse_value(text):
    """Reads a value as TOML; what is no TOML, such as a bare word, is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def differences(old, new, prefix=""):
    """Returns lines 'key: old -> new' for every leaf in which two resolved recipes differ."""
    lines = []
    for key in sorted(set(old) | set(new)):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            lines += differences(before, after, f"{prefix}{key}.")
        elif before != after:
            lines.append(f"{prefix}{key}: {before!r} -> {after!r}")
    return lines


def _override(content, override):
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


def _check_sections(content, origin):
    for key in content:
        if key not in (*SECTIONS, "description"):
            raise RecipeError(f"{origin}: {key}: unknown key, expected sections {list(SECTIONS)}{_hint(key)}")
    for key in SECTIONS:
        if not isinstance(content.get(key, {}), dict):
            raise RecipeError(f"{origin}: {key}: received {content[key]!r}, expected a section [{key}]")
    missing = [key for key in ("data", "model", "train") if key not in content]
    if missing:
        raise RecipeError(f"{origin}: received no section {missing}, expected [data], [model] and [train]")


def _hint(key):
    schemas = {"train": Train} | OPTIONAL
    known = [f"optimizers.generator.{name}" for name in ("name", "learning_rate", "beta_1", "beta_2")]
    known += [f"{section}.{name}" for section, schema in schemas.items() for name in schema.model_fields]
    known += ["data.source", "data.resolution", "model.variant", "model.latent_dim", "model.n_critic", "model.loss"]
    known += list(SECTIONS)
    close = difflib.get_close_matches(key, [name.rpartition(".")[2] for name in known], n=1, cutoff=0.5)
    return next((f"; did you mean {name!r}?" for name in known if close and name.rpartition(".")[2] == close[0]), "")


def _check_keys(given, known, section, origin):
    for key in given:
        if key not in known:
            raise RecipeError(
                f"{origin}: {section}.{key}: unknown key, expected one of {sorted(known)}" + nearest(key, known)
            )


def _validate(schema, given, section, origin, **context):
    _check_keys(given, schema.model_fields, section, origin)
    try:
        return schema.model_validate(given, context=context)
    except pydantic.ValidationError as error:
        raise RecipeError(f"{origin}: {explain(error, section)}") from None


def _checked_data(data, origin):
    if not isinstance(data.get("source"), str):
        raise RecipeError(f"{origin}: data.source: received {data.get('source')!r}, expected a source such as 'digits'")
    known = options(data["source"])
    _check_keys(data, ["source", "resolution", *known], "data", origin)
    resolution = data.get("resolution")
    if resolution is not None and (type(resolution) is not int or not 8 <= resolution <= 128):
        raise RecipeError(f"{origin}: data.resolution: received {resolution!r}, expected an integer from 8 to 128")
    return dict(data)


def _checked_train(train, origin):
    checked = _validate(Train, train, "train", origin)
    if checked.deterministic and checked.jit_compile is True:
        raise RecipeError(
            f"{origin}: train.jit_compile: received true beside train.deterministic, expected 'auto' or false: "
            "Keras runs no XLA then"
        )
    return checked


def _checked_optional(schema, given, section, origin, texts):
    return None if given is None else _validate(schema, given, section, origin, texts=texts)


def _checked_model(model, train, origin):
    from ..zoo import networks

    model = dict(model)
    if not isinstance(model.get("variant"), str):
        raise RecipeError(f"{origin}: model.variant: received {model.get('variant')!r}, expected a name: `ganzoo list`")
    if train.precision is not None:
        if model.get("precision", train.precision) != train.precision:
            raise RecipeError(
                f"{origin}: train.precision: received {train.precision!r} beside model.precision "
                f"{model['precision']!r}, expected one of them: they are the same setting"
            )
        model["precision"] = train.precision
    try:
        cls = variant_class(model["variant"])
    except ValueError as error:
        raise RecipeError(f"{origin}: model.{error}") from None
    fields = {}
    ours = [base for base in cls.__mro__ if base.__module__.startswith("ganzoo.")]
    creators = [(base.create, DECIDED) for base in ours if "create" in vars(base)]
    # A constructor takes networks, `create` builds them; what a recipe says of a reward is no network.
    built = {*DECIDED, *cls.network_roles} - {"reward"}
    constructors = [(base.__init__, built) for base in ours]
    for owner, decided in (*creators, *constructors):
        for name, field in schema_of(owner, exclude=decided).model_fields.items():
            fields.setdefault(name, (field.annotation, field))
    roles = ("generator", "discriminator")
    given = {key: value for key, value in model.items() if key not in ("variant", *roles)}
    _check_keys(given, [*fields, *roles], "model", origin)
    schema = pydantic.create_model("model", **fields)
    _validate(schema, given, "model", origin)
    try:
        cls.check_arguments(given)
        for role in roles:
            if role in model:
                networks.check(cls.specified(role, model[role]), role)
    except ArgumentError as error:
        raise RecipeError(f"{origin}: {error}") from None
    return model


def _checked_optimizers(optimizers, origin):
    _check_keys(optimizers, ("generator", "discriminator"), "optimizers", origin)
    for role, settings in optimizers.items():
        try:
            check_optimizer(settings, f"optimizers.{role}")
        except ArgumentError as error:
            raise RecipeError(f"{origin}: {error}") from None
    return {role: dict(settings) for role, settings in optimizers.items()}
