"""Readings, ticks and a registry in a few words, for tests of rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_rules import Engine, FleetColumns, Ticks
from narrowgate_schema.tables import READINGS, TIMESTAMP
from narrowgate_schema.words import Family

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
MONDAY_US = 1_767_571_200_000_000
"""2026-01-05 00:00 UTC, a Monday."""


@dataclass(frozen=True)
class Row:
    """One reading; `values` are its measures."""

    frame: int
    device: str
    time_us: int
    values: Mapping[str, float | bool | None]
    series: str = ""
    received_us: int | None = None


@dataclass(frozen=True)
class Tick:
    """One tick."""

    frame: int
    time_us: int


Arrival = Row | Tick


@dataclass(frozen=True)
class Columns:
    """A registry of columns: each device stands at the asset of its own slot, always."""

    names: tuple[str, ...] = ()
    device_columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    asset_columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    version: int = 1

    def slots(self, devices: Sequence[str]) -> NDArray[np.int32]:
        """Give the slots."""
        return np.array([self.names.index(d) if d in self.names else -1 for d in devices], dtype=np.int32)

    def column(self, name: str) -> NDArray[Any]:
        """Give a device column."""
        return np.array(self.device_columns.get(name, [np.nan] * len(self.names)), dtype=np.float64)

    def asset_column(self, name: str) -> NDArray[Any]:
        """Give an asset column."""
        if name in ("stay_limit", "role", "dimming_curve", "thresholds"):
            return np.array([*self.asset_columns.get(name, [None] * len(self.names)), None], dtype=object)[
                :-1
            ]
        return np.array(self.asset_columns.get(name, [np.nan] * len(self.names)), dtype=np.float64)

    def asset_rows_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[np.int32]:
        """Give the asset rows."""
        return slots

    def assets_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[Any]:
        """Give the assets."""
        return np.array([f"at-{self.names[slot]}" if slot >= 0 else None for slot in slots], dtype=object)


NOWHERE = Columns()
"""A registry that knows nobody."""


def readings(family: Family, rows: Sequence[Row]) -> pa.RecordBatch:
    """Make a batch of one family's readings."""
    schema = READINGS[family]
    given: dict[str, list[Any]] = {
        "device": [row.device for row in rows],
        "series": [row.series for row in rows],
        "time": [row.time_us for row in rows],
        "frame": [row.frame for row in rows],
        "profile": ["maker_model_v1" for _ in rows],
        "received_at": [row.time_us if row.received_us is None else row.received_us for row in rows],
    }
    for name in {name for row in rows for name in row.values}:
        given[name] = [row.values.get(name) for row in rows]
    arrays = [_array(given.get(name, [None] * len(rows)), schema.field(name).type) for name in schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: list[Any], dtype: pa.DataType) -> pa.Array:
    return pa.array(values, pa.int64()).cast(TIMESTAMP) if dtype == TIMESTAMP else pa.array(values, dtype)


def ticks(of: Sequence[Tick]) -> Ticks:
    """Make ticks."""
    return Ticks(
        np.array([tick.frame for tick in of], dtype=np.int64),
        np.array([tick.time_us for tick in of], dtype=np.int64),
    )


@dataclass
class Heard:
    """All that an engine said over some batches, as lists of rows."""

    findings: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    late: list[bool | None] = field(default_factory=list)

    def versions(self) -> list[tuple[Any, ...]]:
        """Give what must not depend on the batch split, and the frame that decided."""
        names = ("device", "finding", "version", "state", "raised_at", "cleared_at", "frame", "evidence")
        return [tuple(row[name] for name in names) for row in self.findings]

    def episodes(self) -> list[tuple[str, int, int | None]]:
        """Give (device, raised, cleared) [us] of the last version of each finding, in order of the first."""
        last = {row["finding"]: row for row in self.findings}
        return [(row["device"], row["raised_at"], row["cleared_at"]) for row in last.values()]

    def stays(self) -> list[tuple[str, int, int | None]]:
        """Give (device, arrived, departed) [us] of the last version of each stay, in order of the first."""
        last = {row["session"]: row for row in self.sessions}
        return [(row["device"], row["arrived_at"], row["departed_at"]) for row in last.values()]


def hear(
    engine: Engine,
    family: Family,
    arrivals: Sequence[Arrival],
    fleet: FleetColumns = NOWHERE,
    into: Heard | None = None,
) -> Heard:
    """Let the engine judge one batch and add what it says."""
    heard = Heard() if into is None else into
    rows = [arrival for arrival in arrivals if isinstance(arrival, Row)]
    passing = [arrival for arrival in arrivals if isinstance(arrival, Tick)]
    judged = engine.judge({family: readings(family, rows)}, ticks(passing), fleet)
    heard.findings += _rows(judged.findings)
    heard.sessions += _rows(judged.sessions)
    heard.late += judged.readings[family].column("late").to_pylist()
    return heard


def _rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    names = batch.schema.names
    columns = [
        (column.cast(pa.int64()) if column.type == TIMESTAMP else column).to_pylist()
        for column in batch.columns
    ]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def hear_in_parts(
    make: Callable[[], Engine],
    family: Family,
    arrivals: Sequence[Arrival],
    fleet: Columns,
    cuts: Sequence[int],
) -> Heard:
    """Judge the arrivals in batches cut at those places, at each restored anew; a frame is never cut."""
    engine = make()
    heard = Heard()
    whole = [cut for cut in cuts if 0 < cut < len(arrivals) and arrivals[cut - 1].frame < arrivals[cut].frame]
    marks = [0, *sorted(whole), len(arrivals)]
    for start, end in pairwise(marks):
        image = engine.snapshot()
        engine = make()
        engine.restore(image)
        hear(engine, family, arrivals[start:end], fleet, heard)
    return heard
