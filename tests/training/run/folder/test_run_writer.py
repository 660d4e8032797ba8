"""A run folder at every moment of its creation: nothing foreign is lost, and one of the two commands continues."""

import itertools
import json
import os

import pytest
from ganzoo.training.config.recipe import Recipe
from ganzoo.training.run.folder import run_writer
from ganzoo.training.run.folder.run_lock import RunLock
from ganzoo.training.run.folder.run_writer import RunWriter
from ganzoo.training.run.folder.target_checks import RunError
from ganzoo.training.run.run_dir import RunDir
from ganzoo.zoo.core.ownership import mark, read_marker

MODEL = {"variant": "gan", "generator": "mlp", "discriminator": "mlp"}
OLD = Recipe({"data": {"source": "digits"}, "model": MODEL, "train": {"steps": 7, "seed": 1}})
NEW = Recipe({"data": {"source": "digits"}, "model": MODEL, "train": {"steps": 9, "seed": 2}})
# What every change of a folder goes through: files are written beside their name and renamed.
CHANGES = ("replace", "mkdir", "unlink", "rmdir")
CREATED = {".ganzoo", ".ganzoo.lock", "recipe.toml", "environment.json", "checkpoints/state.json"}


@pytest.fixture(autouse=True)
def _quick_environment(monkeypatch):
    """Reading the revision of the sources takes longer than everything else."""
    monkeypatch.setattr(run_writer, "describe_environment", dict)


class Killed(BaseException):
    """Ends a call like a signal, without ending the process."""


def kill_at(monkeypatch, number):
    """Lets so many changes of the file system happen; returns a list that is filled when the next one is refused."""
    changes, killed = itertools.count(), []

    def counted(function):
        def call(*arguments, **options):
            if next(changes) >= number:
                killed.append(function.__name__)
                raise Killed
            return function(*arguments, **options)

        return call

    for name in CHANGES:
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    return killed


def create(folder, recipe, overwrite=False, resume=False):
    run_dir = RunDir(folder)
    with RunWriter(run_dir) as writer:
        if not resume:
            writer.require_empty(overwrite)
        writer.create(recipe, "fingerprint", overwrite, resume, replicas=1)
    return run_dir


def trained(folder):
    """A run of the old recipe with some steps done."""
    run_dir = create(folder, OLD)
    for name in ("last.keras", "previous.keras", "best.keras"):
        (run_dir.checkpoints / name).write_bytes(b"weights")
    run_dir.metrics.write_text('{"step": 5}\n')
    (run_dir.samples / "step-000005.txt").write_text("sample")
    run_dir.evaluation.write_text("{}")
    return run_dir


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def assert_created(run_dir, recipe):
    assert files(run_dir.path) == CREATED
    assert run_dir.samples.is_dir()
    assert run_dir.load_recipe().content() == recipe.content() == run_dir.trained_recipe().content()
    assert not run_dir.has_progress


def continue_by_command(folder, command):
    """Does what `ganzoo train` does up to the first step, with the command of the new run or with --resume."""
    if command == "train":
        return create(folder, NEW)
    run_dir = RunDir(folder)
    run_dir.require_recipe(run_dir.load_recipe())
    assert not run_dir.has_progress
    return create(folder, run_dir.load_recipe(), resume=True)


@pytest.mark.parametrize("command", ["train", "resume"])
def test_a_new_run_that_is_killed_at_any_change_of_its_folder_continues_by_itself(tmp_path, monkeypatch, command):
    resumable = 0
    for number in itertools.count():
        folder = tmp_path / f"{command}-{number}"
        with monkeypatch.context() as patch:
            killed = kill_at(patch, number)
            try:
                create(folder, NEW)
            except Killed:
                assert killed
            else:
                break
        # Before its recipe is recorded only the first command knows it.
        if command == "resume" and not RunDir(folder).state.is_file():
            with pytest.raises(RunError, match="expected a run folder made by `ganzoo train RECIPE --out"):
                RunDir(folder).load_recipe()
            command_now = "train"
        else:
            command_now, resumable = command, resumable + 1
        assert_created(continue_by_command(folder, command_now), NEW)
    assert number > 5
    assert resumable >= 4


