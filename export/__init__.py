"""Export and evaluation: trained generators as files for servers and devices, and the metrics of their samples.

Names are imported on first use, so that importing the package does not load TensorFlow.
"""

if not __name__.startswith("ganzoo."):
    raise ImportError(
        f"imported as {__name__!r}, expected 'ganzoo.export': install the project (`pip install -e .`) and write "
        "`from ganzoo.export import ...`"
    )

from ..zoo.core.lazy_loading import lazy_exports  # noqa: E402

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "ExportError": "exporters.export_errors",
        "ExportReport": "verification.export_report",
        "export_onnx": "exporters.onnx",
        "export_saved_model": "exporters.saved_model",
        "export_tflite": "exporters.tflite",
    },
)
