"""Occupancy by zone and hour: which share of a zone's bays is taken as each hour ends.

A bay keeps its state until its next reading, for a day and a bit at most; one that has said nothing for
longer leaves the share. Where most of a zone's bays say nothing there is no figure: unknown is not empty.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_console.places import Places
from narrowgate_console.series import HOUR_US, LOOKBACK_HOURS
from narrowgate_console.telemetry import times_us
from narrowgate_schema.words import Family

KNOWN_SHARE = 0.5


@dataclass(frozen=True)
class Occupancy:
    """Zones by hours."""

    hours_us: tuple[int, ...]
    """When each hour began [us]; the last is in progress."""
    zones: tuple[str, ...]
    share_pct: tuple[tuple[float | None, ...], ...]
    """A row a zone, a figure an hour; None where most bays are unknown."""
    bays: tuple[int, ...]
    """How many bays each zone has."""


def occupancy(states: pa.Table, here: Places, now_us: int, hours: int) -> Occupancy:
    """Give the occupancy of each zone in each of the last hours.

    Args:
        states: device, series, time (an hour's start), value (the last state in it), LOOKBACK_HOURS further
            back than the hours.
        here: the bays and their zones.
        now_us: event time [us].
        hours: how many hours, 1 or more.
    """
    last = now_us // HOUR_US
    first = last - hours + 1
    bays = np.flatnonzero((here.families == Family.PARKING) & (here.states == "active"))
    known = _carried(_matrix(states, here, bays, first - LOOKBACK_HOURS, last))[:, LOOKBACK_HOURS:]
    zones = sorted(set(here.zones[bays]))
    rows = [_shares(known[here.zones[bays] == zone]) for zone in zones]
    return Occupancy(
        hours_us=tuple(int(hour) * HOUR_US for hour in range(first, last + 1)),
        zones=tuple(zones),
        share_pct=tuple(rows),
        bays=tuple(int((here.zones[bays] == zone).sum()) for zone in zones),
    )


def _matrix(
    states: pa.Table, here: Places, bays: NDArray[np.intp], first: int, last: int
) -> NDArray[np.float64]:
    """Give states as (bays, hours): 1 taken, 0 free, NaN not said; bays with several series count by one."""
    place = {here.devices[bay]: row for row, bay in enumerate(bays)}
    matrix = np.full((len(bays), last - first + 1), np.nan)
    rows = np.array([place.get(device, -1) for device in states["device"].to_pylist()], dtype=np.intp)
    columns = (times_us(states) // HOUR_US - first).astype(np.intp)
    values = states["value"].to_numpy(zero_copy_only=False).astype(np.float64)
    inside = (rows >= 0) & (columns >= 0) & (columns < matrix.shape[1])
    matrix[rows[inside], columns[inside]] = values[inside]
    return matrix


def _carried(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Carry each state on over the hours that say nothing, LOOKBACK_HOURS at most."""
    columns = np.arange(matrix.shape[1])
    said = np.where(np.isnan(matrix), -1, columns)
    newest = np.maximum.accumulate(said, axis=1)
    carried = np.take_along_axis(matrix, np.maximum(newest, 0), axis=1)
    carried[(newest < 0) | (columns - newest > LOOKBACK_HOURS)] = np.nan
    return carried


def _shares(states: NDArray[np.float64]) -> tuple[float | None, ...]:
    known = (~np.isnan(states)).sum(axis=0)
    taken = np.nansum(states, axis=0)
    return tuple(
        round(100.0 * float(yes) / int(n), 1) if n > 0 and n >= KNOWN_SHARE * len(states) else None
        for yes, n in zip(taken, known, strict=True)
    )
