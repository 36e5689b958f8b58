"""Reads an expression: its text becomes a tree of nodes, or a fault that names the place.

    temperature_c <= 2
    min(flow_m3_per_h, "30min") > 0.2 * attribute("q3_m3_per_h")
    power_w > least_power and held(commanded_level_pct) == 0 and sun_elevation() > 0

* Names are columns of the family's readings and the rule's own parameters.
* A literal takes the unit of what it is compared with or added to; two columns must have equal units.
* `and`, `or`, `not` know a third answer, unknown, where a value is missing.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from narrowgate_rules.written import nodes as n
from narrowgate_rules.written.durations import duration_us
from narrowgate_rules.written.schedules import days_of, minute_of
from narrowgate_rules.written.units import PLAIN, Unit, unit_of

MOST_CHARACTERS = 2000
MOST_NODES = 200
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
_AGGREGATES: tuple[n.Aggregate, ...] = ("min", "max", "mean", "sum", "count", "delta", "rate", "share")
_PANES = 16
_Read = TypeVar("_Read")


class ExpressionFault(ValueError):
    """What is wrong with an expression, and where in its text."""

    def __init__(self, what: str, column: int) -> None:
        self.column = column
        """Character of the text, counted from 1."""
        super().__init__(what)


@dataclass(frozen=True)
class Names:
    """What an expression may speak of."""

    values: Mapping[str, Unit | Literal["condition"]]
    """Columns of the readings: a number's unit, or a flag."""
    thresholds: Mapping[str, Unit]
    attributes: Mapping[str, tuple[Unit, bool]]
    """Numbers of the registry: unit, and whether they are the asset's."""


