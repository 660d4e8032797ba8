"""Runs the stand-alone programs that are exported next to TFLite files."""

import os
import subprocess
import sys

# Runs a program in a process where these packages cannot be imported.
ISOLATED = """
import runpy, sys
for name in ("tensorflow", "keras", "ganzoo"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_program(*arguments, folder):
    """Runs a program without TensorFlow, Keras and ganzoo; returns the `subprocess.CompletedProcess`."""
    command = [sys.executable, "-c", ISOLATED, *map(str, arguments)]
    # As on a device: without the settings of this process.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GANZOO", "PYTHON"))}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
