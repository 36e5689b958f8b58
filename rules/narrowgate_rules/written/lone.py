"""Windows of groups that have one reading in a batch: the kept panes move on, and the reading joins the last.

What is left in the panes then is the window, so that nothing is laid out, sorted or searched.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import BEFORE_US, Floats, Indices, Instants, State
from narrowgate_rules.written.nodes import Aggregate, Window
from narrowgate_rules.written.quantities import INITIAL, MILLION, PANES, Rows, of_rows

_MERGED: dict[str, Callable[..., NDArray[Any]]] = {
    "count": np.add,
    "hits": np.add,
    "sum": np.add,
    "least": np.fmin,
    "most": np.fmax,
    "first": lambda kept, own: kept,
    "first_us": lambda kept, own: kept,
}


class LonePanes:
    """One window's memory, moved on by the only reading of each of some groups."""

    def __init__(self, node: Window, memory: int, state: State, rows: Rows, hole_us: int) -> None:
        """Move on and keep.

        Args:
            node: the window.
            memory: its number among the rule's memories.
            state: of the groups, (groups,) or (groups, PANES); changed in place.
            rows: in which the value is known; no two are of one group.
            hole_us: after a longer time without a known value nothing is known [us].
        """
        self._node, self._state, self._rows = node, state, rows
        self._name = f"m{memory}_"
        self._pane_us = -(-node.span_us // PANES)
        pane = rows.time_us // self._pane_us
        passed = np.minimum(pane - self._column("pane")[rows.group], PANES)
        for name, own in of_rows(rows, state, self._name).items():
            column = self._column(name)
            for by in np.bincount(passed, minlength=PANES + 1).nonzero()[0].tolist():
                _join(column, rows.group, own, passed, by, name)
        self._column("pane")[rows.group] = pane
        self.since_us = self._covered(hole_us)

    def values(self) -> Floats:
        """Give the aggregate at each row, (n,); NaN while the window is not known."""
        found = np.full(len(self._rows.group), np.nan)
        reach_us = self._node.span_us - self._pane_us
        is_known = self._rows.time_us - self.since_us >= reach_us
        row = (is_known | (self._node.aggregate == "count")).nonzero()[0]
        if len(row):
            found[row] = _AGGREGATED[self._node.aggregate](self, row)
        return found

    def _covered(self, hole_us: int) -> Instants:
        """Give since when each row's value has been known without a hole, (n,) [us]; keeps it."""
        group, time_us = self._rows.group, self._rows.time_us
        before_us = self._column("last_us")[group]
        is_broken = (time_us - before_us > hole_us) | (before_us == BEFORE_US)
        since_us: Instants = np.where(is_broken, time_us, self._column("since_us")[group])
        self._column("since_us")[group] = since_us
        self._column("last_us")[group] = time_us
        return since_us

    def _column(self, name: str) -> NDArray[Any]:
        return self._state[self._name + name]

    def _panes(self, name: str, row: Indices) -> NDArray[Any]:
        return self._column(name)[self._rows.group[row]]

    def _summed(self, name: str, row: Indices) -> NDArray[np.int64]:
        summed: NDArray[np.int64] = self._panes(name, row).sum(axis=1, dtype=np.int64)
        return summed

    def _counts(self, row: Indices) -> Floats:
        return self._summed("hits", row).astype(np.float64)

    def _shares(self, row: Indices) -> Floats:
        shares: Floats = self._counts(row) / self._summed("count", row)
        return shares

    def _sums(self, row: Indices) -> Floats:
        sums: Floats = self._summed("sum", row) / MILLION
        return sums

    def _means(self, row: Indices) -> Floats:
        means: Floats = self._sums(row) / self._summed("count", row)
        return means

    def _least(self, row: Indices) -> Floats:
        return np.asarray(np.fmin.reduce(self._panes("least", row), axis=1))

    def _most(self, row: Indices) -> Floats:
        return np.asarray(np.fmax.reduce(self._panes("most", row), axis=1))

    def _oldest(self, name: str, row: Indices) -> NDArray[Any]:
        place = np.argmax(self._panes("count", row) > 0, axis=1)
        oldest: NDArray[Any] = self._column(name)[self._rows.group[row], place]
        return oldest

    def _deltas(self, row: Indices) -> Floats:
        delta: Floats = self._rows.value[row] - self._oldest("first", row)
        return delta

    def _rates(self, row: Indices) -> Floats:
        passed_h = (self._rows.time_us[row] - self._oldest("first_us", row)) / 3.6e9
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(passed_h > 0, self._deltas(row) / passed_h, np.nan)


def _join(
    column: NDArray[Any], group: Indices, own: NDArray[Any], passed: Instants, by: int, name: str
) -> None:
    """Move the panes of the rows for which so many passed, and let the rows join."""
    row = (passed == by).nonzero()[0]
    at: Any = group[row]
    if len(row) == len(column):
        # All groups at once: no need to pick them.
        row, at = np.arange(len(row)), slice(None)
    if by == 0:
        column[at, -1] = _MERGED[name](column[at, -1], own[row])
        return
    if by < PANES:
        column[at, : PANES - by] = column[at, by:]
    column[at, PANES - by :] = INITIAL[name]
    column[at, -1] = own[row]


_AGGREGATED: dict[Aggregate, Callable[[LonePanes, Indices], Floats]] = {
    "min": LonePanes._least,
    "max": LonePanes._most,
    "mean": LonePanes._means,
    "sum": LonePanes._sums,
    "count": LonePanes._counts,
    "share": LonePanes._shares,
    "delta": LonePanes._deltas,
    "rate": LonePanes._rates,
}
