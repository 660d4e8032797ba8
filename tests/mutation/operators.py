"""The changes of a mutation pass: signs, terms, comparisons, constants, reductions, and real in place of fake."""

import ast
import copy

# Function -> the function in its place.
RENAMED = {
    "mean": "sum", "sum": "mean", "reduce_mean": "reduce_sum", "reduce_sum": "reduce_mean",
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "reduce_max": "reduce_min",
    "argmin": "argmax", "argmax": "argmin", "any": "all", "all": "any", "zeros": "ones", "ones": "zeros",
    "zeros_like": "ones_like", "ones_like": "zeros_like", "flatnonzero": "argwhere", "logaddexp": "add",
}  # fmt: skip
# The builtin `sum` has no `mean`.
BUILTINS = {"sum", "min", "max", "any", "all"}
# Functions in whose place their first argument is taken.
UNWRAPPED = {
    "abs", "clip", "cumsum", "exp", "l2_normalize", "log", "log1p", "maximum", "minimum", "max", "min", "relu",
    "reversed", "rint", "round", "sigmoid", "softplus", "sorted", "sqrt", "square", "stop_gradient", "unique",
}  # fmt: skip
# Functions whose argument gets the other sign.
NEGATED = {"softplus", "sigmoid", "relu", "exp"}
COMPARISONS = {
    ast.Lt: (ast.GtE, ast.LtE), ast.LtE: (ast.Gt, ast.Lt), ast.Gt: (ast.LtE, ast.GtE), ast.GtE: (ast.Lt, ast.Gt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}  # fmt: skip
BINARY = {ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,), ast.Mod: (),
          ast.FloorDiv: (), ast.Pow: (ast.Mult,), ast.BitAnd: (ast.BitOr,), ast.BitOr: (), ast.MatMult: ()}  # fmt: skip
# Functions whose first two arguments have no common meaning, or the same one.
UNSWAPPED = {
    "enumerate", "equal", "getattr", "hasattr", "isinstance", "logaddexp", "max", "maximum", "min", "minimum",
    "not_equal", "zip",
}  # fmt: skip
# A name with one of these words is exchanged for the name with the other one.
PAIRS = (("real", "fake"), ("right", "wrong"), ("first", "second"), ("texts", "references"), ("x", "y"))


def expression_changes(node, names):
    """Yields (kind, replacement) of an expression.

    Args:
        node: `ast.AST`.
        names: set of str, the names that its module uses: others are not put in place of one.
    """
    change = {
        ast.UnaryOp: _unary,
        ast.BinOp: _binary,
        ast.Compare: _compare,
        ast.BoolOp: _boolean,
        ast.IfExp: lambda node: [("negate-condition", _replaced(node, test=_negation(node.test)))],
        ast.Constant: _constant,
        ast.keyword: _axis,
        ast.Call: _call,
        ast.Subscript: _key,
    }.get(type(node))
    if change is not None:
        yield from change(node)
    if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
        yield from _exchanged(node, names)


def statement_changes(node):
    """Yields (kind, replacement) of a statement."""
    if isinstance(node, ast.If):
        yield "negate-condition", _replaced(node, test=_negation(node.test))
    if isinstance(node, ast.comprehension):
        for index in range(len(node.ifs)):
            yield "drop-filter", _replaced(node, ifs=node.ifs[:index] + node.ifs[index + 1 :])
    if isinstance(node, ast.AugAssign):
        yield "drop-accumulation", ast.Assign([_stored(node.target)], node.value)
        yield "drop-statement", ast.Pass()
        opposite = {ast.Add: ast.Sub, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Div: ast.Mult}
        if type(node.op) in opposite:
            yield "operator", _replaced(node, op=opposite[type(node.op)]())
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "drop-statement", ast.Pass()


def _unary(node):
    if isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        yield "drop-sign", node.operand


