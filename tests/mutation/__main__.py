"""A mutation pass: whether some test fails when a sign, a term or a comparison of a formula is changed.

    python tests/mutation --list
    python tests/mutation --group losses --group rewards
    python tests/mutation --module zoo/rewards/bleu_reward.py

Changes every formula of the losses, rewards, objectives of models and metrics, one at a time, and runs the tests that
execute the changed line. A change that no test notices is a survivor: write a test with values that tell both apart, or
say in `equivalent.toml` why they do not differ. Interrupted passes continue: what was killed is not repeated while the
function is the same. The record is benchmarks/results/mutation.json.
"""

import argparse
import ast
import hashlib
import json
import os
import sys
import time
import tomllib
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

from mutants import enumerate_mutants, function_texts  # noqa: E402
from selection import files_of, select_tests  # noqa: E402
from targets import GROUPS, ROOT, find_targets  # noqa: E402
from worker import KILLED, SURVIVED, TIMEOUT, coverage, load_json, outcome, preload, run_forked  # noqa: E402

RECORD = ROOT / "benchmarks" / "results" / "mutation.json"
EQUIVALENT = FOLDER / "equivalent.toml"
PACKAGES = ("keras-ganzoo", "tensorflow", "keras", "numpy", "pytest")
# Seconds that a mutant may take beyond three times those of its tests.
GRACE = 30


def main():
    """Parses the command line, runs the pass, and prints the survivors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], prog="python tests/mutation")
    parser.add_argument("--group", action="append", choices=GROUPS, help="only these, default all")
    parser.add_argument("--module", action="append", help="only these modules, such as zoo/rewards/reward.py")
    parser.add_argument("--list", action="store_true", help="print the mutants and stop")
    parser.add_argument("--budget", type=float, default=15, help="seconds of tests per mutant (default: %(default)s)")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "mutation.json", help="file of killed mutants")
    parser.add_argument("--out", type=Path, default=RECORD, help="the record (default: %(default)s)")
    options = parser.parse_args()
    preload()
    targets, _ = run_forked(find_targets, options.group)
    if targets is None:
        raise SystemExit("the modules could not be imported: run `python -m pytest tests/test_structure.py`")
    unknown = set(options.module or ()) - set(targets)
    if unknown:
        raise SystemExit(f"--module: received {sorted(unknown)}, expected some of {sorted(targets)}")
    plans = [
        make_plan(module, target, options.work)
        for module, target in targets.items()
        if not options.module or module in options.module
    ]
    if options.list:
        print("\n".join(mutant.id for plan in plans for mutant in plan.mutants))
        return
    measured = measure([plan for plan in plans if plan.pending])
    survivors = [run_plan(plan, *measured, options) for plan in plans]
    raise SystemExit(int(any(survivors)))


class Plan(NamedTuple):
    """The mutants of a module.

    Attributes:
        module: str, its path.
        source: str, its text.
        files: list of str, its test files.
        mutants: list of `Mutant`, all.
        pending: list of `Mutant`, those that are neither equivalent nor known to be killed.
        keys: dict of mutant id -> str that changes with the text of its function.
        equivalent: set of str, the ids of equivalent mutants.
    """

    module: str
    source: str
    files: list
    mutants: list
    pending: list
    keys: dict
    equivalent: set


def make_plan(module, target, work):
    """Returns the `Plan` of a module, given its `Target` and the file of killed mutants."""
    source = (ROOT / module).read_text(encoding="utf-8")
    mutants, texts = enumerate_mutants(source, module, target.functions), function_texts(source)
    keys = {
        mutant.id: hashlib.blake2b(texts[mutant.function].encode(), digest_size=8).hexdigest() for mutant in mutants
    }
    entries = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["mutant"]
    equivalent, killed = {entry["id"] for entry in entries} & set(keys), load_json(work)
    pending = [mutant for mutant in mutants if mutant.id not in equivalent and killed.get(mutant.id) != keys[mutant.id]]
    return Plan(module, source, files_of(module, target.models), mutants, pending, keys, equivalent)


def measure(plans):
    """Runs the test files of plans once; returns (seconds by test, lines by test) of the tests that pass."""
    if not plans:
        return {}, {}
    files = sorted({file for plan in plans for file in plan.files})
    (failed, seconds, lines), _ = run_forked(coverage, files, [plan.module for plan in plans])
    if failed:
        print(f"left out, since they fail without a change: {' '.join(failed)}", file=sys.stderr)
    return seconds, lines


def run_plan(plan, seconds, lines, options):
    """Runs the pending mutants of a module, updates the record, and returns the list of survivors."""
    survivors, timeouts, start = [], 0, time.perf_counter()
    own = {test: modules for test, modules in lines.items() if test.partition("::")[0] in plan.files}
    if plan.pending and _outcome(plan, ast.parse(plan.source), sorted(own, key=seconds.get)[:9], seconds) != SURVIVED:
        raise SystemExit(f"{plan.module}: its tests fail without a change when they run alone")
    for mutant in plan.pending:
        tests = select_tests(mutant, seconds, own, options.budget)
        result = _outcome(plan, mutant.tree(plan.source), tests, seconds)
        if result == KILLED:
            _write(options.work, load_json(options.work) | {mutant.id: plan.keys[mutant.id]})
        elif result == TIMEOUT:
            # Noticed, but repeated in the next pass: a busy machine is slow, too.
            timeouts += 1
        else:
            survivors.append(mutant.id)
            print(f"survived: {mutant.id}", flush=True)
    counts = {
        "mutants": len(plan.mutants),
        "killed": len(plan.mutants) - len(plan.equivalent) - len(survivors),
        "equivalent": len(plan.equivalent),
        "survived": len(survivors),
    }
    print(f"{plan.module}: {json.dumps(counts)}", flush=True)
    previous = load_json(options.out).get("modules", {})
    # Interrupted passes add up.
    seconds_before = previous.get(plan.module, {}).get("seconds", 0)
    times = {"timeouts": timeouts, "seconds": round(seconds_before + time.perf_counter() - start, 1)}
    modules = previous | {plan.module: counts | times | {"survivors": survivors}}
    head = {
        "command": "python tests/mutation",
        "date": time.strftime("%Y-%m-%d"),
        "versions": {name: metadata.version(name) for name in PACKAGES},
    }
    _write(options.out, head | {"modules": dict(sorted(modules.items()))})
    return survivors


def _outcome(plan, tree, tests, seconds):
    if not tests:
        return SURVIVED
    limit = GRACE + 3 * sum(seconds[test] for test in tests)
    result, _ = run_forked(outcome, tests, plan.module, tree, timeout=limit)
    # A process that dies of a mutant has noticed it, too.
    return KILLED if result is None else result


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    main()
