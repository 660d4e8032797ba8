"""Failures of the machine are distinguished, whoever reports them, and said in one line."""

import errno
import os

import pytest
import tensorflow as tf
from ganzoo.training.run import machine_failures as module
from ganzoo.training.run.machine_failures import machine_failure, one_line
from ganzoo.zoo.errors import UserError

# Messages as TensorFlow, HDF5, numpy and CUDA write them.
FULL_WRITER = tf.errors.ResourceExhaustedError(
    None,
    None,
    "{{function_node __wrapped__FlushSummaryWriter}} runs/demo/events.v2; No space left on device [Op:Flush]",
)
OPEN_FILES = tf.errors.ResourceExhaustedError(None, None, "/data/a.tfrecord; Too many open files [Op:ReaderRead]")
OOM = tf.errors.ResourceExhaustedError(
    None, None, "{{node gan/conv}} OOM when allocating tensor with shape[64,9] on /job:localhost/device:GPU:0\n\t [[a]]"
)
HDF5 = RuntimeError(
    "Can't synchronously write data (file write failed: time = Tue, filename = 'part.keras', file descriptor = 5, "
    "errno = 28, error message = 'No space left on device', buf = 0x7f)"
)
READER = tf.errors.UnknownError(
    None, None,
    "FileNotFoundError: [Errno 2] No such file or directory: '/data/7.png'\nTraceback (most recent call last):\n\n  "
    'File "/site-packages/script_ops.py", line 269\n\n\t [[{{node EagerPyFunc}}]] [Op:IteratorGetNext] name: ',
)  # fmt: skip
LOST = tf.errors.InternalError(None, None, "cudaGetDevice() failed. Status: CUDA_ERROR_LAUNCH_FAILED [Op:AddV2]")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "m.jsonl"), f"m.jsonl: {module.DISK}"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), module.QUOTA),
        (PermissionError(errno.EACCES, "Permission denied", b"a.png"), f"a.png: {module.PERMISSION}"),
        (OSError(errno.EROFS, "Read-only file system"), module.READ_ONLY),
        (OSError(errno.EMFILE, "Too many open files"), module.OPEN_FILES),
        (OSError(errno.ESTALE, "Stale file handle"), module.INPUT_OUTPUT),
        (MemoryError("Unable to allocate 8 GiB"), module.MEMORY),
        (FULL_WRITER, f"runs/demo/events.v2: {module.DISK}"),
        (OPEN_FILES, f"/data/a.tfrecord: {module.OPEN_FILES}"),
        (OOM, module.MEMORY),
        (HDF5, module.DISK),
        (READER, f"/data/7.png: {module.VANISHED}"),
        (LOST, module.DEVICE),
        (tf.errors.PermissionDeniedError(None, None, "runs; Permission denied"), f"runs: {module.PERMISSION}"),
        (tf.errors.DataLossError(None, None, "corrupted record at 12"), module.DAMAGED),
    ],
)
def test_each_failure_has_its_own_cure(error, expected):
    assert machine_failure(error) == expected


def test_an_error_of_the_program_is_no_failure_of_the_machine():
    errors = [
        ValueError("No space left on device"),
        UserError("out of memory"),
        tf.errors.InvalidArgumentError(None, None, "a"),
    ]
    assert [machine_failure(error) for error in errors] == [None, None, None]


def test_every_error_number_that_is_known_gives_one_line():
    for number, reason in module.BY_ERRNO.items():
        assert machine_failure(OSError(number, os.strerror(number))) == reason
        assert "\n" not in reason


def test_one_line_has_no_internals_of_tensorflow():
    graph = tf.errors.InvalidArgumentError(
        None, None,
        "Graph execution error:\n\nDetected at node gan/Assert defined at (most recent call last):\n<stack traces "
        'unavailable>\n  File "a.py", line 3\nassertion failed: [label 12]\n\t [[{{node gan/Assert}}]] [Op:__infer]',
    )  # fmt: skip
    assert one_line(graph) == "assertion failed: [label 12]"
    eager = ValueError(
        "{{function_node __wrapped__Add_device_/job:a}} Incompatible shapes: [2] vs. [3] [Op:Add] name: "
    )
    assert one_line(eager) == "Incompatible shapes: [2] vs. [3]"
    assert one_line(ValueError()) == "ValueError"
