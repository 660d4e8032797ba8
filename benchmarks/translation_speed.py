"""Training throughput of a CycleGAN step: ganzoo, and the same networks and losses in PyTorch eager.

    pip install '.[bench]'
    python benchmarks/translation_speed.py --out benchmarks/results/translation_speed.json

Random images, batch 8, float32, the generator with six residual blocks and the patch discriminator at 32 pixels and a
quarter of the papers' width. Both implementations are interleaved in rounds of equal steps; ratios are taken within a
round, because the speed of a shared machine drifts. Peak memory is that of a fresh process that trains with one
implementation only.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from support.records import machine_facts, write_json

SHAPE, WIDTH, BLOCKS, BATCH = (32, 32, 3), 16, 6, 8
IMPLEMENTATIONS = ("ganzoo", "torch")


def ganzoo_step(images):
    """Returns a function that trains one step and waits for it, and the numbers of trainable weights."""
    import ganzoo.zoo  # noqa: F401  (before TensorFlow: it chooses oneDNN)
    from ganzoo.zoo import CycleGAN

    model = CycleGAN.create(SHAPE, {"width": WIDTH, "blocks": BLOCKS}, {"width": WIDTH})
    model.compile()
    model.fit(images, images[::-1], batch_size=BATCH, steps_per_epoch=3, verbose=0)
    stream = iter(model.make_step_dataset(images, images[::-1], BATCH)[0])
    parts = (*model.generators(), *model.discriminators())
    counts = [sum(int(np.prod(w.shape)) for w in network.trainable_variables) for network in parts]
    return lambda: float(model.train_function(stream)["g_loss"]), counts


def torch_step(images):
    """Returns the same for PyTorch."""
    from support.translation_speed_torch import TorchCycleGAN

    model = TorchCycleGAN(SHAPE[-1], WIDTH, BLOCKS)
    stream = model.stream(images, images[::-1], BATCH)
    for _ in range(3):
        model.step(*next(stream))
    return lambda: model.step(*next(stream)), model.parameters()


STEPS = {"ganzoo": ganzoo_step, "torch": torch_step}


def measure(steps, rounds):
    """Returns the seconds of each implementation per round, and the throughput and ratio computed from them."""
    images = np.random.default_rng(0).integers(0, 256, (512, *SHAPE), np.uint8)
    functions, counts = zip(*(STEPS[name](images) for name in IMPLEMENTATIONS), strict=True)
    assert counts[0] == counts[1], f"the networks differ: {counts}"
    seconds = []
    for number in range(rounds):
        times = {}
        for name, step in sorted(zip(IMPLEMENTATIONS, functions, strict=True), reverse=bool(number % 2)):
            start = time.perf_counter()
            for _ in range(steps):
                step()
            times[name] = time.perf_counter() - start
        seconds.append(times)
        print({name: round(steps * BATCH / value, 1) for name, value in times.items()}, "images/s", flush=True)
    return {
        "seconds": seconds,
        "images_per_second": {
            name: statistics.median(steps * BATCH / s[name] for s in seconds) for name in IMPLEMENTATIONS
        },
        "speed_over_torch": statistics.median(s["torch"] / s["ganzoo"] for s in seconds),
        "parameters": counts[0],
    }


def peak_memory(implementation):
    """Returns the peak resident megabytes of a process that trains with one implementation."""
    code = f"import translation_speed as t; t.train_alone({implementation!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, check=True)
    return float(done.stdout.split()[-1])


def train_alone(implementation):
    """Trains 20 steps and prints the peak resident megabytes."""
    images = np.random.default_rng(0).integers(0, 256, (512, *SHAPE), np.uint8)
    step, _ = STEPS[implementation](images)
    for _ in range(20):
        step()
    # `getrusage` would include the peak of the parent process.
    status = Path("/proc/self/status").read_text()
    print(int(re.search(r"VmHWM:\s*(\d+)", status)[1]) / 1024)


def main():
    """Measures and writes the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--steps", type=int, default=30, help="of each implementation in a round (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=7, help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    command = f"python benchmarks/translation_speed.py --steps {options.steps} --rounds {options.rounds}"
    record = machine_facts(command, ("keras-ganzoo", "tensorflow", "keras", "torch"))
    record["results"] = measure(options.steps, options.rounds)
    record["peak_megabytes"] = {name: peak_memory(name) for name in IMPLEMENTATIONS}
    write_json(options.out, record)


if __name__ == "__main__":
    main()
