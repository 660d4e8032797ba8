"""Share of a training step spent in each kind of operation.

    python benchmarks/step_profile.py gan --out benchmarks/results/step_profile_gan.json

Traces a few steps at 32 pixels with TensorFlow's profiler and sums the time of each kind of operation over all threads,
for the DCGAN pair (width 64, batch 64) or the networks of `translation_speed.py`. Operations that only wait for others
are not counted.
"""

import argparse
import collections
import json
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import ganzoo.zoo  # noqa: F401  (before TensorFlow: it chooses oneDNN)
import numpy as np
import tensorflow as tf
from ganzoo.zoo import GAN, WGAN, CycleGAN
from support.records import machine_facts, write_json
from tensorflow.tsl.profiler.protobuf import xplane_pb2

# Variant: (constructor, sample shape, batch size).
VARIANTS = {
    "gan": (lambda shape: GAN.create(shape), (32, 32, 1), 64),
    "wgan": (lambda shape: WGAN.create(shape, n_critic=1), (32, 32, 1), 64),
    "cyclegan": (lambda shape: CycleGAN.create(shape, {"width": 16, "blocks": 6}, {"width": 16}), (32, 32, 3), 8),
}
# Containers of other operations, which would count twice.
CONTAINERS = ("PartitionedCall", "Iterator", "While", "Optional", "_Send", "_Recv")


def operations(folder):
    """Yields (kind, picoseconds) of every executed operation."""
    space = xplane_pb2.XSpace()
    space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                # The executors name an operation "name:kind".
                if ":" in name and "/" in name:
                    kind = name.rpartition(":")[2]
                    if not any(word in kind for word in CONTAINERS):
                        yield kind, event.duration_ps


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("variant", choices=VARIANTS)
    parser.add_argument("--steps", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    create, shape, batch_size = VARIANTS[options.variant]
    images = np.random.default_rng(0).integers(0, 256, (1024, *shape), np.uint8)
    model = create(shape)
    second = images[::-1] if options.variant == "cyclegan" else None
    model.compile()
    model.fit(images, second, batch_size=batch_size, steps_per_epoch=3, verbose=0)
    stream = iter(model.make_step_dataset(images, second, batch_size)[0])
    model.train_function(stream)
    totals, counts = collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        start = time.perf_counter()
        for _ in range(options.steps):
            float(model.train_function(stream)["g_loss"])
        seconds = time.perf_counter() - start
        tf.profiler.experimental.stop()
        for kind, duration in operations(folder):
            totals[kind] += duration
            counts[kind] += 1
    busy = sum(totals.values())
    command = f"python benchmarks/step_profile.py {options.variant} --steps {options.steps}"
    record = machine_facts(command, ("keras-ganzoo", "tensorflow", "keras")) | {
        "step_milliseconds": 1000 * seconds / options.steps,
        "busy_milliseconds_all_threads": busy / 1e9 / options.steps,
        "share_of_busy_time": {kind: round(value / busy, 4) for kind, value in totals.most_common(15)},
        "operations_per_step": {kind: counts[kind] // options.steps for kind, _ in totals.most_common(15)},
    }
    write_json(options.out, record)
    print(json.dumps(record["share_of_busy_time"], indent=1))


if __name__ == "__main__":
    main()
