"""Which tests a mutant is run against: those of its module that execute the changed line, the quickest first."""

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
MODELS = TESTS / "zoo" / "models"
# The names of all models. Test files of other names concern all of them.
NAMES = {path.stem for path in (ROOT / "zoo" / "models").rglob("*.py")}


def files_of(module, models=()):
    """Returns the test files of a module, as paths relative to the repository.

    These are the file that mirrors it and the files that import it by its name, for the objective of models also the
    files of these models. A module without a file of its own also has all files of the folder that mirrors its folder,
    or of the next one above it.

    Args:
        module: str, the path of a module relative to the repository.
        models: iterable of str, the models whose objective it belongs to. Default none.

    Example:

    >>> files_of("zoo/rewards/bleu_reward.py")
    ['tests/zoo/rewards/test_bleu_reward.py']
    """
    path = Path(module)
    folder, name = TESTS / path.parent, ".".join(["ganzoo", *path.with_suffix("").parts])
    own = [folder / f"test_{path.stem}.py", folder.parent / f"test_{path.stem}.py"]
    if models:
        own += [file for file in MODELS.glob("test_*.py") if file.stem[5:] in models or file.stem[5:] not in NAMES]
    found = {file for file in own if file.is_file()}
    if not found:
        while not list(folder.glob("test_*.py")):
            folder = folder.parent
        found = set(folder.glob("test_*.py"))
    found |= {file for file in TESTS.rglob("test_*.py") if name in _imports(file)}
    return sorted(file.relative_to(ROOT).as_posix() for file in found)


@functools.cache
def _imports(file):
    modules = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules


def select_tests(mutant, seconds, lines, budget):
    """Returns the ids of tests that execute a mutant's lines, the quickest first.

    Args:
        mutant: `Mutant`. Statements of a module or a class run at import: any of the tests may notice them.
        seconds: dict of test id -> float.
        lines: dict of test id -> dict of module -> list of lines.
        budget: float, the seconds after which further tests are left out.
    """
    first, last = mutant.lines
    covering = [
        test
        for test, modules in lines.items()
        if not _is_method(mutant) or any(first <= line <= last for line in modules.get(mutant.module, ()))
    ]
    selected, total = [], 0.0
    for test in sorted(covering, key=seconds.get):
        total += seconds[test]
        if selected and total > budget:
            break
        selected.append(test)
    return selected


def _is_method(mutant):
    """Whether the changed statement runs when its function is called, not at import."""
    return bool(mutant.function) and mutant.function.rpartition(".")[2][:1].islower()
