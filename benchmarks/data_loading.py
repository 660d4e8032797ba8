"""Speed of `folder:`: the first read of a folder of image files, and every later read from the cache.

    python benchmarks/data_loading.py --folder DIR --out benchmarks/results/data_loading.json

Reads all images of DIR at each resolution with an empty cache, then opens the cache repeatedly (median). One
untimed read of the files comes first, so that the operating system's file cache is warm every time. An existing record
is kept.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from ganzoo.training import load
from support.records import machine_facts, write_json

PACKAGES = ("keras-ganzoo", "tensorflow", "tensorflow-datasets", "numpy", "pillow")


def measure(folder, resolution, repeats):
    """Returns counts, seconds and images per second of the first read and of opening the cache."""
    with tempfile.TemporaryDirectory() as cache:
        seconds = []
        for _ in range(1 + repeats):
            start = time.perf_counter()
            source = load(f"folder:{folder}", resolution=resolution, cache_dir=cache)
            seconds.append(time.perf_counter() - start)
        images = len(source) + len(source.held_out)
        cache_bytes = sum(path.stat().st_size for path in Path(cache).rglob("*") if path.is_file())
    first, cached = seconds[0], statistics.median(seconds[1:])
    return {
        "images": images,
        "first_read_seconds": round(first, 3),
        "first_read_images_per_second": round(images / first),
        "cached_seconds": round(cached, 4),
        "cached_images_per_second": round(images / cached),
        "cache_bytes": cache_bytes,
    }


def main():
    """Measures and writes the record, unless it exists."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="folder of image files")
    parser.add_argument("--resolutions", default="32,64,128", help="comma-separated (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="times the cache is opened (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="the record")
    options = parser.parse_args()
    if options.out.exists():
        print(f"{options.out.name}: exists, skipped")
        return
    files = [path for path in options.folder.rglob("*") if path.is_file()]
    file_bytes = sum(len(path.read_bytes()) for path in files)
    command = f"python benchmarks/data_loading.py --folder DIR --resolutions {options.resolutions}"
    record = machine_facts(f"{command} --repeats {options.repeats}", PACKAGES)
    record["data"] = {"files": len(files), "bytes": file_bytes}
    record["results"] = {}
    for resolution in options.resolutions.split(","):
        record["results"][resolution] = measure(options.folder, int(resolution), options.repeats)
        print(resolution, record["results"][resolution], flush=True)
    write_json(options.out, record)


if __name__ == "__main__":
    main()