@pytest.mark.parametrize("command", ["train", "resume"])
def test_an_overwrite_that_is_killed_at_any_change_keeps_the_old_run_or_begins_the_new_one(
    tmp_path, monkeypatch, command
):
    kept = begun = 0
    for number in itertools.count():
        folder = tmp_path / f"{command}-{number}"
        before = files(trained(folder).path)
        with monkeypatch.context() as patch:
            kill_at(patch, number)
            try:
                create(folder, NEW, overwrite=True)
            except Killed:
                pass
            else:
                break
        run_dir = RunDir(folder)
        if run_dir.has_progress:
            # Nothing was removed yet: the old run can be resumed, and the command can be repeated.
            kept += 1
            assert before <= files(folder)
            assert run_dir.load_recipe().content() == OLD.content()
            assert_created(create(folder, NEW, overwrite=True), NEW)
        else:
            begun += 1
            assert_created(continue_by_command(folder, command), NEW)
    assert kept >= 2
    assert begun >= 8


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_run_with_steps_is_replaced_on_request_only(tmp_path, overwrite):
    run_dir = trained(tmp_path / "run")
    first = read_marker(run_dir.path)
    if overwrite:
        assert_created(create(run_dir.path, NEW, overwrite=True), NEW)
        assert read_marker(run_dir.path)["id"] != first["id"]
        return
    with pytest.raises(RunError, match=r"resume the run with `ganzoo train --resume .*run`, or .* --overwrite"):
        create(run_dir.path, NEW)
    assert run_dir.load_recipe().content() == OLD.content()


PROGRESS = {
    "metrics.jsonl": '{"step": 1}\n',
    "samples/step-000001.txt": "a",
    "checkpoints/previous.keras": "a",
    "export/report.json": "{}",
    "evaluation.json": "{}",
}


@pytest.mark.parametrize("name", PROGRESS)
def test_anything_that_followed_from_a_step_is_progress(tmp_path, name):
    run_dir = create(tmp_path / "run", OLD)
    run_dir.metrics.write_text('{"step": 0, "phase": "pretrain"}\n')
    (run_dir.samples / "step-000000.txt").write_text("untrained")
    (run_dir.checkpoints / "part.keras").write_bytes(b"half")
    assert not run_dir.has_progress
    (run_dir.path / name).parent.mkdir(exist_ok=True)
    (run_dir.path / name).write_text(PROGRESS[name])
    assert run_dir.has_progress
    with pytest.raises(RunError, match="a folder that is not empty"):
        create(run_dir.path, NEW)


def test_a_run_whose_checkpoints_were_removed_is_not_taken_for_a_new_one(tmp_path):
    run_dir = trained(tmp_path / "run")
    for path in run_dir.checkpoints.iterdir():
        path.unlink()
    assert run_dir.has_progress
    with pytest.raises(RunError, match="a folder that is not empty"):
        create(run_dir.path, NEW)


def test_foreign_files_are_named_and_nothing_is_removed(tmp_path):
    run_dir = trained(tmp_path / "run")
    for name in ("thesis.tex", "samples/mine.jpg", "photos/a.jpg"):
        (run_dir.path / name).parent.mkdir(exist_ok=True)
        (run_dir.path / name).write_text("mine")
    before = files(run_dir.path)
    with pytest.raises(RunError, match=r"also holds photos/, samples/mine\.jpg, thesis\.tex, expected") as caught:
        create(run_dir.path, NEW, overwrite=True)
    assert "\n" not in str(caught.value)
    assert files(run_dir.path) == before


