"""state.db: the core's one SQLite file. One transaction is one transaction.

Synced in full at each commit. The cursor of the pipeline, the findings, the cases and the ledger's counts
move together: a batch of the journal has either happened here or it has not.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from narrowgate_cases import install as install_desk
from narrowgate_ingest.shelving import SCHEMA as SHELVING_SCHEMA
from narrowgate_ingest.tail import Damage
from narrowgate_schema.tables import FINDINGS

FORMAT_VERSION = 1
PIPELINE = "pipeline"
"""The cursor of what is settled."""
_STRETCHES = 8192
"""Settled batches that are remembered for the self-check."""
FRAMES_SEEN = "frames_seen"
"""The cursor that counts frames up to there."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS dispositions (
    disposition TEXT NOT NULL, reason TEXT NOT NULL, transport TEXT NOT NULL, frames INTEGER NOT NULL,
    PRIMARY KEY (disposition, reason, transport)
);
CREATE TABLE IF NOT EXISTS shares (
    disposition TEXT NOT NULL, transport TEXT NOT NULL, family TEXT NOT NULL, tenant TEXT NOT NULL,
    frames INTEGER NOT NULL, PRIMARY KEY (disposition, transport, family, tenant)
);
INSERT INTO shares SELECT disposition, transport, '', '', sum(frames) FROM dispositions
    WHERE NOT EXISTS (SELECT 1 FROM shares) GROUP BY 1, 2;
