"""Runs an exported file in a process of its own: the program that `verification.py` starts.

It imports nothing of ganzoo and nothing of Keras, only the runtime that the file is made for, so that what it finds is
what the receiver of the file will find.

    python probe.py KIND FILE INPUTS OUTPUTS THREADS BATCH_SIZE REPEATS TIMED

INPUTS is an .npz whose arrays are named signature/input; OUTPUTS becomes one with signature/output, or is `-` where
only times are wanted. The last line on stdout is a JSON object with the median milliseconds of a call of the signature
TIMED.
"""

import json
import statistics
import sys
import time

import numpy as np

WARM_UP = 5
# Rows that are also asked for alone, since a server has no say in how its clients batch.
ALONE = 2


def saved_model(path, threads):
    """Returns (function(signature, inputs) -> outputs, batch size or None, facts) of a SavedModel."""
    import tensorflow as tf

    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    signatures = tf.saved_model.load(path).signatures

    def ask(signature, inputs):
        answer = signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})
        # Files of strings can be read back only if their bytes have a fixed length.
        arrays = {name: value.numpy() for name, value in answer.items()}
        return {name: value.astype("S") if value.dtype == object else value for name, value in arrays.items()}

    return ask, None, {"signatures": sorted(signatures)}


def tflite(path, threads):
    """The same of a TFLite file."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path, num_threads=threads or None)
    runners = {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}
    first = next(iter(runners["serving_default"].get_input_details().values()))
    steps = {}
    for signature, runner in runners.items():
        for side, details in (("input", runner.get_input_details()), ("output", runner.get_output_details())):
            for name, detail in details.items():
                if detail["dtype"] == np.int8:
                    scale, zero_point = detail["quantization"]
                    steps[signature, side, name] = {"scale": float(scale), "zero_point": int(zero_point)}

    def ask(signature, inputs):
        given = {name: quantised(value, steps.get((signature, "input", name))) for name, value in inputs.items()}
        answer = runners[signature](**given)
        return {name: dequantised(value, steps.get((signature, "output", name))) for name, value in answer.items()}

    return ask, int(first["shape"][0]), {"signatures": sorted(runners), "quantisation": told(steps)}


def onnx(path, threads):
    """The same of an ONNX file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def ask(signature, inputs):
        return dict(zip(names, session.run(names, inputs), strict=True))

    return ask, None, {"signatures": ["serving_default"]}


def told(steps):
    """Names steps by their tensor where it has the same ones everywhere, else by signature and side too."""
    named = {}
    for (signature, side, name), step in steps.items():
        alike = all(other == step for (*_, same), other in steps.items() if same == name)
        named[name if alike else f"{signature} {side} {name}"] = step
    return named


def quantised(value, how):
    """Rounds floats to the int8 steps that a file takes; other inputs pass."""
    if how is None or value.dtype != np.float32:
        return value
    return np.clip(np.rint(value / how["scale"] + how["zero_point"]), -128, 127).astype(np.int8)


def dequantised(value, how):
    """Turns int8 steps back into floats."""
    return value if how is None else (value.astype(np.float32) - how["zero_point"]) * np.float32(how["scale"])


def answers(ask, signature, inputs, batch_size):
    """Asks for all rows, in batches of the file's own size; a free batch takes them at once, and some alone."""
    total = len(next(iter(inputs.values())))
    size = batch_size or total
    parts = []
    for start in range(0, total, size):
        rows = {name: value[start : start + size] for name, value in inputs.items()}
        # A fixed batch is always full: the last row stands in for those that are missing.
        short = size - len(next(iter(rows.values())))
        rows = {name: np.concatenate([value, value[-1:].repeat(short, axis=0)]) for name, value in rows.items()}
        parts.append(ask(signature, rows))
    whole = {f"{signature}/{name}": np.concatenate([part[name] for part in parts])[:total] for name in parts[0]}
    if batch_size is None:
        alone = [ask(signature, {n: v[row : row + 1] for n, v in inputs.items()}) for row in range(ALONE)]
        whole |= {f"{signature}/{name} alone": np.concatenate([part[name] for part in alone]) for name in alone[0]}
    return whole


def milliseconds(ask, timed, inputs, batch_size, repeats):
    """Returns the median time of a call of a signature."""
    # There are fewer rows than some batches have.
    rows = {name: value[np.arange(batch_size) % len(value)] for name, value in inputs.items()}
    times = []
    for number in range(WARM_UP + repeats):
        start = time.perf_counter()
        ask(timed, rows)
        if number >= WARM_UP:
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main(kind, path, inputs_path, outputs_path, threads, batch_size, repeats, timed):
    """Runs the file and writes down what it gave."""
    ask, fixed, facts = {"saved_model": saved_model, "tflite": tflite, "onnx": onnx}[kind](path, int(threads))
    inputs = {}
    with np.load(inputs_path, allow_pickle=False) as content:
        for name in content:
            signature, _, argument = name.partition("/")
            inputs.setdefault(signature, {})[argument] = content[name]
    outputs = {}
    if outputs_path != "-":
        for signature in facts["signatures"]:
            outputs |= answers(ask, signature, inputs[signature], fixed)
        np.savez(outputs_path, **outputs)
    facts["batch_size"] = fixed
    if int(repeats):
        facts["milliseconds"] = milliseconds(ask, timed, inputs[timed], int(batch_size), int(repeats))
    print(json.dumps(facts))


if __name__ == "__main__":
    main(*sys.argv[1:])
