"""What is known of a value over the time up to each reading, in sixteen panes a window.

A window of span W is cut into panes of W/16, counted from 1970. It looks at the reading's pane and the
fifteen before it: at between 15/16 W and W. What a pane held is kept in a few numbers, so that a window
costs the same whatever the device's rhythm. A window is known once readings reach back 15/16 W without a
hole; before that nobody can say what happened in it.

Sums are exact in millionths, so that no cut of the readings into batches can change a bit of them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import BEFORE_US, Floats, Indices, Instants, Mask, State
from narrowgate_rules.segments import first_rows, index_of_last, last_rows, shifted
from narrowgate_rules.written.nodes import Aggregate, Window
from narrowgate_rules.written.quantities import COUNT, INITIAL, MILLION, PANES, Rows, of_rows

_PANE_BITS = 40


class Panes:
    """One window's memory and the readings of a batch, laid out group by group: kept panes, then rows."""

    def __init__(self, node: Window, memory: int, state: State, rows: Rows, hole_us: int) -> None:
        """Lay out.

        Args:
            node: the window.
            memory: its number among the rule's memories.
            state: of the groups, (groups,) or (groups, PANES); changed in place by `values`.
            rows: in which the value is known.
            hole_us: after a longer time without a known value nothing is known [us].
        """
        self._node, self._state, self._rows = node, state, rows
        self._name = f"m{memory}_"
        self._pane_us = -(-node.span_us // PANES)
        self.since_us = self._covered(hole_us)
        kept_group, kept_place = self._kept()
        self._own = np.concatenate([np.zeros(len(kept_group), np.bool_), np.ones(len(rows.group), np.bool_)])
        group = np.concatenate([kept_group, rows.group])
        kept_pane = self._column("pane")[kept_group] - (PANES - 1 - kept_place)
        pane = np.concatenate([kept_pane, rows.time_us // self._pane_us])
        self._order = np.argsort(group, kind="stable")
        self._group, self._pane = group[self._order], pane[self._order]
        self._places = (kept_group, kept_place)
        self._start = self._starts()

    def values(self) -> Floats:
        """Give the aggregate at each row, (n,), NaN while the window is not known; and keep."""
        taken: Floats = _AGGREGATED[self._node.aggregate](self)[self._own[self._order]]
        self._keep()
        if self._node.aggregate == "count":
            return taken
        reach_us = self._node.span_us - self._pane_us
        return np.where(self._rows.time_us - self.since_us >= reach_us, taken, np.nan)

    def _keep(self) -> None:
        """Write what the next batch needs into the state."""
        last = last_rows(self._rows.group)
        group = self._rows.group[last]
        newest = self._rows.time_us[last] // self._pane_us
        self._column("since_us")[group] = self.since_us[last]
        self._column("last_us")[group] = self._rows.time_us[last]
        touched = np.zeros(len(self._column("pane")), np.bool_)
        touched[group] = True
        latest = self._column("pane").copy()
        latest[group] = newest
        opens = first_rows(self._group) | first_rows(self._pane)
        begins = np.flatnonzero(opens)
        place = self._pane[begins] - (latest[self._group[begins]] - (PANES - 1))
        wanted = touched[self._group[begins]] & (place >= 0)
        for name, (part, folded) in self._parts().items():
            column = self._column(name)
            column[group] = INITIAL[name]
            made = folded(part, begins) if len(begins) else part
            column[self._group[begins[wanted]], place[wanted]] = made[wanted]
        self._column("pane")[group] = newest

    def _covered(self, hole_us: int) -> Instants:
        """Give since when each row's value has been known without a hole, (n,) [us]."""
        group, time_us = self._rows.group, self._rows.time_us
        first = first_rows(group)
        before_us = shifted(time_us, first, self._column("last_us")[group[first]])
        broken = (time_us - before_us > hole_us) | (before_us == BEFORE_US)
        opens = index_of_last(first | broken)
        carried = np.where(broken, time_us, self._column("since_us")[group])
        return carried[opens]

    def _kept(self) -> tuple[Indices, Indices]:
        """Give group and place of the panes that were kept, of groups that have rows."""
        has_rows = np.zeros(len(self._column("pane")), np.bool_)
        has_rows[self._rows.group] = True
        group, place = np.nonzero((self._column(COUNT) > 0) & has_rows[:, None])
        return group, place

    def _starts(self) -> Indices:
        """Give where the window of each laid-out row begins, (m,)."""
        if not len(self._pane):
            return np.empty(0, np.intp)
        pane = self._pane - int(self._pane.min()) + PANES
        key = (self._group.astype(np.int64) << _PANE_BITS) + pane
        starts: Indices = np.searchsorted(key, key - (PANES - 1), side="left")
        return starts

    def _column(self, name: str) -> NDArray[Any]:
        return self._state[self._name + name]

    def _laid(self, name: str, own: NDArray[Any]) -> NDArray[Any]:
        """Give a quantity of kept panes and rows, laid out."""
        return np.concatenate([self._column(name)[self._places], own])[self._order]

    def _parts(self) -> dict[str, tuple[NDArray[Any], Callable[..., NDArray[Any]]]]:
        """Give the quantities of the state, laid out, and how those of one pane become one."""
        own = of_rows(self._rows, self._state, self._name)
        return {name: (self._laid(name, values), _FOLDED[name]) for name, values in own.items()}

    def _sum(self, name: str) -> NDArray[np.int64]:
        """Give the sum of a whole-numbered quantity over the window of each laid-out row."""
        total = np.cumsum(self._parts()[name][0], dtype=np.int64)
        before = np.where(self._start > 0, total[np.maximum(self._start - 1, 0)], 0)
        summed: NDArray[np.int64] = total - before
        return summed

    def _sums(self) -> Floats:
        return self._sum("sum") / MILLION

    def _counts(self) -> Floats:
        return self._sum("hits").astype(np.float64)

    def _shares(self) -> Floats:
        return self._counts() / self._sum(COUNT)

    def _means(self) -> Floats:
        return self._sums() / self._sum(COUNT)

    def _least(self) -> Floats:
        return _extreme(self._parts()["least"][0], self._start, np.fmin)

    def _most(self) -> Floats:
        return _extreme(self._parts()["most"][0], self._start, np.fmax)

    def _deltas(self) -> Floats:
        here = np.concatenate([np.full(len(self._places[0]), np.nan), self._rows.value])[self._order]
        delta: Floats = here - self._parts()["first"][0][self._start]
        return delta

    def _rates(self) -> Floats:
        here_us = np.concatenate([np.zeros(len(self._places[0]), np.int64), self._rows.time_us])[self._order]
        passed_h = (here_us - self._parts()["first_us"][0][self._start]) / 3.6e9
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(passed_h > 0, self._deltas() / passed_h, np.nan)


_AGGREGATED: dict[Aggregate, Callable[[Panes], Floats]] = {
    "min": Panes._least,
    "max": Panes._most,
    "mean": Panes._means,
    "sum": Panes._sums,
    "count": Panes._counts,
    "share": Panes._shares,
    "delta": Panes._deltas,
    "rate": Panes._rates,
}
_FOLDED: dict[str, Callable[..., NDArray[Any]]] = {
    COUNT: np.add.reduceat,
    "hits": np.add.reduceat,
    "sum": np.add.reduceat,
    "least": np.fmin.reduceat,
    "most": np.fmax.reduceat,
    "first": lambda values, begins: values[begins],
    "first_us": lambda values, begins: values[begins],
}


def _extreme(values: Floats, start: Indices, better: Callable[..., Floats]) -> Floats:
    """Give the best of each row's window, from `start` up to the row, (m,)."""
    size = len(values)
    row = np.arange(size)
    length = row - start + 1
    best = np.full(size, np.nan)
    level, table = 1, values
    while True:
        # Rows whose window is at least `level` and less than twice that long: two overlapping halves.
        rows = np.flatnonzero((length >= level) & (length < 2 * level))
        best[rows] = better(table[start[rows]], table[rows - level + 1])
        if not np.any(length >= 2 * level):
            return best
        ahead = np.append(table[level:], np.full(min(level, size), np.nan))
        table = better(table, ahead[:size])
        level *= 2


def mask_of(values: Floats) -> Mask:
    """Mark the rows in which a value is known."""
    return ~np.isnan(values)
