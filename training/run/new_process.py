"""What Keras can load in a new process, found out without starting one.

A new process knows Keras' classes, ganzoo's, and those that the modules of a recipe's networks register when they are
imported. Starting one takes as long as importing TensorFlow.
"""

import contextlib
import importlib
import os
import site
import sys
import sysconfig

import keras

PACKAGE = __name__.partition(".")[0]
INSTALLED = (
    *(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    *site.getsitepackages(),
    site.getusersitepackages(),
)


@contextlib.contextmanager
def as_in_new_process(modules):
    """Within the body, Keras knows the classes that a new process knows which imports only some modules.

    The user's own modules, which are those outside of the installed packages, are set aside, and `modules` are imported
    anew with all that they import. What the body loads consists of classes of its own. Afterwards everything is as
    before.

    Args:
        modules: iterable of str.

    Raises:
        ImportError: a module that a new process does not find.
    """
    registered = keras.saving.get_custom_objects()
    before, own = dict(registered), _own_modules(modules)
    try:
        _replace(registered, {name: item for name, item in before.items() if _is_installed(item, own)})
        for name in own:
            del sys.modules[name]
        try:
            for name in modules:
                importlib.import_module(name)
        except ImportError:
            raise
        except Exception:  # noqa: BLE001  A module that can be executed only once counts as it is.
            sys.modules.update(own)
            _replace(registered, {name: item for name, item in before.items() if _is_importable(item)})
        with keras.saving.custom_object_scope({}):
            yield
    finally:
        for name in _own_modules(modules):
            del sys.modules[name]
        sys.modules.update(own)
        _replace(registered, before)


def _replace(registered, objects):
    registered.clear()
    registered.update(objects)


def _own_modules(modules):
    """Returns the loaded modules that are neither installed nor of ganzoo nor the program itself: name -> module."""
    own = {name: module for name, module in list(sys.modules.items()) if _is_own(name, module)}
    return own | {name: sys.modules[name] for name in modules if name in sys.modules}


def _is_own(name, module):
    if name == "__main__" or name.partition(".")[0] == PACKAGE:
        return False
    path = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
    return path is not None and not os.path.abspath(path).startswith(INSTALLED)


def _is_installed(item, own):
    return _is_importable(item) and item.__module__ in sys.modules and item.__module__ not in own


def _is_importable(item):
    """Returns whether importing a module defines a class or function: not the program, nor a call of a function."""
    return item.__module__ != "__main__" and "<locals>" not in item.__qualname__
