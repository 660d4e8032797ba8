"""Tables and numbers of the pages on speed: training, sampling, export, evaluation, and data loading."""

from .record_reader import lookup
from .tables import table

THROUGHPUT = {
    "time of `fit` with all callbacks / time of the bare step": "fit_time_over_bare",
    "time of many short epochs / time of the bare step": "epochs_time_over_bare",
    "speed of `fit` / speed of a keras.io-style `train_step`": "fit_speed_over_keras_io",
    "speed of `fit` / speed of the same networks in PyTorch eager": "fit_speed_over_torch",
}
RUNTIMES = {
    "TFLite float32": "TFLite `float32`",
    "TFLite float16": "TFLite `float16`",
    "TFLite int8": "TFLite `int8`",
    "TFLite dynamic": "TFLite `dynamic`",
    "onnxruntime": "ONNX, onnxruntime",
    "SavedModel": "SavedModel",
    "keras predict": "`model.predict`",
    "PyTorch": "PyTorch",
    "PyTorch channels last": "PyTorch, channels last",
}


def throughput_table(reader):
    """Returns the table of ratios of training speeds."""
    (record,) = reader.read("throughput")
    rows = [
        [title, *(f"{record['results'][kind][key]:.2f}" for kind in ("gan", "wgan"))]
        for title, key in THROUGHPUT.items()
    ]
    return table(["", "GAN", "WGAN"], rows)


def callbacks_note(reader):
    """Returns whether `Evaluate` was among the callbacks of `fit`."""
    (record,) = reader.read("throughput")
    evaluate = record.get("evaluate")
    if evaluate is None:
        return "The recorded run had every callback except `Evaluate`"
    return (
        f"`Evaluate` is included: {evaluate['num_samples']:,} samples scored by {' and '.join(evaluate['metrics'])} "
        f"every {evaluate['every']} steps"
    )


def operation_share(reader, profile, *kinds):
    """Returns the share of a step's busy time in operations whose name contains one of `kinds`."""
    (record,) = reader.read(profile)
    shares = record["share_of_busy_time"]
    return f"{sum(share for kind, share in shares.items() if any(part in kind for part in kinds)):.0%}"


def sampling_table(reader):
    """Returns the table of sampling rates: images per second, and the ratio to PyTorch."""
    (record,) = reader.read("sampling")
    settings = [(threads, batch) for threads in ("threads 1", "threads 2") for batch in ("batch 1", "batch 64")]
    rows = []
    for runtime, title in RUNTIMES.items():
        results = [record["results"][threads][batch][runtime] for threads, batch in settings]
        rows.append([title, *(f"{each['images_per_second']:,} ({each['over_pytorch']:.2f})" for each in results)])
    return table(["", *(f"{batch}, {threads}" for threads, batch in settings)], rows)


def best_tflite(reader, batch):
    """Returns the ratios of the best TFLite file to the faster PyTorch, with one thread and with two."""
    (record,) = reader.read("sampling")
    ratios = []
    for threads in ("threads 1", "threads 2"):
        results = record["results"][threads][f"batch {batch}"]
        ratios.append(max(each["over_faster_pytorch"] for name, each in results.items() if name.startswith("TFLite")))
    return " and ".join(f"{ratio:.1f}" for ratio in ratios)


def export_table(reader):
    """Returns the table of exported files."""
    (record,) = reader.read("export")
    rows = []
    for entry in record["files"]:
        worst = max(entry["differences"].values(), key=lambda each: each["max_difference"])
        psnr, fid = worst["psnr"], entry["fid"]
        rates = [entry["images_per_second"].get(threads) for threads in ("all", "1")]
        rows.append([
            f"{entry['kind']}, {entry['precision']}" if entry["kind"] == "tflite" else entry["kind"],
            f"{entry['bytes'] / 1000:,.0f}",
            f"{worst['max_difference']:.1e}",
            f"{worst['mean_difference']:.1e}",
            "equal" if psnr is None else f"{psnr:.1f}",
            *("" if rate is None else f"{rate:,.0f}" for rate in rates),
            "" if fid is None else f"{fid['change']:+.2f}",
        ])  # fmt: skip
    head = ["file", "kB", "max diff", "mean diff", "PSNR dB", "images/s", "images/s, 1 thread", "FID change"]
    return table(head, rows)


def accuracy_table(reader):
    """Returns the held-out accuracy of every trained extractor that a record names."""
    accuracies = {}
    for pattern in ("fashion_mnist*/*", "text_to_image/*", "translation/*", "evaluation_cost/*"):
        if not list(reader.folder.glob(f"{pattern}.json")):
            continue
        for record in reader.read(pattern):
            extractor = lookup(record, "evaluation/extractor")
            if isinstance(extractor, dict) and "held_out_accuracy" in extractor:
                source = lookup(record, "recipe/data/source") or record.get("data", "idx:DIR")
                # The pages have no other IDX files.
                source = "fashion_mnist" if source == "idx:DIR" else source
                accuracies[source, extractor["weights"]] = (extractor["name"], extractor["held_out_accuracy"])
    rows = [
        [f"`{source}`", name, f"`{weights}`", ", ".join(f"{head} {share:.2%}" for head, share in shares.items())]
        for (source, weights), (name, shares) in sorted(accuracies.items())
    ]
    return table(["data", "extractor", "weights", "held-out accuracy"], rows)


def evaluation_cost_table(reader):
    """Returns the seconds and the peak memory of evaluations: one row per dataset."""
    rows = []
    for record in reader.read("evaluation_cost/*"):
        empty, recipe, complete = (record["numbers"][key] for key in ("empty_cache", "recipe", "all"))
        rows.append([
            f"`{record['data']}`",
            f"{record['evaluation']['num_samples']:,}",
            f"{empty['seconds']['evaluator']:.0f}",
            f"{recipe['seconds']['evaluator']:.1f}",
            f"{recipe['seconds']['later_score']:.1f}",
            f"{complete['seconds']['first_score']:.1f}",
            f"{complete['seconds']['later_score']:.1f}",
            f"{complete['peak_megabytes']['evaluated']:,}",
            f"{complete['peak_megabytes']['data_loaded']:,}",
        ])  # fmt: skip
    head = [
        "data", "samples", "evaluator, empty cache, s", "evaluator, cached, s", "FID, precision, recall, s",
        "all metrics, first, s", "all metrics, later, s", "peak MB", "peak MB before",
    ]  # fmt: skip
    return table(head, rows)


def data_loading_table(reader):
    """Returns the speed of `folder:`, one row per resolution."""
    (record,) = reader.read("data_loading")
    rows = [
        [
            resolution,
            f"{each['images']:,}",
            f"{each['first_read_seconds']:.1f}",
            f"{each['first_read_images_per_second']:,}",
            f"{each['cached_seconds']:.2f}",
            f"{each['cached_images_per_second']:,}",
        ]
        for resolution, each in record["results"].items()
    ]
    head = ["resolution", "images", "first read, s", "images per second", "from the cache, s", "images per second"]
    return table(head, rows)
