"""Minimum night flow: what each zone's meters let through when the city sleeps, night after night.

A zone whose nights rise leaks. Registers are read at both ends of the window by laying a line between the two
readings around it; a meter without readings around an end says nothing of that night.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_console.instants import instant
from narrowgate_console.places import Places, Text
from narrowgate_console.telemetry import times_us

FROM_HOUR, TO_HOUR = 2, 4
AROUND_US = 2 * 3_600_000_000
"""How far from an end of the window a reading may lie [us]."""
HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Night:
    """The window of one night, as the city's clock has it."""

    day: date
    """The day that the night ends on."""
    start_us: int
    end_us: int


@dataclass(frozen=True)
class ZoneNight:
    """One zone in one night."""

    day: date
    zone: str
    flow_m3_per_h: float
    """Mean flow of its meters together [m3/h]."""
    meters: int
    """How many meters it is made of."""


def nights(now_us: int, count: int, timezone: tzinfo, from_hour: int, to_hour: int) -> list[Night]:
    """Give the last windows that are over, the oldest first.

    Args:
        now_us: event time [us].
        count: how many.
        timezone: the city's.
        from_hour: local hour that the window begins at.
        to_hour: local hour that it ends at, of the same day.
    """
    today = instant(now_us).astimezone(timezone).date()
    found: list[Night] = []
    for ago in range(count + 1):
        day = today - timedelta(days=ago)
        start_us, end_us = (_at(day, hour, timezone) for hour in (from_hour, to_hour))
        if end_us <= now_us and len(found) < count:
            found.append(Night(day, start_us, end_us))
    return found[::-1]


def _at(day: date, hour: int, timezone: tzinfo) -> int:
    return int(datetime.combine(day, time(hour), timezone).timestamp()) * 1_000_000


def zone_flows(night: Night, registers: pa.Table, here: Places) -> list[ZoneNight]:
    """Give each zone's flow in a night, by zone.

    Args:
        night: the window.
        registers: device, series, time, value [m3] from AROUND_US before the window to AROUND_US after it.
        here: whose zone is which.
    """
    devices, flows = _flows(night, registers)
    zones = here.zones_of(devices)
    return [
        ZoneNight(night.day, zone, float(flows[zones == zone].sum()), int((zones == zone).sum()))
        for zone in sorted(set(zones))
    ]


def _flows(night: Night, registers: pa.Table) -> tuple[Text, NDArray[np.float64]]:
    """Give the registers whose flow in the window is known: device and flow [m3/h]."""
    order = registers.sort_by([("device", "ascending"), ("series", "ascending"), ("time", "ascending")])
    at_us, values = times_us(order), order["value"].to_numpy()
    devices = np.array(order["device"].to_pylist(), dtype=object)
    series = np.array(order["series"].to_pylist(), dtype=object)
    if len(devices) == 0:
        return devices, values
    is_first = np.r_[True, (devices[1:] != devices[:-1]) | (series[1:] != series[:-1])]
    edges: Sequence[int] = [*np.flatnonzero(is_first), len(devices)]
    read = partial(_register_at, at_us, values)
    pairs = [
        (read(low, high, night.start_us), read(low, high, night.end_us)) for low, high in pairwise(edges)
    ]
    used_m3 = np.array([after - before for before, after in pairs])
    is_known = ~np.isnan(used_m3) & (used_m3 >= 0)
    return devices[edges[:-1]][is_known], used_m3[is_known] * HOUR_US / (night.end_us - night.start_us)


def _register_at(
    at_us: NDArray[np.int64], values: NDArray[np.float64], low: int, high: int, when_us: int
) -> float:
    """Give what one register (rows low to high) shows at an instant; NaN where no reading is near enough."""
    after = low + int(np.searchsorted(at_us[low:high], when_us))
    if after < high and at_us[after] == when_us:
        return float(values[after])
    if after in (low, high):
        return float("nan")
    before = after - 1
    if max(when_us - at_us[before], at_us[after] - when_us) > AROUND_US:
        return float("nan")
    share = (when_us - at_us[before]) / (at_us[after] - at_us[before])
    return float(values[before] + share * (values[after] - values[before]))
