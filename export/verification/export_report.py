"""The report of an export: one object for the terminal, `report.json` and programs."""

import json
import math
import os
import time
from dataclasses import asdict, dataclass, field
from importlib import metadata

from ...zoo.core.atomic_files import write_text

# Files are timed one after the other; a smaller ratio may be noise of the machine.
MIN_SLOWDOWN = 1.2
PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy", "ai-edge-litert")


@dataclass
class ExportedFile:
    """One exported file, or a failed export.

    Attributes:
        kind: "saved_model", "tflite" or "onnx".
        precision: "float32", "float16", "int8" or "dynamic".
        batch_size: int, samples per timed call; also the fixed batch size of a TFLite file.
        bytes: int, size on disk.
        signatures: list of str.
        milliseconds: dict of "1" and "all" -> median time per call with that many threads, or None without timing.
        quantization: dict of input or output -> scale and zero_point, where the file takes or returns int8; named with
            its signature and side, such as `translate_xy input images`, where its own name would be ambiguous.
        differences: dict of signature -> max_difference, mean_difference and psnr against Keras.
        operations: dict of operation -> count.
        fid: dict with `keras`, `file` and `change`, where samples of the file were evaluated.
        notes: list of str, for the user of the file.
        file: str, path.
        failure: str, why there is no file, or None.
    """

    kind: str
    precision: str = "float32"
    batch_size: int = 1
    bytes: int = 0
    signatures: list = field(default_factory=list)
    milliseconds: dict = field(default_factory=dict)
    quantization: dict | None = None
    differences: dict = field(default_factory=dict)
    operations: dict | None = None
    fid: dict | None = None
    notes: list = field(default_factory=list)
    file: str | None = None
    failure: str | None = None

    def add(self, signature, measured):
        """Records the differences of a signature from Keras."""
        # JSON has no infinity, the PSNR of equal samples.
        self.differences[signature] = {k: v if math.isfinite(v) else None for k, v in measured.items()}

    @property
    def worst(self):
        """The differences of the signature that deviates most from Keras."""
        return max(self.differences.values(), key=lambda measured: measured["max_difference"], default=None)

    def images_per_second(self, threads):
        """Returns samples per second with "1" or "all" threads, or None."""
        milliseconds = self.milliseconds.get(threads)
        return 1000 * self.batch_size / milliseconds if milliseconds else None


class ExportReport:
    """The files of one export.

    Args:
        entries: list of `ExportedFile`, including failed ones.
        facts: dict, additional content of the JSON file: what was exported.
    """

    def __init__(self, entries, facts=None):
        self.entries, self.facts = entries, facts or {}
        self._note_slow_files()
        # Taken once, so that the printed and the saved report agree.
        self.date = time.strftime("%Y-%m-%dT%H:%M:%S%z")

    @property
    def failures(self):
        """The entries without a file."""
        return [entry for entry in self.entries if entry.failure]

    def content(self):
        """Returns the content of the JSON file."""
        versions = {name: metadata.version(name) for name in PACKAGES}
        files = []
        for entry in self.entries:
            rates = {threads: entry.images_per_second(threads) for threads in entry.milliseconds}
            files.append(asdict(entry) | {"images_per_second": rates})
        return self.facts | {
            "files": files,
            "cores": os.cpu_count(),
            "versions": versions,
            "date": self.date,
        }

    def save(self, path):
        """Writes the JSON file atomically."""
        write_text(path, json.dumps(self.content(), indent=1) + "\n")

    def __str__(self):
        rows = [("file", "kB", "max diff", "mean diff", "PSNR dB", "images/s", "1 thread", "FID change")]
        rows += [_row(entry) for entry in self.entries if not entry.failure]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = []
        for row in rows:
            cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
            lines.append("  ".join(cells).rstrip())
        lines += [f"note: {entry.file}: {note}" for entry in self.entries for note in entry.notes]
        lines += [f"failed: {entry.file}: {entry.failure}" for entry in self.failures]
        return "\n".join(lines)

    def _note_slow_files(self):
        for entry in self.entries:
            peers = (other for other in self.entries if _float_twin(entry, other))
            twin = next(peers, None)
            if twin is None or entry.bytes >= twin.bytes:
                continue
            slowdown, threads = max(
                ((entry.milliseconds.get(t) or 0) / (twin.milliseconds.get(t) or math.inf), t) for t in ("1", "all")
            )
            if slowdown > MIN_SLOWDOWN:
                setting = f"{threads} thread" + ("s" if threads == "all" else "")
                entry.notes.append(
                    f"smaller but {slowdown:.1f} times slower than float32 with {setting}: use float32 here"
                )


def _float_twin(entry, other):
    same = (other.kind, other.batch_size) == (entry.kind, entry.batch_size)
    return same and other.precision == "float32" != entry.precision and not (other.failure or entry.failure)


def _row(entry):
    worst = entry.worst or {}
    psnr = worst.get("psnr")

    def rate(threads):
        speed = entry.images_per_second(threads)
        return "-" if speed is None else f"{speed:,.0f}"

    return (
        entry.file or entry.kind,
        f"{entry.bytes / 1000:,.0f}",
        f"{worst['max_difference']:.1e}" if worst else "-",
        f"{worst['mean_difference']:.1e}" if worst else "-",
        "equal" if worst and psnr is None else f"{psnr:.1f}" if worst else "-",
        rate("all"),
        rate("1"),
        "-" if entry.fid is None else f"{entry.fid['change']:+.2f}",
    )
