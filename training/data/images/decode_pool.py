"""Image decoding over worker processes, with results in the order of the files."""

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

from . import image_decoding

# Fewer images are decoded faster than a worker starts.
MIN_FILES_FOR_WORKERS = 200
CHUNK = 64
# This folder is imported as a package of its own: importing it as a part of ganzoo would load TensorFlow.
WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
from images.image_decoding import serve
sys.path.pop(0)
serve(sys.stdin.buffer, sys.stdout.buffer)
"""


def decode_all(files, resolution, crop="center", channels=None, png=False, whites=None, processes=None):
    """Decodes images on all cores.

    The workers are plain child processes rather than `multiprocessing`'s: forking a process with TensorFlow threads can
    deadlock, and spawning would run the user's script a second time unless it is guarded.

    Args:
        files: iterable of ("path", bytes) or ("content", bytes).
        resolution, crop, channels: as for `image_decoding.read_image`.
        png: bool, whether each image is also encoded as PNG. Default False.
        whites: pair of white levels for images of more than 8 bits, from `high_precision.ValueRange`, or None for each
            image's own. Default None.
        processes: int, or None for the number of cores that this process may use.

    Yields:
        For each file, in order, the result of `image_decoding.decode`: a tuple, or a str with the reason for a failure.

    Example:

    >>> list(decode_all([("content", b"")], resolution=32))
    ['empty file']
    """
    options, files = (resolution, crop, channels, png, whites), iter(files)
    first = list(itertools.islice(files, MIN_FILES_FOR_WORKERS))
    if len(first) < MIN_FILES_FOR_WORKERS:
        yield from (image_decoding.decode(image_decoding.as_input(file), *options) for file in first)
        return
    chunks = iter(lambda: list(itertools.islice(rest, CHUNK)), [])
    rest = itertools.chain(first, files)
    processes = processes or _num_cores()
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
                # A bounded window, so that few decoded images wait in memory.
                if len(pending) > 3 * processes:
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _num_cores():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Worker:
    """One child process that runs `image_decoding.py`."""

    def __init__(self, options):
        self.options = options
        self._start()

    def _start(self):
        # -P keeps the current folder off the import path. Stderr is discarded because C decoders print to it.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", WORKER, str(Path(__file__).parents[1])],
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
        """Returns the result of `image_decoding.decode` for each file; a file that kills the process is identified."""
        try:
            self._send(files)
            return pickle.load(self.process.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            self.close()
            code = self.process.returncode
            self._start()
        if len(files) == 1:
            return [f"it crashed the decoder (exit code {code})"]
        return [result for file in files for result in self.decode([file])]

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
