"""Versions of a SavedModel: consecutive, never overwritten, never incomplete."""

from pathlib import Path

import numpy as np
import pytest
from ganzoo.export import ExportError, export_saved_model
from ganzoo.export.exporters import saved_model
from ganzoo.export.verification.export_report import ExportedFile
from ganzoo.zoo.core.ownership import MARKER
from ganzoo.zoo.errors import ArgumentError

from ..served import snapshot, tiny_gan, versions


def test_versions_count_up_past_other_names(gan, tmp_path, unverified):
    folder = tmp_path / "deep" / "digits"
    assert export_saved_model(gan, folder).file == str(folder / "1")
    assert versions(folder) == ["1"]
    for name in ("notes", "8.bak", "v9", "-9", ".part-10"):
        (folder / name).mkdir()
    assert export_saved_model(gan, folder).file == str(folder / "2")
    assert export_saved_model(gan, folder, version=11).file == str(folder / "11")
    assert saved_model.next_version(folder) == 12
    assert versions(folder) == sorted(["1", "2", "11", "notes", "8.bak", "v9", "-9", ".part-10"])
    # A server may run as another user, and temporary folders are private.
    assert (folder / "1").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("version", [0, -1, "v1", "1", 0.1, 1.0, True])
def test_versions_that_servers_do_not_load_are_refused(gan, tmp_path, version):
    with pytest.raises(ArgumentError, match="positive integer"):
        export_saved_model(gan, tmp_path / "digits", version=version)
    assert versions(tmp_path) == []


def test_an_existing_version_is_refused_and_unchanged(gan, digits):
    before = snapshot(digits.folder)
    with pytest.raises(ArgumentError, match=r"already, expected a new one: leave it out for 2"):
        export_saved_model(gan, digits.folder, version=1)
    assert snapshot(digits.folder) == before
    assert versions(digits.folder) == ["1"]


def test_a_version_is_complete_before_it_has_a_number(gan, tmp_path, monkeypatch):
    folder = tmp_path / "digits"
    (folder / "1").mkdir(parents=True)
    observed = {}

    def verify(_, path, *__, **___):
        observed.update(names=versions(folder), path=path, files=snapshot(path))
        return ExportedFile("saved_model")

    monkeypatch.setattr(saved_model, "verify", verify)
    version = Path(export_saved_model(gan, folder).file)
    assert version == folder / "2"
    assert observed["names"] == sorted(["1", observed["path"].name])
    assert not observed["path"].name.isdigit()
    files = {path.relative_to(observed["path"]) for path in observed["files"]} - {Path(MARKER)}
    assert {version / file for file in files} == set(snapshot(version))
    assert versions(folder) == ["1", "2"]


def test_a_version_of_a_concurrent_process_is_not_overwritten(gan, tmp_path, monkeypatch, unverified):
    folder = tmp_path / "digits"
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "theirs").touch()
    before = snapshot(folder)
    # Version 1 is free when the export starts and taken when it ends.
    numbers = iter((1, 2))
    monkeypatch.setattr(saved_model, "next_version", lambda _: next(numbers))
    assert export_saved_model(gan, folder).file == str(folder / "2")
    monkeypatch.setattr(saved_model, "_check_version", lambda *_: None)
    with pytest.raises(ExportError):
        export_saved_model(gan, folder, version=1)
    assert snapshot(folder / "1") == before
    assert versions(folder) == ["1", "2"]


def test_failed_exports_leave_nothing(gan, digits, tmp_path, monkeypatch):
    before = snapshot(digits.folder)
    broken = tiny_gan()
    kernel = broken.ema_generator.weights[0]
    kernel.assign(kernel * np.nan)
    with pytest.raises(ExportError, match="not finite"):
        export_saved_model(broken, digits.folder)
    with pytest.raises(ExportError, match="not finite"):
        export_saved_model(broken, tmp_path / "digits")
    assert versions(tmp_path) == []

    def fail(*_, **__):
        raise ExportError("differs from Keras")

    monkeypatch.setattr(saved_model, "verify", fail)
    with pytest.raises(ExportError, match="differs from Keras"):
        export_saved_model(gan, digits.folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saved_model, "write_warmup", full)
    with pytest.raises(ExportError, match="No space left on device"):
        export_saved_model(gan, digits.folder)
    assert snapshot(digits.folder) == before
    assert versions(digits.folder) == ["1"]