@dataclass
class Memories:
    """The windows and memories of one rule, by number; equal ones are one."""

    nodes: list[n.Held | n.Previous | n.Window] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    """Columns of the readings that the rule speaks of."""


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
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise ExpressionFault("is no expression", error.offset or len(text) + 1) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionFault("is no expression", 1) from None
    if sum(1 for _ in ast.walk(tree)) > 4 * MOST_NODES:
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
            raise ExpressionFault(f"{ast.unparse(tree)[:40]!r} is nothing that a rule can say", _at(tree))
        return reader(tree)

    def _constant(self, tree: ast.expr) -> n.Typed:
        value = tree.value if isinstance(tree, ast.Constant) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ExpressionFault(f"{value!r:.40} stands where a number is wanted", _at(tree))
        number = float(value) if abs(value) < 1e15 else float("inf")
        if number in (float("inf"), float("-inf")) or number != number:
            raise ExpressionFault("the number is too large", _at(tree))
        return n.Typed(n.Number(number), "any")

    def _name(self, tree: ast.expr) -> n.Typed:
        name = tree.id if isinstance(tree, ast.Name) else ""
        if name in self._names.thresholds:
            return n.Typed(n.Threshold(name), self._names.thresholds[name])
        if name in self._names.values:
            self._memories.columns.add(name)
            return n.Typed(n.Value(name), self._names.values[name])
        known = ", ".join([*self._names.thresholds, *self._names.values])
        raise ExpressionFault(f"{name!r} is neither a parameter nor a column; known: {known}", _at(tree))

    def number(self, tree: ast.expr) -> n.Typed:
        typed = self.read(tree)
        if typed.unit == "condition":
            raise ExpressionFault("a condition stands where a number is wanted", _at(tree))
        return typed

    def condition(self, tree: ast.expr) -> n.Node:
        typed = self.read(tree)
        if typed.unit != "condition":
            raise ExpressionFault("a number stands where a condition is wanted; compare it", _at(tree))
        return typed.node

    def _binary(self, tree: ast.expr) -> n.Typed:
        if not isinstance(tree, ast.BinOp) or type(tree.op) not in _ARITHMETIC:
            raise ExpressionFault("of arithmetic there is + - * /", _at(tree))
        operator = _ARITHMETIC[type(tree.op)]
        left, right = self.number(tree.left), self.number(tree.right)
        if operator in ("+", "-"):
            return n.Typed(n.Binary(operator, left.node, right.node, 1.0), self._common(left, right, tree))
        if left.unit == "any" and right.unit == "any":
            return n.Typed(n.Binary(operator, left.node, right.node, 1.0), "any")
        over, under = _unit(left), _unit(right)
        exact = over * under if operator == "*" else over / under
        # A quotient of like things is a plain number, whatever their units were.
        unit = exact if exact.powers else PLAIN
        scale = float(exact.factor / unit.factor)
        return n.Typed(n.Binary(operator, left.node, right.node, scale), unit)

    def _common(self, left: n.Typed, right: n.Typed, tree: ast.expr) -> Unit | Literal["any"]:
        if left.unit == "any" or right.unit == "any":
            other = right.unit if left.unit == "any" else left.unit
            return other if isinstance(other, Unit) else "any"
        if left.unit != right.unit:
            raise ExpressionFault(f"{left.unit} and {right.unit} cannot be put together", _at(tree))
        return _unit(left)

    def _unary(self, tree: ast.expr) -> n.Typed:
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return n.Typed(n.Negation(self.condition(tree.operand)), "condition")
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            typed = self.number(tree.operand)
            return n.Typed(n.Binary("-", n.Number(0.0), typed.node, 1.0), typed.unit)
        raise ExpressionFault("of signs there is -, and not", _at(tree))

    def _boolean(self, tree: ast.expr) -> n.Typed:
        values = tree.values if isinstance(tree, ast.BoolOp) else []
        parts = tuple(self.condition(value) for value in values)
        is_both = isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And)
        return n.Typed(n.Both(parts) if is_both else n.Either(parts), "condition")

    def _compare(self, tree: ast.expr) -> n.Typed:
        if not isinstance(tree, ast.Compare):
            raise ExpressionFault("is no comparison", _at(tree))
        sides = [self.number(side) for side in (tree.left, *tree.comparators)]
        parts: list[n.Node] = []
        for operator, left, right in zip(tree.ops, sides, sides[1:], strict=False):
            if type(operator) not in _COMPARISONS:
                raise ExpressionFault("of comparisons there is < <= > >= == !=", _at(tree))
            self._common(left, right, tree)
            parts.append(n.Compare(_COMPARISONS[type(operator)], left.node, right.node))
        return n.Typed(parts[0] if len(parts) == 1 else n.Both(tuple(parts)), "condition")

    def _call(self, tree: ast.expr) -> n.Typed:
        if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name) or tree.keywords:
            raise ExpressionFault("is no call of a function of ours", _at(tree))
        name, arguments = tree.func.id, tree.args
        if name in _AGGREGATES:
            return self._window(name, arguments, tree)
        known: dict[str, tuple[int, Callable[[list[ast.expr]], n.Typed]]] = {
            "abs": (1, self._abs),
            "held": (1, self._held),
            "previous": (1, self._previous),
            "known": (1, self._known),
            "attribute": (1, self._attribute),
            "sun_elevation": (0, lambda _: n.Typed(n.SunElevation(), unit_of("deg"))),
            "between": (2, self._between),
            "on": (1, self._on),
        }
        if name not in known:
            raise ExpressionFault(
                f"{name!r} is no function; known: {', '.join([*_AGGREGATES, *known])}", _at(tree)
            )
        count, made = known[name]
        if len(arguments) != count:
            raise ExpressionFault(f"{name} takes {count} arguments, not {len(arguments)}", _at(tree))
        return made(arguments)

    def _window(self, name: n.Aggregate, arguments: list[ast.expr], tree: ast.expr) -> n.Typed:
        if len(arguments) != 2:
            raise ExpressionFault(f'{name} takes a value and a duration: {name}(x, "1h")', _at(tree))
        span_us = self._duration(arguments[1])
        typed = self.read(arguments[0])
        is_condition = typed.unit == "condition"
        if is_condition != (name == "share") and name != "count":
            wanted = "a condition" if name == "share" else "a number"
            raise ExpressionFault(f"{name} is taken of {wanted}", _at(arguments[0]))
        unit = PLAIN if name in ("share", "count") else typed.unit
        if name == "rate":
            unit = _unit(typed) / unit_of("h")
        window = n.Window(name, typed.node, span_us, is_condition, 0)
        return n.Typed(self._remembered(window), unit)

    def _duration(self, tree: ast.expr) -> int:
        value = tree.value if isinstance(tree, ast.Constant) else None
        if not isinstance(value, str):
            raise ExpressionFault('a duration is written "30min"', _at(tree))
        try:
            span_us = duration_us(value)
        except ValueError as error:
            raise ExpressionFault(str(error), _at(tree)) from None
        if span_us < _PANES * 1_000_000:
            raise ExpressionFault(f"a window spans {_PANES}s at least", _at(tree))
        return span_us

    def _remembered(self, node: n.Held | n.Previous | n.Window) -> n.Node:
        """Give the node with the number of its memory; equal nodes share one."""
        for known in self._memories.nodes:
            if _without_memory(known) == _without_memory(node):
                return known
        numbered = _with_memory(node, len(self._memories.nodes))
        self._memories.nodes.append(numbered)
        return numbered

    def _abs(self, arguments: list[ast.expr]) -> n.Typed:
        typed = self.number(arguments[0])
        return n.Typed(n.Magnitude(typed.node), typed.unit)

    def _held(self, arguments: list[ast.expr]) -> n.Typed:
        typed = self.read(arguments[0])
        return n.Typed(self._remembered(n.Held(typed.node, 0)), typed.unit)

    def _previous(self, arguments: list[ast.expr]) -> n.Typed:
        typed = self.read(arguments[0])
        return n.Typed(self._remembered(n.Previous(typed.node, 0)), typed.unit)

    def _known(self, arguments: list[ast.expr]) -> n.Typed:
        return n.Typed(n.Known(self.read(arguments[0]).node), "condition")

    def _attribute(self, arguments: list[ast.expr]) -> n.Typed:
        name = _text(arguments[0])
        if name not in self._names.attributes:
            known = ", ".join(self._names.attributes)
            raise ExpressionFault(f"{name!r} is no number of the registry; known: {known}", _at(arguments[0]))
        unit, of_asset = self._names.attributes[name]
        return n.Typed(n.Attribute(name, of_asset), unit)

    def _between(self, arguments: list[ast.expr]) -> n.Typed:
        begin, end = (_told(minute_of, argument) for argument in arguments)
        return n.Typed(n.Between(begin, end), "condition")

    def _on(self, arguments: list[ast.expr]) -> n.Typed:
        return n.Typed(n.OnDays(_told(days_of, arguments[0])), "condition")


def _told(reader: Callable[[str], _Read], tree: ast.expr) -> _Read:
    try:
        return reader(_text(tree))
    except ExpressionFault:
        raise
    except ValueError as error:
        raise ExpressionFault(str(error), _at(tree)) from None


def _text(tree: ast.expr) -> str:
    if not isinstance(tree, ast.Constant) or not isinstance(tree.value, str):
        raise ExpressionFault("a text in quotes is wanted here", _at(tree))
    return tree.value


def _unit(typed: n.Typed) -> Unit:
    return typed.unit if isinstance(typed.unit, Unit) else PLAIN


def _at(tree: ast.expr) -> int:
    return tree.col_offset + 1


def _without_memory(node: n.Held | n.Previous | n.Window) -> n.Node:
    return _with_memory(node, 0)


def _with_memory(node: n.Held | n.Previous | n.Window, memory: int) -> n.Held | n.Previous | n.Window:
    return replace(node, memory=memory)