def _binary(node):
    for operator in BINARY.get(type(node.op), ()):
        yield "operator", _replaced(node, op=operator())
    if isinstance(node.op, (ast.Sub, ast.Div, ast.Pow)):
        yield "swap-operands", _replaced(node, left=node.right, right=node.left)
    if type(node.op) in BINARY:
        yield "drop-right", node.left
        yield "drop-left", node.right


def _compare(node):
    for index, operator in enumerate(node.ops):
        for other in COMPARISONS.get(type(operator), ()):
            yield "comparison", _replaced(node, ops=[*node.ops[:index], other(), *node.ops[index + 1 :]])


def _boolean(node):
    yield "operator", _replaced(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for index in range(len(node.values)):
        rest = node.values[:index] + node.values[index + 1 :]
        yield "drop-condition", rest[0] if len(rest) == 1 else _replaced(node, values=rest)


def _constant(node):
    value = node.value
    if isinstance(value, bool):
        yield "constant", ast.Constant(not value)
    elif isinstance(value, int):
        yield "constant", ast.Constant({0: 1, 1: 2, 2: 1}.get(value, value + 1))
    elif isinstance(value, float):
        yield "constant", ast.Constant({0.0: 1.0, 1.0: 2.0}.get(value, value / 2))


def _axis(node):
    if node.arg == "axis":
        last = isinstance(node.value, ast.UnaryOp) or getattr(node.value, "value", None) == 1
        yield "axis", ast.keyword("axis", ast.Constant(0 if last else 1))


def _call(node):
    name = getattr(node.func, "attr", getattr(node.func, "id", None))
    field = "attr" if isinstance(node.func, ast.Attribute) else "id"
    if name in RENAMED and not (field == "id" and name in {"sum"}):
        yield "function", _replaced(node, func=_replaced(node.func, **{field: RENAMED[name]}))
    arguments = node.args
    if arguments and name in UNWRAPPED and not isinstance(arguments[0], (ast.Starred, ast.GeneratorExp)):
        yield "unwrap", arguments[0]
    if len(arguments) == 2 and name in ("minimum", "maximum", "min", "max"):
        yield "unwrap-second", arguments[1]
    if arguments and name in NEGATED:
        yield "sign", _replaced(node, args=[_negative(arguments[0]), *arguments[1:]])
    if name == "where" and len(arguments) == 3:
        yield "swap-branches", _replaced(node, args=[arguments[0], arguments[2], arguments[1]])
    elif len(arguments) >= 2 and name not in UNSWAPPED and not any(map(_is_fixed, arguments[:2])):
        yield "swap-arguments", _replaced(node, args=[arguments[1], arguments[0], *arguments[2:]])


def _is_fixed(argument):
    return isinstance(argument, (ast.Starred, ast.Constant))


def _key(node):
    """Exchanges a string key: batch["x"] for batch["y"], batch["tokens"] for batch["wrong_tokens"]."""
    if isinstance(node.slice, ast.Constant) and isinstance(node.ctx, ast.Load):
        other = {"x": "y", "y": "x", "tokens": "wrong_tokens", "wrong_tokens": "tokens"}.get(node.slice.value)
        if other:
            yield "exchange", _replaced(node, slice=ast.Constant(other))


def _exchanged(node, names):
    field = "attr" if isinstance(node, ast.Attribute) else "id"
    words = getattr(node, field).split("_")
    for pair in PAIRS:
        for word, other in (pair, pair[::-1]):
            name = "_".join(other if each == word else each for each in words)
            if word in words and name in names:
                yield "exchange", _replaced(node, **{field: name})


def _negation(test):
    is_negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    return test.operand if is_negated else ast.UnaryOp(ast.Not(), test)


def _negative(node):
    is_negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    return node.operand if is_negative else ast.UnaryOp(ast.USub(), node)


def _stored(target):
    return _replaced(target, ctx=ast.Store())


def _replaced(node, **fields):
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new
