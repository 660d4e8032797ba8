"""Where a run computes: replicas, memory, determinism. All of it must be said before TensorFlow touches a device."""

import contextlib
import re

import tensorflow as tf

from ..zoo.errors import ArgumentError

PATTERN = r"auto|none|mirrored|cpu:[1-9][0-9]*"


def make_strategy(name="auto", batch_size=None):
    """Prepares the devices and returns a `tf.distribute` strategy.

    Args:
        name: "auto" (all visible GPUs where there are several), "none", "mirrored" (all visible GPUs, or the one CPU),
            or "cpu:N" (N logical CPU devices, to try replicas without GPUs). Default "auto".
        batch_size: int or None; must be a multiple of the replicas.

    Returns:
        A `tf.distribute.Strategy`; enter its `scope()` to build a model.

    Raises:
        ArgumentError: an unknown name, devices that were used before this call, or a batch that cannot be divided.
    """
    if not re.fullmatch(PATTERN, name):
        raise ArgumentError(f"train.strategy: received {name!r}, expected 'auto', 'none', 'mirrored' or 'cpu:N'")
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        # Raised when the GPU is in use already; then its owner has decided.
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)
    if name.startswith("cpu:"):
        strategy = tf.distribute.MirroredStrategy(_logical_cpus(int(name[4:])))
    elif name == "mirrored" or (name == "auto" and len(gpus) > 1):
        strategy = tf.distribute.MirroredStrategy()
    else:
        strategy = tf.distribute.get_strategy()
    replicas = strategy.num_replicas_in_sync
    if batch_size and batch_size % replicas:
        raise ArgumentError(
            f"train.batch_size: received {batch_size} for {replicas} replicas, expected a multiple of {replicas}"
        )
    return strategy


def describe(strategy, batch_size):
    """Returns one line: devices, and how the batch is divided."""
    replicas = strategy.num_replicas_in_sync
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    return f"{replicas} x {kind}, batch {batch_size} global = {batch_size // replicas} x {replicas}"


def _logical_cpus(count):
    cpu = tf.config.list_physical_devices("CPU")[0]
    # Raised when devices exist already: enough of them will do, and too few are refused below.
    with contextlib.suppress(RuntimeError):
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
    devices = tf.config.list_logical_devices("CPU")
    if len(devices) < count:
        raise ArgumentError(
            f"train.strategy: received 'cpu:{count}' with {len(devices)} CPU devices in use already, expected a fresh "
            "process: call make_strategy before anything else of TensorFlow"
        )
    return [device.name for device in devices[:count]]
