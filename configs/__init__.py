"""Recipes: one TOML file per run, `<model>_<dataset>.toml`."""

if not __name__.startswith("ganzoo."):
    raise ImportError(
        f"imported as {__name__!r}, expected 'ganzoo.configs': install the project (`pip install -e .`) and import it "
        "by that name"
    )
