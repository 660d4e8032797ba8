"""Validation of a recipe's sections, each against the signatures that it configures."""

import difflib

import pydantic

from ...zoo.core.validation import explain, schema_of
from ...zoo.errors import ArgumentError, UserError
from ...zoo.networks.resolutions import DATA
from ...zoo.registry import nearest, variant_class
from ..data import options
from .optimizers import check_optimizer
from .schema import Evaluate, Export, Pretrain, Train

SECTIONS = ("data", "model", "optimizers", "pretrain", "train", "evaluate", "export")
OPTIONAL_SECTIONS = {"pretrain": Pretrain, "evaluate": Evaluate, "export": Export}
ROLES = ("generator", "discriminator")
# Constructor arguments that a recipe cannot set: the data, the networks or other sections determine them.
NON_RECIPE_ARGUMENTS = (
    "self", "shape", "target_shape", "generator", "discriminator", "num_classes", "captions", "vocabulary",
    "tokenizer", "vocabulary_size", "has_eos", "corpus", "examples", "networks", "seed", "kwargs", "arguments",
)  # fmt: skip
# Keys that hints suggest besides those of the schemas.
COMMON_KEYS = (
    "optimizers.generator.name", "optimizers.generator.learning_rate", "optimizers.generator.beta_1",
    "optimizers.generator.beta_2",
)  # fmt: skip
CONSTRUCTOR_KEYS = (
    "data.source", "data.resolution", "model.variant", "model.latent_dim", "model.n_critic", "model.loss",
)  # fmt: skip


class RecipeError(UserError):
    """A recipe that is not valid; the message names the key, the received value and the expected one."""


def check_sections(content, origin):
    """Checks that all sections are known, that the required ones exist, and that each is a table.

    Args:
        content: dict as read from TOML.
        origin: str, the origin of the recipe in messages.

    Raises:
        RecipeError: an unknown, missing or malformed section.
    """
    for key in content:
        if key not in (*SECTIONS, "description"):
            raise RecipeError(f"{origin}: {key}: unknown key, expected sections {list(SECTIONS)}{_hint(key)}")
    for key in SECTIONS:
        if not isinstance(content.get(key, {}), dict):
            raise RecipeError(f"{origin}: {key}: received {content[key]!r}, expected a section [{key}]")
    missing = [key for key in ("data", "model", "train") if key not in content]
    if missing:
        raise RecipeError(f"{origin}: received no section {missing}, expected [data], [model] and [train]")


def check_data(data, origin):
    """Returns the validated `[data]` section as a dict."""
    if not isinstance(data.get("source"), str):
        raise RecipeError(f"{origin}: data.source: received {data.get('source')!r}, expected a source such as 'digits'")
    _check_keys(data, ["source", "resolution", *options(data["source"])], "data", origin)
    resolution = data.get("resolution")
    if resolution is not None and (type(resolution) is not int or resolution not in DATA):
        raise RecipeError(f"{origin}: data.resolution: received {resolution!r}, expected an integer from {DATA}")
    return dict(data)


def check_train(train, origin):
    """Returns the validated `[train]` section as a `Train`."""
    settings = _validate(Train, train, "train", origin)
    if settings.deterministic and settings.jit_compile is True:
        raise RecipeError(
            f"{origin}: train.jit_compile: received true with train.deterministic, expected 'auto' or false: "
            "Keras does not support XLA in deterministic mode"
        )
    return settings


def check_optional(section, values, variant, origin):
    """Returns a validated optional section as an instance of its schema, or None without the section.

    Args:
        section: str, one of `OPTIONAL_SECTIONS`.
        values: dict or None.
        variant: str, the recipe's `model.variant`.
        origin: str, the origin of the recipe in messages.
    """
    if values is None:
        return None
    family = variant_class(variant).data_family
    if section == "pretrain" and family != "text":
        raise RecipeError(
            f"{origin}: pretrain: received this section with model.variant {variant!r}, expected none: only generators "
            "of texts are pretrained"
        )
    return _validate(OPTIONAL_SECTIONS[section], values, section, origin, family=family)


