"""Cost of an evaluation, and accuracy of the trained feature extractor, per dataset.

    python benchmarks/evaluation_cost.py fashion_mnist=idx:DIR mnist=idx:DIR shapes=shapes

Evaluates 5,000 samples of an untrained 32x32 DCGAN with the metrics of `ganzoo evaluate` (all that apply) and with
those of the recipes. Two fresh processes per dataset: the first trains the extractor with an empty cache, the second
finds it there. Each records its seconds and its peak resident memory. Writes one JSON record per dataset; existing
records are skipped.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from support.records import machine_facts, write_json

FOLDER = Path(__file__).parent / "results" / "evaluation_cost"
PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy", "tensorflow-gan")
RESOLUTION, WIDTH = 32, 32
# None: every metric that the data allow.
METRICS = {"all": None, "recipe": ("fid", "precision_recall")}


def measure(source_name, num_samples, cache_dir, metrics):
    """Returns what one process measures: seconds by stage, peak memory, and the extractor's identity."""
    import ganzoo.zoo  # noqa: F401  (before TensorFlow: it chooses oneDNN)
    from ganzoo.export.evaluation import ImageEvaluator
    from ganzoo.training import load
    from ganzoo.zoo import GAN

    def timed(function):
        start = time.perf_counter()
        result = function()
        return result, round(time.perf_counter() - start, 2)

    source = load(source_name, resolution=RESOLUTION)
    loaded = peak_megabytes()
    evaluator, making = timed(
        lambda: ImageEvaluator(source, metrics=metrics, num_samples=num_samples, cache_dir=cache_dir)
    )
    model = GAN.create(source.shape, {"network": "dcgan", "width": WIDTH}, {"network": "dcgan", "width": WIDTH})
    samples, sampling = timed(lambda: model.generate(num_samples, seed=0, batch_size=256))
    # The first evaluation traces functions and embeds the real images that a metric needs; later ones do not.
    scores, first = timed(lambda: evaluator.score(samples))
    _, later = timed(lambda: evaluator.score(samples))
    return {
        "seconds": {"evaluator": making, "samples": sampling, "first_score": first, "later_score": later},
        "peak_megabytes": {"data_loaded": loaded, "evaluated": peak_megabytes()},
        "results": sorted(scores),
        "extractor": evaluator.extractor.identity,
    }


def peak_megabytes():
    """Returns the peak resident megabytes of this process."""
    # `getrusage` would include the peak of the parent process.
    return round(int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 1024)


def in_fresh_process(*arguments):
    """Returns what `measure` returns in a process of its own."""
    command = [sys.executable, __file__, "--measure", json.dumps(arguments)]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(output.splitlines()[-1])


def main():
    """Measures the datasets without a record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("datasets", nargs="*", metavar="NAME=SOURCE", help="name of the record, and data source")
    parser.add_argument("--num-samples", type=int, default=5000, help="(default: %(default)s)")
    parser.add_argument("--results", type=Path, default=FOLDER, help="folder of the records")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*json.loads(options.measure))))
        return
    for dataset in options.datasets:
        name, _, source = dataset.partition("=")
        path = options.results / f"{name}.json"
        if path.exists():
            print(f"{path.name}: exists, skipped")
            continue
        kind = source.partition(":")[0]
        command = f"python benchmarks/evaluation_cost.py {name}={kind}{':DIR' if ':' in source else ''}"
        record = machine_facts(f"{command} --num-samples {options.num_samples}", PACKAGES)
        with tempfile.TemporaryDirectory() as cache:
            trained = in_fresh_process(source, options.num_samples, cache, METRICS["recipe"])
            cached = {key: in_fresh_process(source, options.num_samples, cache, m) for key, m in METRICS.items()}
        record["data"] = name
        record["evaluation"] = {"num_samples": options.num_samples, "extractor": trained["extractor"]}
        record["numbers"] = {"empty_cache": trained, **cached}
        write_json(path, record)
        print(f"{path.name}: {trained['seconds']}, later {cached['all']['seconds']}", flush=True)


if __name__ == "__main__":
    main()
