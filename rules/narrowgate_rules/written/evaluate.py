"""Evaluates trees over the columns of a batch: a float a row, NaN where it is not known.

Conditions are 1.0, 0.0 and NaN for unknown: `and` is false if one part is, `or` true if one part is, and
else unknown if one part is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from narrowgate_fleet.sun import solar_elevation_deg
from narrowgate_rules.columns import Columns, Floats, Indices, Instants, Mask, State
from narrowgate_rules.dimming import dimming_power_w
from narrowgate_rules.localtime import local_us
from narrowgate_rules.segments import Layout, last_known, last_rows, layout_of
from narrowgate_rules.written import nodes as n
from narrowgate_rules.written.lone import LonePanes
from narrowgate_rules.written.panes import Panes, mask_of
from narrowgate_rules.written.quantities import Rows
from narrowgate_rules.written.switches import before_switch, steady_since

_DAY_MIN = 1440
_THURSDAY = 3
"""1970-01-01, Monday = 0."""
_COMPARE: dict[n.Comparison, Callable[[Floats, Floats], Mask]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_COMBINE: dict[n.Arithmetic, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}


def numbered(trees: Iterable[n.Node]) -> dict[int, int]:
    """Number the nodes of trees, equal ones alike, by identity: a tree's hash is dear.

    The numbers are of use for as long as the trees live.
    """
    numbers: dict[n.Node, int] = {}
    known: dict[int, int] = {}
    waiting: list[Any] = list(trees)
    while waiting:
        node = waiting.pop()
        known[id(node)] = numbers.setdefault(node, len(numbers))
        for part in vars(node).values():
            waiting += [each for each in (part if isinstance(part, tuple) else (part,)) if is_dataclass(each)]
    return known


class Evaluation:
    """One rule's trees over one batch; each node is evaluated once."""

    def __init__(self, columns: Columns, state: State, hole_us: int, numbers: Mapping[int, int]) -> None:
        """Take a batch.

        Args:
            columns: rows sorted by group and time.
            state: the rule's memory; windows and memories write theirs into it.
            hole_us: after a longer time without a value a window knows nothing [us].
            numbers: of the trees' nodes, as `numbered` gives them.
        """
        self.state, self.hole_us = state, hole_us
        self._columns, self._layout = columns, layout_of(columns)
        self._numbers = numbers
        self._known: dict[int, Floats] = {}
        self._known_rows: dict[int, tuple[Floats, Indices, Layout, Instants]] = {}

    def of(self, node: n.Node) -> Floats:
        """Give a tree's values, (n,); never infinite, and not to be written to."""
        number = self._numbers[id(node)]
        values = self._known.get(number)
        if values is None:
            values = _EVALUATED[type(node)](self, node)
            if isinstance(node, _BOUNDLESS) and not np.isfinite(values).all():
                values = np.where(np.isfinite(values), values, np.nan)
            self._known[number] = values
        return values

    def known_rows(self, values: Floats) -> tuple[Indices, Layout, Instants]:
        """Give the rows in which values are known, how they lie, and their times [us]."""
        at = id(values)
        if at not in self._known_rows:
            row = mask_of(values).nonzero()[0]
            layout = self._layout.of_rows(row, self._columns.groups)
            time_us = self._columns.time_us if layout is self._layout else self._columns.time_us[row]
            # The values are kept, so that no other ones can come to lie where they lie.
            self._known_rows[at] = (values, row, layout, time_us)
        return self._known_rows[at][1:]

    def _full(self, value: float) -> Floats:
        values = np.empty(len(self._columns.group))
        values.fill(value)
        return values

    def _number(self, node: n.Number) -> Floats:
        return self._full(node.value)

    def _threshold(self, node: n.Threshold) -> Floats:
        return self._full(self._columns.params[node.name])

    def _value(self, node: n.Value) -> Floats:
        return self._columns.values[node.name]

    def _attribute(self, node: n.Attribute) -> Floats:
        columns = self._columns
        if node.of_asset:
            values = columns.place_attribute(node.name, np.arange(len(columns.group)))
        else:
            values = self._layout.each(columns.attribute(node.name, np.nan, -np.inf, np.inf))
        is_unset = np.isnan(values)
        return np.where(is_unset, node.otherwise, values) if is_unset.any() else values

    def _sun(self, node: n.SunElevation) -> Floats:
        rows = np.arange(len(self._columns.group))
        lat, lon = (self._columns.place_attribute(name, rows) for name in ("lat", "lon"))
        return solar_elevation_deg(self._columns.time_us, lat, lon)

    def _minutes(self) -> Any:
        return local_us(self._columns.time_us, self._columns.timezone) // 60_000_000

    def _between(self, node: n.Between) -> Floats:
        minute = self._minutes() % _DAY_MIN
        after, before = minute >= node.from_min, minute < node.to_min
        return np.where(after & before if node.from_min <= node.to_min else after | before, 1.0, 0.0)

    def _on(self, node: n.OnDays) -> Floats:
        day = (self._minutes() // _DAY_MIN + _THURSDAY) % 7
        return np.where(np.isin(day, list(node.days)), 1.0, 0.0)

    def _binary(self, node: n.Binary) -> Floats:
        values = _COMBINE[node.operator](self.of(node.left), self.of(node.right))
        return values if node.scale == 1.0 else values * node.scale

    def _magnitude(self, node: n.Magnitude) -> Floats:
        return np.abs(self.of(node.of))

    def _compare(self, node: n.Compare) -> Floats:
        left, right = self.of(node.left), self.of(node.right)
        answer = _COMPARE[node.operator](left, right).astype(np.float64)
        answer[np.isnan(left) | np.isnan(right)] = np.nan
        return answer

    def _both(self, node: n.Both) -> Floats:
        parts = [self.of(part) for part in node.parts]
        is_false = np.logical_or.reduce([part == 0.0 for part in parts])
        return np.where(is_false, 0.0, np.where(_some_unknown(parts), np.nan, 1.0))

    def _either(self, node: n.Either) -> Floats:
        parts = [self.of(part) for part in node.parts]
        is_true = np.logical_or.reduce([part == 1.0 for part in parts])
        return np.where(is_true, 1.0, np.where(_some_unknown(parts), np.nan, 0.0))

    def _any_of(self, node: n.AnyOf) -> Floats:
        # fmax passes over what is not known.
        answer: Floats = np.fmax.reduce([self.of(part) for part in node.parts])
        return answer

    def _negation(self, node: n.Negation) -> Floats:
        return 1.0 - self.of(node.of)

    def _is_known(self, node: n.Known) -> Floats:
        return np.where(mask_of(self.of(node.of)), 1.0, 0.0)

    def _held(self, node: n.Held) -> Floats:
        return self._carried(node)

    def _previous(self, node: n.Previous) -> Floats:
        before = self.state[f"m{node.memory}_value"]
        if self._layout.is_whole:
            self._carried(node)
            return before.copy()
        before = before.copy()
        return self._layout.before(self._carried(node), before)

    def _carried(self, node: n.Held | n.Previous) -> Floats:
        """Give the last known value, this reading's included, (n,), and remember it."""
        name, values = f"m{node.memory}_value", self.of(node.of)
        if self._layout.is_single:
            values = np.where(np.isnan(values), self._layout.each(self.state[name]), values)
        else:
            values = last_known(values, self._columns.group, self.state[name])
        self.state[name] = self._layout.keep(self.state[name], values)
        return values

    def _slope(self, node: n.Slope) -> Floats:
        name, name_us = f"m{node.memory}_value", f"m{node.memory}_us"
        values = self.of(node.of)
        row, layout, time_us = self.known_rows(values)
        known = values[row]
        passed_us = time_us - layout.before(time_us, self.state[name_us])
        risen = known - layout.before(known, self.state[name])
        self.state[name] = layout.keep(self.state[name], known)
        self.state[name_us] = layout.keep(self.state[name_us], time_us)
        slopes = self._full(np.nan)
        is_near = ((passed_us > 0) & (passed_us <= self.hole_us)).nonzero()[0]
        slopes[row[is_near]] = risen[is_near] / (passed_us[is_near] / 3.6e9)
        return slopes

    def _steady(self, node: n.Steady) -> Floats:
        values = self.of(node.of)
        row, layout, time_us = self.known_rows(values)
        since_us = steady_since(layout, values[row], time_us, self.state, f"m{node.memory}_")
        answer = self._full(np.nan)
        answer[row] = time_us - since_us >= node.span_us
        return answer

    def _before_switch(self, node: n.BeforeSwitch) -> Floats:
        of, key = self.of(node.of), self.of(node.key)
        return before_switch(self._layout, of, key, self.state, f"m{node.memory}_")

    def _dimming_power(self, node: n.DimmingPower) -> Floats:
        return dimming_power_w(self._columns, self.of(node.level))

    def _first_known(self, node: n.FirstKnown) -> Floats:
        values = self.of(node.parts[0])
        for part in node.parts[1:]:
            values = np.where(np.isnan(values), self.of(part), values)
        return values

    def _window(self, node: n.Window) -> Floats:
        values = self.of(node.of)
        row, layout, time_us = self.known_rows(values)
        counts_all = node.aggregate == "count" and not node.counts_true
        counted = np.ones(len(row)) if counts_all else values[row]
        window, found = np.full(len(row), np.nan), self._full(np.nan)
        for at, kind in _lone_and_other(layout):
            rows = Rows(layout.group[at], time_us[at], counted[at])
            window[at] = kind(node, node.memory, self.state, rows, self.hole_us).values()
        found[row] = window
        return found


def _lone_and_other(layout: Layout) -> list[tuple[Any, type[LonePanes] | type[Panes]]]:
    """Give the rows that are their group's only one, and the others, and what serves each."""
    if layout.is_single:
        return [(slice(None), LonePanes)] if len(layout.group) else []
    is_lone = layout.first & last_rows(layout.group)
    return [(is_lone.nonzero()[0], LonePanes), ((~is_lone).nonzero()[0], Panes)]


_BOUNDLESS = (n.Binary, n.Slope, n.Window)
"""What may overflow; all else is made of finite numbers or is a condition."""
_EVALUATED: dict[type[Any], Callable[[Evaluation, Any], Floats]] = {
    n.Number: Evaluation._number,
    n.Threshold: Evaluation._threshold,
    n.Value: Evaluation._value,
    n.Attribute: Evaluation._attribute,
    n.SunElevation: Evaluation._sun,
    n.Between: Evaluation._between,
    n.OnDays: Evaluation._on,
    n.Binary: Evaluation._binary,
    n.Magnitude: Evaluation._magnitude,
    n.Compare: Evaluation._compare,
    n.Both: Evaluation._both,
    n.Either: Evaluation._either,
    n.AnyOf: Evaluation._any_of,
    n.Negation: Evaluation._negation,
    n.Known: Evaluation._is_known,
    n.Held: Evaluation._held,
    n.Previous: Evaluation._previous,
    n.Slope: Evaluation._slope,
    n.Steady: Evaluation._steady,
    n.BeforeSwitch: Evaluation._before_switch,
    n.DimmingPower: Evaluation._dimming_power,
    n.FirstKnown: Evaluation._first_known,
    n.Window: Evaluation._window,
}


def _some_unknown(parts: list[Floats]) -> Mask:
    unknown: Mask = np.logical_or.reduce([np.isnan(part) for part in parts])
    return unknown
