"""Data sources, recipes and runs: everything that trains a model.

Names are imported lazily, on first use.
"""

if not __name__.startswith("ganzoo."):
    raise ImportError(
        f"imported as {__name__!r}, expected 'ganzoo.training': install the project (`pip install -e .`) and write "
        "`from ganzoo.training import ...`"
    )

from ..zoo.core.lazy_loading import lazy_exports  # noqa: E402

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "ImageSource": "data",
        "load": "data",
        "load_recipe": "config.recipe",
        "load_run": "run.run_dir",
        "train": "run.training_run",
    },
)
