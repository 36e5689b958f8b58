"""Readings that a further store refused for good: which, by whom, in whose words.

The readings themselves stand in the telemetry store; here is their key, so that they can be sent again.
The newest MOST_ROWS are kept: a store that refuses everything for a month does not fill the disk.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from narrowgate_schema.words import Reason

FORMAT_VERSION = 1
MOST_ROWS = 1_000_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS readings (
    number INTEGER PRIMARY KEY AUTOINCREMENT, store TEXT NOT NULL, frame INTEGER NOT NULL,
    family TEXT NOT NULL, device TEXT NOT NULL, series TEXT NOT NULL, time INTEGER NOT NULL,
    reason TEXT NOT NULL, detail TEXT NOT NULL, UNIQUE (store, family, device, series, time)
);
"""


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
        if version not in (0, FORMAT_VERSION):
            raise ValueError(
                f"{self.path}: format version {version}; this release reads version {FORMAT_VERSION}"
            )
        self._connection.executescript(_SCHEMA)
        self._connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")

    def put(self, readings: Sequence[RefusedReading]) -> None:
        """Note readings; one that is there already takes the newer frame and words."""
        with self._connection:
            self._connection.executemany(
                "INSERT INTO readings (store, frame, family, device, series, time, detail, reason) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (store, family, device, series, time) "
                "DO UPDATE SET frame = excluded.frame, detail = excluded.detail",
                map(astuple, readings),
            )
            self._connection.execute(
                "DELETE FROM readings WHERE number <= (SELECT max(number) FROM readings) - ?",
                (self._most_rows,),
            )

    def newest(self, limit: int = 100) -> list[RefusedReading]:
        """Give the readings noted last, the last one first."""
        rows = self._connection.execute(
            "SELECT store, frame, family, device, series, time, detail, reason FROM readings "
            "ORDER BY number DESC LIMIT ?",
            (limit,),
        )
        return [RefusedReading(*row) for row in rows]

    def count(self) -> int:
        """Give the number of readings noted."""
        (rows,) = self._connection.execute("SELECT count(*) FROM readings").fetchone()
        return int(rows)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
