"""Starts TensorFlow without its start-up messages, which no log level suppresses."""

import contextlib
import os
import sys
import tempfile


def start_tensorflow():
    """Imports TensorFlow and lists its devices; what it prints meanwhile is shown only if that fails."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _captured_stderr():
        import tensorflow as tf

        tf.config.list_physical_devices()


@contextlib.contextmanager
def _captured_stderr():
    # C++ code writes to the file descriptor, not to sys.stderr.
    sys.stderr.flush()
    original = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            yield
        except BaseException:
            captured.seek(0)
            os.write(original, captured.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)
