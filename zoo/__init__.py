"""MODEL: what a GAN is, and the step that trains it.

Nothing heavy is imported before a name is used, so `ganzoo --help` and `ganzoo list` stay quick.
"""

import importlib

if not __name__.startswith("ganzoo."):
    raise ImportError(
        f"imported as {__name__!r}, expected 'ganzoo.zoo': install the project (`pip install -e .`) and write "
        "`from ganzoo.zoo import ...`"
    )

_HOMES = {
    "AdversarialModel": "base",
    "GAN": "gan",
    "WGAN": "wgan",
    "WeightClipping": "constraints",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}, expected one of {__all__}")
