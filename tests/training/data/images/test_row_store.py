"""Memory-mapped rows."""

from pathlib import Path

import numpy as np
import pytest
from ganzoo.zoo.pipeline.array_dataset import ArrayDataset


def resident_file_bytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssFile"))) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
def test_mapped_rows_do_not_accumulate_in_memory(tmp_path):
    """64 MB of rows, all read: less than a quarter remains resident."""
    (tmp_path / "rows").write_bytes(b"\7" * 2**26)
    mapped = np.memmap(tmp_path / "rows", np.uint8, "r", shape=(2**26 // 49152, 128, 128, 3))
    dataset, before = ArrayDataset({"images": mapped}).batches(64, seed=0), resident_file_bytes()
    for batch in dataset.take(len(mapped) // 64):
        assert batch["images"].shape == (64, 128, 128, 3)
    assert resident_file_bytes() - before < 2**24
