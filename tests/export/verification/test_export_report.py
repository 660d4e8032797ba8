"""The report of an export: the table, the JSON file and the notes."""

import json
import math

import pytest
from ganzoo.export.verification.export_report import ExportedFile, ExportReport


def entry(precision="float32", size=4000, one=10.0, every=4.0, batch_size=1, **facts):
    times = {"1": one, "all": every}
    file = ExportedFile("tflite", precision, batch_size, size, ["sample"], times, file=f"{precision}.tflite", **facts)
    file.add("sample", {"max_difference": 0.01, "mean_difference": 0.001, "psnr": 50.0})
    return file


def notes(*entries):
    return [file.notes for file in ExportReport(list(entries)).entries]


def test_a_smaller_and_slower_file_has_a_note():
    none, (note,) = notes(entry(), entry("int8", 1500, one=25.0, every=5.0))
    assert none == []
    assert note == "smaller but 2.5 times slower than float32 with 1 thread: use float32 here"
    _, (note,) = notes(entry(), entry("int8", 1500, one=10.0, every=8.0))
    assert "2.0 times slower than float32 with all threads" in note


@pytest.mark.parametrize(
    "other",
    [
        entry("int8", 1500, one=11.5, every=4.5),
        entry("int8", 4000, one=99.0),
        entry("int8", 1500, one=99.0, batch_size=8),
        entry("int8", 1500, one=99.0, failure="no"),
        ExportedFile("tflite", "int8", 1, 1500, file="int8.tflite"),
    ],
    ids=["as fast", "as large", "another batch", "failed", "not timed"],
)
def test_other_files_have_no_note(other):
    assert notes(entry(), other) == [[], []]


def test_failed_files_are_not_compared():
    assert notes(entry(one=1.0, failure="no"), entry("int8", 1500, one=99.0))[1] == []


def test_the_table_has_one_row_per_file_and_one_line_per_note_and_failure():
    slow = entry(
        "int8", 1500, one=25.0, every=5.0, fid={"change": 1.234, "keras": 2.0, "file": 3.234, "num_samples": 100}
    )
    equal = entry("float16", 2000)
    equal.add("sample", {"max_difference": 0.0, "mean_difference": 0.0, "psnr": math.inf})
    untimed = ExportedFile("onnx", bytes=900, file="a.onnx")
    lines = str(ExportReport([entry(), equal, slow, untimed, entry("dynamic", failure="too far off")])).splitlines()
    rows = [line.split() for line in lines]
    assert rows[1] == ["float32.tflite", "4", "1.0e-02", "1.0e-03", "50.0", "250", "100", "-"]
    assert rows[2] == ["float16.tflite", "2", "0.0e+00", "0.0e+00", "equal", "250", "100", "-"]
    assert rows[3] == ["int8.tflite", "2", "1.0e-02", "1.0e-03", "50.0", "200", "40", "+1.23"]
    assert rows[4] == ["a.onnx", "1", "-", "-", "-", "-", "-", "-"]
    assert lines[5].startswith("note: int8.tflite: smaller but 2.5 times slower")
    assert lines[6:] == ["failed: dynamic.tflite: too far off"]


def test_rates_count_every_sample_of_a_batch():
    # 64 samples in 4 ms are 16,000 per second.
    assert entry(every=4.0, batch_size=64).images_per_second("all") == 16_000
    assert ExportedFile("onnx").images_per_second("all") is None


def test_the_worst_signature_counts():
    file = entry()
    file.add("serving_default", {"max_difference": 0.5, "mean_difference": 0.0001, "psnr": 60.0})
    assert file.worst["psnr"] == 60.0
    assert ExportedFile("onnx").worst is None


def test_the_file_is_valid_json_and_written_atomically(tmp_path):
    report = ExportReport([entry()], {"run": "runs/a"})
    report.entries[0].add("serving_default", {"max_difference": 0.0, "mean_difference": 0.0, "psnr": math.inf})
    report.save(tmp_path / "report.json")
    # JSON has no infinity.
    content = json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)
    assert content["run"] == "runs/a"
    assert content["files"][0]["differences"]["serving_default"]["psnr"] is None
    assert content["files"][0]["images_per_second"] == {"1": 100.0, "all": 250.0}
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_the_content_of_a_report_does_not_change(monkeypatch):
    report = ExportReport([entry()])
    first = report.content()
    monkeypatch.setattr("time.strftime", lambda *_: "a second later")
    assert report.content() == first
