"""EVALUATE and EXPORT: what a trained generator is worth, and how its samples leave Keras."""

if not __name__.startswith("ganzoo."):
    raise ImportError(
        f"imported as {__name__!r}, expected 'ganzoo.export': install the project (`pip install -e .`) and write "
        "`from ganzoo.export import ...`"
    )
