"""Devices of a run: replicas and GPU memory. All of it must be configured before TensorFlow uses a device."""

import contextlib
import re

import tensorflow as tf

from ...zoo.errors import ArgumentError

STRATEGY_PATTERN = r"auto|none|mirrored|cpu:[1-9][0-9]*"


def make_strategy(name="auto", batch_size=None):
    """Configures the devices and returns a `tf.distribute` strategy.

    Args:
        name: "auto" (all visible GPUs if there are several), "none", "mirrored" (all visible GPUs, or the one CPU), or
            "cpu:N" (N logical CPU devices, to test replicas without GPUs). Default "auto".
        batch_size: int or None; must be a multiple of the number of replicas.

    Returns:
        A `tf.distribute.Strategy`; enter its `scope()` to build a model.

    Raises:
        ArgumentError: an unknown name, devices that were used before this call, or an indivisible batch size.

    Example:

        with make_strategy("mirrored", batch_size=64).scope():
            model = GAN.create((32, 32, 1))
    """
    if not re.fullmatch(STRATEGY_PATTERN, name):
        raise ArgumentError(f"train.strategy: received {name!r}, expected 'auto', 'none', 'mirrored' or 'cpu:N'")
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        # Raised if the GPU is in use already; then the calling program has configured its memory.
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)
    if name.startswith("cpu:"):
        strategy = tf.distribute.MirroredStrategy(_logical_cpus(int(name[4:])))
    elif name == "mirrored" or (name == "auto" and len(gpus) > 1):
        strategy = tf.distribute.MirroredStrategy()
    else:
        strategy = tf.distribute.get_strategy()
    require_divisible(batch_size, strategy, "train.batch_size")
    return strategy


def require_divisible(batch_size, strategy, key):
    """Raises ArgumentError unless a batch size is None or a multiple of a strategy's number of replicas.

    Args:
        batch_size: int >= 1 or None.
        strategy: `tf.distribute.Strategy`.
        key: str, the recipe key that the message names.
    """
    replicas = strategy.num_replicas_in_sync
    if batch_size and batch_size % replicas:
        raise ArgumentError(f"{key}: received {batch_size} for {replicas} replicas, expected a multiple of {replicas}")


def describe(strategy, batch_size):
    """Returns one line about the devices and the batch size per replica."""
    replicas = strategy.num_replicas_in_sync
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    return f"{replicas} x {kind}, batch {batch_size} global = {batch_size // replicas} x {replicas}"


def _logical_cpus(count):
    cpu = tf.config.list_physical_devices("CPU")[0]
    # Raised if the devices exist already: enough of them suffice, and too few are refused below.
    with contextlib.suppress(RuntimeError):
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
    devices = tf.config.list_logical_devices("CPU")
    if len(devices) < count:
        raise ArgumentError(
            f"train.strategy: received 'cpu:{count}' with {len(devices)} CPU devices in use already, expected a fresh "
            "process: call make_strategy before any other TensorFlow operation"
        )
    return [device.name for device in devices[:count]]
