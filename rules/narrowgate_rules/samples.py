"""A bay's kept samples: a bounded history in arrays, into which late samples are put where they belong.

A row is a bay: its samples sorted by time, of each run of equal samples the first and the last. What
falls out at the old end, always a whole run, is folded into a base: the debounced state before the first
kept sample.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import BEFORE_US, NEVER_US, Indices, Instants, State

KEPT = 32
"""Samples kept of a bay: at least 16 changes."""
_ROOM = KEPT + 1

UNKNOWN = -1


@dataclass
class Samples:
    """Histories of some bays, (bays, ROOM) or (bays,); changed in place."""

    times_us: Instants
    """Sorted; NEVER_US behind the last sample."""
    occupied: NDArray[np.int8]
    count: NDArray[np.int64]
    base: NDArray[np.int8]
    """State before the first kept sample: 1, 0 or UNKNOWN."""
    base_since_us: Instants
    """Arrival of the stay that the base is in; NEVER_US if it is in none."""
    floor_us: Instants
    """Samples before it are too late; BEFORE_US = nothing fell out yet."""

    @classmethod
    def from_state(cls, state: State) -> "Samples":
        """Take the arrays out of a rule's state."""
        bays = len(state["count"])
        times_us = np.full((bays, _ROOM), NEVER_US, dtype=np.int64)
        occupied = np.zeros((bays, _ROOM), dtype=np.int8)
        times_us[:, :KEPT], occupied[:, :KEPT] = state["times_us"], state["occupied"]
        scalars = (state[name] for name in ("count", "base", "base_since_us", "floor_us"))
        return cls(times_us, occupied, *scalars)

    def to_state(self) -> State:
        """Give the arrays back as a rule's state."""
        return {
            "times_us": self.times_us[:, :KEPT],
            "occupied": self.occupied[:, :KEPT],
            "count": self.count,
            "base": self.base,
            "base_since_us": self.base_since_us,
            "floor_us": self.floor_us,
        }

    def of(self, bays: Indices) -> "Samples":
        """Give a copy of some bays."""
        return Samples(*(values[bays] for values in self._columns()))

    def put(self, bays: Indices, part: "Samples") -> None:
        """Write some bays back."""
        for values, new in zip(self._columns(), part._columns(), strict=True):
            values[bays] = new

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return (self.times_us, self.occupied, self.count, self.base, self.base_since_us, self.floor_us)

    def newest_us(self) -> Instants:
        """Give the time of the newest sample, (bays,) [us]; BEFORE_US where there is none."""
        newest = self.times_us[np.arange(len(self.count)), self.count - 1]
        return np.where(self.count > 0, newest, BEFORE_US)

    def newest_occupied(self) -> NDArray[np.int8]:
        """Say what the newest sample said, (bays,); UNKNOWN where there is none."""
        newest = self.occupied[np.arange(len(self.count)), self.count - 1]
        return np.where(self.count > 0, newest, np.int8(UNKNOWN))


def insert(samples: Samples, time_us: Instants, occupied: NDArray[np.int8], delay_us: int) -> None:
    """Put one sample into each bay; it replaces one of its time, and is ignored before the floor."""
    wanted = np.flatnonzero(time_us >= samples.floor_us)
    part = samples.of(wanted)
    _place(part, time_us[wanted], occupied[wanted])
    _thin_out(part)
    _fold_oldest(part, delay_us)
    samples.put(wanted, part)


def _place(samples: Samples, time_us: Instants, occupied: NDArray[np.int8]) -> None:
    column = np.arange(_ROOM)
    bay = np.arange(len(time_us))
    at = np.count_nonzero(samples.times_us < time_us[:, None], axis=1)
    present = samples.times_us[bay, at] == time_us
    # One place to the right from `at` on, unless the time is there already.
    source = column - ((column > at[:, None]) & ~present[:, None])
    samples.times_us = np.take_along_axis(samples.times_us, source, axis=1)
    samples.occupied = np.take_along_axis(samples.occupied, source, axis=1)
    samples.times_us[bay, at], samples.occupied[bay, at] = time_us, occupied
    samples.count = samples.count + ~present


def _thin_out(samples: Samples) -> None:
    """Drop samples that repeat both their neighbours."""
    column, values = np.arange(_ROOM), samples.occupied
    keep = column < samples.count[:, None]
    same = (values[:, 1:] == values[:, :-1]) & keep[:, 1:]
    keep[:, 1:-1] &= ~(same[:, :-1] & same[:, 1:])
    order = np.argsort(~keep, axis=1, kind="stable")
    samples.count = np.count_nonzero(keep, axis=1)
    _reorder(samples, order)


def _fold_oldest(samples: Samples, delay_us: int) -> None:
    """Fold the oldest run into the base where a bay holds more than is kept."""
    full = np.flatnonzero(samples.count > KEPT)
    part = samples.of(full)
    length = np.where(part.occupied[:, 0] == part.occupied[:, 1], 2, 1)
    starts_us, value = part.times_us[:, 0], part.occupied[:, 0]
    ends_us = part.times_us[np.arange(len(full)), length]
    counts = (part.base == UNKNOWN) | (ends_us - starts_us >= delay_us)
    arrives = counts & (value == 1) & (part.base != 1)
    part.base_since_us = np.where(arrives, starts_us, part.base_since_us)
    part.base_since_us = np.where(counts & (value == 0), NEVER_US, part.base_since_us)
    part.base = np.where(counts, value, part.base)
    part.floor_us = ends_us
    part.count = part.count - length
    _reorder(part, (np.arange(_ROOM) + length[:, None]) % _ROOM)
    samples.put(full, part)


def _reorder(samples: Samples, order: Indices) -> None:
    samples.times_us = np.take_along_axis(samples.times_us, order, axis=1)
    samples.occupied = np.take_along_axis(samples.occupied, order, axis=1)
    behind = np.arange(_ROOM) >= samples.count[:, None]
    samples.times_us[behind] = NEVER_US