@pytest.mark.parametrize("kind", [None, "samples"])
def test_a_recipe_file_does_not_make_a_folder_a_run(tmp_path, kind):
    """Only the marker of a run does, and not the one of another output."""
    (tmp_path / "recipe.toml").write_text(OLD.dumps())
    (tmp_path / "thesis.tex").write_text("mine")
    if kind:
        mark(tmp_path, kind)
    before = files(tmp_path)
    with pytest.raises(RunError, match="--overwrite for a folder without the marker of a run"):
        create(tmp_path, NEW, overwrite=True)
    with pytest.raises(RunError, match="a folder that is not empty, expected a new one: choose another --out"):
        create(tmp_path, NEW)
    assert files(tmp_path) == before


def test_a_folder_that_does_not_exist_or_is_empty_may_be_overwritten(tmp_path):
    assert_created(create(tmp_path / "new" / "run", NEW, overwrite=True), NEW)
    (tmp_path / "empty").mkdir()
    assert_created(create(tmp_path / "empty", NEW, overwrite=True), NEW)


@pytest.mark.parametrize("arguments", [{}, {"overwrite": True}, {"resume": True}])
def test_a_run_that_is_being_written_is_refused_by_every_command(tmp_path, arguments):
    run_dir = create(tmp_path / "run", OLD)
    lock = RunLock(run_dir.path)
    assert lock.acquire()
    try:
        with pytest.raises(RunError, match=f"a run that process {os.getpid()} is writing"):
            create(run_dir.path, NEW, **arguments)
    finally:
        lock.release()
    assert_created(create(run_dir.path, NEW, **arguments), NEW)


def test_a_folder_that_another_process_created_meanwhile_is_refused(tmp_path):
    """Both find no folder, and both load their data; the second one finds the first one's run."""
    folder = tmp_path / "run"
    with RunWriter(RunDir(folder)) as writer:
        writer.require_empty()
        with RunWriter(RunDir(folder)) as first:
            first.create(OLD, "fingerprint")
            with pytest.raises(RunError, match="is writing"):
                writer.create(NEW, "fingerprint")
        trained(tmp_path / "other").metrics.rename(folder / "metrics.jsonl")
        with pytest.raises(RunError, match="a folder that is not empty"):
            writer.create(NEW, "fingerprint")
    assert RunDir(folder).load_recipe().content() == OLD.content()


def test_a_damaged_state_can_be_overwritten(tmp_path):
    run_dir = trained(tmp_path / "run")
    run_dir.state.write_text("{")
    with pytest.raises(RunError, match=r"state\.json: damaged"):
        run_dir.load_recipe()
    assert_created(create(run_dir.path, NEW, overwrite=True), NEW)


def test_runs_from_before_the_marker_are_marked_when_they_are_resumed(tmp_path):
    run_dir = trained(tmp_path / "run")
    (run_dir.path / ".ganzoo").unlink()
    state = json.loads(run_dir.state.read_text())
    run_dir.state.write_text(json.dumps({key: state[key] for key in ("recipe", "data")}))
    assert run_dir.has_progress
    with pytest.raises(RunError, match="without the marker of a run"):
        create(run_dir.path, NEW, overwrite=True)
    with RunWriter(run_dir) as writer:
        writer.record(run_dir.load_recipe(), "fingerprint")
    assert read_marker(run_dir.path)["kind"] == "run"
    assert_created(create(run_dir.path, NEW, overwrite=True), NEW)


def test_only_the_files_of_later_steps_are_repeated(tmp_path):
    run_dir = trained(tmp_path / "run")
    for name in ("step-final.png", "step-000006.txt", "step-000006.txt.bak", "step-6.txt"):
        (run_dir.samples / name).write_text("a")
    RunWriter(run_dir).truncate_after(5)
    names = {path.name for path in run_dir.samples.iterdir()}
    assert names == {"step-000005.txt", "step-final.png", "step-000006.txt.bak", "step-6.txt"}
