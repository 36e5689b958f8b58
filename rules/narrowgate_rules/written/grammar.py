"""Reads an expression: its text becomes a tree of nodes, or a fault that names the place.

    temperature_c <= 2
    min(flow_m3_per_h, "30min") > 0.2 * attribute("q3_m3_per_h")
    power_w > least_power and held(commanded_level_pct) == 0 and sun_elevation() > 0

* Names are columns of the family's readings and the rule's own parameters.
* A literal takes the unit of what it is compared with or added to; two columns must have equal units.
* `and`, `or`, `not` know a third answer, unknown, where a value is missing.
"""

import ast
from collections.abc import Callable

from narrowgate_rules.written import nodes as n
from narrowgate_rules.written.functions import Calls
from narrowgate_rules.written.units import PLAIN
from narrowgate_rules.written.vocabulary import (
    ExpressionFault,
    Memories,
    Names,
    column_of,
    common_unit,
    unit_in,
)

MOST_CHARACTERS = 2000
MOST_NODES = 800
_ARITHMETIC: dict[type[ast.operator], n.Arithmetic] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_COMPARISONS: dict[type[ast.cmpop], n.Comparison] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


def parse(text: str, names: Names, memories: Memories) -> n.Typed:
    """Read an expression.

    Args:
        text: of at most MOST_CHARACTERS.
        names: what it may speak of.
        memories: those of the whole rule; its own are added.

    Raises:
        ExpressionFault: it is none of ours; says what would be right.
    """
    if len(text) > MOST_CHARACTERS:
        raise ExpressionFault(f"is longer than {MOST_CHARACTERS} characters", 1)
    try:
        tree = ast.parse(" ".join(text.splitlines()).strip(), mode="eval")
    except SyntaxError as error:
        raise ExpressionFault("is no expression", error.offset or len(text) + 1) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionFault("is no expression", 1) from None
    if sum(1 for _ in ast.walk(tree)) > MOST_NODES:
        raise ExpressionFault(f"has more than {MOST_NODES} parts", 1)
    return _Reader(names, memories).read(tree.body)


class _Reader:
    def __init__(self, names: Names, memories: Memories) -> None:
        self._names = names
        self._memories = memories
        self._readers: dict[type[ast.expr], Callable[[ast.expr], n.Typed]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.BinOp: self._binary,
            ast.UnaryOp: self._unary,
            ast.BoolOp: self._boolean,
            ast.Compare: self._compare,
            ast.Call: self._call,
        }

    def read(self, tree: ast.expr) -> n.Typed:
        reader = self._readers.get(type(tree))
        if reader is None:
            raise ExpressionFault(
                f"{ast.unparse(tree)[:40]!r} is nothing that a rule can say", column_of(tree)
            )
        return reader(tree)

    def _constant(self, tree: ast.expr) -> n.Typed:
        value = tree.value if isinstance(tree, ast.Constant) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ExpressionFault(f"{value!r:.40} stands where a number is wanted", column_of(tree))
        number = float(value) if abs(value) < 1e15 else float("inf")
        if number in (float("inf"), float("-inf")) or number != number:
            raise ExpressionFault("the number is too large", column_of(tree))
        return n.Typed(n.Number(number), "any")

    def _name(self, tree: ast.expr) -> n.Typed:
        name = tree.id if isinstance(tree, ast.Name) else ""
        if name in self._names.thresholds:
            return n.Typed(n.Threshold(name), self._names.thresholds[name])
        if name in self._names.values:
            self._memories.columns.add(name)
            return n.Typed(n.Value(name), self._names.values[name])
        known = ", ".join([*self._names.thresholds, *self._names.values])
        raise ExpressionFault(
            f"{name!r} is neither a parameter nor a column; known: {known}", column_of(tree)
        )

    def number(self, tree: ast.expr) -> n.Typed:
        typed = self.read(tree)
        if typed.unit == "condition":
            raise ExpressionFault("a condition stands where a number is wanted", column_of(tree))
        return typed

    def condition(self, tree: ast.expr) -> n.Node:
        typed = self.read(tree)
        if typed.unit != "condition":
            raise ExpressionFault("a number stands where a condition is wanted; compare it", column_of(tree))
        return typed.node

    def _binary(self, tree: ast.expr) -> n.Typed:
        if not isinstance(tree, ast.BinOp) or type(tree.op) not in _ARITHMETIC:
            raise ExpressionFault("of arithmetic there is + - * /", column_of(tree))
        operator = _ARITHMETIC[type(tree.op)]
        left, right = self.number(tree.left), self.number(tree.right)
        if operator in ("+", "-"):
            return n.Typed(
                n.Binary(operator, left.node, right.node, 1.0), common_unit([left, right], column_of(tree))
            )
        if left.unit == "any" and right.unit == "any":
            return n.Typed(n.Binary(operator, left.node, right.node, 1.0), "any")
        over, under = unit_in(left), unit_in(right)
        exact = over * under if operator == "*" else over / under
        # A quotient of like things is a plain number, whatever their units were.
        unit = exact if exact.powers else PLAIN
        scale = float(exact.factor / unit.factor)
        return n.Typed(n.Binary(operator, left.node, right.node, scale), unit)

    def _unary(self, tree: ast.expr) -> n.Typed:
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return n.Typed(n.Negation(self.condition(tree.operand)), "condition")
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            typed = self.number(tree.operand)
            return n.Typed(n.Binary("-", n.Number(0.0), typed.node, 1.0), typed.unit)
        raise ExpressionFault("of signs there is -, and not", column_of(tree))

    def _boolean(self, tree: ast.expr) -> n.Typed:
        values = tree.values if isinstance(tree, ast.BoolOp) else []
        parts = tuple(self.condition(value) for value in values)
        is_both = isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And)
        return n.Typed(n.Both(parts) if is_both else n.Either(parts), "condition")

    def _compare(self, tree: ast.expr) -> n.Typed:
        if not isinstance(tree, ast.Compare):
            raise ExpressionFault("is no comparison", column_of(tree))
        sides = [self.number(side) for side in (tree.left, *tree.comparators)]
        parts: list[n.Node] = []
        for operator, left, right in zip(tree.ops, sides, sides[1:], strict=False):
            if type(operator) not in _COMPARISONS:
                raise ExpressionFault("of comparisons there is < <= > >= == !=", column_of(tree))
            common_unit([left, right], column_of(tree))
            parts.append(n.Compare(_COMPARISONS[type(operator)], left.node, right.node))
        return n.Typed(parts[0] if len(parts) == 1 else n.Both(tuple(parts)), "condition")

    def _call(self, tree: ast.expr) -> n.Typed:
        if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name) or tree.keywords:
            raise ExpressionFault("is no call of a function of ours", column_of(tree))
        return Calls(self, self._names, self._memories).read(tree.func.id, tree)
