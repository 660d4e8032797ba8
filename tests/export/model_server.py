"""Runs `tensorflow_model_server`, where it is installed."""

import contextlib
import shutil
import socket
import subprocess
import time
from types import SimpleNamespace

import pytest
import requests


@contextlib.contextmanager
def model_server(name, folder, work_folder):
    """Serves a copy of a model's folder with `tensorflow_model_server`; skips the test where it is not installed.

    Args:
        name: str, to serve the model under.
        folder: path of the model's folder, with a version 1.
        work_folder: path of a folder for the copy and for the log.

    Yields:
        its `rest_port` and `grpc_port`, the copy's folder `base`, and `wait_until_available(version)`.
    """
    program = shutil.which("tensorflow_model_server")
    if program is None:
        pytest.skip("tensorflow_model_server is not installed")
    base = work_folder / name
    shutil.copytree(folder, base)
    rest_port, grpc_port = free_ports(2)
    flags = {"port": grpc_port, "rest_api_port": rest_port, "model_name": name, "model_base_path": base}
    log = work_folder / "server.log"
    with open(log, "wb") as file:
        command = [program, *(f"--{name}={value}" for name, value in flags.items())]
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)

    def wait(version):
        wait_until_available(rest_port, name, version, process)

    try:
        wait(1)
        yield SimpleNamespace(rest_port=rest_port, grpc_port=grpc_port, base=base, wait_until_available=wait)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # pytest shows it if the test has failed.
        print(log.read_text(errors="replace")[-8000:])


def wait_until_available(port, name, version, process=None, seconds=60):
    """Polls a server for a model's state until a version is available."""
    url, status, deadline = f"http://127.0.0.1:{port}/v1/models/{name}", None, time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            pytest.fail(f"the server ended with exit code {process.returncode}")
        # The server may not listen yet, or not know the model yet.
        with contextlib.suppress(requests.RequestException, KeyError):
            status = requests.get(url, timeout=5).json()
            states = {item["version"]: item["state"] for item in status["model_version_status"]}
            if states.get(str(version)) == "AVAILABLE":
                return
        time.sleep(0.2)
    pytest.fail(f"{name}: version {version} was not available within {seconds} s, last status: {status}")


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each_socket in sockets:
            each_socket.bind(("127.0.0.1", 0))
        return [each_socket.getsockname()[1] for each_socket in sockets]
