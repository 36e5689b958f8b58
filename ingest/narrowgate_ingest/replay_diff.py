"""What is otherwise in the stores than a replay found: readings, dispositions, findings."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_ingest.compaction import hidden_among
from narrowgate_ingest.older import rows_of_frames
from narrowgate_ingest.pipeline import Pipeline
from narrowgate_ingest.quarantine import Refused
from narrowgate_ingest.replay_run import Rerun
from narrowgate_ingest.stays_kept import stays_let_go
from narrowgate_schema.tables import FINDINGS, READINGS, TIMESTAMP
from narrowgate_schema.words import Disposition, Family, FindingState

Key = tuple[int, str, str, int]
"""Frame, device, series, time [us] of a row."""
_KEY = ("frame", "device", "series", "time")
_PASSED_OVER = ("received_at", "late")
_ENDS = ("arrived_at", "departed_at")
_AT_ONCE = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Difference:
    """What would change."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    """As they are told, one a change."""
    points: list[tuple[str, str, str, int]] = field(default_factory=list)
    """Family, device, series and time [us] of rows that go or lose a value."""
    counts: dict[str, int] = field(default_factory=dict)
    """By family, how many rows there are more."""
    frames: set[int] = field(default_factory=set)
    """Those that give other readings."""
    refusals: set[int] = field(default_factory=set)
    """Frames that are set aside, or are no more, or for another reason."""
    sessions: set[str] = field(default_factory=set)
    """Those that are said otherwise."""
    findings: set[str] = field(default_factory=set)
    """Those that are said otherwise."""
    retracted: pa.RecordBatch = field(default_factory=lambda: pa.RecordBatch.from_pylist([], FINDINGS))
    """Last versions of those that are found no more."""


def difference(pipeline: Pipeline, rerun: Rerun) -> Difference:
    """Compare what the stores hold with what a replay found.

    Raises:
        duckdb.Error, sqlite3.Error: a store cannot be read.
    """
    found = Difference()
    if rerun.first is None:
        return found
    for family in Family:
        _compare_readings(pipeline, rerun, family, found)
    _compare_dispositions(pipeline, rerun, found)
    _compare_sessions(pipeline, rerun, found)
    _compare_findings(pipeline, rerun, found)
    return found


def readings_of(pipeline: Pipeline, rerun: Rerun, frames: Collection[int]) -> dict[Family, pa.RecordBatch]:
    """Give what some of the asked frames give, without what newer frames have stated again.

    What compaction let go of stays away; what it has not come to stays.

    Raises:
        duckdb.Error: the store cannot be read.
    """
    given = {}
    for family in Family:
        rows = rerun.rows(family)
        own = rows.filter(pc.is_in(rows["frame"], value_set=pa.array(sorted(frames), pa.int64())))
        away = _hidden(pipeline, rerun, family) - _stored(pipeline, rerun, family).keys() if frames else set()
        keeps = [_key(row) not in away for row in own.select(list(_KEY)).to_pylist()]
        given[family] = own.filter(pa.array(keeps, pa.bool_()))
    return given


def findings_difference(pipeline: Pipeline, rerun: Rerun) -> Difference:
    """Compare the findings alone; raises as `difference`."""
    found = Difference()
    _compare_findings(pipeline, rerun, found)
    return found


def _compare_readings(pipeline: Pipeline, rerun: Rerun, family: Family, found: Difference) -> None:
    was = _stored(pipeline, rerun, family)
    now = {_key(row): row for row in rerun.rows(family).to_pylist()}
    # What newer frames have stated again is not there once compaction has passed: nobody sees a difference.
    away = _hidden(pipeline, rerun, family) - was.keys() if now.keys() - was.keys() else set()
    more = 0
    for key in sorted({*was, *now} - away):
        old, new = was.get(key), now.get(key)
        fields = _differing(old or {}, new or {})
        if not fields:
            continue
        change = "reading_added" if old is None else "reading_removed" if new is None else "reading_changed"
        more += (old is None) - (new is None)
        frame, device, series, time_us = key
        found.frames.add(frame)
        told = {"change": change, "family": family.value, "frame": frame, "device": device}
        found.rows.append({**told, "series": series, "time_us": time_us, "fields": fields})
        if old is not None and any(value[1] is None for value in fields.values()):
            found.points.append((family.value, device, series, time_us))
    found.counts[family.value] = more


def _hidden(pipeline: Pipeline, rerun: Rerun, family: Family) -> set[Key]:
    """Give the rows that no reader would see among what the asked frames give now."""
    given = pa.Table.from_batches([rerun.rows(family)])
    asked = pa.table({"frame": pa.array(sorted(rerun.frames), pa.int64())})
    telemetry, older = pipeline.stores.telemetry, READINGS[family].empty_table()
    if telemetry.older is not None:
        older = pa.Table.from_batches([telemetry.older.beside(family, rerun.rows(family), ())])
    table = telemetry.query(hidden_among(family), (), {"given": given, "asked": asked, "older": older})
    columns = (table[name].to_pylist() for name in ("frame", "device", "series", "time"))
    return set(zip(*columns, strict=True))


def _key(row: Mapping[str, Any]) -> Key:
    return row["frame"], row["device"], row["series"], (row["time"] - _EPOCH) // timedelta(microseconds=1)


def _stored(pipeline: Pipeline, rerun: Rerun, family: Family) -> dict[Key, Any]:
    table = rows_of_frames(pipeline.stores.telemetry, family, rerun.frames)
    return {_key(row): row for row in table.to_pylist()}


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Give the fields that are said otherwise: [before, after]."""
    names = [name for name in (new or old) if name not in _PASSED_OVER]
    changed = {name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)}
    keys = ("device", "series", "time", "frame")
    return {name: values for name, values in changed.items() if name not in keys}


