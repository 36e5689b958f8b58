"""Everything of one device out of everything: journal, telemetry, archive, quarantine, state, rules' memory.

Rule 1: what is to be erased is written down first; a core that finds it goes on where it stopped, before it
        reads another row. Every step may be done twice. Where a step fails, rows go on coming, and all
        steps are done anew later.
Rule 2: sources go before what is made of them: what is erased cannot come back.
Rule 3: counts stay. A frame that was kept was kept; the ledger balances as before.
Rule 4: the receipt says how much went from where, and not whose it was. A step counts before it takes, and
        the count is written down: one that was interrupted is not counted as what was left of it.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_fleet import CommandQueue
from narrowgate_ingest.archive_files import Archived, ArchiveFiles, Part, check_parts, parts_of
from narrowgate_ingest.journal_erasing import count_rows, erase_rows
from narrowgate_ingest.pipeline import JournalUnreadable, Pipeline
from narrowgate_ingest.refused_readings import RefusedReadings
from narrowgate_ingest.state import State
from narrowgate_ingest.state_erasing import empty_log, erase_state, leave_no_bytes
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.watermark import Mark

_BATCH_ROWS = 4096
_FAILURES = (duckdb.Error, sqlite3.Error, OSError, ValueError, JournalUnreadable, pa.ArrowException)

Counts = dict[str, int]
Say = Callable[[str], None]


def _silently(_: str) -> None:
    return


@dataclass(frozen=True)
class Places:
    """Where a home keeps what is not the pipeline's own."""

    journal: Path
    quarantine: Path
    archive: Path
    archive_pause: Callable[[], AbstractContextManager[None]] = nullcontext
    """Holds the archive's writer off while its parts are rewritten."""
    further_stores: Sequence[str] = ()
    """Names of stores that are told, by themselves."""
    commands: Path | None = None
    """The queue of commands, where there is one."""


@dataclass(frozen=True)
class Step:
    """A step of an erasure."""

    do: Callable[[], Counts]
    count: Callable[[], Counts] | None = None
    """Counts beforehand what it will take; None where it counts as it takes."""


@dataclass
class Told:
    """What is written down of an erasure while it goes on."""

    done: dict[str, Counts] = field(default_factory=dict)
    """By step, what went when it was done."""
    begun: dict[str, Counts] = field(default_factory=dict)
    """By step, what was there when it began."""
    earlier: dict[str, Counts] = field(default_factory=dict)
    """By step, what went before all were done anew."""
    asset: str = ""
    """What people reported of it goes, too; empty for none."""

    @classmethod
    def read(cls, text: str) -> "Told":
        """Give it as it was written down; releases before wrote the steps that are done alone."""
        said = json.loads(text)
        return cls(**said) if "done" in said else cls(said)

    def written(self) -> str:
        """Give it as it is written down."""
        return json.dumps(asdict(self))

    def counts(self, name: str) -> Counts:
        """Give what went in a step: what was there when it began, however often it was interrupted."""
        done, begun, earlier = (of.get(name, {}) for of in (self.done, self.begun, self.earlier))
        keys = dict.fromkeys([*done, *begun, *earlier])
        return {key: max(done.get(key, 0), begun.get(key, 0)) + earlier.get(key, 0) for key in keys}

    def note(self, state: State, device: str) -> None:
        """Write it down."""
        with state.transaction() as connection:
            self.put(connection, device)

    def put(self, connection: sqlite3.Connection, device: str) -> None:
        """Write it down in the caller's transaction."""
        connection.execute("UPDATE erasures SET told = ? WHERE device = ?", (self.written(), device))


