"""The lock on a run folder: one process at a time, whatever happens to the others."""

import os
import signal
import subprocess
import sys

from ganzoo.training.run.folder.run_lock import LOCK, RunLock

HOLD = """
import sys, pathlib
sys.path.insert(0, sys.argv[2])
from run_lock import RunLock
lock = RunLock(pathlib.Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


def test_a_lock_is_held_once_until_it_is_released(tmp_path):
    one, other = RunLock(tmp_path), RunLock(tmp_path)
    assert one.acquire()
    assert one.acquire()
    assert not other.acquire()
    assert other.holder() == str(os.getpid())
    one.release()
    one.release()
    assert other.acquire()
    other.release()
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    module_folder = os.path.dirname(sys.modules[RunLock.__module__].__file__)
    command = [sys.executable, "-c", HOLD, str(tmp_path), module_folder]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "True\n"
        lock = RunLock(tmp_path)
        assert not lock.acquire()
        assert lock.holder() == str(process.pid)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert lock.acquire()
    lock.release()
