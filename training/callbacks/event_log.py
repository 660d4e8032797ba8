"""TensorBoard summaries of a training."""

import tensorflow as tf

from .side_output import SideOutput


class EventLog:
    """Writes TensorBoard summaries to a folder; if that is impossible, it is reported once and training continues.

    When to use it: in callbacks that take an optional TensorBoard folder.

    Args:
        directory: str or path, or None for no summaries.

    Example:

        EventLog("tensorboard").write(10, lambda: tf.summary.scalar("loss", 0.5))
    """

    def __init__(self, directory):
        self.directory = directory
        self._output, self._writer = SideOutput(f"TensorBoard's folder {directory}"), None

    def write(self, step, summarize):
        """Calls a function that writes `tf.summary` values of a step."""
        # TensorFlow keeps what it could not write, and logs each attempt: there is no second one.
        if self.directory is not None and not self._output.failed:
            self._output.write(lambda: self._write(step, summarize))

    def flush(self):
        """Writes what is buffered."""
        if self._writer is not None and not self._output.failed:
            self._output.write(self._writer.flush)

    def _write(self, step, summarize):
        if self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self.directory))
        with self._writer.as_default(step=step):
            summarize()
