"""Many pictures at once, over worker processes, in the order in which they were asked for."""

import contextlib
import itertools
import os
import pickle
import queue
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import pictures

# Fewer pictures are read sooner than a worker starts.
WORTH_WORKERS = 200
CHUNK = 64


def decode_all(files, resolution, crop="centre", channels=None, png=False, processes=None):
    """Reads pictures over all cores.

    The workers are plain child processes rather than `multiprocessing`'s: forking a process in which TensorFlow runs
    threads can hang, and spawning would run the user's script a second time unless it is guarded.

    Args:
        files: iterable of ("path", bytes) or ("content", bytes).
        resolution, crop, channels: as for `pictures.read_picture`.
        png: bool, whether each picture is wanted as a PNG file too.
        processes: int or None for the cores that this process may use.

    Yields:
        for each file, in order, what `pictures.decode` returns: a tuple, or a str that says why there is none.

    Example:

    >>> list(decode_all([("content", b"")], resolution=32))
    ['empty file']
    """
    options, files = (resolution, crop, channels, png), iter(files)
    first = list(itertools.islice(files, WORTH_WORKERS))
    if len(first) < WORTH_WORKERS:
        yield from (pictures.decode(pictures.viewed(file), *options) for file in first)
        return
    chunks = iter(lambda: list(itertools.islice(rest, CHUNK)), [])
    rest = itertools.chain(first, files)
    processes = processes or _cores()
    with contextlib.ExitStack() as stack:
        idle = queue.SimpleQueue()
        for _ in range(processes):
            idle.put(stack.enter_context(_Worker(options)))
        threads = stack.enter_context(ThreadPoolExecutor(processes))

        def work(chunk):
            worker = idle.get()
            try:
                return worker.decode(chunk)
            finally:
                idle.put(worker)

        pending = deque()
        try:
            for chunk in chunks:
                pending.append(threads.submit(work, chunk))
                # A window rather than everything: what is decoded and not yet taken stays small.
                if len(pending) > 3 * processes:
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _cores():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Worker:
    """One child process that runs `pictures.py`."""

    def __init__(self, options):
        self.options = options
        self._start()

    def _start(self):
        # -P: the folder of this file does not become an import path. Decoders in C print to stderr as they like.
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(Path(pictures.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._send(self.options)
        try:
            pickle.load(self.process.stdout)
        except EOFError:
            raise RuntimeError(f"a worker process of {sys.executable} did not start") from None

    def _send(self, message):
        pickle.dump(message, self.process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
        self.process.stdin.flush()

    def decode(self, files):
        """Returns what `pictures.decode` returns for each file; a file that kills the process is named."""
        try:
            self._send(files)
            return pickle.load(self.process.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            self.close()
            code = self.process.returncode
            self._start()
        if len(files) == 1:
            return [f"the decoder died of it (exit code {code})"]
        return [answer for file in files for answer in self.decode([file])]

    def close(self):
        """Ends the process."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
