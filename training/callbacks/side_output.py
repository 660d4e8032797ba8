"""Output that a training can do without: its failures are reported once and never end a training."""

from ...zoo.core.progress import write_line
from ..run.machine_failures import machine_failure, one_line


class SideOutput:
    """Runs writes of files that training can do without; a disk that is full, or the like, is reported once.

    When to use it: for curves, sample files and summaries. A failed checkpoint, in contrast, has to end a training.

    Args:
        title: str, what is written, for the report on stderr.
        retry: bool, whether what could not be written is written later, before the next output. Default False.

    Attributes:
        failed: bool, whether a failure was reported.

    Example:

        output = SideOutput("metrics.jsonl", retry=True)
        output.write(lambda: append_row("metrics.jsonl", {"step": 1}))
    """

    def __init__(self, title, retry=False):
        self.title, self.retry = title, retry
        self._waiting, self.failed = [], False

    def write(self, action):
        """Calls a function without arguments; only failures of files and of the machine are caught."""
        self._waiting.append(action)
        try:
            while self._waiting:
                self._waiting[0]()
                del self._waiting[0]
        except Exception as error:
            reason = machine_failure(error) or (one_line(error) if isinstance(error, OSError) else None)
            if not self.retry or reason is None:
                self._waiting.clear()
            if reason is None:
                raise
            self._report(reason)

    def _report(self, reason):
        if not self.failed:
            self.failed = True
            later = "what is missing is written once that is possible" if self.retry else "training continues without"
            write_line(f"ganzoo: {self.title} could not be written: {reason}; {later}")
