"""Images a second: `fit` with all callbacks beside the bare step, a keras.io-style step, and PyTorch.

    pip install '.[bench]'
    python benchmarks/throughput.py --out benchmarks/results/throughput.json

The 32x32 DCGAN pair of width 64, batch 64, one discriminator turn a step, float32, random pixels. The ways run in turn,
in several rounds of equal steps, and ratios are taken within a round, since a shared machine's speed drifts:

- fit: `model.fit` with every callback of a run, up to the last step; what closes a round (a picture, a checkpoint) is
  timed apart and counted twice in 1,000 steps, as the default intervals have it;
- bare: the compiled step that `fit` uses, called in a loop on the same stream, each step waited for;
- epochs: the same steps as many short epochs of a plain `fit`, to see whether anything waits between epochs;
- keras_io: a `train_step` after the customs of keras.io's examples;
- torch: the same networks, losses and optimisers in PyTorch eager, channels last.
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

import ganzoo.zoo  # noqa: F401  (before TensorFlow: it chooses oneDNN)
import keras
import numpy as np
from ganzoo.training.callbacks import Checkpoint, LogMetrics, Progress, SampleGrid, StopOnNonFinite, StopOnSignal
from ganzoo.zoo import GAN, WGAN
from ganzoo.zoo.feed import step_dataset
from throughput_rivals import KerasStyle, TorchStyle

BATCH = 64
WAYS = ("fit", "bare", "epochs", "keras_io", "torch")


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


def prepare(kind, images, folder):
    """Returns a dict of way -> function(steps) -> seconds; each way is warmed up."""
    model = ganzoo_model(kind)

    def fit(steps):
        callbacks = [
            StopOnSignal(),
            StopOnNonFinite(),
            Progress(model.steps_done + steps, BATCH),
            LogMetrics(folder / "metrics.jsonl", 100, BATCH, 1000, folder / "tensorboard"),
            SampleGrid(folder / "samples", 500, images[:8], tensorboard=folder / "tensorboard"),
            Checkpoint(folder / "checkpoints", 1000),
        ]
        last = {}
        # The last of the callbacks to hear of the last step, the first to hear of the end.
        clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: last.update(time=time.perf_counter()))
        start = time.perf_counter()
        model.fit(images, batch_size=BATCH, steps_per_epoch=steps, callbacks=[*callbacks, clock], verbose=0)
        closing = time.perf_counter() - last["time"]
        return last["time"] - start + closing * steps / 500

    def epochs(steps):
        start = time.perf_counter()
        model.fit(images, batch_size=BATCH, epochs=steps // 5, steps_per_epoch=5, verbose=0)
        return time.perf_counter() - start

    fit(10)
    stream = iter(step_dataset(model, images, None, BATCH)[0])
    rival = KerasStyle(kind)
    rival.compile(lambda: optimizer(kind))
    batches = step_dataset(model, images, None, BATCH)[0].map(lambda batch: batch["images"])
    rival.fit(batches, steps_per_epoch=3, verbose=0, shuffle=False)
    rival_stream = iter(batches)
    torch = TorchStyle(kind)
    counts = [sum(int(np.prod(w.shape)) for w in n.trainable_variables) for n in (model.generator, model.discriminator)]
    assert counts == torch.parameters(), "the networks differ"
    torch_stream = torch.stream(images, BATCH)
    looped(lambda: torch.step(next(torch_stream)), 3)
    return {
        "fit": fit,
        "bare": lambda steps: looped(lambda: float(model.train_function(stream)["g_loss"]), steps),
        "epochs": epochs,
        "keras_io": lambda steps: looped(lambda: float(rival.train_function(rival_stream)["g_loss"]), steps),
        "torch": lambda steps: looped(lambda: torch.step(next(torch_stream)), steps),
    }


def measure(kind, images, steps, rounds):
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        ways = prepare(kind, images, Path(folder))
        for number in range(rounds):
            # Another way comes first in each round.
            order = WAYS[number % len(WAYS) :] + WAYS[: number % len(WAYS)]
            seconds.append({way: ways[way](steps) for way in order})
            print(
                kind, {way: round(steps * BATCH / value) for way, value in seconds[-1].items()}, "images/s", flush=True
            )

    def ratio(faster, slower):
        return statistics.median(times[slower] / times[faster] for times in seconds)

    return {
        "seconds": seconds,
        "images_per_second": {way: statistics.median(steps * BATCH / s[way] for s in seconds) for way in WAYS},
        "fit_time_over_bare": 1 / ratio("fit", "bare"),
        "epochs_time_over_bare": 1 / ratio("epochs", "bare"),
        "fit_speed_over_keras_io": ratio("fit", "keras_io"),
        "fit_speed_over_torch": ratio("fit", "torch"),
        "bare_speed_over_torch": ratio("bare", "torch"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=50, help="of each way in a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    images = np.random.default_rng(0).integers(0, 256, (4096, 32, 32, 1), np.uint8)
    facts = {
        "command": f"python benchmarks/throughput.py --steps {options.steps} --rounds {options.rounds}",
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS"),
        "versions": {name: metadata.version(name) for name in ("keras-ganzoo", "tensorflow", "keras", "torch")},
        "results": {kind: measure(kind, images, options.steps, options.rounds) for kind in ("gan", "wgan")},
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
