"""Quarantined frames once more through decode, judge and stores: a device was registered, a codec mended.

Rule 1: a frame keeps its journal offset: it is as old as its arrival, so it never overrides what came later.
Rule 2: the rules see it where it is run again, as something late; the snapshot that knows it is kept in the
        transaction that settles it, so that no restart forgets or repeats it.
Rule 3: what is to be run again is written down first. A crash at any instant is made good by doing the same
        again before anything else, and every step of it may be done twice.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_cases import Practice, apply
from narrowgate_ingest import state
from narrowgate_ingest.batch import Batch
from narrowgate_ingest.older import rows_of_frames
from narrowgate_ingest.pipeline import Pipeline
from narrowgate_ingest.quarantine import Refused
from narrowgate_ingest.settlement import Prepared, family_of
from narrowgate_ingest.state import Share
from narrowgate_schema.tables import TICKS, UPLINKS
from narrowgate_schema.words import Disposition, Family

MOST_FRAMES = 1000
"""Frames run again at once: live ones wait meanwhile."""


@dataclass(frozen=True)
class Retried:
    """What became, or would become, of a quarantined frame."""

    frame: int
    device: str
    was: str
    """Its disposition before."""
    was_reason: str
    disposition: Disposition
    reason: str
    """Why it is refused again; empty if nothing of it is."""
    detail: str
    profile: str | None
    readings: int
    """Readings that it gives."""


def rehearse(pipeline: Pipeline, frames: Sequence[int]) -> list[Retried]:
    """Say what would become of quarantined frames; nothing is changed.

    Args:
        pipeline: one that stands between two batches.
        frames: journal offsets; those that are not in quarantine are passed over.

    Raises:
        ValueError: too many frames at once.
        sqlite3.Error: the quarantine cannot be read.
    """
    waiting = _waiting(pipeline, frames)
    if not waiting:
        return []
    before = pipeline.engine.snapshot()
    try:
        return _outcomes(waiting, _run(pipeline, waiting, is_rehearsal=True))
    finally:
        pipeline.engine.restore(before)


def retry(pipeline: Pipeline, frames: Sequence[int], at_us: int) -> list[Retried]:
    """Run quarantined frames again; those that decode now leave quarantine, their readings are stored once.

    Args:
        pipeline: one that stands between two batches.
        frames: journal offsets; those that are not in quarantine are passed over.
        at_us: the instant that steps of cases carry [us].

    Raises:
        ValueError: too many frames at once.
        duckdb.Error, sqlite3.Error, OSError: a store could not be written; `finish` must be called until it
            succeeds before the pipeline goes on.
    """
    finish(pipeline)
    waiting = _waiting(pipeline, frames)
    asked = [(each.frame, at_us, _stored(pipeline, each)) for each in waiting]
    with pipeline.stores.state.transaction() as connection:
        connection.executemany("INSERT INTO retries (frame, at_us, readings_before) VALUES (?, ?, ?)", asked)
    return finish(pipeline)


def finish(pipeline: Pipeline) -> list[Retried]:
    """Bring to its end what `retry` began, in this life or one before; nothing is done where all is done.

    Raises:
        duckdb.Error, sqlite3.Error, OSError: a store could not be written; try again later.
    """
    connection = pipeline.stores.state.connection
    asked = connection.execute(
        "SELECT frame, at_us, readings_before FROM retries WHERE disposition IS NULL ORDER BY frame"
    ).fetchall()
    outcomes = _settle_asked(pipeline, asked) if asked else []
    settled = connection.execute(
        "SELECT frame, disposition, reason, detail, profile FROM retries WHERE disposition IS NOT NULL"
    ).fetchall()
    if settled:
        pipeline.stores.quarantine.settle(settled)
    if asked or settled:
        with pipeline.stores.state.transaction() as writing:
            writing.execute("DELETE FROM retries")
    return outcomes


def _settle_asked(pipeline: Pipeline, asked: Sequence[tuple[int, int, int]]) -> list[Retried]:
    waiting = _waiting(pipeline, [frame for frame, _, _ in asked])
    before = pipeline.engine.snapshot()
    with ExitStack() as undo:
        # The rules must not know of what is not written.
        undo.callback(pipeline.engine.restore, before)
        prepared = _run(pipeline, waiting)
        outcomes = _outcomes(waiting, prepared)
        pipeline.stores.telemetry.write_again(
            prepared.judgement.readings, prepared.judgement.sessions, [each.frame for each in waiting]
        )
        with pipeline.stores.state.transaction() as connection:
            _write_state(connection, waiting, prepared, outcomes, asked, pipeline.practice)
            pipeline.put_snapshots(connection)
        undo.pop_all()
    return outcomes


def _waiting(pipeline: Pipeline, frames: Sequence[int]) -> list[Refused]:
    if pipeline.offset != pipeline.done:
        raise ValueError(
            f"the pipeline stands at {pipeline.offset}, not at {pipeline.done} where it is written"
        )
    if len(frames) > MOST_FRAMES:
        raise ValueError(f"{len(frames)} frames are more than the {MOST_FRAMES} that are run again at once")
    return pipeline.stores.quarantine.pick(frames)


def _stored(pipeline: Pipeline, refused: Refused) -> int:
    """Give how many readings of a frame are stored already: those of a partial one's good records."""
    if refused.disposition != Disposition.PARTIAL:
        return 0
    telemetry = pipeline.stores.telemetry
    return sum(rows_of_frames(telemetry, family, [refused.frame]).num_rows for family in Family)


