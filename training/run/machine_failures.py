"""Tells failures of the machine apart: disk, permission, memory, device, files that vanished."""

import errno
import re

import tensorflow as tf

DISK = "no space is left on the disk: free some space"
QUOTA = "the disk quota is exhausted: free some space or ask for a larger quota"
FILE_SIZE = "File too large for the file system or for `ulimit -f`: raise the limit or choose another disk"
PERMISSION = "no permission: change the owner or the mode of the file, or choose another folder"
READ_ONLY = "the file system is read-only: choose another folder, or mount it writable"
OPEN_FILES = "too many open files: raise the limit with `ulimit -n 4096`"
INPUT_OUTPUT = "the disk or the network file system does not respond: check it, then try again"
VANISHED = "the file no longer exists: restore it"
DAMAGED = "a data file is damaged: restore it"
MEMORY = "out of memory: choose smaller batches or end other programs"
DEVICE = "the device failed or is not available: check its driver and other programs on it, such as with nvidia-smi"

BY_ERRNO = {
    errno.ENOSPC: DISK,
    errno.EDQUOT: QUOTA,
    errno.EFBIG: FILE_SIZE,
    errno.EACCES: PERMISSION,
    errno.EPERM: PERMISSION,
    errno.EROFS: READ_ONLY,
    errno.EMFILE: OPEN_FILES,
    errno.ENFILE: OPEN_FILES,
    errno.EIO: INPUT_OUTPUT,
    errno.ESTALE: INPUT_OUTPUT,
    errno.ENOTCONN: INPUT_OUTPUT,
    errno.ETIMEDOUT: INPUT_OUTPUT,
    errno.EHOSTDOWN: INPUT_OUTPUT,
    errno.ENOENT: VANISHED,
    errno.ENOMEM: MEMORY,
}
# What libraries write that do not raise the operating system's error. The order matters: TensorFlow calls a full disk,
# a lack of memory and too many open files all "resource exhausted".
BY_TEXT = {
    r"No space left on device": DISK,
    r"[Dd]isk quota exceeded": QUOTA,
    r"File too large": FILE_SIZE,
    r"Permission denied|Operation not permitted": PERMISSION,
    r"Read-only file system": READ_ONLY,
    r"Too many open files": OPEN_FILES,
    r"Input/output error|Stale (NFS )?file handle|Transport endpoint": INPUT_OUTPUT,
    r"OOM when allocating|[Oo]ut of memory|OUT_OF_MEMORY|[Cc]annot allocate memory|[Ff]ailed to allocate|bad_alloc"
    r"|Unable to allocate|MemoryError": MEMORY,
    r"No such file or directory": VANISHED,
    r"CUDA_ERROR|cudaError|hipError|CUDNN_STATUS|CUBLAS_STATUS|[Dd]evice .*(lost|unavailable|not available)": DEVICE,
}
BY_CLASS = {
    tf.errors.ResourceExhaustedError: MEMORY,
    tf.errors.PermissionDeniedError: PERMISSION,
    tf.errors.DataLossError: DAMAGED,
    tf.errors.UnavailableError: DEVICE,
    tf.errors.AbortedError: DEVICE,
}
# A Python error inside TensorFlow, such as in a `tf.py_function` that reads files.
EMBEDDED_ERROR = re.compile(r"\[Errno (\d+)\] [^:\n]+(?:: ['\"]([^'\"\n]+)['\"])?")
NATIVE_PATH = re.compile(r"(\S+); (?:No such file|Permission denied|No space|Read-only|Too many open|File too large)")
INTERNALS = re.compile(r"\{\{.*?\}\}|\[\[.*?\]\]|\[Op:[^\]]*\]|\[\[.*$|\{\{.*$")
SKIPPED_LINES = ("Graph execution error", "Detected at node", "File ", "<stack traces", "Traceback", "Detected unsup")
SHOWN_CHARACTERS = 300


def machine_failure(error):
    """Returns what failed in the machine and how to fix it, in one line without internals of TensorFlow; or None.

    Args:
        error: exception.

    Returns:
        str, or None for an error that is not a failure of the machine.

    Example:

    >>> machine_failure(OSError(28, "No space left on device", "runs/demo/metrics.jsonl"))
    'runs/demo/metrics.jsonl: no space is left on the disk: free some space'
    """
    if isinstance(error, MemoryError):
        return MEMORY
    if isinstance(error, OSError) and error.errno in BY_ERRNO:
        return _located(error.filename, BY_ERRNO[error.errno])
    if not isinstance(error, (OSError, RuntimeError, SystemError, tf.errors.OpError)):
        return None
    text = str(error)
    embedded = EMBEDDED_ERROR.search(text)
    if embedded and int(embedded[1]) in BY_ERRNO:
        return _located(embedded[2], BY_ERRNO[int(embedded[1])])
    reasons = [reason for pattern, reason in BY_TEXT.items() if re.search(pattern, text)]
    reasons += [reason for cls, reason in BY_CLASS.items() if isinstance(error, cls)]
    path = NATIVE_PATH.search(text)
    return _located(path and path[1], reasons[0]) if reasons else None


def one_line(error):
    """Returns an exception's message as one line without internals of TensorFlow, such as names of nodes.

    Args:
        error: exception.

    Example:

    >>> one_line(ValueError("{{function_node __wrapped__Add}} Incompatible shapes: [2] vs. [3] [Op:Add] name: "))
    'Incompatible shapes: [2] vs. [3]'
    """
    lines = (INTERNALS.sub("", line).removesuffix("name: ").strip() for line in str(error).splitlines())
    shown = next((line for line in lines if line and not line.startswith(SKIPPED_LINES)), type(error).__name__)
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "..."


def _located(path, reason):
    return f"{_text(path)}: {reason}" if path else reason


def _text(path):
    return path.decode(errors="replace") if isinstance(path, bytes) else str(path)
