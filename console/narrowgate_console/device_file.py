"""What the console shows of one device: its facts, its series, the frames that they came with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from narrowgate_console.places import Condition
from narrowgate_console.telemetry import MAIN_FIELD, times_us
from narrowgate_fleet import COLUMNS, Fleet
from narrowgate_schema.families import DECLARED
from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Family

MOST_POINTS = 2000

RADIO = ("rsrp_dbm", "rssi_dbm", "sinr_db", "ecl", "battery_v", "battery_pct")
"""How well it is heard, and for how long still."""


@dataclass(frozen=True)
class DeviceFile:
    """One device now."""

    device: str
    family: str
    """Of a package that is not there, perhaps."""
    facts: Mapping[str, str | None]
    """The registry's columns, of the device and of the asset that it serves; None is not set."""
    condition: Condition
    last_us: int | None
    """When it told last what it is there to tell [us]; None is not of late."""


@dataclass(frozen=True)
class Points:
    """One field of one register over time, the newest MOST_POINTS."""

    field: str
    series: str
    unit: str
    times_us: tuple[int, ...]
    values: tuple[float, ...]
    """Flags as 0 and 1."""

    @classmethod
    def of(cls, family: Family, field: str, table: pa.Table) -> "Iterator[Points]":
        """Yield the points of each register in a table."""
        unit = next(each.unit for each in fields_of(family) if each.name == field)
        names = np.array(table["series"].to_pylist(), dtype=object)
        at_us = times_us(table)
        values = table["value"].to_numpy(zero_copy_only=False).astype(np.float64)
        for series in sorted(set(names)):
            rows = np.flatnonzero(names == series)[-MOST_POINTS:]
            yield cls(field, series, unit, tuple(map(int, at_us[rows])), tuple(map(float, values[rows])))


@dataclass(frozen=True)
class FrameRow:
    """A frame as its readings tell of it."""

    frame: int
    received_at_us: int
    readings: int
    first_us: int
    """The oldest reading in it [us]."""
    last_us: int


def fields_shown(family: Family) -> tuple[str, ...]:
    """Give the fields that a device's page shows, the one that it is there for first."""
    return (MAIN_FIELD[family], *DECLARED[family].shown, *RADIO)


def device_facts(fleet: Fleet, device: str, now_us: int) -> dict[str, str | None]:
    """Give what the registry says of a device and of the asset that it serves at an instant [us]."""
    slots = fleet.slots([device])
    row = int(fleet.asset_rows_at(slots, np.array([now_us], dtype=np.int64))[0])
    facts: dict[str, str | None] = {}
    for column in COLUMNS:
        if column.table == "device":
            facts[column.name] = _told(fleet.column(column.name)[slots[0]])
        elif column.table == "asset":
            facts[column.name] = _told(fleet.asset_column(column.name)[row]) if row >= 0 else None
    return facts


def _told(value: object) -> str | None:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def frame_rows(frames: pa.Table, arrivals: pa.Table, limit: int) -> list[FrameRow]:
    """Give frames, the newest first.

    Args:
        frames: series, time, value: the frame that each reading came with.
        arrivals: series, time, value: when that frame came.
        limit: how many at most.
    """
    at_us = arrivals["value"].cast(pa.int64()).to_pylist()
    keys = zip(arrivals["series"].to_pylist(), times_us(arrivals), strict=True)
    arrived_us = dict(zip(keys, at_us, strict=True))
    found: dict[int, list[tuple[str, int]]] = {}
    for series, time_us, frame in zip(
        frames["series"].to_pylist(), times_us(frames), frames["value"].to_pylist(), strict=True
    ):
        found.setdefault(frame, []).append((series, time_us))
    return [
        FrameRow(
            frame=frame,
            received_at_us=arrived_us.get(readings[0], 0),
            readings=len(readings),
            first_us=int(min(time_us for _, time_us in readings)),
            last_us=int(max(time_us for _, time_us in readings)),
        )
        for frame, readings in sorted(found.items(), reverse=True)[:limit]
    ]
