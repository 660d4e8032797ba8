"""Failures to write, told alike by every exporter."""

import contextlib

import tensorflow as tf

from .signatures import ExportError


@contextlib.contextmanager
def write_errors(place):
    """Turns what a full or broken disk raises, in Python or in TensorFlow, into an `ExportError` about a place."""
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        # An operation of the model's, not of the disk's.
        raise
    except (OSError, tf.errors.OpError) as error:
        reason = str(getattr(error, "strerror", None) or getattr(error, "message", None) or error).splitlines()[0]
        raise ExportError(
            f"{place}: cannot be written ({reason}), expected room for it and for a temporary copy: free some space"
        ) from None
