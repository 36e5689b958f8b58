"""Makes FINDINGS and SESSIONS rows of what rules said, in an order that no batch split can change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_rules.columns import NEVER_US, FleetColumns, Indices, Instants, Mask
from narrowgate_rules.declaration import Rule
from narrowgate_rules.episodes import Outcome, Stays, Transitions, evidence_texts, identity
from narrowgate_rules.slots import Named
from narrowgate_schema.tables import FINDINGS, SESSIONS, TIMESTAMP
from narrowgate_schema.words import FindingState


@dataclass(frozen=True)
class Said:
    """What one rule said of one batch, with the names behind its groups."""

    rule: Rule
    outcome: Outcome
    keys: Named
    """(groups,) device and series."""
    fleet_slot: NDArray[np.int32]
    """(groups,)."""


class Standing:
    """The episodes that are open, by what versions of findings say."""

    def __init__(self) -> None:
        """Know of none."""
        self._last: dict[str, dict[str, Any]] = {}

    def hear(self, findings: pa.RecordBatch) -> None:
        """Take versions of FINDINGS, in their order."""
        for row in findings.to_pylist():
            if row["cleared_at"] is None:
                self._last[row["finding"]] = row
            else:
                self._last.pop(row["finding"], None)

    def findings(self) -> pa.RecordBatch:
        """Give FINDINGS: the last version of each that is open."""
        return pa.RecordBatch.from_pylist(list(self._last.values()), schema=FINDINGS)


def findings_of(said: Sequence[Said], fleet: FleetColumns) -> pa.RecordBatch:
    """Give all new versions of findings, sorted by frame, rule, device, series, start and version."""
    rows = [row for one in said for row in _finding_rows(one, fleet)]
    rows.sort(key=lambda row: row[0])
    return _batch([row[1] for row in rows], FINDINGS)


def sessions_of(said: Sequence[Said], fleet: FleetColumns) -> pa.RecordBatch:
    """Give all new versions of stays, sorted by frame, device, series, arrival and version."""
    rows = [
        row
        for one in said
        if one.outcome.stays is not None
        for row in _stay_rows(one, one.outcome.stays, fleet)
    ]
    rows.sort(key=lambda row: row[0])
    return _batch([row[1] for row in rows], SESSIONS)


def _finding_rows(said: Said, fleet: FleetColumns) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    new, rule = said.outcome.transitions, said.rule
    if not len(new.group):
        return []
    assets = _assets(said, fleet, new.group, new.raised_us)
    evidence = evidence_texts(new.evidence, range(len(new.group)))
    states, severities = _states(new), _severities(rule, new)
    rows = []
    for n, (group, start, version, raised, cleared, frame) in enumerate(_plain_rows(new)):
        device, series = said.keys[group]
        rows.append(
            (
                (frame, rule.name, device, series, start, version),
                {
                    "finding": identity(rule.name, device, series, start),
                    "version": version,
                    "rule": rule.name,
                    "rule_version": rule.version,
                    "severity": severities[n],
                    "family": rule.family.value,
                    "device": device,
                    "series": series,
                    "asset": assets[n],
                    "members": [],
                    "state": states[n],
                    "raised_at": raised,
                    "cleared_at": None if cleared == NEVER_US else cleared,
                    "evidence": evidence[n],
                    "frame": frame,
                },
            )
        )
    return rows


def _states(new: Transitions) -> list[str]:
    open_state = np.where(_mask(new.is_latched, new), FindingState.LATCHED.value, FindingState.RAISED.value)
    states: list[str] = np.where(new.cleared_us == NEVER_US, open_state, FindingState.CLEARED.value).tolist()
    return states


def _severities(rule: Rule, new: Transitions) -> list[str]:
    worse = rule.severity if rule.worse is None else rule.worse
    said: list[str] = np.where(_mask(new.is_worse, new), worse.value, rule.severity.value).tolist()
    return said


def _mask(given: Mask | None, new: Transitions) -> Mask:
    return np.zeros(len(new.group), np.bool_) if given is None else given


def _stay_rows(said: Said, new: Stays, fleet: FleetColumns) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    assets = _assets(said, fleet, new.group, new.arrived_us)
    columns = (new.group, new.version, new.arrived_us, new.departed_us, new.frame)
    rows = []
    for n, (group, version, arrived, departed, frame) in enumerate(zip(*_lists(columns), strict=True)):
        device, series = said.keys[group]
        rows.append(
            (
                (frame, device, series, arrived, version),
                {
                    "session": identity("session", device, series, arrived),
                    "version": version,
                    "device": device,
                    "series": series,
                    "asset": assets[n],
                    "arrived_at": arrived,
                    "departed_at": None if departed == NEVER_US else departed,
                    "frame": frame,
                },
            )
        )
    return rows


def _assets(said: Said, fleet: FleetColumns, group: Indices, at_us: Instants) -> list[str | None]:
    """Give the asset each row is about, as of its event time."""
    slot = said.fleet_slot[group]
    assets = np.full(len(group), None, dtype=object)
    known = np.flatnonzero(slot >= 0)
    if len(known):
        assets[known] = fleet.assets_at(slot[known], at_us[known])
    return list(assets)


def _plain_rows(new: Transitions) -> Any:
    columns = (new.group, new.start_us, new.version, new.raised_us, new.cleared_us, new.frame)
    return zip(*_lists(columns), strict=True)


def _lists(columns: Sequence[NDArray[Any]]) -> list[list[int]]:
    return [column.tolist() for column in columns]


def _batch(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    if not rows:
        return _NOTHING_SAID if schema is FINDINGS else _NO_STAYS
    names = schema.names
    arrays = [_array([row[name] for row in rows], schema.field(name).type) for name in names]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: list[Any], dtype: pa.DataType) -> pa.Array:
    if dtype == TIMESTAMP:
        return pa.array(values, pa.int64()).cast(TIMESTAMP)
    return pa.array(values, dtype)


_NOTHING_SAID, _NO_STAYS = (
    pa.RecordBatch.from_arrays([pa.nulls(0, each.type) for each in schema], schema=schema)
    for schema in (FINDINGS, SESSIONS)
)
