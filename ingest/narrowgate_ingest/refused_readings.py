"""Readings that a further store refused for good: which, by whom, in whose words.

The readings themselves stand in the telemetry store; here is their key, so that they can be sent again.
Whoever wants that asks here, from any process; the store's own thread does it and settles what became of it.
The newest MOST_ROWS are kept: a store that refuses everything for a month does not fill the disk.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from narrowgate_ingest.state_erasing import leave_no_bytes
from narrowgate_schema.words import Reason

FORMAT_VERSION = 2
MOST_ROWS = 1_000_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS readings (
    number INTEGER PRIMARY KEY AUTOINCREMENT, store TEXT NOT NULL, frame INTEGER NOT NULL,
    family TEXT NOT NULL, device TEXT NOT NULL, series TEXT NOT NULL, time INTEGER NOT NULL,
    reason TEXT NOT NULL, detail TEXT NOT NULL, asked INTEGER NOT NULL DEFAULT 0,
    UNIQUE (store, family, device, series, time)
);
"""
_ASKED = "CREATE INDEX IF NOT EXISTS asked ON readings (store, number) WHERE asked;"
_FROM_VERSION_1 = "ALTER TABLE readings ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;"
_COLUMNS = "store, frame, family, device, series, time, detail, reason"


@dataclass(frozen=True)
class RefusedReading:
    """One reading that a store refused."""

    store: str
    frame: int
    family: str
    device: str
    series: str
    time_us: int
    detail: str
    """The store's words."""
    reason: str = Reason.STORE_REFUSED


class RefusedReadings:
    """The refused readings of all further stores, in one SQLite file under `quarantine/`; for one thread."""

    def __init__(self, directory: Path, *, most_rows: int = MOST_ROWS) -> None:
        """Open or make it; ValueError if another format version wrote it."""
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / "readings.db"
        self._most_rows = most_rows
        self._connection = sqlite3.connect(self.path, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, 1, FORMAT_VERSION):
            self._connection.close()
            raise ValueError(
                f"{self.path}: format version {version}; this release reads version {FORMAT_VERSION}"
            )
        # In one transaction: a crash leaves the one format or the other.
        upgrade = _FROM_VERSION_1 if version == 1 else _SCHEMA
        self._connection.executescript(
            f"BEGIN IMMEDIATE; {upgrade} {_ASKED} PRAGMA user_version = {FORMAT_VERSION}; COMMIT;"
        )

    def put(self, readings: Sequence[RefusedReading]) -> None:
        """Note readings; one that is there already takes the newer frame and words."""
        with self._connection:
            self._note(readings)
            self._connection.execute(
                "DELETE FROM readings WHERE number <= (SELECT max(number) FROM readings) - ?",
                (self._most_rows,),
            )

    def newest(self, limit: int = 100) -> list[RefusedReading]:
        """Give the readings noted last, the last one first."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM readings ORDER BY number DESC LIMIT ?",  # noqa: S608
            (limit,),
        )
        return [RefusedReading(*row) for row in rows]

    def ask_again(self, device: str | None = None) -> list[RefusedReading]:
        """Ask that readings be sent again, all or one device's; give them, the oldest first."""
        meant = "WHERE ?1 IS NULL OR device = ?1"
        with self._connection:
            self._connection.execute(f"UPDATE readings SET asked = 1 {meant}", (device,))  # noqa: S608
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM readings {meant} ORDER BY number",  # noqa: S608
                (device,),
            ).fetchall()
        return [RefusedReading(*row) for row in rows]

    def asked(self, store: str, limit: int) -> list[RefusedReading]:
        """Give readings that a store is asked to take again, the oldest first."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM readings WHERE asked AND store = ? ORDER BY number LIMIT ?",  # noqa: S608
            (store, limit),
        )
        return [RefusedReading(*row) for row in rows]

    def settle(self, asked: Sequence[RefusedReading], refused: Sequence[RefusedReading]) -> None:
        """Let readings go that were asked for, but those refused anew: they stay, in their newer words."""
        with self._connection:
            self._connection.executemany(
                "DELETE FROM readings WHERE asked AND store = ? AND family = ? AND device = ? "
                "AND series = ? AND time = ?",
                ((one.store, one.family, one.device, one.series, one.time_us) for one in asked),
            )
            self._note(refused)

    def _note(self, readings: Sequence[RefusedReading]) -> None:
        self._connection.executemany(
            f"INSERT INTO readings ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608
            "ON CONFLICT (store, family, device, series, time) "
            "DO UPDATE SET frame = excluded.frame, detail = excluded.detail, asked = 0",
            map(astuple, readings),
        )

    def count(self) -> int:
        """Give the number of readings noted."""
        (rows,) = self._connection.execute("SELECT count(*) FROM readings").fetchone()
        return int(rows)

    def count_of(self, device: str) -> int:
        """Give how many readings of a device are here."""
        sql = "SELECT count(*) FROM readings WHERE device = ?"
        return int(self._connection.execute(sql, (device,)).fetchone()[0])

    def erase(self, device: str) -> int:
        """Let go of a device's readings down to the last byte; give how many there were."""
        with self._connection:
            gone = self._connection.execute("DELETE FROM readings WHERE device = ?", (device,)).rowcount
        leave_no_bytes(self._connection)
        return gone

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
