"""Segment operations: what a loop over each group's rows would give, without the loop.

Rows lie group by group; `group` is (n,) and does not decrease. n may be 0 everywhere.
"""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import Columns, Floats, Indices, Instants, Mask

_Scalar = TypeVar("_Scalar", bound=np.generic)


def layout_of(columns: Columns) -> "Layout":
    """Give how the rows of a batch lie, for all rules that see them."""
    if "layout" not in columns.shared:
        columns.shared["layout"] = Layout(columns.group, columns.groups)
    layout: Layout = columns.shared["layout"]
    return layout


class Layout:
    """How rows lie in their groups, reckoned once; rows that are each a group of their own cost least."""

    def __init__(self, group: Indices, groups: int) -> None:
        """Take (n,) groups, not decreasing, each from 0 to groups - 1."""
        self.group = group
        self.first = first_rows(group)
        self.is_single = bool(self.first.all())
        """No group has two rows."""
        self.is_whole = self.is_single and len(group) == groups
        """Each group has one row, and row and group are one number."""
        self._owner: Indices = group if self.is_single else group[self.first]
        self._last = np.empty(0, np.intp) if self.is_single else last_rows(group).nonzero()[0]

    def each(self, column: NDArray[_Scalar]) -> NDArray[_Scalar]:
        """Give a column of groups by row, (n,); not to be written to."""
        return column if self.is_whole else column[self.group]

    def before(self, values: NDArray[_Scalar], initial: NDArray[Any]) -> NDArray[_Scalar]:
        """Give the value of the row before, (n,); at a group's first row that of the column of groups."""
        if self.is_single:
            return initial.copy() if self.is_whole else initial[self.group]
        return shifted(values, self.first, initial[self._owner])

    def opened(self, opens: Mask) -> Indices:
        """Give the nearest row at or before each that opens something or is its group's first, (n,)."""
        return np.arange(len(opens)) if self.is_single else index_of_last(self.first | opens)

    def keep(self, column: NDArray[_Scalar], values: NDArray[_Scalar]) -> NDArray[_Scalar]:
        """Give a column of groups with each group's last value in it; the column itself may be changed."""
        if self.is_whole:
            return values
        column[self._owner] = values if self.is_single else values[self._last]
        return column

    def of_rows(self, row: Indices, groups: int) -> "Layout":
        """Give the layout of some rows."""
        return self if len(row) == len(self.group) else Layout(self.group[row], groups)


def first_rows(group: NDArray[np.integer]) -> Mask:
    """Mark the first row of each group, (n,)."""
    first = np.empty(len(group), dtype=np.bool_)
    first[:1] = True
    np.not_equal(group[1:], group[:-1], out=first[1:])
    return first


def last_rows(group: NDArray[np.integer]) -> Mask:
    """Mark the last row of each group, (n,)."""
    last = np.empty(len(group), dtype=np.bool_)
    last[-1:] = True
    np.not_equal(group[1:], group[:-1], out=last[:-1])
    return last


def shifted(values: NDArray[_Scalar], first: Mask, initial: NDArray[Any]) -> NDArray[_Scalar]:
    """Give the value of the row before, (n,); at a group's first row the group's `initial` (first.sum(),)."""
    before = np.empty_like(values)
    before[1:] = values[:-1]
    before[first] = initial
    return before


def index_of_last(marked: Mask) -> Indices:
    """Give for each row the index of the nearest marked row at or before it, (n,); -1 = none."""
    return np.maximum.accumulate(np.where(marked, np.arange(len(marked)), -1)) if len(marked) else _none()


def index_of_next(marked: Mask) -> Indices:
    """Give for each row the index of the nearest marked row at or after it, (n,); n = none."""
    size = len(marked)
    if not size:
        return _none()
    return np.minimum.accumulate(np.where(marked, np.arange(size), size)[::-1])[::-1]


def _none() -> Indices:
    return np.empty(0, dtype=np.intp)


def last_known(values: Floats, group: Indices, initial: Floats) -> Floats:
    """Carry the last known value forward in each group.

    Args:
        values: (n,) NaN = not known in this row.
        group: (n,) not decreasing.
        initial: (groups,) what was known before the first row.

    Returns:
        (n,) NaN where nothing was ever known.
    """
    known = index_of_last(~np.isnan(values) | first_rows(group))
    carried = values[known]
    return np.where(np.isnan(carried), initial[group], carried)


def running_max(times_us: Instants, group: Indices) -> Instants:
    """Give the newest time so far in each group, this row included, (n,)."""
    first = first_rows(group)
    if np.all(first[1:] | (times_us[1:] >= times_us[:-1])):
        return times_us
    instants, rank = np.unique(times_us, return_inverse=True)
    lift = group.astype(np.int64) * len(instants)
    return instants[np.maximum.accumulate(rank + lift) - lift]


def sum_since(values: Instants, restart: Mask, initial: Instants) -> Instants:
    """Sum up since the last restart, (n,); a restarting row begins with its `initial` and adds its own value.

    The first row must restart.
    """
    total = np.cumsum(values)
    level = np.where(restart, total - values - initial, 0)
    return total - level[index_of_last(restart)]


def hops(target: Indices, starts: Indices) -> Indices:
    """Give the rows met by jumping from row to row, in order.

    Args:
        target: (n,) where each row jumps to, always ahead; n = nowhere.
        starts: rows that are met first; n = none.
    """
    size = len(target)
    met = np.zeros(size + 1, dtype=np.bool_)
    met[starts] = True
    jump = np.append(target, size)
    # Doubling: after k passes all rows within 2**k jumps are met.
    while np.any(jump[:size] < size):
        met[jump[met.nonzero()[0]]] = True
        jump = jump[jump]
    return (met[:size]).nonzero()[0]