def _run(pipeline: Pipeline, waiting: Sequence[Refused], *, is_rehearsal: bool = False) -> Prepared:
    uplinks = pa.RecordBatch.from_pylist([each.uplink() for each in waiting], UPLINKS)
    ticks = pa.RecordBatch.from_pylist([], TICKS)
    doubted = np.array([each.frame for each in waiting if each.is_doubted], np.int64)
    return pipeline.run_again(Batch(0, 0, 0, uplinks, ticks, []), doubted, is_rehearsal=is_rehearsal)


def _outcomes(waiting: Sequence[Refused], prepared: Prepared) -> list[Retried]:
    decoding = prepared.decoding
    readings: Counter[int] = Counter()
    for rows in prepared.judgement.readings.values():
        readings.update(rows["frame"].to_pylist())
    return [
        Retried(
            frame=each.frame,
            device=each.device,
            was=each.disposition,
            was_reason=each.reason,
            disposition=decoding.dispositions[row],
            reason=decoding.refusals[row][0] if row in decoding.refusals else "",
            detail=decoding.refusals[row][1] if row in decoding.refusals else "",
            profile=decoding.profiles[row],
            readings=readings[each.frame],
        )
        for row, each in enumerate(waiting)
    ]


def _write_state(
    connection: sqlite3.Connection,
    waiting: Sequence[Refused],
    prepared: Prepared,
    outcomes: Sequence[Retried],
    asked: Sequence[tuple[int, int, int]],
    practice: Practice,
) -> None:
    moves: Counter[Share] = Counter()
    for each, outcome in zip(waiting, outcomes, strict=True):
        before = Share(
            each.disposition, each.reason, each.transport, family_of(each.profile), each.uplink()["tenant"]
        )
        moves[before] -= 1
        after = {"disposition": outcome.disposition, "reason": outcome.reason}
        moves[replace(before, family=family_of(outcome.profile), **after)] += 1
    state.count_frames(connection, moves)
    stored_before = {frame: readings for frame, _, readings in asked}
    for family, rows in prepared.judgement.readings.items():
        frames = rows["frame"].to_pylist()
        already = sum(stored_before[frame] for frame in set(frames))
        name = f"readings_{family}"
        state.set_cursor(connection, name, state.cursor(connection, name) + max(0, len(frames) - already))
    state.put_facts(connection, prepared.decoding.facts)
    state.put_findings(connection, _lasting(prepared.judgement.findings))
    apply(connection, _lasting(prepared.judgement.causes), asked[0][1], practice)
    connection.executemany(
        "UPDATE retries SET disposition = ?, reason = ?, detail = ?, profile = ? WHERE frame = ?",
        ((each.disposition, each.reason, each.detail, each.profile, each.frame) for each in outcomes),
    )


def _lasting(findings: pa.RecordBatch) -> pa.RecordBatch:
    """Give the versions of findings without those that were raised and taken back within the retry.

    Time has gone on since the frames came in: at an arrival the rules see a stay that lasts to this day,
    until they see the departure behind it. Nobody is told of that.
    """
    stands: dict[str, tuple[int, bool]] = {}
    columns = (findings[name].to_pylist() for name in ("finding", "version", "evidence"))
    for finding, version, evidence in zip(*columns, strict=True):
        first, _ = stands.get(finding, (version, False))
        stands[finding] = (first, json.loads(evidence).get("retracted") is True)
    passing = [name for name, (first, is_retracted) in stands.items() if first == 1 and is_retracted]
    return findings.filter(pc.invert(pc.is_in(findings["finding"], value_set=pa.array(passing, pa.string()))))
