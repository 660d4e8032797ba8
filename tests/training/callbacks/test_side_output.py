"""What a training can do without never ends it, and is reported once."""

import errno

import pytest
import tensorflow as tf
from ganzoo.training.callbacks import EventLog, MetricsLogger, SampleGrid
from ganzoo.training.callbacks import metrics_logger as module
from ganzoo.training.callbacks.metrics_logger import append_row, read_rows
from ganzoo.training.callbacks.side_output import SideOutput
from ganzoo.zoo import GAN


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device", "disk")


def test_a_failure_is_reported_once(capsys):
    output = SideOutput("samples")
    output.write(full)
    output.write(full)
    assert capsys.readouterr().err.splitlines() == [
        "ganzoo: samples could not be written: disk: no space is left on the disk: free some space; training continues "
        "without"
    ]


def test_what_can_be_written_later_is_written_in_order(capsys):
    written, states = [], iter([False, False, True])

    def write(number):
        if number == 0 and not next(states):
            full()
        written.append(number)

    output = SideOutput("rows", retry=True)
    for number in range(3):
        output.write(lambda number=number: write(number))
    assert written == [0, 1, 2]
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_file_in_place_of_a_folder_is_a_failure_of_files(tmp_path, capsys):
    (tmp_path / "samples").write_text("")
    SideOutput("samples").write((tmp_path / "samples").mkdir)
    assert "File exists" in capsys.readouterr().err


def test_errors_of_the_program_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        SideOutput("samples").write(lambda: 1 / 0)


def test_a_full_disk_neither_ends_training_nor_loses_rows(tiny, images, tmp_path, monkeypatch, capsys):
    append, failures = module.append_row, iter([full])
    monkeypatch.setattr(module, "append_row", lambda path, row: next(failures, append)(path, row))
    monkeypatch.setattr(tf.summary, "create_file_writer", full)
    callbacks = [
        MetricsLogger(tmp_path / "rows", 2, 8, tensorboard=tmp_path / "events"),
        SampleGrid(tmp_path / "samples", every_n_steps=2, num_samples=2, tensorboard=tmp_path / "events"),
    ]
    monkeypatch.setattr("ganzoo.training.callbacks.sample_writer.save_png", full)
    model = tiny(GAN, network="mlp")
    model.fit(images, batch_size=8, steps_per_epoch=4, callbacks=callbacks, verbose=0)
    assert model.steps_done == 4
    # The rows, the summaries and the grids.
    assert capsys.readouterr().err.count("no space is left") == 3
    assert [row["step"] for row in read_rows(tmp_path / "rows")] == [2, 4]


def test_a_row_is_appended_completely_or_not_at_all(tmp_path):
    path = tmp_path / "rows"
    append_row(path, {"step": 1})
    with open(path, "a") as file:
        file.write('{"step": 2, "d_lo')
    append_row(path, {"step": 3})
    assert read_rows(path) == [{"step": 1}, {"step": 3}]


def test_damaged_rows_do_not_hide_later_ones(tmp_path):
    path = tmp_path / "rows"
    path.write_bytes(b'{"step": 1}\n\0\0\xff\n5\n{"d_loss": 2}\n{"step": 3}\n')
    assert read_rows(path) == [{"step": 1}, {"step": 3}]


def test_an_event_log_without_a_folder_writes_nothing():
    EventLog(None).write(1, full)
