"""Runs cases through the engine and holds what it finds against what is expected."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_fleet.columns import COLUMNS
from narrowgate_rules.casebook.case import Case, Episode, Said, Value
from narrowgate_rules.columns import Ticks
from narrowgate_rules.declaration import Rule
from narrowgate_rules.engine import Engine
from narrowgate_schema.tables import READINGS, TIMESTAMP
from narrowgate_schema.words import Family

_TEXTS = frozenset(column.name for column in COLUMNS if column.form != "number")
_FAR_AHEAD_S = 86_400.0


@dataclass(frozen=True)
class Verdict:
    """A case and the episodes that the engine found."""

    case: Case
    found: tuple[Episode, ...]

    @property
    def holds(self) -> bool:
        """Whether the case is as expected."""
        return self.found == self.case.expect


def tried(case: Case, rule: Rule, thresholds: Mapping[str, float]) -> Verdict:
    """Run a case.

    Args:
        case: what is given and expected.
        rule: the one it is about.
        thresholds: the rule's, where they are not the defaults; those of the case go before them.
    """
    engine = Engine(
        [rule],
        {rule.name: {**thresholds, **case.thresholds}},
        timezone=ZoneInfo(case.timezone),
        future_tolerance_s=_FAR_AHEAD_S,
    )
    frames, ticks = _in_order(case)
    batch = _batch(Family(rule.family), case, frames)
    judged = engine.judge({rule.family: batch}, ticks, _Registry(case.devices))
    return Verdict(case, _episodes(judged.findings, case.begin_us))


def _in_order(case: Case) -> tuple[list[int], Ticks]:
    """Give the journal offset of each reading, and the ticks: each before the first reading after it."""
    newest_us = np.maximum.accumulate(np.array([said.at_us for said in case.given], dtype=np.int64))
    tick_us = np.array(case.ticks_us, dtype=np.int64)
    before = np.searchsorted(newest_us, tick_us, side="right")
    rows = np.arange(len(case.given))
    frames: list[int] = (rows + np.searchsorted(before, rows, side="right")).tolist()
    return frames, Ticks(before + np.arange(len(tick_us)), tick_us + case.begin_us)


def _batch(family: Family, case: Case, frames: list[int]) -> pa.RecordBatch:
    schema, said = READINGS[family], case.given
    times_us = [case.begin_us + each.at_us for each in said]
    given: dict[str, list[Any]] = {
        "device": [each.device for each in said],
        "series": ["" for _ in said],
        "time": times_us,
        "received_at": np.maximum.accumulate(np.array(times_us, dtype=np.int64)).tolist(),
        "frame": frames,
        "profile": ["" for _ in said],
    }
    names = {name for each in said for name in each.values}
    given |= {name: [_value(each, name, schema) for each in said] for name in names}
    arrays = [_array(given.get(name, [None] * len(said)), schema.field(name).type) for name in schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _value(said: Said, name: str, schema: pa.Schema) -> Value | None:
    value = said.values.get(name)
    return float(value) if value is not None and pa.types.is_floating(schema.field(name).type) else value


def _array(values: list[Any], dtype: pa.DataType) -> pa.Array:
    return pa.array(values, pa.int64()).cast(TIMESTAMP) if dtype == TIMESTAMP else pa.array(values, dtype)


def _episodes(findings: pa.RecordBatch, begin_us: int) -> tuple[Episode, ...]:
    """Give the episodes by their last versions, without those that turned out not to have been."""
    instants = {
        name: findings.column(name).cast(pa.int64()).to_pylist() for name in ("raised_at", "cleared_at")
    }
    last = {}
    for n, finding in enumerate(findings.column("finding").to_pylist()):
        last[finding] = n
    devices, evidence = findings.column("device").to_pylist(), findings.column("evidence").to_pylist()
    found = [
        Episode(devices[n], instants["raised_at"][n] - begin_us, _since(instants["cleared_at"][n], begin_us))
        for n in last.values()
        if json.loads(evidence[n]).get("retracted") is not True
    ]
    return tuple(sorted(found, key=str))


def _since(instant_us: int | None, begin_us: int) -> int | None:
    return None if instant_us is None else instant_us - begin_us


class _Registry:
    """The devices of a case; each stands at an asset of its own, always."""

    version = 1

    def __init__(self, devices: Mapping[str, Mapping[str, Value]]) -> None:
        self._names = {name: slot for slot, name in enumerate(devices)}
        self._devices = list(devices.values())

    def slots(self, devices: Sequence[str]) -> NDArray[np.int32]:
        """Give the slots."""
        return np.array([self._names.get(name, -1) for name in devices], dtype=np.int32)

    def column(self, name: str) -> NDArray[Any]:
        """Give a column by device."""
        if name in _TEXTS:
            return np.array([*(each.get(name) for each in self._devices), None], dtype=object)[:-1]
        return np.array([float(each.get(name, np.nan)) for each in self._devices], dtype=np.float64)

    def assets_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[Any]:
        """Give the assets."""
        return np.array([None if slot < 0 else f"asset {slot}" for slot in slots.tolist()], dtype=object)

    def asset_rows_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[np.int32]:
        """Give the asset rows: the devices' own."""
        return slots

    def asset_column(self, name: str) -> NDArray[Any]:
        """Give a column by asset."""
        return self.column(name)
