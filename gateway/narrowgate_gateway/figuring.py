"""Figures of places out of a recording: what each period brought to each zone, street or asset."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_fleet import Fleet
from narrowgate_ingest.backtest import heard
from narrowgate_ingest.recorded import Recording
from narrowgate_rules import OVERSTAY, Engine
from narrowgate_rules.columns import NEVER_US
from narrowgate_rules.figures import Listened, Stays, balances, parking_figures, volumes
from narrowgate_rules.roles import Roles
from narrowgate_schema.words import Family

By = Literal["zone", "street", "asset"]
Every = Literal["hour", "day"]
MISSED = 2
"""Heartbeats after which a bay is unknown."""


@dataclass
class _Heard:
    """What a recording says, in columns."""

    devices: list[str]
    device: NDArray[np.intp]
    time_us: NDArray[np.int64]
    volume_m3: NDArray[np.float64]
    sessions: dict[str, dict[str, Any]]


def figures(
    recording: Recording, fleet: Fleet, by: By, every: Every, zone: ZoneInfo, now_us: int
) -> Iterator[dict[str, Any]]:
    """Give a row a period and place: from, to, place, and the figures; None = not evaluable.

    Args:
        recording: of water meters or parking bays.
        fleet: says where devices stand, which role they have, how often they report.
        by: what a place is.
        every: how long a period is, by the city's clock.
        zone: the city's.
        now_us: no reading can have come in later [us].
    """
    said = _heard(recording, fleet, zone, now_us)
    if not len(said.time_us):
        return
    places, place = _places(said.devices, fleet, by)
    edges = _edges(int(said.time_us.min()), int(said.time_us.max()), every, zone)
    of_period = _parking if recording.family is Family.PARKING else _water
    for (begin, end), found in of_period(said, fleet, place, len(places), edges):
        told = {"from": _instant(begin, zone), "to": _instant(end, zone)}
        for number, name in enumerate(places):
            values = {each.name: _plain(getattr(found, each.name)[number]) for each in fields(found)}
            yield {**told, "place": name, **values}


def _heard(recording: Recording, fleet: Fleet, zone: ZoneInfo, now_us: int) -> _Heard:
    engine = Engine([OVERSTAY], timezone=zone)
    parts: list[pa.RecordBatch] = []
    sessions: dict[str, dict[str, Any]] = {}
    names = ["device", "time", "volume_m3" if recording.family is Family.WATER else "occupied"]
    for readings, ticks in heard(recording, now_us):
        judged = engine.judge(readings, ticks, fleet)
        sessions.update((row["session"], row) for row in judged.sessions.to_pylist())
        parts.append(readings[recording.family].select(names))
    table = pa.Table.from_batches(parts) if parts else pa.table({name: pa.array([]) for name in names})
    families = fleet.column("family").tolist()
    own = [fleet.device(slot) for slot, family in enumerate(families) if family == recording.family.value]
    devices = sorted({*own, *table["device"].to_pylist()})
    number = {device: n for n, device in enumerate(devices)}
    column = table[names[2]].cast(pa.float64() if names[2] == "volume_m3" else pa.int8())
    value = column.cast(pa.float64()).to_numpy()
    known = np.flatnonzero(~np.isnan(value))
    device = np.array([number[name] for name in table["device"].to_pylist()], np.intp)[known]
    return _Heard(devices, device, table["time"].cast(pa.int64()).to_numpy()[known], value[known], sessions)


def _places(devices: list[str], fleet: Fleet, by: By) -> tuple[list[str], list[int]]:
    """Give the names of places, and each device's place; what stands nowhere stands at ''."""
    slots = fleet.slots(devices)
    rows = fleet.asset_rows_at(slots, np.full(len(slots), NEVER_US - 1))
    column = fleet.asset_column(by)
    named = [(column[row] or "") if row >= 0 else "" for row in rows.tolist()]
    names = sorted(set(named))
    return names, [names.index(name) for name in named]


def _edges(first_us: int, last_us: int, every: Every, zone: ZoneInfo) -> list[int]:
    """Give the edges of the periods that hold the readings, by the city's clock [us]."""
    at = datetime.fromtimestamp(first_us // 1_000_000, zone).replace(minute=0, second=0, microsecond=0)
    if every == "day":
        at = at.replace(hour=0)
    step, edges = timedelta(hours=1) if every == "hour" else timedelta(days=1), [_us(at)]
    while edges[-1] <= last_us:
        # Hours pass by themselves; days by the city's clock.
        at = datetime.fromtimestamp(at.timestamp() + 3600, zone) if every == "hour" else at + step
        edges.append(_us(at))
    return edges


def _parking(
    said: _Heard, fleet: Fleet, place: list[int], places: int, edges: list[int]
) -> Iterator[tuple[tuple[int, int], Any]]:
    slots = fleet.slots(said.devices)
    every_s = np.where(slots >= 0, fleet.column("report_interval_s").take(slots, mode="clip"), np.nan)
    limit_us = np.where(np.isnan(every_s), NEVER_US, MISSED * np.nan_to_num(every_s) * 1e6).astype(np.int64)
    listened = Listened.to_readings(said.device, said.time_us, limit_us)
    number = {device: n for n, device in enumerate(said.devices)}
    rows = [row for row in said.sessions.values() if row["departed_at"] != row["arrived_at"]]
    stays = Stays(
        np.array([number[row["device"]] for row in rows], np.intp),
        np.array([_us(row["arrived_at"]) for row in rows], np.int64),
        np.array([_us(row["departed_at"]) if row["departed_at"] else NEVER_US for row in rows], np.int64),
    )
    for span in pairwise(edges):
        yield span, parking_figures(stays, listened, place, places, *span)


def _water(
    said: _Heard, fleet: Fleet, place: list[int], places: int, edges: list[int]
) -> Iterator[tuple[tuple[int, int], Any]]:
    slots = fleet.slots(said.devices)
    rows = fleet.asset_rows_at(slots, np.full(len(slots), NEVER_US - 1))
    codes = Roles().by_asset(fleet)
    nobody = np.zeros(len(slots), np.int8)
    role = nobody if codes is None else np.where(rows >= 0, codes.take(rows, mode="clip"), nobody)
    for span in pairwise(edges):
        passed = volumes(said.device, said.time_us, said.volume_m3, role, *span)
        yield span, balances(passed, role, place, places)


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1e6)


def _instant(at_us: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, zone).isoformat()


def _plain(value: Any) -> float | int | None:
    number = value.item()
    return None if number != number else round(number, 6) if isinstance(number, float) else number
