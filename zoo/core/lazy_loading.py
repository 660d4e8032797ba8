"""Package exports that are imported on first use."""

import importlib

from ..registry import nearest


def lazy_exports(package, modules):
    """Returns the module-level `__getattr__`, `__dir__` and `__all__` of a package that imports its names lazily.

    When to use it: in the `__init__.py` of a package whose modules import TensorFlow, so that `import` and
    `ganzoo --help` stay fast while tab completion still lists every name.

    Args:
        package: str, the package's `__name__`.
        modules: dict of exported name -> module that defines it, relative to the package.

    Returns:
        (function, function, list of str).

    Example:

        __getattr__, __dir__, __all__ = lazy_exports(__name__, {"GAN": "models.image.gan"})
    """
    names = sorted(modules)

    def get_attribute(name):
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}{nearest(name, names)}")
        return getattr(importlib.import_module(f".{modules[name]}", package), name)

    def list_names():
        return names

    return get_attribute, list_names, names
