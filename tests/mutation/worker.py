"""Runs tests of a changed module in a forked process: TensorFlow is imported once, and nothing outlives a mutant."""

import ast
import builtins
import importlib.machinery
import itertools
import json
import multiprocessing
import os
import signal
import tempfile
import time
from pathlib import Path

import ganzoo.zoo  # noqa: F401  (before TensorFlow, like the command line)
import pytest

# Imported before the fork. None of them computes anything yet, so TensorFlow has no threads that a fork would lose.
PRELOADED = (
    "keras", "nltk.translate.bleu_score", "numpy", "PIL.Image", "pydantic", "sacrebleu", "scipy.stats",
    "skimage", "sklearn.decomposition", "sklearn.feature_extraction.text", "sklearn.metrics", "tensorflow",
)  # fmt: skip
ROOT = Path(__file__).parents[2]
# The name, known to all modules, of the function that records which line runs.
RECORD = "__record_line__"
# Seconds of computing after which a test is left out.
SLOW = 6
BLOCKS = (ast.FunctionDef, ast.If, ast.For, ast.While, ast.With, ast.Try, ast.ExceptHandler)
KILLED, SURVIVED, TIMEOUT = "killed", "survived", "timeout"


def preload():
    """Imports what all tests need."""
    for name in PRELOADED:
        importlib.import_module(name)


def run_forked(function, *arguments, timeout=None):
    """Returns (the result of a function in a forked process, or None if it did not return one, seconds)."""
    context, start = multiprocessing.get_context("fork"), time.perf_counter()
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as folder:
        process = context.Process(target=_child, args=(sender, folder, function, arguments))
        process.start()
        sender.close()
        try:
            _await_start(receiver)
            result = receiver.recv() if receiver.poll(timeout) else TIMEOUT
        except EOFError:
            result = None
        finally:
            process.kill()
            process.join()
    return result, time.perf_counter() - start


def _await_start(receiver):
    try:
        receiver.recv()
    except EOFError:
        # Not noticed by a test: such a mutant must not count as killed.
        raise RuntimeError("received no sign of a forked process, expected one before its tests run") from None


def _child(sender, folder, function, arguments):
    tempfile.tempdir, stdout = folder, os.open(Path(folder) / "output", os.O_CREAT | os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(stdout, stream)
    sender.send(True)
    sender.send(function(*arguments))
    sender.close()
    os._exit(0)


def outcome(tests, path, tree):
    """Returns KILLED if a test fails with a changed module, else SURVIVED.

    Args:
        tests: list of str, the ids of the tests, in the order in which they run.
        path: str, the module relative to the repository.
        tree: `ast.Module`, what is executed in its place.
    """
    _replace_source(ROOT / path, compile(tree, str(ROOT / path), "exec"))
    # A module that cannot be imported any more is noticed, too: then there is nothing to collect.
    return SURVIVED if pytest.main([*_options(), "-x", *tests]) == pytest.ExitCode.OK else KILLED


def coverage(files, modules):
    """Returns (tests that fail, seconds by test, lines by test) of test files that run the modules.

    Args:
        files: list of str, test files.
        modules: list of str, paths of modules relative to the repository.

    Returns:
        A list of test ids, a dict of test id -> float, and a dict of test id -> dict of module -> list of lines.
    """
    recorder = _Recorder()
    for module in modules:
        _replace_source(ROOT / module, _with_records(ROOT / module, module, recorder))
    pytest.main([*_options(), *files], plugins=[recorder])
    return sorted(recorder.failed), recorder.seconds, recorder.covered()


def _options():
    # Plain assertions: pytest compiles modules that are named like tests, such as gan_test, itself to rewrite theirs.
    plain = ["--assert=plain", "--no-header", "--tb=no"]
    return ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(ROOT), *plain]


def _replace_source(path, code):
    original = importlib.machinery.SourceFileLoader.get_code

    def get_code(loader, name):
        return code if Path(loader.path).resolve() == path else original(loader, name)

    importlib.machinery.SourceFileLoader.get_code = get_code


def _with_records(path, module, recorder):
    """Returns the code of a module that tells a recorder the line of each statement of its functions when it runs."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    setattr(builtins, RECORD, recorder.record)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    blocks = {id(node): node for function in functions for node in ast.walk(function) if isinstance(node, BLOCKS)}
    for block, field in itertools.product(blocks.values(), ("body", "orelse", "finalbody")):
        statements = getattr(block, field, [])
        for statement in [each for each in statements if not _is_docstring(each) and isinstance(each, ast.stmt)]:
            statements.insert(statements.index(statement), _record(module, statement))
    return compile(ast.fix_missing_locations(tree), str(path), "exec")


def _is_docstring(statement):
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _record(module, statement):
    call = ast.Call(ast.Name(RECORD, ast.Load()), [ast.Constant(module), ast.Constant(statement.lineno)], [])
    return ast.copy_location(ast.Expr(call), statement)


class _SlowTestError(BaseException):
    """A test takes too long; no test catches it."""


def _raise_slow(number, frame):
    raise _SlowTestError


class _Recorder:
    """A plugin of pytest: the lines that each test runs. Lines of fixtures belong to all tests of the file."""

    def __init__(self):
        self.seconds, self.failed, self.slow = {}, set(), set()
        signal.signal(signal.SIGPROF, _raise_slow)
        self._calls, self._shared, self._target = {}, {}, set()

    def record(self, module, line):
        self._target.add((module, line))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        self._target = self._shared.setdefault(item.nodeid.partition("::")[0], set())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        self._target = self._calls.setdefault(item.nodeid, set())
        signal.setitimer(signal.ITIMER_PROF, SLOW)
        try:
            return (yield)
        except _SlowTestError:
            self.slow.add(item.nodeid)
            pytest.skip("too slow to be repeated for every mutant")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if report.failed:
            self.failed.add(report.nodeid)

    def covered(self):
        """Returns dict of test id -> dict of module -> list of lines, of the tests that pass."""
        result = {}
        for test, lines in self._calls.items():
            if test in self.failed | self.slow:
                continue
            modules = result[test] = {}
            for module, line in sorted(lines | self._shared[test.partition("::")[0]]):
                modules.setdefault(module, []).append(line)
        return result


def load_json(path):
    """Returns the content of a JSON file, {} if there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