def check_model(model, train, origin):
    """Returns the validated `[model]` section as a dict, with the precision of `[train]` moved into it."""
    from ...zoo import networks

    model = dict(model)
    if not isinstance(model.get("variant"), str):
        raise RecipeError(f"{origin}: model.variant: received {model.get('variant')!r}, expected a name: `ganzoo list`")
    if train.precision is not None:
        if model.get("precision", train.precision) != train.precision:
            raise RecipeError(
                f"{origin}: train.precision: received {train.precision!r} with model.precision "
                f"{model['precision']!r}, expected one of them: they are the same setting"
            )
        model["precision"] = train.precision
    try:
        cls = variant_class(model["variant"])
    except ValueError as error:
        raise RecipeError(f"{origin}: model.{error}") from None
    fields = _model_fields(cls)
    values = {key: value for key, value in model.items() if key not in ("variant", *ROLES)}
    _check_keys(values, [*fields, *ROLES], "model", origin)
    _validate(pydantic.create_model("model", **fields), values, "model", origin)
    try:
        cls.check_arguments(values)
        for role in ROLES:
            if role in model:
                networks.check(cls.resolve_network_spec(role, model[role]), role)
    except ArgumentError as error:
        raise RecipeError(f"{origin}: {error}") from None
    return model


def check_optimizers(optimizers, origin):
    """Returns the validated `[optimizers]` section as a dict of role -> dict."""
    _check_keys(optimizers, ROLES, "optimizers", origin)
    for role, settings in optimizers.items():
        try:
            check_optimizer(settings, f"optimizers.{role}")
        except ArgumentError as error:
            raise RecipeError(f"{origin}: {error}") from None
    return {role: dict(settings) for role, settings in optimizers.items()}


def _model_fields(cls):
    """Returns pydantic fields of the arguments of a variant's constructors and `create` methods, over all bases."""
    fields = {}
    bases = [base for base in cls.__mro__ if base.__module__.startswith("ganzoo.")]
    creators = [(base.create, NON_RECIPE_ARGUMENTS) for base in bases if "create" in vars(base)]
    # Constructors take networks, which `create` builds. The reward is a role too, but a recipe specifies it.
    excluded = {*NON_RECIPE_ARGUMENTS, *cls.network_roles} - {"reward"}
    constructors = [(base.__init__, excluded) for base in bases]
    for function, exclude in (*creators, *constructors):
        for name, field in schema_of(function, exclude=exclude).model_fields.items():
            fields.setdefault(name, (field.annotation, field))
    return fields


def _hint(key):
    """Returns '; did you mean ...?' with the dotted name of the most similar key, or ''."""
    schemas = {"train": Train} | OPTIONAL_SECTIONS
    schema_keys = [f"{section}.{name}" for section, schema in schemas.items() for name in schema.model_fields]
    keys = [*COMMON_KEYS, *schema_keys, *CONSTRUCTOR_KEYS, *SECTIONS]
    close = difflib.get_close_matches(key, [name.rpartition(".")[2] for name in keys], n=1, cutoff=0.5)
    return next((f"; did you mean {name!r}?" for name in keys if close and name.rpartition(".")[2] == close[0]), "")


def _check_keys(values, allowed, section, origin):
    for key in values:
        if key not in allowed:
            raise RecipeError(
                f"{origin}: {section}.{key}: unknown key, expected one of {sorted(allowed)}" + nearest(key, allowed)
            )


def _validate(schema, values, section, origin, **context):
    _check_keys(values, schema.model_fields, section, origin)
    try:
        return schema.model_validate(values, context=context)
    except pydantic.ValidationError as error:
        raise RecipeError(f"{origin}: {explain(error, section)}") from None
