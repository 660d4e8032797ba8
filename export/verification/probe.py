"""Runs an exported file in a fresh process: the program that `verify_file.py` starts.

It imports neither ganzoo nor Keras, only the runtime of the file, so that it measures what the file's users will get.

    python probe.py KIND FILE INPUTS OUTPUTS THREADS BATCH_SIZE REPEATS TIMED

INPUTS is an .npz of arrays named signature/input. OUTPUTS is written as an .npz of arrays named signature/output, or is
`-` to measure times only. The last line of stdout is a JSON object with the median milliseconds per call of the
signature TIMED.
"""

import json
import statistics
import sys
import time

import numpy as np

WARM_UP = 5
# Rows that are also run one per call, since clients of a server choose their own batch sizes.
SINGLE_ROWS = 2


def saved_model(path, threads):
    """Loads a SavedModel.

    Returns:
        (function(signature, inputs) -> outputs, batch size or None, dict of facts).
    """
    import tensorflow as tf

    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    signatures = tf.saved_model.load(path).signatures

    def run(signature, inputs):
        outputs = signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})
        # An .npz file of strings can be read without pickle only if their bytes have a fixed length.
        arrays = {name: value.numpy() for name, value in outputs.items()}
        return {name: value.astype("S") if value.dtype == object else value for name, value in arrays.items()}

    return run, None, {"signatures": sorted(signatures)}


def tflite(path, threads):
    """Loads a TFLite file; returns what `saved_model` does."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path, num_threads=threads or None)
    runners = {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}
    first = next(iter(runners["serving_default"].get_input_details().values()))
    scales = {}
    for signature, runner in runners.items():
        for side, details in (("input", runner.get_input_details()), ("output", runner.get_output_details())):
            for name, detail in details.items():
                if detail["dtype"] == np.int8:
                    scale, zero_point = detail["quantization"]
                    scales[signature, side, name] = {"scale": float(scale), "zero_point": int(zero_point)}

    def run(signature, inputs):
        inputs = {name: quantize(value, scales.get((signature, "input", name))) for name, value in inputs.items()}
        outputs = runners[signature](**inputs)
        return {name: dequantize(value, scales.get((signature, "output", name))) for name, value in outputs.items()}

    return run, int(first["shape"][0]), {"signatures": sorted(runners), "quantization": named_scales(scales)}


def onnx(path, threads):
    """Loads an ONNX file; returns what `saved_model` does."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(signature, inputs):
        return dict(zip(names, session.run(names, inputs), strict=True))

    return run, None, {"signatures": ["serving_default"]}


def named_scales(scales):
    """Names quantization scales by their tensor where they are equal everywhere, else by signature and side as well."""
    named = {}
    for (signature, side, name), scale in scales.items():
        unique = all(other == scale for (*_, other_name), other in scales.items() if other_name == name)
        named[name if unique else f"{signature} {side} {name}"] = scale
    return named


def quantize(value, scale):
    """Rounds floats to the int8 steps that a file takes; other inputs are returned unchanged."""
    if scale is None or value.dtype != np.float32:
        return value
    return np.clip(np.rint(value / scale["scale"] + scale["zero_point"]), -128, 127).astype(np.int8)


def dequantize(value, scale):
    """Converts int8 steps to floats."""
    return value if scale is None else (value.astype(np.float32) - scale["zero_point"]) * np.float32(scale["scale"])


def run_all(run, signature, inputs, batch_size):
    """Runs all rows, in batches of the file's fixed size; a free batch takes all at once, and some rows alone."""
    total = len(next(iter(inputs.values())))
    size = batch_size or total
    parts = []
    for start in range(0, total, size):
        rows = {name: value[start : start + size] for name, value in inputs.items()}
        # A fixed batch is filled up with copies of the last row.
        missing = size - len(next(iter(rows.values())))
        rows = {name: np.concatenate([value, value[-1:].repeat(missing, axis=0)]) for name, value in rows.items()}
        parts.append(run(signature, rows))
    outputs = {f"{signature}/{name}": np.concatenate([part[name] for part in parts])[:total] for name in parts[0]}
    if batch_size is None:
        single = [run(signature, {n: v[row : row + 1] for n, v in inputs.items()}) for row in range(SINGLE_ROWS)]
        outputs |= {f"{signature}/{name} alone": np.concatenate([part[name] for part in single]) for name in single[0]}
    return outputs


def milliseconds(run, timed, inputs, batch_size, repeats):
    """Returns the median milliseconds per call of a signature."""
    # The batch may be larger than the number of examples.
    rows = {name: value[np.arange(batch_size) % len(value)] for name, value in inputs.items()}
    times = []
    for number in range(WARM_UP + repeats):
        start = time.perf_counter()
        run(timed, rows)
        if number >= WARM_UP:
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main(kind, path, inputs_path, outputs_path, threads, batch_size, repeats, timed):
    """Runs the file, writes its outputs and prints the facts."""
    loaders = {"saved_model": saved_model, "tflite": tflite, "onnx": onnx}
    run, fixed_batch, facts = loaders[kind](path, int(threads))
    inputs = {}
    with np.load(inputs_path, allow_pickle=False) as content:
        for name in content:
            signature, _, argument = name.partition("/")
            inputs.setdefault(signature, {})[argument] = content[name]
    outputs = {}
    if outputs_path != "-":
        for signature in facts["signatures"]:
            outputs |= run_all(run, signature, inputs[signature], fixed_batch)
        np.savez(outputs_path, **outputs)
    facts["batch_size"] = fixed_batch
    if int(repeats):
        facts["milliseconds"] = milliseconds(run, timed, inputs[timed], int(batch_size), int(repeats))
    print(json.dumps(facts))


if __name__ == "__main__":
    main(*sys.argv[1:])
