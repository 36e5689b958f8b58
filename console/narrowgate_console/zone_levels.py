"""What a family's devices tell, by zone and hour: what is shown first where a family has no page of its own.

Flags count as 0 and 100 %. A zone's figure is the mean of its devices' means of the hour.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_console.places import SILENT_AFTER_US, Places
from narrowgate_console.series import HOUR_US
from narrowgate_console.telemetry import MAIN_FIELD, Devices, Telemetry, times_us
from narrowgate_ingest.series import Aggregate
from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Family


@dataclass(frozen=True)
class ZoneLevel:
    """One zone."""

    zone: str
    by_hour: tuple[float | None, ...]
    lowest: float | None
    """Of its devices' newest values, as the next two; None where none has told."""
    mean: float | None
    highest: float | None
    devices: int
    """In service."""


@dataclass(frozen=True)
class ZoneLevels:
    """A family's zones over the same hours."""

    field: str
    unit: str
    hours_us: tuple[int, ...]
    """When each hour began [us]; the last is in progress."""
    zones: tuple[ZoneLevel, ...]


def zone_levels(
    telemetry: Telemetry, family: Family, here: Places, now_us: int, hours: int, devices: Devices
) -> ZoneLevels:
    """Give what a family's devices told in the last hours.

    Args:
        telemetry: who answers.
        family: whose page.
        here: the devices and their zones.
        now_us: event time [us].
        hours: how many hours, 1 or more.
        devices: whose readings; None for everybody's.
    """
    name = MAIN_FIELD[family]
    field = next(each for each in fields_of(family) if each.name == name)
    is_flag = field.dtype == "bool"
    first = now_us // HOUR_US - hours + 1
    aggregate = Aggregate.LAST if is_flag else Aggregate.MEAN
    told = telemetry.by_hour(family, name, first * HOUR_US, now_us + 1, aggregate, devices)
    newest = telemetry.last(family, name, now_us - SILENT_AFTER_US, now_us + 1, devices)
    own = (here.families == family) & (here.states == "active")
    of_hours, of_newest = _zones_of(told, here), _zones_of(newest, here)
    hour_of = (times_us(told) // HOUR_US - first).astype(np.intp)
    values, last = _values(told, is_flag=is_flag), _values(newest, is_flag=is_flag)
    zones = tuple(
        ZoneLevel(
            zone,
            _by_hour(values[of_hours == zone], hour_of[of_hours == zone], hours),
            _figure(last[of_newest == zone], np.min),
            _figure(last[of_newest == zone], np.mean),
            _figure(last[of_newest == zone], np.max),
            int((here.zones[own] == zone).sum()),
        )
        for zone in sorted(set(here.zones[own]))
    )
    hours_us = tuple(int(hour) * HOUR_US for hour in range(first, first + hours))
    return ZoneLevels(name, "%" if is_flag else field.unit, hours_us, zones)


def _zones_of(table: pa.Table, here: Places) -> NDArray[np.object_]:
    return here.zones_of(np.array(table["device"].to_pylist(), dtype=object))


def _values(table: pa.Table, *, is_flag: bool) -> NDArray[np.float64]:
    values: NDArray[np.float64] = table["value"].to_numpy(zero_copy_only=False).astype(np.float64)
    return values * 100.0 if is_flag else values


def _by_hour(values: NDArray[np.float64], places: NDArray[np.intp], hours: int) -> tuple[float | None, ...]:
    sums, count = np.zeros(hours), np.zeros(hours)
    np.add.at(sums, places, values)
    np.add.at(count, places, 1)
    return tuple(float(total / n) if n else None for total, n in zip(sums, count, strict=True))


def _figure(values: NDArray[np.float64], how: Callable[[NDArray[np.float64]], np.floating]) -> float | None:
    return float(how(values)) if len(values) else None
