"""The core's way of a batch: journal → decode → judge → store → state, and on to the next.

Rule 1: telemetry and quarantine are written before the state: they never lag behind its cursor.
Rule 2: the state moves in one transaction: cursor, dispositions, findings, cases, snapshots.
Rule 3: after a crash the rules run again from their snapshot; what they say of rows before the cursor was
        said already and is dropped. Rows behind the cursor are decided anew, and what telemetry and
        quarantine have of them is replaced: a registry that changed meanwhile splits no frame.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_cases import DEFAULT_PRACTICE, Practice, apply
from narrowgate_fleet import Fleet, FleetReader, RegistryFault
from narrowgate_ingest import state
from narrowgate_ingest.batch import Batch, batch_of
from narrowgate_ingest.decoding import DecodeStage, Decoding, KnownFacts
from narrowgate_ingest.host_clock import HostClock
from narrowgate_ingest.judging import Judgement, judge
from narrowgate_ingest.lineage import Lineage
from narrowgate_ingest.quarantine import Quarantine, Refused, transport_facts
from narrowgate_ingest.repeats import Repeats
from narrowgate_ingest.segments import trim
from narrowgate_ingest.state import FRAMES_SEEN, PIPELINE
from narrowgate_ingest.superseded import Row, closings, superseded
from narrowgate_ingest.tail import Damage, Tail
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_rules import Engine
from narrowgate_rules.memory_edit import without
from narrowgate_schema.words import Disposition, Reason

_ENGINE, _REPEATS, _HOST_CLOCK = "engine", "repeats", "host_clock"
_SNAPSHOTS = (_ENGINE, _REPEATS, _HOST_CLOCK)


class JournalUnreadable(Exception):
    """The journal cannot be read on; nothing is lost, and it is worth another try."""


@dataclass(frozen=True)
class Stores:
    """Where a batch ends up."""

    state: state.State
    telemetry: Telemetry
    quarantine: Quarantine


@dataclass
class Prepared:
    """A batch that is decoded and judged and waits to be written; writing it may be tried again."""

    batch: Batch
    decoding: Decoding
    judgement: Judgement
    doubted: NDArray[np.int64]
    """Frames that came in while the host's clock was not set."""


