"""The environment that a result depends on besides its recipe."""

import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy", "pillow", "tensorflow-datasets", "tensorflow-gan")


def describe_environment():
    """Returns a dict of versions, git revision, machine and command, for `environment.json`."""
    import tensorflow as tf

    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "devices": [f"{device.device_type}" for device in tf.config.list_physical_devices()],
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "git_revision": _git_revision(),
    }


def _git_revision():
    """Returns the revision of the ganzoo sources, with '+' if they are modified, or None outside a checkout."""
    directory = Path(__file__).resolve().parent
    command = ["git", "-C", str(directory), "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