def frames_in_quarantine(pipeline: Pipeline, rerun: Rerun) -> dict[int, Refused]:
    """Give the asked frames that are set aside."""
    frames = list(rerun.frames)
    return {
        each.frame: each
        for place in range(0, len(frames), _AT_ONCE)
        for each in pipeline.stores.quarantine.pick(frames[place : place + _AT_ONCE])
    }


def families_stored(pipeline: Pipeline, rerun: Rerun) -> dict[int, str]:
    """Give the family of the asked frames that have readings."""
    found: dict[int, str] = {}
    for family in Family:
        table = rows_of_frames(pipeline.stores.telemetry, family, rerun.frames)
        found.update(dict.fromkeys(table["frame"].to_pylist(), family.value))
    return found


def _compare_dispositions(pipeline: Pipeline, rerun: Rerun, found: Difference) -> None:
    was = frames_in_quarantine(pipeline, rerun)
    for frame, share in rerun.frames.items():
        now, refused = (share.disposition, share.reason), was.get(frame)
        before = (refused.disposition, refused.reason) if refused is not None else None
        if before == now or (before is None and not share.reason):
            continue
        found.refusals.add(frame)
        shown = before or (Disposition.STORED.value, "")
        found.rows.append({"change": "frame", "frame": frame, "was": list(shown), "now": list(now)})


def _compare_sessions(pipeline: Pipeline, rerun: Rerun, found: Difference) -> None:
    """Compare stays that the asked span decided on; what began before may lie outside of what was heard."""
    first = rerun.first or 0
    sql = (
        "SELECT *, min(frame) OVER (PARTITION BY session) AS begun FROM session_rows "
        "WHERE len($1::VARCHAR[]) = 0 OR list_contains($1::VARCHAR[], device) "
        "QUALIFY max(frame) OVER (PARTITION BY session) >= $2 ORDER BY version"
    )
    table = pipeline.stores.telemetry.query(sql, [list(rerun.devices), first])
    let_go = stays_let_go(pipeline.stores.telemetry)
    was = {row["session"]: row for row in table.to_pylist()}
    now = {row["session"]: row for row in rerun.said("sessions").to_pylist()}
    for name in sorted({*was, *now}):
        old, new = was.get(name), now.get(name)
        if new is None and (old is None or old["begun"] < first):
            continue
        if old is None and new is not None and new["departed_at"] and new["frame"] < let_go:
            continue  # it was there, and was let go of
        before, after = _stay(old), _stay(new)
        if before == after:
            continue
        change = "session_added" if old is None else "session_removed" if new is None else "session_changed"
        row = new or old or {}
        told = {"change": change, "session": name, "device": row["device"], "series": row["series"]}
        found.rows.append({**told, "was": before, "now": after})
        found.sessions.add(name)