class Pipeline:
    """Takes the journal batch by batch from where the state says it stopped."""

    def __init__(
        self,
        tail: Tail,
        fleet: FleetReader,
        stores: Stores,
        engine: Engine,
        *,
        timezone: ZoneInfo,
        practice: Practice = DEFAULT_PRACTICE,
    ) -> None:
        """Restore the rules from their snapshot and find the place to go on from."""
        self.practice = practice
        self._tail = tail
        self._lineage = Lineage(tail.directory)
        self._fleet = fleet
        self.stores = stores
        self.engine = engine
        self._timezone = timezone
        self._facts = KnownFacts(state.known_facts(stores.state.connection))
        self._decode = DecodeStage(timezone, self._facts)
        self._host_clock = HostClock()
        self._done = state.cursor(stores.state.connection, PIPELINE)
        self._superseded: list[Row] = superseded(stores.state.connection, engine.versions)
        self.offset = self._resume()
        self.needed: list[Callable[[], int]] = []
        """Offsets from which further readers need the journal."""
        self.registry_trouble = ""
        """Why the newest registry is not used, in words; the last good one is used meanwhile."""

    @property
    def frames_by_row(self) -> int:
        """Give the frames that were decoded one by one and not by a batch plan, since this process began."""
        return self._decode.frames_by_row

    @property
    def done(self) -> int:
        """Give the offset up to which everything is written."""
        return self._done

    def _resume(self) -> int:
        """Restore the stages and give the offset that they stand at."""
        connection = self.stores.state.connection
        from_journal = min(self._tail.start(), self._done)
        offset = state.snapshot_offset(connection, _SNAPSHOTS)
        if offset is None or offset > self.stores.telemetry.cursor():
            return from_journal
        bodies = {name: state.snapshot(connection, name) for name in _SNAPSHOTS}
        repeats, host_clock = Repeats(), HostClock()
        try:
            repeats.restore(bodies[_REPEATS])
            host_clock.restore(bodies[_HOST_CLOCK])
            # Last: if any other was refused, the rules must not stand ahead of the rows to come.
            self.engine.restore(bodies[_ENGINE])
        except ValueError:
            return from_journal
        self._decode.repeats, self._host_clock = repeats, host_clock
        return offset

    def prepare(self, max_rows: int) -> Prepared | None:
        """Read, decode and judge the next batch; None if there is nothing to read.

        Raises:
            JournalUnreadable: the stages stand where they stood; try again later.
        """
        batch = self._read(max_rows)
        if batch is None:
            return None
        doubted = self._host_clock.doubted(batch.uplinks, batch.ticks)
        prepared = self._run(batch, self._decode, doubted)
        self.offset = batch.end
        return prepared

    def run_again(self, batch: Batch, doubted: NDArray[np.int64], *, is_rehearsal: bool = False) -> Prepared:
        """Decode and judge frames that came in before; the rules remember them, the cursor stands.

        What a rehearsal's frames announce is forgotten again.

        What the decode stage remembers of repeated frames is not asked: a frame would repeat itself.
        """
        facts = self._facts.copy() if is_rehearsal else self._facts
        return self._run(batch, DecodeStage(self._timezone, facts), doubted)

    def _run(self, batch: Batch, decode: DecodeStage, doubted: NDArray[np.int64]) -> Prepared:
        fleet = self._newest_fleet()
        decoding = decode.run(batch.uplinks, fleet)
        judgement = judge(self.engine, batch, decoding.readings, fleet, doubted)
        _note_poison(decoding, judgement, batch)
        return Prepared(batch, decoding, judgement, doubted)

    def _read(self, max_rows: int) -> Batch | None:
        try:
            mark = self._tail.mark()
            if mark is not None and mark.end < self._done:
                raise JournalUnreadable(
                    f"{self._tail.directory}: the journal ends at offset {mark.end}, yet its rows up to "
                    f"{self._done} were seen: it is another one, or lost its end; "
                    "the next start of the edge goes on behind them"
                )
            if strange := self._lineage.strange(self.stores.state.connection, self._done):
                raise JournalUnreadable(f"{self._tail.directory}: {strange}")
            gone = self._gone()
            chunk = self._tail.read(self.offset, max_rows)
        except (OSError, ValueError) as error:
            raise JournalUnreadable(f"{self._tail.directory}: {error}") from error
        if chunk.next_offset == self.offset:
            return None
        chunk.damage[:0] = gone
        return batch_of(chunk, self.offset, self._done if self.offset < self._done else None)

    def _gone(self) -> list[Damage]:
        """Name the rows that nobody trimmed, since they were not read yet, and that are gone all the same."""
        start = self._tail.start()
        if not 0 < self._done <= self.offset < start:
            return []
        return [Damage(start, 0, 0, self.offset, start - self.offset)]

    def _newest_fleet(self) -> Fleet:
        try:
            fleet = self._fleet.refresh()
        except (RegistryFault, OSError) as fault:
            self.registry_trouble = str(fault)
            return self._fleet.fleet
        self.registry_trouble = ""
        return fleet

    def write(self, prepared: Prepared, *, with_snapshot: bool) -> None:
        """Write a prepared batch; safe to call again if it raised.

        Raises:
            duckdb.Error, sqlite3.Error, OSError: a store could not be written; try again later.
        """
        batch, judgement = prepared.batch, prepared.judgement
        is_settled = batch.end <= self._done
        if not is_settled or batch.end > self.stores.telemetry.cursor():
            self.stores.telemetry.write(judgement.readings, judgement.sessions, batch.start, batch.end)
        if is_settled:
            return
        self.stores.quarantine.put(_refused(prepared), batch.start, batch.end)
        with self.stores.state.transaction() as connection:
            self._write_state(connection, prepared)
            if with_snapshot:
                self.put_snapshots(connection)
        if len(batch.arrivals_us()[0]):
            self._superseded = []
        self._done = batch.end

    def keep_snapshot(self) -> None:
        """Keep the stages' state; the pipeline must have written all that it prepared."""
        with self.stores.state.transaction() as connection:
            self.put_snapshots(connection)

    def put_snapshots(self, connection: sqlite3.Connection) -> None:
        """Keep the stages' state in the caller's transaction, which must hold all that they were told."""
        state.put_snapshot(connection, _ENGINE, self.offset, self.engine.snapshot())
        state.put_snapshot(connection, _REPEATS, self.offset, self._decode.repeats.snapshot())
        state.put_snapshot(connection, _HOST_CLOCK, self.offset, self._host_clock.snapshot())

    def forget(self, device: str) -> None:
        """Let the stages know nothing of a device any more; the caller keeps snapshots of them."""
        self.engine.restore(without(self.engine.rules, self.engine.snapshot(), [device]))
        self._facts.forget(device)
        slots = self._fleet.fleet.slots([device])
        self._decode.repeats.forget(slots[slots >= 0])

    def _write_state(self, connection: sqlite3.Connection, prepared: Prepared) -> None:
        batch, decoding = prepared.batch, prepared.decoding
        lost = self._lost_frames(connection, batch)
        counts = _counts(batch.uplinks, decoding)
        if lost:
            counts[Disposition.QUARANTINED, Reason.INTEGRITY, ""] += lost
        state.count_frames(connection, ((*key, frames) for key, frames in counts.items()))
        seen = state.cursor(connection, FRAMES_SEEN) + batch.uplinks.num_rows + lost
        state.set_cursor(connection, FRAMES_SEEN, seen)
        for family, rows in prepared.judgement.readings.items():
            name = f"readings_{family}"
            state.set_cursor(connection, name, state.cursor(connection, name) + rows.num_rows)
        state.put_damage(connection, batch.damage)
        state.put_brands(connection, batch.brands)
        state.put_facts(connection, decoding.facts)
        closings = self._closings(batch)
        for findings in (closings, prepared.judgement.findings):
            state.put_findings(connection, findings)
        for causes in (closings, prepared.judgement.causes):
            self._open_cases(connection, batch, causes)
        state.set_cursor(connection, PIPELINE, batch.end)

    def _open_cases(self, connection: sqlite3.Connection, batch: Batch, findings: pa.RecordBatch) -> None:
        """Hand findings to the desk, each at the arrival of what decided it: the split leaves no trace."""
        if findings.num_rows == 0:
            return
        offsets, times_us = batch.arrivals_us()
        frames = np.asarray(findings["frame"], dtype=np.int64)
        for frame in np.unique(frames).tolist():
            rows = pa.array(np.flatnonzero(frames == frame))
            at_us = int(times_us[np.searchsorted(offsets, frame)])
            apply(connection, findings.take(rows), at_us, self.practice)

    def _closings(self, batch: Batch) -> pa.RecordBatch:
        """Give what ends the episodes that no rule follows, at the batch's first row."""
        offsets, times_us = batch.arrivals_us()
        if not self._superseded or len(offsets) == 0:
            return closings([], batch.start, 0)
        return closings(self._superseded, int(offsets[0]), int(times_us[0]))

    def _lost_frames(self, connection: sqlite3.Connection, batch: Batch) -> int:
        """Give the frames that the journal counted but could not give back."""
        if batch.frames_end == 0:
            return 0
        seen: int = state.cursor(connection, FRAMES_SEEN) + batch.uplinks.num_rows
        return max(0, batch.frames_end - seen)

    def compact(self) -> int:
        """Let telemetry go of a stretch of rows that no reader sees any more; give how many went.

        Raises:
            duckdb.Error: nothing was changed.
        """
        return self.stores.telemetry.compact(self._done)

    def trim(self, keep_bytes: int) -> int:
        """Unlink journal segments that no snapshot and no store needs any more, beyond a share kept."""
        offset = state.snapshot_offset(self.stores.state.connection, _SNAPSHOTS)
        if offset is None:
            return 0
        needed = min(offset, self._done, self.stores.telemetry.cursor(), *(each() for each in self.needed))
        return trim(self._tail.directory, needed, keep_bytes=keep_bytes)


