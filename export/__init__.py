"""EVALUATE and EXPORT: what a trained generator is worth, and how it leaves Keras.

Nothing heavy is imported before a name is used.
"""

import importlib

if not __name__.startswith("ganzoo."):
    raise ImportError(
        f"imported as {__name__!r}, expected 'ganzoo.export': install the project (`pip install -e .`) and write "
        "`from ganzoo.export import ...`"
    )

_HOMES = {
    "ExportError": "signatures",
    "ExportReport": "report",
    "export_onnx": "onnx_file",
    "export_saved_model": "saved_model",
    "export_tflite": "tflite",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}, expected one of {__all__}")
