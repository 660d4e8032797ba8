"""Keras's global settings: which of them the zoo follows, and which it cannot work with."""

import keras

from ..errors import ArgumentError

# The precisions of a model as Keras dtype policies.
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def check_keras_settings():
    """Raises ArgumentError if numbers or images have a global format that the networks cannot be built in."""
    if keras.config.image_data_format() != "channels_last":
        raise ArgumentError(
            f"image_data_format: received {keras.config.image_data_format()!r}, expected 'channels_last': call "
            "keras.config.set_image_data_format('channels_last')"
        )
    if keras.config.floatx() != "float32":
        raise ArgumentError(
            f"floatx: received {keras.config.floatx()!r}, expected 'float32': call keras.config.set_floatx('float32'), "
            "and choose half precision with precision='bfloat16'"
        )


def dtype_policy(precision=None):
    """Returns the name of the dtype policy of networks.

    Args:
        precision: "float32", "bfloat16" or "float16", or None for Keras's global policy. Default None.

    Raises:
        ArgumentError: an unknown precision, or a global policy that is not one of these.
    """
    check_keras_settings()
    if precision is not None:
        if precision not in PRECISIONS:
            raise ArgumentError(f"precision: received {precision!r}, expected one of {list(PRECISIONS)}")
        return PRECISIONS[precision]
    name = getattr(keras.config.dtype_policy(), "name", None)
    if name not in PRECISIONS.values():
        raise ArgumentError(
            f"precision: received the global dtype policy {name!r}, expected one of {list(PRECISIONS.values())}: call "
            "keras.config.set_dtype_policy, or pass precision"
        )
    return name
