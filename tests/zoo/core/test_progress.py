"""Progress of loops: plain lines without a terminal, a bar on one."""

import ast
import io
import threading
from pathlib import Path

import pytest
from ganzoo.zoo.core.progress import SECONDS_BETWEEN_LINES, log_activity, track_progress


class Clock:
    """A clock that only the test advances."""

    seconds = 0.0

    def __call__(self):
        return self.seconds


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def stream():
    return io.StringIO()


def test_a_line_is_written_when_30_seconds_have_passed_and_at_the_end(stream):
    clock = Clock()
    with track_progress(None, "reading", 1000, "images", stream=stream, clock=clock) as report:
        for _ in range(1000):
            clock.seconds += 0.125
            report.update()
    assert SECONDS_BETWEEN_LINES == 30
    assert stream.getvalue().splitlines() == [
        "reading: 240/1,000 images, 8.0 per second, about 01:35 left",
        "reading: 480/1,000 images, 8.0 per second, about 01:05 left",
        "reading: 720/1,000 images, 8.0 per second, about 00:35 left",
        "reading: 960/1,000 images, 8.0 per second, about 00:05 left",
        "reading: 1,000/1,000 images, 8.0 per second",
    ]
    assert "\r" not in stream.getvalue()


def test_an_iterable_passes_through_and_is_counted(stream):
    assert list(track_progress("abc", "reading", unit="files", stream=stream, clock=Clock())) == ["a", "b", "c"]
    assert stream.getvalue().startswith("reading: 3 files, ")
    assert stream.getvalue().count("\n") == 1


def test_a_quick_loop_that_leaves_nothing_writes_nothing(stream):
    assert list(track_progress("abc", "extracting", 3, leave=False, stream=stream, clock=Clock())) == ["a", "b", "c"]
    assert stream.getvalue() == ""


@pytest.mark.parametrize("terminal", [False, True])
def test_a_disabled_report_writes_nothing(terminal):
    stream = Terminal() if terminal else io.StringIO()
    with track_progress(None, "reading", 3, enabled=False, stream=stream) as report:
        report.update(3)
    assert stream.getvalue() == ""


def test_a_terminal_gets_a_bar():
    stream = Terminal()
    with track_progress(None, "reading", 3, "images", stream=stream) as report:
        report.update(3)
    assert "\r" in stream.getvalue()
    assert "3/3" in stream.getvalue()


def test_activity_is_logged_every_30_seconds_until_it_ends(stream):
    class TwoWaits:
        """Two waits of 30 s pass, the third lasts until the body has ended."""

        def __init__(self):
            self.seconds, self.waited, self.ended = [], threading.Event(), threading.Event()

        def wait(self, seconds):
            self.seconds.append(seconds)
            clock.seconds += seconds
            if len(self.seconds) < 3:
                return False
            self.waited.set()
            return self.ended.wait()

        def set(self):
            self.ended.set()

    clock, stop = Clock(), TwoWaits()
    with log_activity("downloading mnist", stream, stop, clock):
        stop.waited.wait()
    assert stream.getvalue().splitlines() == ["downloading mnist: 00:30 elapsed", "downloading mnist: 01:00 elapsed"]
    assert stop.seconds == [SECONDS_BETWEEN_LINES] * 3


def test_every_other_module_reports_progress_through_this_one():
    """A `tqdm` bar elsewhere would write carriage returns into logs."""
    root = Path(__file__).parents[3]
    importers = set()
    for path in (path for tree in ("zoo", "export", "training") for path in (root / tree).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "tqdm":
                importers.add(path.relative_to(root).as_posix())
            elif isinstance(node, ast.Import):
                assert "tqdm" not in [alias.name for alias in node.names], path
    assert importers == {"zoo/core/progress.py", "training/callbacks/progress_bar.py"}