def erase(
    pipeline: Pipeline, places: Places, device: str, at_us: int, say: Say = _silently, *, asset: str = ""
) -> dict[str, Any]:
    """Erase all that a device sent up to now and what was made of it; give the receipt.

    Args:
        pipeline: one that stands between two batches.
        places: the rest of its home.
        device: its name, as frames claim it.
        at_us: the receipt's instant [us].
        say: is told each step.
        asset: what people reported of this asset, and its cases, go too; empty for none.

    Raises:
        JournalUnreadable, ValueError, duckdb.Error, sqlite3.Error, OSError, pyarrow.ArrowException: not
            finished; the next call, or `finish_erasures`, goes on. If a part of the archive cannot be read,
            nothing is begun.
    """
    with places.archive_pause():
        check_parts(places.archive)
    with pipeline.stores.state.transaction() as connection:
        begun = (device, at_us, Told(asset=asset).written())
        connection.execute("INSERT OR IGNORE INTO erasures VALUES (?, ?, ?)", begun)
    if asset:  # one that was begun without it takes it along
        told = _noted(pipeline.stores.state, device)[1]
        told.asset = asset
        told.note(pipeline.stores.state, device)
    return _run(pipeline, places, device, say)


def finish_erasures(pipeline: Pipeline, places: Places, say: Say = _silently) -> list[dict[str, Any]]:
    """Bring to their end the erasures that were begun, in this life or one before; raises as `erase` does."""
    begun = pipeline.stores.state.connection.execute("SELECT device FROM erasures").fetchall()
    return [_run(pipeline, places, device, say) for (device,) in begun]


def _run(pipeline: Pipeline, places: Places, device: str, say: Say) -> dict[str, Any]:
    try:
        return _ended(pipeline, places, device, say)
    except _FAILURES:
        with suppress(sqlite3.Error):  # if that cannot be noted, the steps that are done stay so
            _postpone(pipeline.stores.state, device)
        raise


def _postpone(state: State, device: str) -> None:
    """Have all steps done anew: rows are read before the erasure is finished."""
    told = _noted(state, device)[1]
    told.earlier = {name: told.counts(name) for name in {*told.done, *told.earlier}}
    told.begun = {name: counts for name, counts in told.begun.items() if name not in told.done}
    told.done = {}
    told.note(state, device)


def _noted(state: State, device: str) -> tuple[int, Told]:
    sql = "SELECT at_us, told FROM erasures WHERE device = ?"
    at_us, said = state.connection.execute(sql, (device,)).fetchone()
    return at_us, Told.read(said)


def _ended(pipeline: Pipeline, places: Places, device: str, say: Say) -> dict[str, Any]:
    state = pipeline.stores.state
    at_us, told = _noted(state, device)
    with _zeroing(state.connection):
        for name, step in _steps(pipeline, places, device, told).items():
            if name in told.done:
                continue
            say(name)
            if step.count is not None and name not in told.begun:
                told.begun[name] = step.count()
                told.note(state, device)
            told.done[name] = step.do()
            told.note(state, device)
        receipt = {name: told.counts(name) for name in told.done}
        with state.transaction() as connection:
            connection.execute("DELETE FROM erasures WHERE device = ?", (device,))
            (number,) = connection.execute(
                "INSERT INTO receipts (at_us, told) VALUES (?, ?) RETURNING number",
                (at_us, json.dumps(receipt)),
            ).fetchone()
        is_empty = empty_log(state.connection)
    return {"receipt": number, "at_us": at_us, **receipt, "log_emptied": is_empty}


def _steps(pipeline: Pipeline, places: Places, device: str, told: Told) -> dict[str, Step]:
    """Give the steps in their order, each of which may be done twice."""
    telemetry = pipeline.stores.telemetry
    return {
        "worked_off": Step(lambda: _work_off(pipeline, places.journal)),
        "journal": Step(
            lambda: _journal(places.journal, device, erase_rows),
            lambda: _journal(places.journal, device, count_rows),
        ),
        "telemetry": Step(
            lambda: {"rows": telemetry.erase(device)}, lambda: {"rows": telemetry.rows_from(device)}
        ),
        "archive": Step(lambda: _archive(places, device), lambda: _archived(places, device)),
        "quarantine": Step(
            lambda: _quarantine(pipeline, places.quarantine, device),
            lambda: _quarantined(pipeline, places.quarantine, device),
        ),
        "commands": Step(
            lambda: _commands(places.commands, CommandQueue.forget, device),
            lambda: _commands(places.commands, CommandQueue.count_of, device),
        ),
        "state": Step(lambda: _state(pipeline, places, device, told)),
    }


