"""Training throughput: `fit` with all callbacks, the bare step, a keras.io-style step, and PyTorch.

    pip install '.[bench]'
    python benchmarks/throughput.py --data DIR --out benchmarks/results/throughput.json

DIR of `--data` holds the four IDX files of Fashion-MNIST. The 32x32 DCGAN pair of width 64, batch 64, one discriminator
update per step, float32. The methods are interleaved over several rounds of equal steps, and ratios are taken within a
round, because the speed of a shared machine drifts:

- fit: `model.fit` with every callback of a run, `Evaluate` included, up to the last step. The callbacks that run at
  intervals (a sample grid, a checkpoint, an evaluation of 5,000 samples by FID, precision and recall) all run once at
  the end of a round. That time is measured separately and counted once per 500 steps, as often as the recipes sample
  and evaluate. Making the evaluator, which happens once per run, is not counted;
- bare: the compiled step that `fit` uses, called in a loop on the same stream, waiting for each step;
- epochs: the same steps as many short epochs of a plain `fit`, to detect waiting between epochs;
- keras_io: a `train_step` in the style of the keras.io examples;
- torch: the same networks, losses and optimizers in PyTorch eager, channels last.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import ganzoo.zoo  # noqa: F401  (before TensorFlow: it chooses oneDNN)
import keras
import numpy as np
from ganzoo.export.evaluation import ImageEvaluator
from ganzoo.training import load
from ganzoo.training.callbacks import (
    Checkpoint,
    Evaluate,
    MetricsLogger,
    ProgressBar,
    SampleGrid,
    TerminateOnNonFinite,
    TerminateOnSignal,
)
from ganzoo.zoo import GAN, WGAN
from support.records import machine_facts, write_json
from support.throughput_baselines import KerasStyle, TorchStyle

BATCH = 64
# The intervals of the recipes: samples and evaluations every 500 steps; checkpoints, every 1,000, are counted twice.
INTERVAL = 500
METRICS, NUM_SAMPLES = ("fid", "precision_recall"), 5000
METHODS = ("fit", "bare", "epochs", "keras_io", "torch")


def optimizer(kind):
    return keras.optimizers.Adam(2e-4, beta_1=0.5) if kind == "gan" else keras.optimizers.RMSprop(5e-5)


def ganzoo_model(kind):
    model = GAN.create((32, 32, 1)) if kind == "gan" else WGAN.create((32, 32, 1), n_critic=1)
    model.compile(optimizer(kind), optimizer(kind))
    return model


def looped(step, steps):
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return time.perf_counter() - start


def prepare(kind, images, evaluator, folder):
    """Returns method -> function(steps) -> seconds; each method is warmed up."""
    model = ganzoo_model(kind)

    def fit(steps):
        callbacks = [
            TerminateOnSignal(),
            TerminateOnNonFinite(),
            ProgressBar(model.steps_done + steps, BATCH),
            MetricsLogger(folder / "metrics.jsonl", 100, BATCH, 1000, folder / "tensorboard"),
            SampleGrid(folder / "samples", INTERVAL, images[:8], tensorboard=folder / "tensorboard"),
            Evaluate(
                evaluator,
                INTERVAL,
                folder / "metrics.jsonl",
                BATCH,
                folder / "checkpoints",
                None,
                folder / "tensorboard",
            ),
            Checkpoint(folder / "checkpoints", 1000),
        ]
        last = {}
        # Last in the list: its `on_epoch_end` follows the last step, before any `on_train_end`.
        clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: last.update(time=time.perf_counter()))
        start = time.perf_counter()
        model.fit(images, batch_size=BATCH, steps_per_epoch=steps, callbacks=[*callbacks, clock], verbose=0)
        closing = time.perf_counter() - last["time"]
        return last["time"] - start + closing * steps / INTERVAL

    def epochs(steps):
        start = time.perf_counter()
        model.fit(images, batch_size=BATCH, epochs=steps // 5, steps_per_epoch=5, verbose=0)
        return time.perf_counter() - start

    # Also the evaluation before step 0, which a run has once.
    fit(10)
    stream = iter(model.make_step_dataset(images, None, BATCH)[0])
    baseline = KerasStyle(kind)
    baseline.compile(lambda: optimizer(kind))
    batches = model.make_step_dataset(images, None, BATCH)[0].map(lambda batch: batch["images"])
    baseline.fit(batches, steps_per_epoch=3, verbose=0, shuffle=False)
    baseline_stream = iter(batches)
    torch = TorchStyle(kind)
    counts = [sum(int(np.prod(w.shape)) for w in n.trainable_variables) for n in (model.generator, model.discriminator)]
    assert counts == torch.parameters(), "the networks differ"
    torch_stream = torch.stream(images, BATCH)
    looped(lambda: torch.step(next(torch_stream)), 3)
    return {
        "fit": fit,
        "bare": lambda steps: looped(lambda: float(model.train_function(stream)["g_loss"]), steps),
        "epochs": epochs,
        "keras_io": lambda steps: looped(lambda: float(baseline.train_function(baseline_stream)["g_loss"]), steps),
        "torch": lambda steps: looped(lambda: torch.step(next(torch_stream)), steps),
    }


def measure(kind, images, evaluator, steps, rounds):
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        methods = prepare(kind, images, evaluator, Path(folder))
        for number in range(rounds):
            # Another method comes first in each round.
            order = METHODS[number % len(METHODS) :] + METHODS[: number % len(METHODS)]
            seconds.append({method: methods[method](steps) for method in order})
            print(
                kind,
                {method: round(steps * BATCH / value) for method, value in seconds[-1].items()},
                "images/s",
                flush=True,
            )

    def ratio(faster, slower):
        return statistics.median(times[slower] / times[faster] for times in seconds)

    return {
        "seconds": seconds,
        "images_per_second": {
            method: statistics.median(steps * BATCH / s[method] for s in seconds) for method in METHODS
        },
        "fit_time_over_bare": 1 / ratio("fit", "bare"),
        "epochs_time_over_bare": 1 / ratio("epochs", "bare"),
        "fit_speed_over_keras_io": ratio("fit", "keras_io"),
        "fit_speed_over_torch": ratio("fit", "torch"),
        "bare_speed_over_torch": ratio("bare", "torch"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of Fashion-MNIST's IDX files")
    parser.add_argument("--steps", type=int, default=50, help="of each method in a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    source = load(f"idx:{options.data}", resolution=32)
    images = source.samples[:4096]
    evaluator = ImageEvaluator(source, metrics=METRICS, num_samples=NUM_SAMPLES)
    command = f"python benchmarks/throughput.py --data DIR --steps {options.steps} --rounds {options.rounds}"
    record = machine_facts(command, ("keras-ganzoo", "tensorflow", "keras", "torch"))
    record["results"] = {
        kind: measure(kind, images, evaluator, options.steps, options.rounds) for kind in ("gan", "wgan")
    }
    # Records without it timed `fit` before `Evaluate` was among the callbacks.
    record["evaluate"] = {"metrics": METRICS, "num_samples": NUM_SAMPLES, "every": INTERVAL}
    write_json(options.out, record)


if __name__ == "__main__":
    main()
