"""Replay: history through decode and rules once more; first what would change, then the change.

Rule 1: nothing is changed before it is asked for, and what changes was said.
Rule 2: frames keep their offsets and stand under exactly one disposition; rows that they no longer give go.
Rule 3: the moves of the ledger are written down first. A crash at any instant is made good by replaying the
        same again; every store's step may be done twice.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_cases import apply, expect
from narrowgate_ingest import state
from narrowgate_ingest.hearing_again import Registry
from narrowgate_ingest.history import History
from narrowgate_ingest.pipeline import Pipeline
from narrowgate_ingest.replay_diff import (
    Difference,
    difference,
    families_stored,
    findings_difference,
    frames_in_quarantine,
    readings_of,
)
from narrowgate_ingest.replay_run import Asked, Rerun, run
from narrowgate_ingest.settlement import family_of
from narrowgate_ingest.state import Share
from narrowgate_ingest.tail import Tail
from narrowgate_rules import Engine
from narrowgate_rules.memory_edit import grafted
from narrowgate_schema.words import Disposition

_SETTLED = (Disposition.STORED, Disposition.DUPLICATE)


@dataclass(frozen=True)
class Means:
    """What a replay needs beside the pipeline."""

    journal: Path
    archive: Path
    fresh: Callable[[bool], Engine]
    """Gives an engine that has heard nothing, with groups or without."""
    registry: Registry
    """As it was."""
    further_stores: Sequence[str] = ()


@dataclass(frozen=True)
class Replayed:
    """What a replay found."""

    heard: dict[str, int]
    difference: Difference


def rehearse_replay(pipeline: Pipeline, means: Means, asked: Asked, say: Callable[[str], None]) -> Replayed:
    """Say what a replay would change; nothing is.

    Raises:
        ValueError, OSError, duckdb.Error, sqlite3.Error, pyarrow.ArrowException: it cannot be said.
    """
    rerun, _ = _run(pipeline, means, asked, say)
    return Replayed(dict(rerun.heard), difference(pipeline, rerun))


def apply_replay(
    pipeline: Pipeline, means: Means, asked: Asked, at_us: int, say: Callable[[str], None]
) -> Replayed:
    """Replay, and let stores, quarantine, findings and cases be what it found.

    Args:
        pipeline: one that stands between two batches.
        means: what it needs besides.
        asked: what is wanted.
        at_us: the instant that steps of cases carry [us].
        say: is told how far it is.

    Raises:
        ValueError, OSError, duckdb.Error, sqlite3.Error, pyarrow.ArrowException: not finished;
            `finish_replays` goes on.
    """
    rerun, engine = _run(pipeline, means, asked, say)
    found = difference(pipeline, rerun)
    if not found.rows:  # nothing is written where nothing is otherwise
        return Replayed(dict(rerun.heard), found)
    note = {"asked": asdict(asked), "at_us": at_us}
    moves = {
        "moves": _moves(pipeline, rerun),
        "points": found.points,
        "readings": found.counts,
        "frames": sorted(found.frames),
        "refusals": sorted(found.refusals),
        "sessions": sorted(found.sessions),
    }
    with pipeline.stores.state.transaction() as connection:
        connection.execute(
            "INSERT INTO replays (asked, moves) VALUES (?, ?)", (json.dumps(note), json.dumps(moves))
        )
    _settle(pipeline, means, rerun, engine, at_us, moves)
    return Replayed(dict(rerun.heard), found)


def finish_replays(pipeline: Pipeline, means: Means, say: Callable[[str], None]) -> None:
    """Bring to its end what `apply_replay` began, in this life or one before; raises as it does."""
    noted = pipeline.stores.state.connection.execute("SELECT asked, moves FROM replays").fetchall()
    if noted:  # after a crash the stages stand at their last snapshot
        pipeline.catch_up()
    for note, moves in noted:
        said = json.loads(note)
        asked = Asked(**{**said["asked"], "devices": tuple(said["asked"]["devices"])})
        rerun, engine = _run(pipeline, means, asked, say)
        _settle(pipeline, means, rerun, engine, said["at_us"], json.loads(moves))


def _run(pipeline: Pipeline, means: Means, asked: Asked, say: Callable[[str], None]) -> tuple[Rerun, Engine]:
    if pipeline.offset != pipeline.done:
        raise ValueError(
            f"the pipeline stands at {pipeline.offset}, not at {pipeline.done} where it is written"
        )
    # A few devices alone are no city in which groups could be seen.
    engine = means.fresh(not asked.devices)
    history = History(means.archive, Tail(means.journal))
    return run(pipeline, history, engine, means.registry, asked, say), engine


def _moves(pipeline: Pipeline, rerun: Rerun) -> list[list[Any]]:
    """Give how frames move in the ledger: what a share is made of, and the frames."""
    was, families = frames_in_quarantine(pipeline, rerun), families_stored(pipeline, rerun)
    moves: Counter[Share] = Counter()
    for frame, now in rerun.frames.items():
        refused = was.get(frame)
        # A frame that is not set aside was stored, or a duplicate: nobody noted which.
        word = now.disposition if now.disposition in _SETTLED else Disposition.STORED.value
        before = replace(now, disposition=word, reason="", family=families.get(frame, now.family))
        if refused is not None:
            family = family_of(refused.profile)
            before = replace(now, disposition=refused.disposition, reason=refused.reason, family=family)
        moves[before] -= 1
        moves[now] += 1
    return [[*astuple(share), frames] for share, frames in moves.items() if frames]


def _settle(
    pipeline: Pipeline, means: Means, rerun: Rerun, engine: Engine, at_us: int, noted: dict[str, Any]
) -> None:
    stores, live = pipeline.stores, pipeline.engine
    frames, refusals, sessions = (noted.get(name, []) for name in ("frames", "refusals", "sessions"))
    if frames or sessions:
        said = rerun.said("sessions")
        stays = said.filter(pc.is_in(said["session"], value_set=pa.array(sessions, pa.string())))
        readings = readings_of(pipeline, rerun, set(frames))
        stores.telemetry.replace_frames(readings, frames, stays, (rerun.first or 0, sessions))
    if refusals:
        named = set(refusals)
        stores.quarantine.replace([each for each in rerun.refused if each.frame in named], refusals)
    before = live.snapshot()
    live.restore(grafted(live.rules, before, engine.snapshot(), with_causes=not rerun.devices))
    is_written = False
    try:
        with stores.state.transaction() as connection:
            _write_state(connection, pipeline, means, rerun, at_us, noted)
            pipeline.put_snapshots(connection)
        is_written = True
    finally:
        if not is_written:  # the rules must not know of what is not written
            live.restore(before)
    pipeline.learn(rerun.said("facts"))


def _write_state(
    connection: sqlite3.Connection,
    pipeline: Pipeline,
    means: Means,
    rerun: Rerun,
    at_us: int,
    noted: dict[str, Any],
) -> None:
    state.count_frames(
        connection, {Share(*map(str, share)): int(frames) for *share, frames in noted["moves"]}
    )
    for family, more in noted["readings"].items():
        name = f"readings_{family}"
        state.set_cursor(connection, name, state.cursor(connection, name) + more)
    state.put_facts(connection, rerun.said("facts"))
    found = findings_difference(pipeline, rerun)
    for finding in found.findings:
        connection.execute("DELETE FROM findings WHERE finding = ? AND frame >= ?", (finding, rerun.first))
    named = pa.array(sorted(found.findings), pa.string())
    for rows in (_of(rerun.said("findings"), named), found.retracted):
        state.put_findings(connection, rows)
    for rows in (_last(_of(rerun.said("causes"), named)), found.retracted):
        for finding, version in zip(rows["finding"].to_pylist(), rows["version"].to_pylist(), strict=True):
            expect(connection, finding, version)
        apply(connection, rows, at_us, pipeline.practice)
    points = [(store, *point) for store in means.further_stores for point in noted["points"]]
    connection.executemany("INSERT OR IGNORE INTO unsaid_points VALUES (?, ?, ?, ?, ?)", points)
    connection.execute("DELETE FROM replays")


def _of(rows: pa.RecordBatch, findings: pa.Array) -> pa.RecordBatch:
    return rows.filter(pc.is_in(rows["finding"], value_set=findings))


def _last(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Give the last version of each finding."""
    last = {finding: row for row, finding in enumerate(rows["finding"].to_pylist())}
    return rows.take(pa.array(sorted(last.values()), pa.int64()))
