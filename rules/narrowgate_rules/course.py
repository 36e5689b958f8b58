"""The course of a batch for rules that wake: from event to event instead of from row to row.

An event of a group is a row that its state does not foresee, or the first row or tick at which it is due.
All that lies between changes nothing but the newest time, so a round takes every group to its next event
at once.
"""

from dataclasses import dataclass

import numpy as np

from narrowgate_rules.columns import NEVER_US, Indices, Instants, Mask, Ticks
from narrowgate_rules.segments import index_of_next


@dataclass(frozen=True)
class Events:
    """The next event of some groups, (m,) each."""

    row: Indices
    """The row up to which, and with `by_row` including it, the group has come."""
    by_row: Mask
    by_tick: Mask
    """Neither = the group has no event left; its rows end at `row`."""
    frame: Instants
    now_us: Instants
    """The last tick up to the event [us]."""


class Course:
    """Where each group stands among its rows and the ticks."""

    def __init__(
        self,
        group: Indices,
        groups: int,
        frame: Instants,
        so_far_us: Instants,
        unforeseen: Mask,
        ticks: Ticks,
        now_us: int,
    ) -> None:
        """Lay out the rows of a batch.

        Args:
            group: (n,) not decreasing.
            groups: number of groups.
            frame: (n,) journal offset, in each group not decreasing.
            so_far_us: (n,) newest time of the group up to the row [us].
            unforeseen: (n,) rows that are events whatever is due.
            ticks: in arrival order, never going back.
            now_us: the last tick before the batch [us].
        """
        self.row = np.searchsorted(group, np.arange(groups), side="left")
        self._end = np.searchsorted(group, np.arange(groups), side="right")
        self._frame = np.append(frame, NEVER_US)
        self._unforeseen = np.append(index_of_next(unforeseen), len(group))
        self._instants_us, rank = np.unique(so_far_us, return_inverse=True)
        self._stride = len(self._instants_us) + 1
        self._key = group * self._stride + rank
        self._ticks = ticks
        self._offset = np.append(ticks.offset, NEVER_US)
        self._tick = np.zeros(groups, dtype=np.intp)
        self._now_us = np.concatenate([[now_us], ticks.time_us])

    def advance(self, group: Indices, due_us: Instants) -> Events:
        """Take some groups to their next event.

        Args:
            group: (m,) each once.
            due_us: (m,) when each is due [us]; NEVER_US = it is not.
        """
        end = self._end[group]
        wanted = group * self._stride + np.searchsorted(self._instants_us, due_us)
        due_row = np.maximum(np.searchsorted(self._key, wanted), self.row[group])
        row = np.minimum(np.minimum(due_row, self._unforeseen[self.row[group]]), end)
        row_frame = np.where(row < end, self._frame[row], NEVER_US)
        tick = np.maximum(np.searchsorted(self._ticks.time_us, due_us), self._tick[group])
        tick_frame = self._offset[tick]
        by_tick = tick_frame < row_frame
        by_row = ~by_tick & (row < end)
        frame = np.minimum(row_frame, tick_frame)
        passed = np.searchsorted(self._ticks.offset, frame, side="right")
        self._tick[group] = passed
        events = Events(row, by_row, by_tick, frame, self._now_us[passed])
        self.row[group] = np.where(by_tick, self.row[group], np.minimum(row + 1, end))
        return events
