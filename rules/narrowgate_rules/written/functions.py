"""The functions of the expression language, each read from its call."""

import ast
from collections.abc import Callable
from typing import Protocol, TypeVar

from narrowgate_rules.written import nodes as n
from narrowgate_rules.written.durations import duration_us
from narrowgate_rules.written.quantities import PANES
from narrowgate_rules.written.schedules import days_of, minute_of
from narrowgate_rules.written.units import PLAIN, unit_of
from narrowgate_rules.written.vocabulary import (
    ExpressionFault,
    Memories,
    Names,
    column_of,
    common_unit,
    unit_in,
)

AGGREGATES: tuple[n.Aggregate, ...] = ("min", "max", "mean", "sum", "count", "delta", "rate", "share")
_Read = TypeVar("_Read")
_Arguments = list[ast.expr]


class Reader(Protocol):
    """Reads the arguments."""

    def read(self, tree: ast.expr) -> n.Typed:
        """Give a part of the expression."""
        ...

    def number(self, tree: ast.expr) -> n.Typed:
        """Give a part that must be a number."""
        ...

    def condition(self, tree: ast.expr) -> n.Node:
        """Give a part that must be a condition."""
        ...


class Calls:
    """Reads calls."""

    def __init__(self, reader: Reader, names: Names, memories: Memories) -> None:
        self._reader, self._names, self._memories = reader, names, memories
        self._functions: dict[str, tuple[range, Callable[[_Arguments], n.Typed]]] = {
            "abs": (range(1, 2), self._abs),
            "held": (range(1, 2), self._held),
            "previous": (range(1, 2), self._previous),
            "slope": (range(1, 2), self._slope),
            "known": (range(1, 2), self._known),
            "first_known": (range(2, 9), self._first_known),
            "any_of": (range(2, 9), self._any_of),
            "steady": (range(2, 3), self._steady),
            "before_switch": (range(2, 3), self._before_switch),
            "dimming_power": (range(1, 2), self._dimming_power),
            "attribute": (range(1, 3), self._attribute),
            "sun_elevation": (range(1), self._sun_elevation),
            "between": (range(2, 3), self._between),
            "on": (range(1, 2), self._on),
        }

    def read(self, name: str, tree: ast.Call) -> n.Typed:
        """Give what a call stands for; ExpressionFault if there is no such function, or others are wanted."""
        if name in AGGREGATES:
            return self._window(name, tree)
        if name not in self._functions:
            known = ", ".join([*AGGREGATES, *self._functions])
            raise ExpressionFault(f"{name!r} is no function; known: {known}", column_of(tree))
        counts, made = self._functions[name]
        if len(tree.args) not in counts:
            wanted = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
            raise ExpressionFault(f"{name} takes {wanted} arguments, not {len(tree.args)}", column_of(tree))
        return made(tree.args)

    def _window(self, name: n.Aggregate, tree: ast.Call) -> n.Typed:
        if len(tree.args) != 2:
            raise ExpressionFault(f'{name} takes a value and a duration: {name}(x, "1h")', column_of(tree))
        of, span = tree.args
        span_us = _duration_us(span)
        typed = self._reader.read(of)
        is_condition = typed.unit == "condition"
        if is_condition != (name == "share") and name != "count":
            wanted = "a condition" if name == "share" else "a number"
            raise ExpressionFault(f"{name} is taken of {wanted}", column_of(of))
        node = self._memories.keep(n.Window(name, typed.node, span_us, is_condition, 0))
        if name in ("share", "count"):
            return n.Typed(node, PLAIN)
        return n.Typed(node, unit_in(typed) / unit_of("h") if name == "rate" else typed.unit)

    def _abs(self, arguments: _Arguments) -> n.Typed:
        typed = self._reader.number(arguments[0])
        return n.Typed(n.Magnitude(typed.node), typed.unit)

    def _held(self, arguments: _Arguments) -> n.Typed:
        typed = self._reader.read(arguments[0])
        return n.Typed(self._memories.keep(n.Held(typed.node, 0)), typed.unit)

    def _previous(self, arguments: _Arguments) -> n.Typed:
        typed = self._reader.read(arguments[0])
        return n.Typed(self._memories.keep(n.Previous(typed.node, 0)), typed.unit)

    def _slope(self, arguments: _Arguments) -> n.Typed:
        typed = self._reader.number(arguments[0])
        return n.Typed(self._memories.keep(n.Slope(typed.node, 0)), unit_in(typed) / unit_of("h"))

    def _known(self, arguments: _Arguments) -> n.Typed:
        return n.Typed(n.Known(self._reader.read(arguments[0]).node), "condition")

    def _first_known(self, arguments: _Arguments) -> n.Typed:
        parts = [self._reader.read(argument) for argument in arguments]
        node = n.FirstKnown(tuple(part.node for part in parts))
        if all(part.unit == "condition" for part in parts):
            return n.Typed(node, "condition")
        numbers = [self._reader.number(argument) for argument in arguments]
        return n.Typed(node, common_unit(numbers, column_of(arguments[0])))

    def _any_of(self, arguments: _Arguments) -> n.Typed:
        parts = tuple(self._reader.condition(argument) for argument in arguments)
        return n.Typed(n.AnyOf(parts), "condition")

    def _steady(self, arguments: _Arguments) -> n.Typed:
        of = self._reader.read(arguments[0]).node
        node = n.Steady(of, _told(duration_us, arguments[1]), 0)
        return n.Typed(self._memories.keep(node), "condition")

    def _before_switch(self, arguments: _Arguments) -> n.Typed:
        of, key = (self._reader.read(argument) for argument in arguments)
        return n.Typed(self._memories.keep(n.BeforeSwitch(of.node, key.node, 0)), of.unit)

    def _dimming_power(self, arguments: _Arguments) -> n.Typed:
        level = self._reader.number(arguments[0])
        if unit_in(level) != unit_of("%") and level.unit != "any":
            raise ExpressionFault("dimming_power is taken of a level in %", column_of(arguments[0]))
        return n.Typed(n.DimmingPower(level.node), unit_of("W"))

    def _attribute(self, arguments: _Arguments) -> n.Typed:
        name = _text(arguments[0])
        if name not in self._names.attributes:
            known = ", ".join(self._names.attributes)
            what = f"{name!r} is no number of the registry; known: {known}"
            raise ExpressionFault(what, column_of(arguments[0]))
        unit, of_asset = self._names.attributes[name]
        otherwise = _literal(arguments[1]) if len(arguments) > 1 else float("nan")
        return n.Typed(n.Attribute(name, of_asset, otherwise), unit)

    def _sun_elevation(self, _: _Arguments) -> n.Typed:
        return n.Typed(n.SunElevation(), unit_of("deg"))

    def _between(self, arguments: _Arguments) -> n.Typed:
        begin, end = (_told(minute_of, argument) for argument in arguments)
        return n.Typed(n.Between(begin, end), "condition")

    def _on(self, arguments: _Arguments) -> n.Typed:
        return n.Typed(n.OnDays(_told(days_of, arguments[0])), "condition")


def _duration_us(tree: ast.expr) -> int:
    if not isinstance(tree, ast.Constant) or not isinstance(tree.value, str):
        raise ExpressionFault('a duration is written "30min"', column_of(tree))
    span_us = _told(duration_us, tree)
    if span_us < PANES * 1_000_000:
        raise ExpressionFault(f"a window spans {PANES}s at least", column_of(tree))
    return span_us


def _told(reader: Callable[[str], _Read], tree: ast.expr) -> _Read:
    text = _text(tree)
    try:
        return reader(text)
    except ValueError as error:
        raise ExpressionFault(str(error), column_of(tree)) from None


def _text(tree: ast.expr) -> str:
    if not isinstance(tree, ast.Constant) or not isinstance(tree.value, str):
        raise ExpressionFault("a text in quotes is wanted here", column_of(tree))
    return tree.value


def _literal(tree: ast.expr) -> float:
    value = tree.value if isinstance(tree, ast.Constant) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e12:
        raise ExpressionFault("a number is wanted here", column_of(tree))
    return float(value)
