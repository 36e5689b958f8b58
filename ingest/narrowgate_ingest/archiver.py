"""The archive's writer: what the journal holds and what became of it, part by part, behind the pipeline.

Rule 1: the cursor moves when the parts before it have their names: each frame is in the archive once, and a
        kill at any instant is made good by writing the same rows again.
Rule 2: the journal is not trimmed before the cursor has passed.
Rule 3: nothing waits for this thread, and it holds one stretch of rows in memory.

The thread is there because parts are packed and synced, and neither rules nor console may wait for a disk.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_fleet import Fleet
from narrowgate_ingest.archive_files import (
    UNKNOWN,
    Archived,
    ArchiveFiles,
    PartSet,
    again_name,
    day_of,
    part_name,
    parts_of,
)
from narrowgate_ingest.archived import Reached
from narrowgate_ingest.batch import batch_of
from narrowgate_ingest.follower import Follower
from narrowgate_ingest.records import Kind
from narrowgate_ingest.state import PIPELINE, State, cursor, set_cursor
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.clock import Clock
from narrowgate_schema.words import Family

ARCHIVE, AGAIN = "archive", "archive again"
"""Cursors: journal rows archived, and frames run again that are."""
STRETCH_ROWS = 1 << 15
"""Journal rows, and readings, that are held at once."""
_IDLE_S = 1.0
_RETRY_S = 10.0
_ERRORS = (OSError, ValueError, duckdb.Error, sqlite3.Error, pa.ArrowException)


@dataclass(frozen=True)
class Terms:
    """How the archive is written and how long it is kept."""

    part_rows: int = 1_000_000
    """Journal rows of a part, at most."""
    part_every_s: float = 21_600.0
    """How long rows wait for others before a part is made of them."""
    keep_frames_days: int = 0
    """0 keeps all."""
    keep_readings_days: int = 0


class Archiver:
    """Writes the archive until it is told to stop."""

    def __init__(
        self,
        files: ArchiveFiles,
        tail: Tail,
        telemetry: Telemetry,
        state: State,
        fleet: Callable[[], Fleet],
        clock: Clock,
        terms: Terms,
    ) -> None:
        """Find the place to go on from and remove what a crash left behind it.

        Args:
            files: the archive.
            tail: a reader of the journal that nobody else uses.
            telemetry: where the readings are read.
            state: the core's state.db, where the cursors are kept.
            fleet: gives the registry, for the families of frames.
            clock: says when rows have waited long enough, and what is too old.
            terms: sizes and spans.
        """
        self._files, self._tail, self._fleet, self._clock = files, tail, fleet, clock
        self._terms = terms
        self._state = sqlite3.connect(state.path, isolation_level=None, check_same_thread=False)
        self._state.execute("PRAGMA synchronous=FULL")
        self._telemetry = telemetry
        self._follower = Follower(telemetry, self._settled, most_rows=STRETCH_ROWS)
        self._stop = threading.Event()
        self._at_once = threading.Event()
        self._lock = threading.Lock()
        self._waiting_since: tuple[int, int] = (-1, 0)
        self.moved = threading.Event()
        """Set it when there is more to archive."""
        self.cursor = cursor(self._state, ARCHIVE)
        """Journal offset up to which everything is archived."""
        self._again = cursor(self._state, AGAIN)
        if self.cursor == 0 and self._again == 0:
            # What was run again before there was an archive is read with everything else.
            self._again = self._follower.newest_again()
            set_cursor(self._state, AGAIN, self._again)
        self.alive = False
        self.trouble = ""
        """Why nothing is archived, in words; empty while it goes well."""
        self.parts_written = 0
        self.needed: list[Callable[[], int]] = []
        """Offsets from which followers may still read readings here."""
        files.begin(self.cursor, self._again)

    def stop(self) -> None:
        """Ask for the end; what is not archived yet waits in the journal."""
        self._stop.set()
        self.moved.set()

    def hurry(self) -> None:
        """Have all that is settled archived now, however little it is."""
        self._at_once.set()
        self.moved.set()

    def run(self) -> None:
        """Run until stopped."""
        self.alive = True
        try:
            while not self._stop.is_set():
                self.moved.clear()
                try:
                    self.turn()
                    self.trouble = ""
                except _ERRORS as error:
                    self.trouble = f"{type(error).__name__}: {error}"
                    self._stop.wait(_RETRY_S)
                    continue
                self.moved.wait(_IDLE_S)
        finally:
            self.alive = False
            self.close()

    def close(self) -> None:
        """Let go of the file of the cursors; `run` does so itself."""
        self._state.close()

    def turn(self) -> None:
        """Archive whatever is due.

        Raises:
            OSError, ValueError, duckdb.Error, sqlite3.Error, pyarrow.ArrowException: what was begun is begun
                anew by the next turn.
        """
        with self._lock:
            self._do_turn()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Wait for the turn that is being done, and let none begin within the block."""
        with self._lock:
            yield

    def _do_turn(self) -> None:
        hurry = self._at_once.is_set()
        end = self._follower.end()
        while end - self.cursor >= self._terms.part_rows and not self._stop.is_set():
            self._write(self.cursor, self.cursor + self._terms.part_rows)
        if end > self.cursor and (hurry or self._has_waited()):
            self._write(self.cursor, end)
        self._write_again()
        if hurry:
            self._at_once.clear()

    def reached(self) -> Reached:
        """Give how far the archive is, to any thread."""
        return Reached(self.cursor, self._again)

    def _settled(self) -> int:
        return cursor(self._state, PIPELINE)

    def _has_waited(self) -> bool:
        """Tell whether the oldest row that is not archived came in long ago."""
        if self._waiting_since[0] != self.cursor:
            chunk = self._tail.read(self.cursor, 1)
            if not chunk.records:
                return True
            kind, rows = chunk.records[0]
            column = rows["received_at" if kind is Kind.UPLINKS else "time"]
            self._waiting_since = (self.cursor, int(column[0].cast(pa.int64()).as_py()))
        return self._clock.now_us() - self._waiting_since[1] >= self._terms.part_every_s * 1e6

    def _write(self, first: int, until: int) -> None:
        """Archive the journal rows [first, until) and what they gave."""
        self._publish(part_name(first, until), lambda parts: self._fill(parts, first, until))
        set_cursor(self._state, ARCHIVE, until)
        self.cursor = until
        self._expire()

    def _publish(self, name: str, fill: Callable[[PartSet], None]) -> None:
        parts = self._files.writing(name)
        try:
            fill(parts)
            self.parts_written += parts.publish()
        finally:
            parts.drop()

    def _fill(self, parts: PartSet, first: int, until: int) -> None:
        offset = first
        while offset < until:
            chunk = self._tail.read(offset, STRETCH_ROWS)
            if chunk.next_offset == offset:
                raise OSError(5, "the journal does not hold what was read of it", str(self._tail.directory))
            batch = batch_of(chunk, offset, until)
            self._add_frames(parts, batch.uplinks)
            if batch.ticks.num_rows:
                parts.add(Archived.TICKS, "", batch.ticks, _us(batch.ticks["time"]))
            offset = batch.end
        for readings in self._follower.stretches(first, until):
            _add_readings(parts, readings)

    def _add_frames(self, parts: PartSet, uplinks: pa.RecordBatch) -> None:
        uplinks = uplinks.filter(pc.not_equal(uplinks["listener"], ""))  # erased ones have none
        # Few devices send many frames: each is looked up once.
        devices = uplinks["claimed_device"].dictionary_encode()
        families = self._families(devices.dictionary.to_pylist())
        named = sorted(set(families))
        code = np.array([named.index(family) for family in families], np.intp)[devices.indices.to_numpy()]
        for place, family in enumerate(named):
            rows = uplinks.filter(pa.array(code == place))
            parts.add(Archived.FRAMES, family, rows, _us(rows["received_at"]))

    def _families(self, devices: list[str]) -> list[str]:
        """Give the family of each device."""
        fleet = self._fleet()
        column = fleet.column("family")
        slots = fleet.slots(devices).tolist()
        return [str(column[slot]) if slot >= 0 and column[slot] else UNKNOWN for slot in slots]

    def _write_again(self) -> None:
        """Archive what frames gave when they were run again, in place of what they gave before."""
        while (frames := self._follower.frames_again(self._again)) is not None:
            gone = pa.array(frames.frames, pa.int64())
            behind = [frame for frame in frames.frames if frame >= self.cursor]
            if behind:  # these are not archived yet: the parts to come hold them as they stand
                gone = pa.array([frame for frame in frames.frames if frame < self.cursor], pa.int64())
            self.forget(gone)
            archived = set(gone.to_pylist())

            def fill(parts: PartSet, archived: set[int] = archived) -> None:
                _add_readings(parts, self._follower.of_frames(sorted(archived)))

            self._publish(again_name(frames.number), fill)
            set_cursor(self._state, AGAIN, frames.number)
            self._again = frames.number

    def forget(self, frames: pa.Array) -> None:
        """Take the readings of frames out of all parts."""
        if not len(frames):
            return
        lowest, highest = pc.min(frames).as_py(), pc.max(frames).as_py()

        def keeps(rows: pa.Table) -> pa.Table:
            return rows.filter(pc.invert(pc.is_in(rows["frame"], value_set=frames)))

        for part in parts_of(self._files.root, Archived.READINGS):
            if part.again or (part.first <= highest and part.until > lowest):
                self._files.rewrite(part, keeps)

    def _expire(self) -> None:
        days = [part.day for part in parts_of(self._files.root)]
        # A clock that leapt into the future must not empty the archive.
        today = min(day_of(self._clock.now_us()), max(days, default=""))
        if not today:
            return
        self._files.expire((Archived.FRAMES, Archived.TICKS), self._terms.keep_frames_days, today)
        taken = min((each() for each in self.needed), default=None)
        self._files.expire((Archived.READINGS,), self._terms.keep_readings_days, today, taken)


def _add_readings(parts: PartSet, readings: dict[Family, pa.RecordBatch]) -> None:
    for family, rows in readings.items():
        if rows.num_rows:
            parts.add(Archived.READINGS, str(family), rows, _us(rows["received_at"]))


def _us(column: pa.Array) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.asarray(column.cast(pa.int64()), dtype=np.int64)
