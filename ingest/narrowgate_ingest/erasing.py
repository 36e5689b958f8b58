"""Everything of one device out of everything: journal, telemetry, archive, quarantine, state, rules' memory.

Rule 1: what is to be erased is written down first; a core that finds it goes on where it stopped, before it
        reads another row. Every step may be done twice.
Rule 2: sources go before what is made of them: what is erased cannot come back.
Rule 3: counts stay. A frame that was kept was kept; the ledger balances as before.
Rule 4: the receipt says how much went from where, and not whose it was.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_ingest.archive_files import Archived, ArchiveFiles, Part, check_parts, parts_of
from narrowgate_ingest.journal_erasing import erase_rows
from narrowgate_ingest.pipeline import JournalUnreadable, Pipeline
from narrowgate_ingest.refused_readings import RefusedReadings
from narrowgate_ingest.state_erasing import empty_log, erase_state, leave_no_bytes
from narrowgate_ingest.tail import Tail

_BATCH_ROWS = 4096

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


def erase(
    pipeline: Pipeline, places: Places, device: str, at_us: int, say: Say = _silently
) -> dict[str, Any]:
    """Erase all that a device sent up to now and what was made of it; give the receipt.

    Args:
        pipeline: one that stands between two batches.
        places: the rest of its home.
        device: its name, as frames claim it.
        at_us: the receipt's instant [us].
        say: is told each step.

    Raises:
        JournalUnreadable, ValueError, duckdb.Error, sqlite3.Error, OSError, pyarrow.ArrowException: not
            finished; the next call, or `finish_erasures`, goes on. If a part of the archive cannot be read,
            nothing is begun.
    """
    with places.archive_pause():
        check_parts(places.archive)
    with pipeline.stores.state.transaction() as connection:
        connection.execute("INSERT OR IGNORE INTO erasures VALUES (?, ?, '{}')", (device, at_us))
    return _run(pipeline, places, device, say)


def finish_erasures(pipeline: Pipeline, places: Places, say: Say = _silently) -> list[dict[str, Any]]:
    """Bring to their end the erasures that were begun, in this life or one before; raises as `erase` does."""
    begun = pipeline.stores.state.connection.execute("SELECT device FROM erasures").fetchall()
    return [_run(pipeline, places, device, say) for (device,) in begun]


def _run(pipeline: Pipeline, places: Places, device: str, say: Say) -> dict[str, Any]:
    state = pipeline.stores.state
    at_us, said = state.connection.execute(
        "SELECT at_us, told FROM erasures WHERE device = ?", (device,)
    ).fetchone()
    told: dict[str, Any] = json.loads(said)
    with _zeroing(state.connection):
        for name, step in _steps(pipeline, places, device).items():
            if name in told:
                continue
            say(name)
            told[name] = step()
            with state.transaction() as connection:
                sql = "UPDATE erasures SET told = ? WHERE device = ?"
                connection.execute(sql, (json.dumps(told), device))
        with state.transaction() as connection:
            connection.execute("DELETE FROM erasures WHERE device = ?", (device,))
            (number,) = connection.execute(
                "INSERT INTO receipts (at_us, told) VALUES (?, ?) RETURNING number", (at_us, json.dumps(told))
            ).fetchone()
        is_empty = empty_log(state.connection)
    return {"receipt": number, "at_us": at_us, **told, "log_emptied": is_empty}


def _steps(pipeline: Pipeline, places: Places, device: str) -> dict[str, Callable[[], Any]]:
    """Give the steps in their order, each of which may be done twice."""
    return {
        "worked_off": lambda: _work_off(pipeline, places.journal),
        "journal": lambda: _journal(places.journal, device),
        "telemetry": lambda: {"rows": pipeline.stores.telemetry.erase(device)},
        "archive": lambda: _archive(places, device),
        "quarantine": lambda: _quarantine(pipeline, places.quarantine, device),
        "state": lambda: _state(pipeline, places, device),
    }


@contextmanager
def _zeroing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("PRAGMA secure_delete = ON")
    yield
    connection.execute("PRAGMA secure_delete = OFF")


def _work_off(pipeline: Pipeline, journal: Path) -> dict[str, int]:
    """Take what is in the journal by now through the pipeline: what is not decided yet could come back."""
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


def _journal(journal: Path, device: str) -> dict[str, int]:
    mark = Tail(journal).mark()
    return {"frames": erase_rows(journal, device, mark) if mark is not None else 0}


def _archive(places: Places, device: str) -> dict[str, int]:
    if not places.archive.is_dir():
        return {"files": 0, "rows": 0}

    files = ArchiveFiles(places.archive)
    with places.archive_pause():
        files.sweep()  # a crash may have left rows there that have no name yet
        theirs = [
            part
            for part in parts_of(places.archive)
            if part.kind is not Archived.TICKS and part.names(device)
        ]
        gone = [files.rewrite(part, _leaving_out(part, device)) for part in theirs]
    return {"files": len(gone), "rows": sum(gone)}


def _leaving_out(part: Part, device: str) -> Callable[[pa.Table], pa.Table]:
    return lambda rows: rows.filter(pc.not_equal(rows[part.whose], device))


def _quarantine(pipeline: Pipeline, directory: Path, device: str) -> dict[str, int]:
    frames = pipeline.stores.quarantine.erase(device)
    readings = 0
    if (directory / "readings.db").exists():
        with closing(RefusedReadings(directory)) as refused:
            readings = refused.erase(device)
    return {"frames": frames, "refused_readings": readings}


def _state(pipeline: Pipeline, places: Places, device: str) -> dict[str, Any]:
    state = pipeline.stores.state
    pipeline.forget(device)
    with state.transaction() as connection:
        (number,) = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM receipts").fetchone()
        counts: dict[str, Any] = erase_state(connection, device, f"erased-{number}")
        pipeline.put_snapshots(connection)
        connection.executemany(
            "INSERT OR IGNORE INTO unsaid VALUES (?, ?, '')",
            ((name, device) for name in places.further_stores),
        )
    leave_no_bytes(state.connection)
    return {**counts, "further_stores": len(places.further_stores)}