@contextmanager
def _zeroing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("PRAGMA secure_delete = ON")
    yield
    connection.execute("PRAGMA secure_delete = OFF")


def _work_off(pipeline: Pipeline, journal: Path) -> Counts:
    """Take what is in the journal by now through the pipeline: what is not decided yet could come back."""
    pipeline.catch_up()
    mark = Tail(journal).mark()
    until = mark.end if mark is not None else 0
    rows = 0
    while pipeline.done < until:
        prepared = pipeline.prepare(_BATCH_ROWS)
        if prepared is None:
            raise JournalUnreadable(f"{journal}: ends at offset {pipeline.offset}, not at {until}")
        pipeline.write(prepared, with_snapshot=False)
        rows += prepared.batch.end - prepared.batch.start
    return {"rows": rows}


def _journal(journal: Path, device: str, done: Callable[[Path, str, Mark], int]) -> Counts:
    mark = Tail(journal).mark()
    return {"frames": done(journal, device, mark) if mark is not None else 0}


def _parts_with(archive: Path, device: str) -> list[tuple[Part, int]]:
    """Give the parts that have rows of a device, and how many."""
    parts = (part for part in parts_of(archive) if part.kind is not Archived.TICKS)
    return [(part, rows) for part in parts if (rows := part.rows_of(device))]


def _archived(places: Places, device: str) -> Counts:
    with places.archive_pause():
        theirs = _parts_with(places.archive, device)
    return {"files": len(theirs), "rows": sum(rows for _, rows in theirs)}


def _archive(places: Places, device: str) -> Counts:
    if not places.archive.is_dir():
        return {"files": 0, "rows": 0}

    files = ArchiveFiles(places.archive)
    with places.archive_pause():
        files.sweep()  # a crash may have left rows there that have no name yet
        theirs = [part for part, _ in _parts_with(places.archive, device)]
        gone = [files.rewrite(part, _leaving_out(part, device)) for part in theirs]
    return {"files": len(gone), "rows": sum(gone)}


def _leaving_out(part: Part, device: str) -> Callable[[pa.Table], pa.Table]:
    return lambda rows: rows.filter(pc.not_equal(rows[part.whose], device))


def _quarantined(pipeline: Pipeline, directory: Path, device: str) -> Counts:
    readings = 0
    if (directory / "readings.db").exists():
        with closing(RefusedReadings(directory)) as refused:
            readings = refused.count_of(device)
    return {"frames": pipeline.stores.quarantine.count_of(device), "refused_readings": readings}


def _quarantine(pipeline: Pipeline, directory: Path, device: str) -> Counts:
    frames = pipeline.stores.quarantine.erase(device)
    readings = 0
    if (directory / "readings.db").exists():
        with closing(RefusedReadings(directory)) as refused:
            readings = refused.erase(device)
    return {"frames": frames, "refused_readings": readings}


def _commands(path: Path | None, act: Callable[[CommandQueue, str], int], device: str) -> Counts:
    if path is None or not path.exists():
        return {"commands": 0}
    with closing(CommandQueue(path)) as queue:
        return {"commands": act(queue, device)}


def _state(pipeline: Pipeline, places: Places, device: str, told: Told) -> Counts:
    state = pipeline.stores.state
    pipeline.forget(device)
    with state.transaction() as connection:
        (number,) = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM receipts").fetchone()
        counts = erase_state(connection, device, f"erased-{number}", told.asset)
        pipeline.put_snapshots(connection)
        connection.executemany(
            "INSERT OR IGNORE INTO unsaid VALUES (?, ?, '')",
            ((name, device) for name in places.further_stores),
        )
        counts["further_stores"] = len(places.further_stores)
        told.begun.setdefault("state", counts)
        told.put(connection, device)  # what went and how much are one transaction
    leave_no_bytes(state.connection)
    return counts
