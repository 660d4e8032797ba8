"""Creates the signatures of any model or generator."""

from ...zoo.errors import ArgumentError
from .image_signatures import ImageSignatures
from .text_signatures import TextSignatures
from .translation_signatures import TranslationSignatures


def make_signatures(
    model, value_range=(-1.0, 1.0), num_classes=None, strings=False, to=None, calibration=None, source="images"
):  # fmt: skip
    """Returns the signatures that a model has once it is exported.

    Args:
        model: an `ImageTranslationGAN`, a `TextGAN`, or what `ImageSignatures` accepts.
        value_range, num_classes: of `ImageSignatures`; images of translation models lie in [-1, 1], and text models
            have neither.
        strings: bool, whether texts are exchanged as strings instead of token ids. Default False.
        to, calibration, source: of `TranslationSignatures` only.

    Returns:
        `TranslationSignatures`, `TextSignatures` or `ImageSignatures`.

    Raises:
        ArgumentError: a model that cannot be exported, or an argument that does not apply to it.
    """
    # A plain Keras generator has no data family.
    family = getattr(model, "data_family", "image")
    other_range = None if value_range in ((-1, 1), [-1, 1]) else value_range
    if family == "translation":
        _refuse("a model that translates", value_range=other_range, num_classes=num_classes)
        return TranslationSignatures(model, to, calibration, source)
    _refuse("a model that does not translate", to=to, calibration=calibration)
    if family == "text":
        _refuse("a text model", value_range=other_range, num_classes=num_classes)
        return TextSignatures(model, strings)
    return ImageSignatures(model, value_range, num_classes, strings)


def _refuse(model, **arguments):
    for name, value in arguments.items():
        if value is not None:
            received = f"a {type(value).__name__}" if name == "calibration" else repr(value)
            raise ArgumentError(f"{name}: received {received} with {model}, expected none: leave it out")
