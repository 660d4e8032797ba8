"""A lock on a run folder, so that only one process writes into it."""

import contextlib
import os

try:
    import fcntl
except ImportError:  # Windows has no such locks.
    fcntl = None

LOCK = ".ganzoo.lock"


class RunLock:
    """An exclusive lock on a folder, which the operating system releases when the process ends, however it ends.

    When to use it: around everything that writes into a run folder. The lock file stays in the folder; only the lock on
    it counts. On file systems without locks nothing is locked.

    Args:
        folder: path of an existing folder.

    Example:

        lock = RunLock(Path("runs/demo"))
        if lock.acquire(): ...
    """

    def __init__(self, folder):
        self.path = folder / LOCK
        self._handle = None

    def acquire(self):
        """Returns whether this object holds the lock now: False if another process, or another object, holds it.

        Raises:
            OSError: the lock file cannot be opened.
        """
        if self._handle is not None:
            return True
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        except OSError:
            # Some network file systems have no locks.
            pass
        self._handle = handle
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        return True

    def holder(self):
        """Returns the number of the process that locked the folder last, a str, or "unknown"."""
        try:
            return self.path.read_text(encoding="ascii").strip() or "unknown"
        except (OSError, UnicodeDecodeError):
            return "unknown"

    def release(self):
        """Gives the lock back, if it is held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
