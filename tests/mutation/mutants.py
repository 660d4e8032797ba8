"""Enumerates mutants of Python functions: small changes of their syntax tree that a test has to notice.

A mutant has an id that does not depend on lines: module, function, kind of change, the changed expression, and its
number among equal ones in the function.
"""

import ast
import copy
from typing import NamedTuple

from operators import expression_changes, statement_changes

# Functions whose values other tests compare: constructor arguments, and the text of errors.
SKIPPED_FUNCTIONS = {"get_config", "from_config", "__repr__"}
# Keyword arguments that change the speed or the messages of a call, but not its result.
SKIPPED_KEYWORDS = {"autograph", "dtype", "jit_compile", "leave", "name", "shuffle", "strict", "verbose"}
MAX_FRAGMENT = 100


class Mutant(NamedTuple):
    """A changed syntax tree.

    Attributes:
        id: str, stable as long as the function's text is.
        module: str, the path of the module relative to the repository.
        function: str, the qualified name of the changed function, "" for statements of the module.
        lines: (int, int), the first and the last line of the changed statement.
        path: list of (field, index or None) from the root of the tree to the changed node.
        replacement: `ast.AST`, the new node.
    """

    id: str
    module: str
    function: str
    lines: tuple
    path: list
    replacement: ast.AST

    def tree(self, source):
        """Returns the changed tree of the module's source."""
        root = ast.parse(source)
        *parents, (field, index) = self.path
        node = root
        for step in parents:
            node = _child(node, *step)
        replacement = ast.copy_location(copy.deepcopy(self.replacement), _child(node, field, index))
        if index is None:
            setattr(node, field, replacement)
        else:
            getattr(node, field)[index] = replacement
        return ast.fix_missing_locations(root)


def enumerate_mutants(source, module, functions=None):
    """Returns the list of `Mutant`s of a module.

    Args:
        source: str, the text of the module.
        module: str, its path, for the ids.
        functions: set of qualified names to change, or None for the entire module.

    Example:

    >>> [mutant.id for mutant in enumerate_mutants("def f(a, b):\\n    return a - b\\n", "m.py")][0]
    'm.py f: swap-operands `a - b`'
    """
    tree, mutants, counts = ast.parse(source), [], {}
    names = _names(tree)
    for function, statement, path, node in _nodes(tree):
        if functions is not None and function not in functions:
            continue
        for kind, replacement in [*expression_changes(node, names), *statement_changes(node)]:
            if ast.dump(replacement) == ast.dump(node):
                continue
            fragment = " ".join(ast.unparse(node).split())[:MAX_FRAGMENT]
            name = f"{module} {function or '<module>'}: {kind} `{fragment}`"
            counts[name] = counts.get(name, 0) + 1
            suffix = f" #{counts[name]}" if counts[name] > 1 else ""
            lines = statement.lineno, getattr(statement, "end_lineno", statement.lineno)
            mutants.append(Mutant(name + suffix, module, function, lines, path, replacement))
    return mutants


def function_texts(source):
    """Returns dict of qualified name -> text of each function and class, and "" -> that of the module."""
    texts, stack = {"": source}, [("", ast.parse(source))]
    while stack:
        name, node = stack.pop()
        for child in ast.iter_child_nodes(node):
            inner = name
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                inner = f"{name}.{child.name}".lstrip(".")
                texts[inner] = ast.unparse(child)
            stack.append((inner, child))
    return texts


def _names(tree):
    """Returns the names of variables, arguments, attributes and functions in a module."""
    fields = {ast.Name: "id", ast.Attribute: "attr", ast.arg: "arg", ast.FunctionDef: "name"}
    return {getattr(node, fields[type(node)]) for node in ast.walk(tree) if type(node) in fields}


def _child(node, field, index):
    value = getattr(node, field)
    return value if index is None else value[index]


def _nodes(tree):
    """Yields (qualified name of the function, statement, path, node) of every node that may be changed."""
    stack = [("", None, [], tree)]
    while stack:
        function, statement, path, node = stack.pop()
        if isinstance(node, ast.stmt):
            statement = node
        if path and not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield function, statement, path, node
        for field, index, child in reversed(_children(node)):
            inner = function
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                inner = f"{function}.{child.name}".lstrip(".")
            stack.append((inner, statement, [*path, (field, index)], child))


def _children(node):
    """Returns (field, index, child) of the children that may be changed."""
    children = []
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases", "keywords") and not isinstance(node, ast.Call):
            continue
        if isinstance(value, ast.AST):
            children.append((field, None, value))
        elif isinstance(value, list):
            children += [(field, index, item) for index, item in enumerate(value) if isinstance(item, ast.AST)]
    return [item for item in children if not _is_skipped(item[2], node)]


def _is_skipped(child, parent):
    if isinstance(child, (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom, ast.expr_context, ast.arg)):
        return True
    if isinstance(child, ast.FunctionDef) and child.name in SKIPPED_FUNCTIONS:
        return True
    if isinstance(child, ast.keyword) and child.arg in SKIPPED_KEYWORDS:
        return True
    # `axis` itself is changed.
    if isinstance(parent, ast.keyword) and parent.arg == "axis":
        return True
    # Checks of arguments: an `if` that only raises.
    if isinstance(child, ast.If) and all(isinstance(item, ast.Raise) for item in child.body) and not child.orelse:
        return True
    # Docstrings.
    return isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant) and hasattr(parent, "body")
