"""Images a second of a CycleGAN step: ganzoo beside the same networks and losses in PyTorch eager.

    pip install '.[bench]'
    python benchmarks/translation_speed.py --out benchmarks/results/translation_speed.json

Random pictures, batch 8, float32, the generator of six residual blocks and the patch discriminator at 32 pixels and a
quarter of the papers' width. Both ways run in turn, in rounds of equal steps; ratios are taken within a round, since a
shared machine's speed drifts. The peak memory is that of a fresh process that trains in one way only.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

SHAPE, WIDTH, BLOCKS, BATCH = (32, 32, 3), 16, 6, 8
WAYS = ("ganzoo", "torch")


def ganzoo_step(pictures):
    """Returns a function that trains one step and waits for it."""
    import ganzoo.zoo  # noqa: F401  (before TensorFlow: it chooses oneDNN)
    from ganzoo.zoo import CycleGAN
    from ganzoo.zoo.feed import step_dataset

    model = CycleGAN.create(SHAPE, {"width": WIDTH, "blocks": BLOCKS}, {"width": WIDTH})
    model.compile()
    model.fit(pictures, pictures[::-1], batch_size=BATCH, steps_per_epoch=3, verbose=0)
    stream = iter(step_dataset(model, pictures, pictures[::-1], BATCH)[0])
    parts = (*model.generators(), *model.discriminators())
    counts = [sum(int(np.prod(w.shape)) for w in network.trainable_variables) for network in parts]
    return lambda: float(model.train_function(stream)["g_loss"]), counts


def torch_step(pictures):
    """Returns the same in PyTorch, and the numbers of weights."""
    from translation_speed_torch import TorchCycleGAN

    model = TorchCycleGAN(SHAPE[-1], WIDTH, BLOCKS)
    stream = model.stream(pictures, pictures[::-1], BATCH)
    for _ in range(3):
        model.step(*next(stream))
    return lambda: model.step(*next(stream)), model.parameters()


STEPS = {"ganzoo": ganzoo_step, "torch": torch_step}


def measure(steps, rounds):
    """Returns seconds of each way by round, and what follows from them."""
    pictures = np.random.default_rng(0).integers(0, 256, (512, *SHAPE), np.uint8)
    ways, counts = zip(*(STEPS[way](pictures) for way in WAYS), strict=True)
    assert counts[0] == counts[1], f"the networks differ: {counts}"
    seconds = []
    for number in range(rounds):
        times = {}
        for way, step in sorted(zip(WAYS, ways, strict=True), reverse=bool(number % 2)):
            start = time.perf_counter()
            for _ in range(steps):
                step()
            times[way] = time.perf_counter() - start
        seconds.append(times)
        print({way: round(steps * BATCH / value, 1) for way, value in times.items()}, "images/s", flush=True)
    return {
        "seconds": seconds,
        "images_per_second": {w: statistics.median(steps * BATCH / s[w] for s in seconds) for w in WAYS},
        "speed_over_torch": statistics.median(s["torch"] / s["ganzoo"] for s in seconds),
        "parameters": counts[0],
    }


def peak_memory(way):
    """Returns the peak resident megabytes of a process that trains in one way."""
    code = f"import translation_speed as t; t.train_alone({way!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, check=True)
    return float(done.stdout.split()[-1])


def train_alone(way):
    """Trains 20 steps and prints the peak resident megabytes, those of this program alone (getrusage inherits)."""
    pictures = np.random.default_rng(0).integers(0, 256, (512, *SHAPE), np.uint8)
    step, _ = STEPS[way](pictures)
    for _ in range(20):
        step()
    status = Path("/proc/self/status").read_text()
    print(int(re.search(r"VmHWM:\s*(\d+)", status)[1]) / 1024)


def main():
    """Measures and writes the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=30, help="of each way in a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    facts = {
        "command": f"python benchmarks/translation_speed.py --steps {options.steps} --rounds {options.rounds}",
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "versions": {name: metadata.version(name) for name in ("keras-ganzoo", "tensorflow", "keras", "torch")},
        "results": measure(options.steps, options.rounds),
        "peak_megabytes": {way: peak_memory(way) for way in WAYS},
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
