"""The core's way of a batch: journal → decode → judge → store → state, and on to the next.

Rule 1: telemetry and quarantine are written before the state: they never lag behind its cursor.
Rule 2: the state moves in one transaction: cursor, dispositions, findings, cases, snapshots.
Rule 3: after a crash the rules run again from their snapshot; what they say of rows before the cursor was
        said already and is dropped. Rows behind the cursor are decided anew, and what telemetry and
        quarantine have of them is replaced: a registry that changed meanwhile splits no frame.
"""

import sqlite3
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_cases import DEFAULT_PRACTICE, Practice
from narrowgate_fleet import Fleet, FleetReader, RegistryFault
from narrowgate_ingest import state
from narrowgate_ingest.batch import Batch, batch_of
from narrowgate_ingest.decoding import DecodeStage, KnownFacts
from narrowgate_ingest.hearing import Listener
from narrowgate_ingest.host_clock import HostClock
from narrowgate_ingest.judging import judge
from narrowgate_ingest.lineage import Lineage
from narrowgate_ingest.quarantine import Quarantine
from narrowgate_ingest.repeats import Repeats
from narrowgate_ingest.retention import Retention
from narrowgate_ingest.segments import trim
from narrowgate_ingest.settlement import Prepared, note_poison, refused_frames, settle
from narrowgate_ingest.shelving import shelves_in_force
from narrowgate_ingest.state import PIPELINE
from narrowgate_ingest.superseded import Row, superseded
from narrowgate_ingest.suspects import Suspects
from narrowgate_ingest.tail import Damage, Tail
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_rules import Engine
from narrowgate_rules.memory_edit import without

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
        self._suspects = Suspects()
        self._done = state.cursor(stores.state.connection, PIPELINE)
        engine.shelve(shelves_in_force(stores.state.connection))
        self._superseded: list[Row] = superseded(stores.state.connection, engine.versions)
        self.anew: tuple[str, ...] = ()
        """Rules of which the snapshot knows nothing."""
        self.first: Callable[[], None] | None = None
        """What comes before the first batch that is not settled; no snapshot is kept before it."""
        self.offset = self._resume()
        self.retention: Retention | None = None
        """Lets telemetry go of what is old, where it is to."""
        self.needed: list[Callable[[], int]] = []
        """Offsets from which further readers need the journal."""
        self.listener: Listener | None = None
        """Who is told what devices say of what they were told."""
        self.kept_from = 0
        """Journal offset from which somebody still reads, as it was when the journal was last trimmed."""
        self.registry_trouble = ""
        """Why the newest registry is not used, in words; the last good one is used meanwhile."""

    def listen(self, listener: Listener) -> None:
        """Have somebody told what devices say of what they were told; of live frames only."""
        self.listener = self._decode.listener = listener

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
            self.anew = self.engine.restore(bodies[_ENGINE])
        except ValueError:
            return from_journal
        self._decode.repeats, self._host_clock = repeats, host_clock
        return offset

    def prepare(self, max_rows: int) -> Prepared | None:
        """Read, decode and judge the next batch; None if there is nothing to read.

        Raises:
            JournalUnreadable: the stages stand where they stood; try again later.
        """
        self.begin()
        batch = self._read(max_rows)
        if batch is None:
            return None
        doubted = self._host_clock.doubted(batch.uplinks, batch.ticks)
        prepared = self._run(batch, self._decode, doubted)
        self.offset = batch.end
        return prepared

    def begin(self) -> None:
        """Do what comes first, once the stages stand where the stores do.

        Raises:
            JournalUnreadable: it could not be written; try again later.
        """
        if self.first is not None and self.offset == self._done:
            self.first()
            self.first = None

    def goes_on(self, findings: Collection[str]) -> None:
        """Let open findings be, which a new version of their rule knows, too."""
        self._superseded = [row for row in self._superseded if row["finding"] not in findings]

    def run_again(self, batch: Batch, doubted: NDArray[np.int64], *, is_rehearsal: bool = False) -> Prepared:
        """Decode and judge frames that came in before; the rules remember them, the cursor stands.

        What a rehearsal's frames announce is forgotten again.

        What the decode stage remembers of repeated frames is not asked: a frame would repeat itself.
        """
        facts = self._facts.copy() if is_rehearsal else self._facts
        return self._run(batch, DecodeStage(self._timezone, facts), doubted)

    def _run(self, batch: Batch, decode: DecodeStage, doubted: NDArray[np.int64]) -> Prepared:
        fleet = self.newest_fleet()
        decoding = decode.run(batch.uplinks, fleet)
        judgement = judge(self.engine, batch, decoding.readings, fleet, doubted, self._suspects)
        note_poison(decoding, judgement, batch)
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
            if strange := self._strange():
                raise JournalUnreadable(f"{self._tail.directory}: {strange}")
            gone = self._gone()
            chunk = self._tail.read(self.offset, max_rows)
        except (OSError, ValueError, sqlite3.Error) as error:
            raise JournalUnreadable(f"{self._tail.directory}: {error}") from error
        if chunk.next_offset == self.offset:
            return None
        chunk.damage[:0] = gone
        return batch_of(chunk, self.offset, self._done if self.offset < self._done else None)

    def _strange(self) -> str:
        """Say which segment has offsets that were read, yet was not; empty if there is none."""
        if self._done == 0:
            return ""
        # A connection of its own: the state's may be amid the transaction of the batch before.
        with closing(self.stores.state.reader()) as connection:
            return self._lineage.strange(connection, self._done)

    def _gone(self) -> list[Damage]:
        """Name the rows that nobody trimmed, since they were not read yet, and that are gone all the same."""
        start = self._tail.start()
        if not 0 < self._done <= self.offset < start:
            return []
        return [Damage(start, 0, 0, self.offset, start - self.offset)]

    def newest_fleet(self) -> Fleet:
        """Give the newest registry that can be read."""
        try:
            fleet = self._fleet.refresh()
        except (RegistryFault, OSError) as fault:
            self.registry_trouble = str(fault)
            return self._fleet.fleet
        self.registry_trouble = ""
        return fleet

    def write(self, prepared: Prepared, *, with_snapshot: bool) -> None:
        """Write a prepared batch; safe to call again if it raised.

        It may be called by another thread than `prepare`, one batch after the other: the stages then stand
        further on, and a snapshot is kept where the batch brings it.

        Raises:
            duckdb.Error, sqlite3.Error, OSError: a store could not be written; try again later.
        """
        batch, judgement = prepared.batch, prepared.judgement
        is_settled = batch.end <= self._done
        if not is_settled or batch.end > self.stores.telemetry.cursor():
            self.stores.telemetry.write(judgement.readings, judgement.sessions, batch.start, batch.end)
        if is_settled:
            return
        self.stores.quarantine.put(refused_frames(prepared), batch.start, batch.end)
        if self.listener is not None and prepared.decoding.words:
            self.listener.hear(prepared.decoding.words)
        snapshots = prepared.snapshots or (self.snapshots() if with_snapshot else {})
        with self.stores.state.transaction() as connection:
            settle(connection, prepared, self._superseded, self.practice)
            _put(connection, batch.end, snapshots)
        if len(batch.arrivals_us()[0]):
            self._superseded = []
        self._done = batch.end

    def catch_up(self, batch_rows: int = 4096) -> None:
        """Run the stages again from their snapshot to where the stores stand.

        Raises:
            JournalUnreadable: it does not reach that far, or cannot be read.
            duckdb.Error, sqlite3.Error, OSError: a store could not be written.
        """
        while self.offset < self._done:
            prepared = self.prepare(batch_rows)
            if prepared is None:
                words = f"the journal ends at {self.offset}, the stores stand at {self._done}"
                raise JournalUnreadable(f"{self._tail.directory}: {words}")
            self.write(prepared, with_snapshot=False)
        self.begin()

    def keep_snapshot(self) -> None:
        """Keep the stages' state; the pipeline must have written all that it prepared."""
        if self.first is not None:  # what it is about is not in the state yet
            return
        with self.stores.state.transaction() as connection:
            self.put_snapshots(connection)

    def put_snapshots(self, connection: sqlite3.Connection) -> None:
        """Keep the stages' state in the caller's transaction, which must hold all that they were told."""
        _put(connection, self.offset, self.snapshots())

    def snapshots(self) -> dict[str, bytes]:
        """Give the stages' state as it is at `offset`, by stage."""
        return {
            _ENGINE: self.engine.snapshot(),
            _REPEATS: self._decode.repeats.snapshot(),
            _HOST_CLOCK: self._host_clock.snapshot(),
        }

    @property
    def timezone(self) -> ZoneInfo:
        """Give the city's zone."""
        return self._timezone

    def facts(self) -> KnownFacts:
        """Give a copy of what devices announced."""
        return self._facts.copy()

    def learn(self, facts: pa.RecordBatch) -> None:
        """Take what frames that are run again announced."""
        self._facts.add(facts)

    def forget(self, device: str) -> None:
        """Let the stages know nothing of a device any more; the caller keeps snapshots of them."""
        self.engine.restore(without(self.engine.rules, self.engine.snapshot(), [device]))
        self._facts.forget(device)
        slots = self._fleet.fleet.slots([device])
        self._decode.repeats.forget(slots[slots >= 0])

    def compact(self) -> int:
        """Let telemetry go of a stretch of rows that no reader sees any more, or that are old; give how many.

        Raises:
            duckdb.Error: nothing was changed of the rest.
        """
        hidden = self.stores.telemetry.compact(self._done)
        return hidden + (self.retention.step() if self.retention is not None else 0)

    def trim(self, keep_bytes: int) -> int:
        """Unlink journal segments that no snapshot and no store needs any more, beyond a share kept."""
        offset = state.snapshot_offset(self.stores.state.connection, _SNAPSHOTS)
        if offset is None:
            return 0
        needed = min(offset, self._done, self.stores.telemetry.cursor(), *(each() for each in self.needed))
        self.kept_from = needed
        return trim(self._tail.directory, needed, keep_bytes=keep_bytes)


def _put(connection: sqlite3.Connection, offset: int, snapshots: Mapping[str, bytes]) -> None:
    for name, body in snapshots.items():
        state.put_snapshot(connection, name, offset, body)
