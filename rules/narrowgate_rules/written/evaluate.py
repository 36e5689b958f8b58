"""Evaluates trees over the columns of a batch: a float a row, NaN where it is not known.

Conditions are 1.0, 0.0 and NaN for unknown: `and` is false if one part is, `or` true if one part is, and
else unknown if one part is.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from narrowgate_rules.columns import Columns, Floats, Mask, State
from narrowgate_rules.localtime import local_us
from narrowgate_rules.segments import first_rows, last_known, last_rows, shifted
from narrowgate_rules.sun import solar_elevation_deg
from narrowgate_rules.written import nodes as n
from narrowgate_rules.written.panes import Panes, Rows, mask_of

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


class Evaluation:
    """One rule's trees over one batch; each node is evaluated once."""

    def __init__(self, columns: Columns, state: State, hole_us: int) -> None:
        """Take a batch.

        Args:
            columns: rows sorted by group and time.
            state: the rule's memory; windows and memories write theirs into it.
            hole_us: after a longer time without a value a window knows nothing [us].
        """
        self._columns, self._state, self._hole_us = columns, state, hole_us
        self._known: dict[n.Node, Floats] = {}

    def of(self, node: n.Node) -> Floats:
        """Give a tree's values, (n,); never infinite."""
        if node not in self._known:
            with np.errstate(all="ignore"):
                values = _EVALUATED[type(node)](self, node)
            self._known[node] = np.where(np.isfinite(values), values, np.nan)
        return self._known[node]

    def _full(self, value: float) -> Floats:
        return np.full(len(self._columns.group), value)

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
            values = columns.attribute(node.name, np.nan, -np.inf, np.inf)[columns.group]
        return np.where(np.isnan(values), node.otherwise, values)

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
        answer = _COMPARE[node.operator](left, right)
        return np.where(np.isnan(left) | np.isnan(right), np.nan, answer)

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
        column = self._state[f"m{node.memory}_value"]
        values = last_known(self.of(node.of), self._columns.group, column)
        self._remember(column, values)
        return values

    def _previous(self, node: n.Previous) -> Floats:
        column, group = self._state[f"m{node.memory}_value"], self._columns.group
        values = last_known(self.of(node.of), group, column)
        first = first_rows(group)
        before = shifted(values, first, column[group[first]])
        self._remember(column, values)
        return before

    def _slope(self, node: n.Slope) -> Floats:
        column, column_us = (self._state[f"m{node.memory}_{name}"] for name in ("value", "us"))
        values = self.of(node.of)
        row = np.flatnonzero(mask_of(values))
        group, time_us, known = self._columns.group[row], self._columns.time_us[row], values[row]
        first, last = first_rows(group), last_rows(group)
        passed_us = time_us - shifted(time_us, first, column_us[group[first]])
        risen = known - shifted(known, first, column[group[first]])
        column[group[last]], column_us[group[last]] = known[last], time_us[last]
        slopes = self._full(np.nan)
        slopes[row] = np.where(
            (passed_us > 0) & (passed_us <= self._hole_us), risen / (passed_us / 3.6e9), np.nan
        )
        return slopes

    def _first_known(self, node: n.FirstKnown) -> Floats:
        values = self.of(node.parts[0])
        for part in node.parts[1:]:
            values = np.where(np.isnan(values), self.of(part), values)
        return values

    def _remember(self, column: Floats, values: Floats) -> None:
        last = last_rows(self._columns.group)
        column[self._columns.group[last]] = values[last]

    def _window(self, node: n.Window) -> Floats:
        values = self.of(node.of)
        known = np.flatnonzero(mask_of(values))
        counts_all = node.aggregate == "count" and not node.counts_true
        counted = np.ones(len(known)) if counts_all else values[known]
        rows = Rows(self._columns.group[known], self._columns.time_us[known], counted)
        panes = Panes(node, node.memory, self._state, rows, self._hole_us)
        found = self._full(np.nan)
        found[known] = panes.values()
        panes.keep()
        return found


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
    n.FirstKnown: Evaluation._first_known,
    n.Window: Evaluation._window,
}


def _some_unknown(parts: list[Floats]) -> Mask:
    unknown: Mask = np.logical_or.reduce([np.isnan(part) for part in parts])
    return unknown
