"""Sampling throughput of one DCGAN generator in every format that ganzoo exports, and in PyTorch.

    pip install '.[bench]'
    python benchmarks/sampling.py --out benchmarks/results/sampling.json

The 32x32 DCGAN generator of width 64 with the same random weights in every runtime; a runtime whose images differ from
Keras by more than its precision explains is an error. Each thread count has its own process, because TensorFlow fixes
its threads at the start. In it, all runtimes at all batch sizes are interleaved over several rounds. Ratios are taken
within a round, because the speed of a shared machine drifts. PyTorch runs eagerly under `inference_mode`, in its
default memory format and in channels last; ratios are given to the default and to the faster of both.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import ganzoo.zoo  # noqa: F401  (before TensorFlow: it chooses oneDNN)
import numpy as np
from support.records import machine_facts, write_json
from support.sampling_baseline import torch_generator

BATCH_SIZES = (1, 64)
PRECISIONS = ("float32", "float16", "int8", "dynamic")
WIDTH, LATENT_DIM = 64, 64
# Largest difference from Keras, of images in [0, 1].
TOLERANCE = {"float16": 1e-2, "int8": 0.1, "dynamic": 0.1}


def build():
    """Returns a model whose weights and batch normalization statistics have the scale of trained ones."""
    from ganzoo.zoo import GAN
    from keras import layers

    model = GAN.create((32, 32, 1), {"network": "dcgan", "width": WIDTH}, latent_dim=LATENT_DIM)
    rng = np.random.default_rng(0)
    for layer in model.ema_generator.layers:
        weights = layer.get_weights()
        if isinstance(layer, layers.BatchNormalization):
            spread, shift = rng.uniform(0.5, 1.5, weights[0].shape), rng.normal(0, 0.2, weights[0].shape)
            layer.set_weights([spread, shift, shift, spread])
        elif weights:
            layer.set_weights([2.5 * weight for weight in weights])
    return model


def make_runtimes(model, folder, threads):
    """Returns (runtime, batch size) -> function that generates one batch as a NumPy array."""
    import tensorflow as tf
    from ganzoo.export import export_onnx, export_saved_model, export_tflite
    from ganzoo.export.verification.probe import onnx, tflite

    served = tf.saved_model.load(export_saved_model(model, folder / "served", repeats=0).file)
    onnx_session, _, _ = onnx(export_onnx(model, folder / "file.onnx", repeats=0).file, threads)
    generator = model.ema_generator
    runtimes = {}
    for size in BATCH_SIZES:
        latents = np.random.default_rng(1).normal(size=(size, LATENT_DIM)).astype(np.float32)
        constant = tf.constant(latents)

        def predict(latents=latents, size=size):
            return (generator.predict(latents, batch_size=size, verbose=0) + 1) / 2

        def serve(constant=constant):
            return served.signatures["serving_default"](latents=constant)["images"].numpy()

        runtimes["keras predict", size] = predict
        runtimes["SavedModel", size] = serve
        for precision in PRECISIONS:
            path = folder / f"{precision}-{size}.tflite"
            query, _, _ = tflite(export_tflite(model, path, precision, size, repeats=0).file, threads)
            runtimes[f"TFLite {precision}", size] = lambda query=query, latents=latents: query(
                "serving_default", {"latents": latents}
            )["images"]
        runtimes["onnxruntime", size] = lambda latents=latents: onnx_session("serving_default", {"latents": latents})[
            "images"
        ]
        for name, channels_last in (("PyTorch", False), ("PyTorch channels last", True)):
            runtimes[name, size] = torch_generator(generator, WIDTH, LATENT_DIM, latents, channels_last)
        expected = predict()
        for (runtime, runtime_size), generate in runtimes.items():
            if runtime_size == size:
                difference = float(abs(generate() - expected).max())
                limit = TOLERANCE.get(runtime.removeprefix("TFLite "), 1e-5)
                assert difference < limit, f"{runtime} at batch {size} differs from Keras by {difference}"
    return runtimes


def measure(threads, rounds, seconds):
    """Returns the images per second of each runtime and batch size in each round."""
    import tensorflow as tf
    import torch

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        runtimes = make_runtimes(build(), Path(folder), threads)
        rates = {key: [] for key in runtimes}
        order = list(runtimes)
        for number in range(rounds):
            # Another runtime comes first in each round.
            shift = 5 * number % len(order)
            for key in order[shift:] + order[:shift]:
                runtimes[key]()
                calls, start = 0, time.perf_counter()
                while time.perf_counter() - start < seconds:
                    runtimes[key]()
                    calls += 1
                rates[key].append(calls * key[1] / (time.perf_counter() - start))
            print(f"threads {threads}, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return rates


def summary(rates, size):
    """Returns each runtime's median rate, and medians and ranges of its ratios to PyTorch in the same round."""
    default, channels_last = rates["PyTorch", size], rates["PyTorch channels last", size]
    baselines = {
        "over_pytorch": default,
        "over_faster_pytorch": [max(p) for p in zip(default, channels_last, strict=True)],
    }
    table = {}
    for (runtime, runtime_size), values in rates.items():
        if runtime_size == size:
            table[runtime] = {"images_per_second": round(statistics.median(values))}
            for name, baseline in baselines.items():
                ratios = [value / torch for value, torch in zip(values, baseline, strict=True)]
                table[runtime][name] = round(statistics.median(ratios), 2)
                table[runtime][f"{name}_range"] = [round(min(ratios), 2), round(max(ratios), 2)]
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", default="1,2", help="comma-separated (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="(default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.4, help="of each runtime in a round (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    counts = [int(count) for count in options.threads.split(",")]
    if len(counts) == 1:
        rates = measure(counts[0], options.rounds, options.seconds)
        results = {f"batch {size}": summary(rates, size) for size in BATCH_SIZES}
        options.out.write_text(json.dumps(results, indent=1) + "\n")
        return
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            part = Path(folder) / f"{count}.json"
            numbers = ["--rounds", str(options.rounds), "--seconds", str(options.seconds)]
            subprocess.run([sys.executable, __file__, "--threads", str(count), *numbers, "--out", part], check=True)
            results[f"threads {count}"] = json.loads(part.read_text())
    packages = ("keras-ganzoo", "tensorflow", "keras", "ai-edge-litert", "onnxruntime", "torch")
    command = f"python benchmarks/sampling.py --rounds {options.rounds} --seconds {options.seconds}"
    write_json(options.out, machine_facts(command, packages) | {"results": results})


if __name__ == "__main__":
    main()