def _stay(row: Mapping[str, Any] | None) -> list[Any] | None:
    """Give what is compared of a stay: where it was, from when to when [us]."""
    if row is None:
        return None
    ends = (row[name] and (row[name] - _EPOCH) // timedelta(microseconds=1) for name in _ENDS)
    return [row["asset"], *ends]


def _compare_findings(pipeline: Pipeline, rerun: Rerun, found: Difference) -> None:
    now = {row["finding"]: row for row in _plain(rerun.said("findings"))}
    connection, first = pipeline.stores.state.connection, rerun.first or 0
    was = {row["finding"]: row for row in _newest(connection, first, rerun.devices)}
    retracted = []
    for name in sorted({*was, *now}):
        old, new = was.get(name), now.get(name)
        if new is None and (old is None or old["begun"] < first or _is_over(old)):
            continue  # what began before may lie outside of what was heard again
        if old is None or new is None or _standing(old) != _standing(new):
            found.rows.append(_told(name, old, new))
        elif old["version"] == new["version"]:
            continue
        found.findings.add(name)
        if new is None and old is not None:
            retracted.append(_retracted(old, first))
    arrays = [_array([row[f.name] for row in retracted], f.type) for f in FINDINGS]
    found.retracted = pa.RecordBatch.from_arrays(arrays, schema=FINDINGS)


def _told(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any]:
    change = "finding_added" if old is None else "finding_removed" if new is None else "finding_changed"
    row = new or old or {}
    about = {key: row[key] for key in ("rule", "device", "series", "severity")}
    return {"change": change, "finding": name, **about, "was": _standing(old), "now": _standing(new)}


def _plain(rows: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    columns = {
        name: (
            rows[name].cast(pa.int64()) if pa.types.is_timestamp(rows[name].type) else rows[name]
        ).to_pylist()
        for name in rows.schema.names
    }
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _newest(connection: sqlite3.Connection, first: int, devices: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Give the newest versions of findings that were decided on from an offset on."""
    cursor = connection.execute(
        "SELECT *, (SELECT min(frame) FROM findings WHERE finding = known.finding) AS begun "
        "FROM findings AS known WHERE frame >= ? AND version = "
        "(SELECT max(version) FROM findings WHERE finding = known.finding)",
        (first,),
    )
    names = [column[0] for column in cursor.description]
    for values in cursor:
        row = dict(zip(names, values, strict=True))
        if not devices or row["device"] in devices:
            yield {**row, "members": json.loads(row["members"])}


def _standing(row: Mapping[str, Any] | None) -> list[Any] | None:
    """Give what is compared of a finding: how it stands, from when to when."""
    if row is None:
        return None
    return [row["state"], row["raised_at"], row["cleared_at"], row["severity"]]


def _is_over(row: Mapping[str, Any]) -> bool:
    """Tell whether a finding was taken back already, or ended with its rule."""
    said = json.loads(row["evidence"])
    return bool(said.get("retracted") or said.get("superseded"))


def _retracted(row: Mapping[str, Any], frame: int) -> dict[str, Any]:
    """Give the version that takes a finding back."""
    evidence = json.dumps({**json.loads(row["evidence"]), "retracted": True}, sort_keys=True)
    return {
        **row,
        "version": row["version"] + 1,
        "state": FindingState.CLEARED.value,
        "cleared_at": row["raised_at"],
        "evidence": evidence,
        "frame": max(frame, row["frame"]),
    }


def _array(values: list[Any], dtype: pa.DataType) -> pa.Array:
    return pa.array(values, pa.int64()).cast(TIMESTAMP) if dtype == TIMESTAMP else pa.array(values, dtype)