def _note_poison(decoding: Decoding, judgement: Judgement, batch: Batch) -> None:
    """A frame that a rule raised on is quarantined: its readings are not stored."""
    if not judgement.poisoned:
        return
    for row, frame in enumerate(batch.uplinks["frame"].to_pylist()):
        if frame in judgement.poisoned:
            decoding.refuse(row, Reason.INTERNAL, judgement.poisoned[frame])


def _counts(uplinks: pa.RecordBatch, decoding: Decoding) -> Counter[tuple[str, str, str]]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for row, transport in enumerate(uplinks["transport"].to_pylist()):
        reason = decoding.refusals[row][0] if row in decoding.refusals else ""
        counts[decoding.dispositions[row], reason, transport] += 1
    return counts


def _refused(prepared: Prepared) -> list[Refused]:
    decoding, uplinks = prepared.decoding, prepared.batch.uplinks
    doubted = set(prepared.doubted.tolist())
    rows = sorted(decoding.refusals)
    picked = uplinks.take(pa.array(rows, pa.int64()))
    received_at_us = picked["received_at"].cast(pa.int64()).to_pylist()
    return [
        Refused(
            frame=uplink["frame"],
            received_at_us=received_at_us[place],
            transport=uplink["transport"],
            listener=uplink["listener"],
            path=uplink["path"],
            device=uplink["claimed_device"],
            profile=decoding.profiles[row],
            reason=decoding.refusals[row][0],
            detail=decoding.refusals[row][1],
            payload=uplink["payload"],
            disposition=decoding.dispositions[row],
            transport_facts=transport_facts(uplink, is_doubted=uplink["frame"] in doubted),
        )
        for place, (row, uplink) in enumerate(zip(rows, picked.to_pylist(), strict=True))
    ]