CREATE TABLE IF NOT EXISTS settled (
    start INTEGER PRIMARY KEY, until INTEGER NOT NULL, frames INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS snapshots (name TEXT PRIMARY KEY, offset INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS damage (
    segment INTEGER, position INTEGER, bytes INTEGER, first_offset INTEGER PRIMARY KEY, rows INTEGER
);
CREATE TABLE IF NOT EXISTS segments (first_offset INTEGER PRIMARY KEY, brand BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS facts (
    device TEXT, name TEXT, frame INTEGER, value BLOB NOT NULL, PRIMARY KEY (device, name, frame)
);
CREATE TABLE IF NOT EXISTS retries (
    frame INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, readings_before INTEGER NOT NULL, disposition TEXT,
    reason TEXT, detail TEXT, profile TEXT
);
CREATE TABLE IF NOT EXISTS erasures (device TEXT PRIMARY KEY, at_us INTEGER NOT NULL, told TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS receipts (number INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, told TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS unsaid (
    store TEXT NOT NULL, device TEXT NOT NULL, words TEXT NOT NULL, PRIMARY KEY (store, device)
);
CREATE TABLE IF NOT EXISTS unsaid_points (
    store TEXT NOT NULL, family TEXT NOT NULL, device TEXT NOT NULL, series TEXT NOT NULL,
    time INTEGER NOT NULL, PRIMARY KEY (store, family, device, series, time)
);
CREATE TABLE IF NOT EXISTS replays (number INTEGER PRIMARY KEY, asked TEXT NOT NULL, moves TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS findings (
    finding TEXT, version INTEGER, rule TEXT, rule_version INTEGER, severity TEXT, family TEXT,
    device TEXT, series TEXT, asset TEXT, members TEXT, state TEXT, raised_at INTEGER, cleared_at INTEGER,
    evidence TEXT, frame INTEGER, PRIMARY KEY (finding, version)
);
"""


class State:
    """The core's hold on state.db."""

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            ValueError: another format version wrote it.
            sqlite3.Error: it cannot be opened.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        with ExitStack() as undo:
            undo.callback(self.connection.close)
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=FULL")
            self._check_version()
            undo.pop_all()
        self.connection.executescript(_SCHEMA + SHELVING_SCHEMA)
        install_desk(self.connection)
        self.connection.execute("INSERT OR IGNORE INTO meta VALUES ('format_version', ?)", (FORMAT_VERSION,))

    def _check_version(self) -> None:
        tables = {name for (name,) in self.connection.execute("SELECT name FROM sqlite_master")}
        if "meta" not in tables:
            return
        row = self.connection.execute("SELECT value FROM meta WHERE name = 'format_version'").fetchone()
        if row is not None and row[0] != FORMAT_VERSION:
            raise ValueError(
                f"{self.path}: format version {row[0]}; this release reads version {FORMAT_VERSION}"
            )

    def reader(self) -> sqlite3.Connection:
        """Give a new read-only connection, for the thread that asks."""
        return sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction: all of it is durable afterwards, or none."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
            self.connection.execute("COMMIT")
        finally:
            # Ended already if it is committed, perhaps also by a full disk.
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


def cursor(connection: sqlite3.Connection, name: str) -> int:
    """Give a cursor's value; 0 where it was never set."""
    row = connection.execute("SELECT value FROM cursors WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row is not None else 0


def set_cursor(connection: sqlite3.Connection, name: str, value: int) -> None:
    """Set a cursor, in the caller's transaction."""
    connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (name, value))


@dataclass(frozen=True)
class Share:
    """What is counted together in the ledger."""

    disposition: str
    reason: str = ""
    transport: str = ""
    family: str = ""
    """Empty where no profile is known."""
    tenant: str = ""


def count_frames(connection: sqlite3.Connection, counts: Mapping[Share, int]) -> None:
    """Add frames to the ledger, in the caller's transaction."""
    connection.executemany(
        "INSERT INTO dispositions VALUES (?, ?, ?, ?) ON CONFLICT (disposition, reason, transport) "
        "DO UPDATE SET frames = frames + excluded.frames",
        ((each.disposition, each.reason, each.transport, frames) for each, frames in counts.items()),
    )
    connection.executemany(
        "INSERT INTO shares VALUES (?, ?, ?, ?, ?) ON CONFLICT (disposition, transport, family, tenant) "
        "DO UPDATE SET frames = frames + excluded.frames",
        (
            (each.disposition, each.transport, each.family, each.tenant, frames)
            for each, frames in counts.items()
        ),
    )


def note_settled(connection: sqlite3.Connection, start: int, until: int, frames: int) -> None:
    """Note a stretch of the journal and the frames counted of it; the oldest notes go."""
    connection.execute("INSERT OR REPLACE INTO settled VALUES (?, ?, ?)", (start, until, frames))
    connection.execute(
        "DELETE FROM settled WHERE start < (SELECT start FROM settled ORDER BY start DESC LIMIT 1 OFFSET ?)",
        (_STRETCHES,),
    )


def settled_after(connection: sqlite3.Connection, offset: int | None) -> list[tuple[int, int, int]]:
    """Give (start, until, frames) of the stretches noted from an offset on, in order; None is the first."""
    sql = "SELECT start, until, frames FROM settled WHERE start >= ? ORDER BY start"
    return connection.execute(sql, (offset or 0,)).fetchall()


def put_findings(connection: sqlite3.Connection, findings: pa.RecordBatch) -> None:
    """Add finding versions; one that is there already stays as it is."""
    if findings.num_rows == 0:
        return
    columns = []
    for name in FINDINGS.names:
        column = findings[name]
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        values = column.to_pylist()
        columns.append([_json_list(v) for v in values] if name == "members" else values)
    marks = ", ".join("?" * len(columns))
    connection.executemany(f"INSERT OR IGNORE INTO findings VALUES ({marks})", zip(*columns, strict=True))  # noqa: S608


def put_facts(connection: sqlite3.Connection, facts: pa.RecordBatch) -> None:
    """Add what frames announced of their devices, true from the frame on."""
    names = ("device", "name", "frame", "value")
    columns = [facts[name].to_pylist() for name in names]
    connection.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?, ?, ?)", zip(*columns, strict=True))


def known_facts(connection: sqlite3.Connection) -> Iterator[dict[str, object]]:
    """Give all that devices announced, rows of FACTS in the order of their frames."""
    rows = connection.execute("SELECT device, frame, name, value FROM facts ORDER BY frame")
    return (dict(zip(("device", "frame", "name", "value"), row, strict=True)) for row in rows)


def put_damage(connection: sqlite3.Connection, damage: Iterable[Damage]) -> None:
    """Add journal damage, once for each place."""
    connection.executemany(
        "INSERT OR IGNORE INTO damage VALUES (?, ?, ?, ?, ?)",
        ((d.segment, d.position, d.bytes_lost, d.first_offset, d.rows) for d in damage),
    )


def put_brands(connection: sqlite3.Connection, read: Mapping[int, bytes]) -> None:
    """Note the brands of journal segments that were read; the first that was noted of each stays."""
    connection.executemany("INSERT OR IGNORE INTO segments VALUES (?, ?)", read.items())


def brand_read(connection: sqlite3.Connection, first_offset: int) -> bytes | None:
    """Give the brand of a journal segment that was read; None if none of that first offset was."""
    sql = "SELECT brand FROM segments WHERE first_offset = ?"
    row = connection.execute(sql, (first_offset,)).fetchone()
    return bytes(row[0]) if row is not None else None


def _json_list(values: list[str] | None) -> str:
    return json.dumps(values or [], ensure_ascii=False)


def put_snapshot(connection: sqlite3.Connection, name: str, offset: int, body: bytes) -> None:
    """Keep the newest snapshot of a stage, taken before the row at an offset."""
    connection.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", (name, offset, body))


def snapshot_offset(connection: sqlite3.Connection, names: Sequence[str]) -> int | None:
    """Give the lowest offset of some stages' snapshots, or None while one of them is missing."""
    marks = ", ".join("?" * len(names))
    count, lowest = connection.execute(
        f"SELECT count(*), min(offset) FROM snapshots WHERE name IN ({marks})",  # noqa: S608
        tuple(names),
    ).fetchone()
    return int(lowest) if count == len(names) else None


def snapshot(connection: sqlite3.Connection, name: str) -> bytes:
    """Give the body of a stage's snapshot; empty if there is none."""
    row = connection.execute("SELECT body FROM snapshots WHERE name = ?", (name,)).fetchone()
    return bytes(row[0]) if row is not None else b""
