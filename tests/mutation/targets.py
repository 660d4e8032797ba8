"""The modules and functions that are mutated, found by the registries and the classes that they name."""

import ast
import importlib
import inspect
import pkgutil
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
# The methods of a model that compute what it is trained on; the methods that they call belong to its objective too.
OBJECTIVES = (
    "discriminator_objective", "generator_objective", "compute_penalties", "fakes_for_discriminator", "generate_fakes",
    "real_samples", "sample_step_inputs",
)  # fmt: skip
# Modules that metrics call, and that train networks or read data: they have no formula of their own.
NO_FORMULA = {"convnet", "extractor", "image_reference", "image_text_matcher", "metric_registry", "text_reference",
              "trained_extractor"}  # fmt: skip


class Target(NamedTuple):
    """What is mutated in a module.

    Attributes:
        functions: set of qualified names, or None for the entire module.
        models: set of str, the models whose objective it belongs to.
    """

    functions: set | None = None
    models: frozenset = frozenset()


def find_targets(groups=None):
    """Returns dict of module path -> `Target`.

    Args:
        groups: iterable of str, some of `GROUPS`, or None for all.
    """
    return {path: target for group in groups or GROUPS for path, target in GROUPS[group]().items()}


def _losses():
    from ganzoo.zoo.losses.adversarial_losses import LOSSES

    return {_path(type(loss)): Target() for loss in LOSSES.values()}


def _rewards():
    from ganzoo.zoo.rewards.reward_specs import REWARDS, read_reward

    return dict.fromkeys(map(_path, (*REWARDS.values(), read_reward)), Target())


def _package(name):
    package = importlib.import_module(name)
    modules = [importlib.import_module(f"{name}.{info.name}") for info in pkgutil.iter_modules(package.__path__)]
    return dict.fromkeys(map(_path, modules), Target())


def _objectives():
    from ganzoo.zoo.registry import variant_class, variants

    found, models = {}, {}
    for name in variants():
        cls, visited = variant_class(name), set()
        pending = [attribute for attribute in OBJECTIVES if hasattr(cls, attribute)]
        while pending:
            attribute = pending.pop()
            if attribute in visited:
                continue
            visited.add(attribute)
            for owner in cls.__mro__:
                function = owner.__dict__.get(attribute)
                if owner.__module__.startswith("ganzoo.") and inspect.isfunction(function):
                    found.setdefault(_path(owner), set()).add(function.__qualname__)
                    models.setdefault(_path(owner), set()).add(name)
                    pending += _called(function)
        module = sys.modules[cls.__module__]
        own = {key for key, value in vars(module).items() if _is_function_of(value, module)}
        found.setdefault(_path(cls), set()).update(own)
        models.setdefault(_path(cls), set()).add(name)
    return {path: Target(found[path], frozenset(models[path])) for path in sorted(found)}


def _called(function):
    """Returns the attributes of `self` and of `super()` that a method reads."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_own(node.value)]


def _is_own(node):
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "super"
    return isinstance(node, ast.Name) and node.id == "self"


def _metrics(package):
    registry = importlib.import_module(package)
    modules = [registry.metric(name) for name in registry.metric_names()]
    found = dict.fromkeys(map(_path, modules), Target())
    for module in modules:
        for value in vars(module).values():
            owner = getattr(value, "__module__", None) or ""
            is_other = owner.startswith("ganzoo.export.evaluation") and owner not in (package, module.__name__)
            if is_other and callable(value) and owner.rpartition(".")[2] not in NO_FORMULA:
                found[_path(sys.modules[owner])] = Target()
    return dict(sorted(found.items()))


def _is_function_of(value, module):
    return inspect.isfunction(value) and value.__module__ == module.__name__


def _path(thing):
    return Path(inspect.getfile(inspect.unwrap(thing) if callable(thing) else thing)).relative_to(ROOT).as_posix()


GROUPS = {
    "losses": _losses,
    "rewards": _rewards,
    "regularizers": lambda: _package("ganzoo.zoo.regularizers"),
    "augmentations": lambda: _package("ganzoo.zoo.augmentations"),
    "optimization": lambda: _package("ganzoo.zoo.optimization"),
    "objectives": _objectives,
    "text_metrics": lambda: _metrics("ganzoo.export.evaluation.text.metrics"),
    "image_metrics": lambda: _metrics("ganzoo.export.evaluation.image.metrics"),
}
