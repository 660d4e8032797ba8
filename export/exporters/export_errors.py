"""The error of a failed export, and the conversion of disk errors into it."""

import contextlib

import tensorflow as tf


class ExportError(RuntimeError):
    """An export that failed, or whose file deviates from Keras; nothing of it is left on the disk."""


@contextlib.contextmanager
def write_errors(path):
    """Converts the errors of a full or broken disk, from Python or TensorFlow, into an `ExportError` about a path."""
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        # Raised by an operation of the model, not by the disk.
        raise
    except (OSError, tf.errors.OpError) as error:
        reason = str(getattr(error, "strerror", None) or getattr(error, "message", None) or error).splitlines()[0]
        raise ExportError(
            f"{path}: cannot be written ({reason}), expected room for it and for a temporary copy: free some space"
        ) from None
