"""Progress of long loops: a bar on a terminal, plain lines in a file or a job log."""

import contextlib
import sys
import threading
import time

from tqdm import tqdm

# Long enough for short logs, short enough to distinguish a slow program from a stuck one.
SECONDS_BETWEEN_LINES = 30.0


def track_progress(
    iterable=None, description="", total=None, unit="steps", enabled=True, leave=True, stream=None, clock=time.monotonic
):
    """Returns a progress report of a loop, to be iterated or updated by hand.

    When to use it: for every loop that may take longer than a few seconds. On a terminal it is a `tqdm` bar, elsewhere
    a `ProgressLog`, so that a log holds lines rather than carriage returns.

    Args:
        iterable: what the loop iterates over, or None for calls of `update`.
        description: str, what is being done, such as "reading".
        total: int or None, the number of items where it is known.
        unit: str, what the items are, in the plural. Default "steps".
        enabled: bool, whether anything is written. Default True.
        leave: bool, whether the finished report stays visible. Default True.
        stream: text file. Default: `sys.stderr` at the time of the call.
        clock: function that returns seconds, for `ProgressLog`. Default `time.monotonic`.

    Returns:
        A `tqdm` bar or a `ProgressLog`. Both are iterables and context managers with `update(count)` and `close()`.

    Example:

    >>> for number in track_progress(range(3), "reading", 3, enabled=False):
    ...     pass
    """
    stream = sys.stderr if stream is None else stream
    if stream.isatty():
        return tqdm(
            iterable, description, total, leave, stream, unit=f" {unit}", dynamic_ncols=True, mininterval=0.5,
            disable=not enabled,
        )  # fmt: skip
    return ProgressLog(iterable, description, total, unit, enabled, leave, stream, clock)


class ProgressLog:
    """Writes plain lines about a loop: one when 30 s have passed since the last, and one at its end.

    Args:
        iterable, description, total, unit, enabled, leave, stream, clock: of `track_progress`; without `leave` there is
            no line at the end.

    Attributes:
        n: int, the items done.
    """

    def __init__(self, iterable, description, total, unit, enabled, leave, stream, clock=time.monotonic):
        self.iterable, self.description, self.total, self.unit = iterable, description, total, unit
        self.enabled, self.leave, self.stream, self.clock = enabled, leave, stream, clock
        self.n = self._written = 0
        self._start = self._last = clock()

    def update(self, count=1):
        """Counts items, and writes a line where one is due."""
        self.n += count
        if self.clock() - self._last >= SECONDS_BETWEEN_LINES:
            self._write()

    def close(self):
        """Writes the last line. Further calls have no effect."""
        if self.leave and self.n != self._written:
            self._write()
        self.enabled = False

    def _write(self):
        self._last, self._written = self.clock(), self.n
        if self.enabled:
            elapsed = max(self._last - self._start, 1e-9)
            title = f"{self.description}: " if self.description else ""
            line = f"{title}{position(self.n, self.total)} {self.unit}, {self.n / elapsed:,.1f} per second"
            print(line + time_left(self.n, self.total, elapsed), file=self.stream, flush=True)

    def __iter__(self):
        try:
            for item in self.iterable:
                yield item
                self.update()
        finally:
            self.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@contextlib.contextmanager
def log_activity(description, stream=None, stop=None, clock=time.monotonic):
    """Writes a plain line every 30 s while the body runs.

    When to use it: around a long call of a library that reports no progress of its own to a log.

    Args:
        description: str, what is being done, such as "downloading".
        stream: text file. Default: `sys.stderr` at the time of the call.
        stop: `threading.Event`, or an object with its `set` and `wait`. Default: a new event.
        clock: function that returns seconds. Default `time.monotonic`.
    """
    stream, stop, start = stream or sys.stderr, stop or threading.Event(), clock()

    def write_lines():
        while not stop.wait(SECONDS_BETWEEN_LINES):
            print(f"{description}: {tqdm.format_interval(clock() - start)} elapsed", file=stream, flush=True)

    thread = threading.Thread(target=write_lines, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def write_line(text):
    """Writes a line to stderr, past a progress bar; a log that cannot be written is no reason to stop."""
    with contextlib.suppress(OSError):
        tqdm.write(text, file=sys.stderr)
        sys.stderr.flush()


def position(done, total=None):
    """Returns 'done/total', or 'done' where the total is unknown."""
    return f"{done:,}" if total is None else f"{done:,}/{total:,}"


def time_left(done, total, elapsed):
    """Returns ', about 1:02:03 left' at the average speed so far, or '' where it is unknown or nothing is left."""
    if total is None or not 0 < done < total:
        return ""
    return f", about {tqdm.format_interval(elapsed / done * (total - done))} left"
