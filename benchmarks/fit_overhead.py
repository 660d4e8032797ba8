"""What `fit` with all callbacks costs over the bare training step, and whether anything waits between epochs.

    python benchmarks/fit_overhead.py --out benchmarks/results/fit_overhead.json

The 32x32 DCGAN pair, batch 64, random pixels. The three ways run in turn, in several rounds of equal steps, and the
ratios are taken within a round, since a shared machine's speed drifts:

- bare: the compiled step that `fit` itself uses, called in a loop on the same stream of batches;
- fit: one epoch with every callback of a run, at the default intervals;
- epochs: the same steps in many short epochs of a plain `fit`.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from importlib import metadata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from ganzoo.training.callbacks import Checkpoint, LogMetrics, Progress, SampleGrid, StopOnNonFinite, StopOnSignal
from ganzoo.zoo import GAN, WGAN
from ganzoo.zoo.feed import step_dataset

BATCH = 64


def build(name):
    model = GAN.create((32, 32, 1)) if name == "gan" else WGAN.create((32, 32, 1), n_critic=1)
    model.compile()
    return model


def bare(model, images, steps):
    dataset, _ = step_dataset(model, images, None, BATCH)
    iterator = iter(dataset)
    model.train_function(iterator)
    start = time.perf_counter()
    for _ in range(steps):
        # Reading one value is what Keras' own loop does, and it makes the loop wait for the step.
        float(model.train_function(iterator)["g_loss"])
    return time.perf_counter() - start


def fit(model, images, steps, folder):
    callbacks = [
        StopOnSignal(),
        StopOnNonFinite(),
        Progress(model.steps_done + steps, BATCH),
        LogMetrics(folder / "metrics.jsonl", 100, BATCH, 1000, folder / "tensorboard"),
        SampleGrid(folder / "samples", 500, images[:8], tensorboard=folder / "tensorboard"),
        Checkpoint(folder / "checkpoints", 1000),
    ]
    start = time.perf_counter()
    model.fit(images, batch_size=BATCH, steps_per_epoch=steps, callbacks=callbacks, verbose=0)
    return time.perf_counter() - start


def short_epochs(model, images, steps):
    start = time.perf_counter()
    model.fit(images, batch_size=BATCH, epochs=steps // 10, steps_per_epoch=10, verbose=0)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=500, help="a round's steps of each way (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    images = np.random.default_rng(0).integers(0, 256, (4096, 32, 32, 1), np.uint8)
    results = {}
    for name in ("gan", "wgan"):
        model = build(name)
        rounds = []
        with tempfile.TemporaryDirectory() as folder:
            fit(model, images, 10, Path(folder))
            for _ in range(options.rounds):
                seconds = {
                    "bare": bare(model, images, options.steps),
                    "fit": fit(model, images, options.steps, Path(folder)),
                    "epochs": short_epochs(model, images, options.steps),
                }
                rounds.append(seconds)
                print(name, {way: round(options.steps * BATCH / value) for way, value in seconds.items()}, "images/s")
        results[name] = {
            "rounds_seconds": rounds,
            "fit_over_bare": statistics.median(r["fit"] / r["bare"] for r in rounds),
            "epochs_over_bare": statistics.median(r["epochs"] / r["bare"] for r in rounds),
            "bare_images_per_second": statistics.median(options.steps * BATCH / r["bare"] for r in rounds),
        }
    facts = {
        "command": f"python benchmarks/fit_overhead.py --steps {options.steps} --rounds {options.rounds}",
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "versions": {name: metadata.version(name) for name in ("keras-ganzoo", "tensorflow", "keras", "numpy")},
        "results": results,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
