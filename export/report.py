"""What an export says of each file it wrote: one object for the screen, `report.json` and programs."""

import json
import math
import os
import time
from dataclasses import asdict, dataclass, field
from importlib import metadata

from ..zoo.files import write_text

# Times of files are not taken in turn; what is less than this is the machine's own unrest.
SLOWER = 1.2
PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy", "ai-edge-litert")


@dataclass
class Entry:
    """What is known of one exported file.

    Attributes:
        kind: "saved_model", "tflite" or "onnx".
        precision: "float32", "float16", "int8" or "dynamic".
        batch_size: samples of a call that was timed; of a TFLite file also the only number it takes.
        bytes: size on disk.
        signatures: names.
        milliseconds: dict "1" and "all" -> median time of a call with that many threads, or None where none was taken.
        quantisation: dict input or output -> scale and zero_point, where the file takes or gives int8; named with its
            signature and side, such as `translate_xy input images`, where a name alone would be ambiguous.
        differences: dict signature -> max_difference, mean_difference and psnr against Keras.
        operations: dict operation -> count.
        fid: dict with `keras`, `file` and `change`, where samples of the file were judged.
        notes: list of str, what its user should know.
        file: path.
        failure: str, why there is no file, or None.
    """

    kind: str
    precision: str = "float32"
    batch_size: int = 1
    bytes: int = 0
    signatures: list = field(default_factory=list)
    milliseconds: dict = field(default_factory=dict)
    quantisation: dict | None = None
    differences: dict = field(default_factory=dict)
    operations: dict | None = None
    fid: dict | None = None
    notes: list = field(default_factory=list)
    file: str | None = None
    failure: str | None = None

    def add(self, signature, measured):
        """Notes how far a signature is from Keras."""
        # JSON knows no infinity; equal samples have no finite PSNR.
        self.differences[signature] = {k: v if math.isfinite(v) else None for k, v in measured.items()}

    @property
    def worst(self):
        """The differences of the signature that is furthest from Keras."""
        return max(self.differences.values(), key=lambda measured: measured["max_difference"], default=None)

    def images_per_second(self, threads):
        """Returns samples a second with "1" or "all" threads, or None."""
        spent = self.milliseconds.get(threads)
        return 1000 * self.batch_size / spent if spent else None


class ExportReport:
    """The files of one export.

    Args:
        entries: list of `Entry`, failed ones among them.
        facts: dict, what was exported.
    """

    def __init__(self, entries, facts=None):
        self.entries, self.facts = entries, facts or {}
        self._note_slow_files()
        # What is printed and what is saved are one report.
        self.date = time.strftime("%Y-%m-%dT%H:%M:%S%z")

    @property
    def failures(self):
        """The entries that have no file."""
        return [entry for entry in self.entries if entry.failure]

    def content(self):
        """Returns what the JSON file holds."""
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
        """Writes the JSON file, whole or not at all."""
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
            slow, threads = max(
                ((entry.milliseconds.get(t) or 0) / (twin.milliseconds.get(t) or math.inf), t) for t in ("1", "all")
            )
            if slow > SLOWER:
                told = f"{threads} thread" + ("s" if threads == "all" else "")
                entry.notes.append(f"smaller but {slow:.1f} times slower than float32 with {told}: use float32 here")


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
