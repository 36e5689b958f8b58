"""Occupancy and turnover of bays, blocks and zones, by the words of CDS Metrics.

A bay is listened to from each reading until the next one, and no longer than it may be silent: two missed
heartbeats; one whose rhythm nobody knows is listened to from its first reading to its last. What is not
listened to, and what a bay was closed or faulty, is not available. Dwell counts while the bay is available,
so that no occupancy is over 100 %. Stays under 60 s are no stays. A place that was not available for most of
the period has -1 everywhere: unknown is not empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import NEVER_US, Indices, Instants

SHORTEST_US = 60_000_000
"""A shorter stay is none [us]."""
UNKNOWN = -1.0
_MOST_UNHEARD = 0.5


@dataclass(frozen=True)
class Stays:
    """Parking sessions, (n,) each, in any order."""

    bay: Indices
    arrived_us: Instants
    departed_us: Instants
    """NEVER_US = still there."""


@dataclass(frozen=True)
class Listened:
    """When bays were listened to, sorted by bay and time, not overlapping, (m,) each."""

    bay: Indices
    from_us: Instants
    to_us: Instants

    @classmethod
    def to_readings(cls, bay: Indices, time_us: Instants, limit_us: Instants) -> "Listened":
        """Give the spans of readings.

        Args:
            bay: (n,) in any order.
            time_us: (n,).
            limit_us: (bays,) how long each may be silent [us]; NEVER_US = its rhythm is not known.
        """
        order = np.lexsort((time_us, bay))
        bay, time_us = bay[order], time_us[order]
        same = np.append(bay[1:] == bay[:-1], False)[: len(bay)]
        next_us = np.where(same, np.append(time_us[1:], 0)[: len(bay)], NEVER_US)
        until_us = np.minimum(next_us, time_us + limit_us[bay])
        # Of a bay without a rhythm the last reading is the last that is known.
        until_us = np.where(until_us >= NEVER_US, time_us, until_us)
        return cls(bay, time_us, until_us)

    def without(self, dark: "Listened") -> "Listened":
        """Give the spans outside of others, in which a bay was closed or faulty."""
        bays = np.concatenate([self.bay, dark.bay])
        own = np.concatenate([np.ones(len(self.bay), np.int64), np.full(len(dark.bay), -2)])
        bay = np.concatenate([bays, bays])
        at_us = np.concatenate([self.from_us, dark.from_us, self.to_us, dark.to_us])
        step = np.concatenate([own, -own])
        order = np.lexsort((at_us, bay))
        bay, at_us, level = bay[order], at_us[order], np.cumsum(step[order])
        is_on = np.flatnonzero((level[:-1] == 1) & (at_us[1:] > at_us[:-1]))
        return Listened(bay[is_on], at_us[is_on], at_us[is_on + 1])

    def before(self, bay: Indices, at_us: Instants) -> Instants:
        """Give how long each bay was listened to before an instant, (n,) [us]."""
        if not len(self.bay):
            return np.zeros(len(bay), np.int64)
        instants = np.unique(self.from_us)
        begins = self.bay * len(instants) + np.searchsorted(instants, self.from_us)
        asked = bay * len(instants) + np.searchsorted(instants, at_us, side="right")
        last = np.searchsorted(begins, asked) - 1
        total = np.cumsum(self.to_us - self.from_us)
        begin = np.searchsorted(self.bay, bay)
        is_in = last >= begin
        last = np.maximum(last, 0)
        earlier = np.where(begin > 0, total[np.maximum(begin - 1, 0)], 0)
        cut_us = np.maximum(self.to_us[last] - at_us, 0)
        return np.where(is_in, total[last] - earlier - cut_us, 0)


@dataclass(frozen=True)
class ParkingFigures:
    """Of places over one period, (places,) each; -1 where most of the period is unknown."""

    sessions: NDArray[np.float64]
    """Cars that came."""
    turnover_per_h: NDArray[np.float64]
    """Cars that came an hour and bay."""
    turnover_per_bay: NDArray[np.float64]
    """Cars that came for each bay."""
    average_dwell_s: NDArray[np.float64]
    """Of the stays that ended in the period; -1 if none did."""
    occupancy_pct: NDArray[np.float64]
    bays: NDArray[np.int64]


def parking_figures(
    stays: Stays, listened: Listened, place: Sequence[int], places: int, from_us: int, to_us: int
) -> ParkingFigures:
    """Give the figures of places over one period.

    Args:
        stays: of all bays.
        listened: when their sensors were available.
        place: (bays,) the number of each bay's place: itself, its block or its zone.
        places: how many there are.
        from_us: beginning of the period [us].
        to_us: its end [us], later than the beginning.
    """
    where = np.asarray(place, np.intp)
    bays = np.bincount(where, minlength=places)
    span_us = to_us - from_us
    every = np.arange(len(where))
    available_us = _summed(where, _between(listened, every, from_us, to_us), places)
    counts = (stays.departed_us - stays.arrived_us >= SHORTEST_US) & (stays.arrived_us < to_us)
    bay, arrived_us, departed_us = stays.bay[counts], stays.arrived_us[counts], stays.departed_us[counts]
    came = where[bay[arrived_us >= from_us]]
    sessions = np.bincount(came, minlength=places).astype(np.float64)
    begin_us, end_us = np.clip(arrived_us, from_us, to_us), np.clip(departed_us, from_us, to_us)
    taken_us = _summed(where[bay], _between(listened, bay, begin_us, end_us), places)
    ended = np.flatnonzero((departed_us > from_us) & (departed_us <= to_us))
    dwell_us = _summed(where[bay[ended]], (departed_us - arrived_us)[ended], places)
    left = np.bincount(where[bay[ended]], minlength=places)
    is_known = (available_us > _MOST_UNHEARD * span_us * bays) & (bays > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        figures = (
            sessions,
            sessions / (span_us / 3.6e9) / bays,
            sessions / bays,
            np.where(left > 0, dwell_us / left / 1e6, UNKNOWN),
            100.0 * taken_us / available_us,
        )
    arrivals, by_hour, by_bay, dwell_s, taken_pct = (np.where(is_known, each, UNKNOWN) for each in figures)
    return ParkingFigures(arrivals, by_hour, by_bay, dwell_s, taken_pct, bays)


def _between(listened: Listened, bay: Indices, from_us: Instants | int, to_us: Instants | int) -> Instants:
    """Give how long each bay was listened to in a span, (n,) [us]."""
    ends = (np.broadcast_to(np.asarray(each, np.int64), bay.shape) for each in (from_us, to_us))
    early, late = (listened.before(bay, each) for each in ends)
    passed_us: Instants = np.maximum(late - early, 0)
    return passed_us


def _summed(place: Indices, values: Instants, places: int) -> Instants:
    total = np.zeros(places, np.int64)
    np.add.at(total, place, values)
    return total
