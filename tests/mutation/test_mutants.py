"""The enumeration of mutants: what is changed, what is left alone, and ids that do not depend on lines."""

import ast
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def mutants_of():
    """Returns a function from source text to a dict of mutant id -> source text of the mutant."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        from mutants import enumerate_mutants

        def mutants_of(source, functions=None):
            mutants = enumerate_mutants(source, "m.py", functions)
            return {mutant.id.removeprefix("m.py "): ast.unparse(mutant.tree(source)) for mutant in mutants}

        yield mutants_of
        for name in ("mutants", "operators"):
            sys.modules.pop(name, None)


def results(mutants_of, expression, arguments="a, b"):
    """Returns the set of expressions that an expression is changed into."""
    changed = mutants_of(f"def f({arguments}):\n    return {expression}\n").values()
    return {ast.unparse(ast.parse(text).body[0].body[0].value) for text in changed}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("-a", {"a"}),
        ("a + b", {"a - b", "a", "b"}),
        ("a - b", {"a + b", "b - a", "a", "b"}),
        ("a * b", {"a / b", "a", "b"}),
        ("1 - a", {"1 + a", "a - 1", "1", "a", "2 - a"}),
        ("a < b", {"a >= b", "a <= b"}),
        ("a and b", {"a or b", "a", "b"}),
        ("a if b else 0", {"a if not b else 0", "a if b else 1"}),
        ("softplus(-a)", {"softplus(a)", "-a"}),
        ("softplus(a)", {"softplus(-a)", "a"}),
        ("ops.mean(a, axis=-1)", {"ops.sum(a, axis=-1)", "ops.mean(a, axis=0)"}),
        ("np.minimum(a, b)", {"np.maximum(a, b)", "a", "b"}),
        ("stop_gradient(a)", {"a"}),
        ("where(a, b, a)", {"where(a, a, b)"}),
        ("a.argmin(1)", {"a.argmax(1)", "a.argmin(2)"}),
        ("0.5", {"0.25"}),
        ("True", {"False"}),
        ("f(a, b)", {"f(b, a)"}),
        ("f(a, strict=True, name=1)", set()),
        ("'text'", set()),
        ("batch['x']", {"batch['y']"}),
    ],
)
def test_changes_of_an_expression(mutants_of, expression, expected):
    assert results(mutants_of, expression) == expected


def test_real_and_fake_are_exchanged_where_both_exist(mutants_of):
    assert results(mutants_of, "real_logits", "real_logits, fake_logits") == {"fake_logits"}
    assert results(mutants_of, "real_logits", "real_logits") == set()


def test_statements_are_dropped_and_conditions_negated(mutants_of):
    changed = mutants_of("def f(a):\n    a.append(2)\n    if a:\n        a -= 1\n    return a\n")
    for text in ("pass\n    if a", "if not a:", "a = 1", "if a:\n        pass"):
        assert any(text in mutant for mutant in changed.values()), text


def test_texts_checks_and_configurations_are_left_alone(mutants_of):
    source = '''
class Model:
    """Text 1 - 2."""

    def get_config(self):
        return {"weight": 1 - self.weight}

    def check(self, value: int = None):
        """Text."""
        if value < 0:
            raise ValueError(f"received {1 - value}")
'''
    assert mutants_of(source) == {}


def test_ids_name_the_function_and_do_not_depend_on_lines(mutants_of):
    source = "class A:\n    def f(self, a):\n        return -a + -a\n"
    ids = list(mutants_of(source))
    assert ids == list(mutants_of("\n\n" + source))
    assert "A.f: drop-sign `-a`" in ids
    assert "A.f: drop-sign `-a` #2" in ids
    assert set(mutants_of(source + "def g(a):\n    return -a\n", {"g"})) == {"g: drop-sign `-a`"}
    assert list(mutants_of("LIMIT = 3\n")) == ["<module>: constant `3`"]
