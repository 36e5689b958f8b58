"""What was kept but gave no reading: the raw frame and why, until somebody looks or it is run again."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from narrowgate_ingest.state_erasing import leave_no_bytes
from narrowgate_schema.words import Disposition

FORMAT_VERSION = 2

_SCHEMA = """
CREATE TABLE IF NOT EXISTS frames (
    frame INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, transport TEXT NOT NULL, listener TEXT NOT NULL,
    path TEXT NOT NULL, device TEXT NOT NULL, profile TEXT, reason TEXT NOT NULL, detail TEXT NOT NULL,
    payload BLOB NOT NULL, disposition TEXT NOT NULL DEFAULT 'quarantined',
    transport_facts TEXT NOT NULL DEFAULT '{}'
);
"""
_FROM_VERSION_1 = """
ALTER TABLE frames ADD COLUMN disposition TEXT NOT NULL DEFAULT 'quarantined';
ALTER TABLE frames ADD COLUMN transport_facts TEXT NOT NULL DEFAULT '{}';
"""
_HELD = """
CREATE TABLE strangers (listener TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER stranger_came AFTER INSERT ON frames WHEN new.reason = 'unknown' BEGIN
    INSERT INTO strangers VALUES (new.listener, length(new.payload))
    ON CONFLICT (listener) DO UPDATE SET bytes = bytes + length(new.payload);
END;
CREATE TRIGGER stranger_went AFTER DELETE ON frames WHEN old.reason = 'unknown' BEGIN
    UPDATE strangers SET bytes = bytes - length(old.payload) WHERE listener = old.listener;
END;
CREATE TRIGGER stranger_known AFTER UPDATE OF reason ON frames
WHEN old.reason = 'unknown' AND new.reason <> 'unknown' BEGIN
    UPDATE strangers SET bytes = bytes - length(old.payload) WHERE listener = old.listener;
END;
CREATE TRIGGER known_no_more AFTER UPDATE OF reason ON frames
WHEN old.reason <> 'unknown' AND new.reason = 'unknown' BEGIN
    INSERT INTO strangers VALUES (new.listener, length(new.payload))
    ON CONFLICT (listener) DO UPDATE SET bytes = bytes + length(new.payload);
END;
INSERT INTO strangers SELECT listener, sum(length(payload)) FROM frames WHERE reason = 'unknown' GROUP BY 1;
"""
"""What is held of devices that the registry does not know, by listener, whoever takes frames out."""
_FACTS = (
    "port", "authenticated_as", "tenant", "endpoint", "message_id", "token", "confirmable", "dup",
    "rsrp_dbm", "rssi_dbm", "sinr_db", "ecl", "cell_id",
)  # fmt: skip
"""What else the journal says of an uplink: kept here too, for the journal is trimmed."""
_DOUBTED = "doubted"


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
    disposition: str = Disposition.QUARANTINED
    """Quarantined, or partial: some of its records gave readings."""
    transport_facts: str = "{}"
    """JSON: what the journal said of the frame besides."""

    def uplink(self) -> dict[str, Any]:
        """Give the frame as a row of UPLINKS, as it was journalled."""
        facts = json.loads(self.transport_facts)
        return {
            "frame": self.frame,
            "received_at": self.received_at_us,
            "transport": self.transport,
            "listener": self.listener,
            "path": self.path,
            "claimed_device": self.device,
            "payload": self.payload,
            **{"tenant": "", "endpoint": "", "confirmable": True, "dup": False},
            **{name: facts.get(name) for name in _FACTS if name in facts},
            "token": bytes.fromhex(facts.get("token", "")),
        }

    @property
    def is_doubted(self) -> bool:
        """Whether the frame came in while the host's clock was not set."""
        return json.loads(self.transport_facts).get(_DOUBTED) is True


def transport_facts(uplink: dict[str, Any], *, is_doubted: bool) -> str:
    """Give what is kept of a row of UPLINKS besides the columns."""
    facts = {name: uplink[name] for name in _FACTS if uplink[name] is not None}
    facts["token"] = uplink["token"].hex()
    if is_doubted:
        facts[_DOUBTED] = True
    return json.dumps(facts, ensure_ascii=False)


def _counts_strangers(connection: sqlite3.Connection) -> bool:
    asked = "SELECT count(*) FROM sqlite_master WHERE name = 'strangers'"
    (count,) = connection.execute(asked).fetchone()
    return bool(count)


def strangers_bytes(connection: sqlite3.Connection) -> dict[str, int]:
    """Give the payload bytes held of devices that the registry does not know, by listener [B]."""
    if not _counts_strangers(connection):
        return {}
    return dict(connection.execute("SELECT listener, bytes FROM strangers"))


class Quarantine:
    """The frames set aside, in one SQLite file under `quarantine/`, keyed by journal offset."""

    def __init__(self, directory: Path) -> None:
        """Open or make it; ValueError if another format version wrote it."""
        directory.mkdir(parents=True, exist_ok=True)
        self._path = path = directory / "quarantine.db"
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, 1, FORMAT_VERSION):
            self._connection.close()
            raise ValueError(f"{path}: format version {version}; this release reads version {FORMAT_VERSION}")
        # In one transaction: a crash leaves the one format or the other.
        upgrade = _FROM_VERSION_1 if version == 1 else _SCHEMA
        if not _counts_strangers(self._connection):
            upgrade += _HELD
        self._connection.executescript(
            f"BEGIN IMMEDIATE; {upgrade} PRAGMA user_version = {FORMAT_VERSION}; COMMIT;"
        )

    def put(self, frames: Iterable[Refused], start: int, until: int) -> None:
        """Set frames of journal rows [start, until) aside, durably, in place of what stood there of them."""
        with self._connection:
            self._connection.execute("DELETE FROM frames WHERE frame >= ? AND frame < ?", (start, until))
            self._connection.executemany(
                "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(astuple, frames)
            )

    def replace(self, frames: Iterable[Refused], of: Iterable[int]) -> None:
        """Set frames aside in place of all that stood here of some."""
        with self._connection:
            self._connection.executemany("DELETE FROM frames WHERE frame = ?", ((frame,) for frame in of))
            self._connection.executemany(
                "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(astuple, frames)
            )

    def frames(self, limit: int = 100) -> list[Refused]:
        """Give the newest frames set aside."""
        rows = self._connection.execute("SELECT * FROM frames ORDER BY frame DESC LIMIT ?", (limit,))
        return [Refused(*row) for row in rows]

    def pick(self, frames: Sequence[int]) -> list[Refused]:
        """Give those of some frames that are here, in journal order."""
        marks = ", ".join("?" * len(frames))
        rows = self._connection.execute(
            f"SELECT * FROM frames WHERE frame IN ({marks}) ORDER BY frame",  # noqa: S608 - question marks
            tuple(frames),
        )
        return [Refused(*row) for row in rows]

    def between(self, start: int, until: int) -> set[int]:
        """Give the journal offsets in [start, until) of frames that are here; from any thread."""
        with closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)) as reader:
            rows = reader.execute("SELECT frame FROM frames WHERE frame >= ? AND frame < ?", (start, until))
            return {frame for (frame,) in rows}

    def settle(self, outcomes: Iterable[tuple[int, str, str, str, str | None]]) -> None:
        """Let frames go that were run again, or keep them with what was found anew.

        Args:
            outcomes: (frame, disposition, reason, detail, profile); a frame without a reason goes.
        """
        with self._connection:
            for frame, disposition, reason, detail, profile in outcomes:
                if not reason:
                    self._connection.execute("DELETE FROM frames WHERE frame = ?", (frame,))
                    continue
                self._connection.execute(
                    "UPDATE frames SET disposition = ?, reason = ?, detail = ?, profile = ? WHERE frame = ?",
                    (disposition, reason, detail, profile, frame),
                )

    def count_of(self, device: str) -> int:
        """Give how many frames of a device are here."""
        sql = "SELECT count(*) FROM frames WHERE device = ?"
        return int(self._connection.execute(sql, (device,)).fetchone()[0])

    def erase(self, device: str) -> int:
        """Let go of a device's frames down to the last byte; give how many there were."""
        with self._connection:
            gone = self._connection.execute("DELETE FROM frames WHERE device = ?", (device,)).rowcount
        leave_no_bytes(self._connection)
        return gone

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
