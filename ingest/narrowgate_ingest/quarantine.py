"""What was kept but gave no reading: the raw frame and why, until somebody looks or it is run again."""

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

FORMAT_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS frames (
    frame INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, transport TEXT NOT NULL, listener TEXT NOT NULL,
    path TEXT NOT NULL, device TEXT NOT NULL, profile TEXT, reason TEXT NOT NULL, detail TEXT NOT NULL,
    payload BLOB NOT NULL
);
"""


@dataclass(frozen=True)
class Refused:
    """A frame set aside."""

    frame: int
    received_at_us: int
    transport: str
    listener: str
    path: str
    device: str
    profile: str | None
    reason: str
    detail: str
    payload: bytes


class Quarantine:
    """The frames set aside, in one SQLite file under `quarantine/`, keyed by journal offset."""

    def __init__(self, directory: Path) -> None:
        """Open or make it; ValueError if another format version wrote it."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "quarantine.db"
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, FORMAT_VERSION):
            self._connection.close()
            raise ValueError(f"{path}: format version {version}; this release reads version {FORMAT_VERSION}")
        self._connection.executescript(_SCHEMA)
        self._connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")

    def put(self, frames: Iterable[Refused], start: int, until: int) -> None:
        """Set frames of journal rows [start, until) aside, durably, in place of what stood there of them."""
        with self._connection:
            self._connection.execute("DELETE FROM frames WHERE frame >= ? AND frame < ?", (start, until))
            self._connection.executemany(
                "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(astuple, frames)
            )

    def frames(self, limit: int = 100) -> list[Refused]:
        """Give the newest frames set aside."""
        rows = self._connection.execute("SELECT * FROM frames ORDER BY frame DESC LIMIT ?", (limit,))
        return [Refused(*row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
