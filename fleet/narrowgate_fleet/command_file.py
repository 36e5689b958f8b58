"""The file of commands: `commands.db` in the home, which the core puts into and the edge sends from.

Rule 1: each step is durable before anybody acts on it (WAL, synchronous=FULL).
Rule 2: at most one command of a device is on its way; the file itself refuses a second.
Rule 3: each change gives its row the next mark, so that who watches reads what is new and nothing else.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock

from narrowgate_fleet.command_groups import DDL as GROUPS

FORMAT = 1
BUSY_S = 10.0
_APPLICATION_ID = 0x4E47636D

_DDL = (
    "CREATE TABLE commands (id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, kind TEXT "
    "NOT NULL, arguments TEXT NOT NULL, place TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT "
    "NULL, put_by TEXT NOT NULL, put_at INTEGER NOT NULL, not_before INTEGER NOT NULL, expires_at "
    "INTEGER NOT NULL, idempotency_key TEXT, group_name TEXT, cell TEXT NOT NULL, profile TEXT NOT "
    "NULL, payload BLOB NOT NULL, port INTEGER, number INTEGER NOT NULL, is_answered INTEGER NOT "
    "NULL, attempts INTEGER NOT NULL, most_attempts INTEGER NOT NULL, sent_at INTEGER, left_at INTEGER, "
    "exchange TEXT, settled_at INTEGER, mark INTEGER NOT NULL) STRICT",
    "CREATE UNIQUE INDEX on_its_way ON commands (device) WHERE state = 'SENT' OR (state = 'DELIVERED' "
    "AND is_answered = 1)",
    "CREATE INDEX commands_of_device ON commands (device, id)",
    "CREATE INDEX commands_by_state ON commands (state, put_at)",
    "CREATE INDEX commands_by_mark ON commands (mark)",
    "CREATE INDEX commands_of_group ON commands (group_name, state) WHERE group_name IS NOT NULL",
    "CREATE INDEX commands_sent ON commands (cell, sent_at) WHERE sent_at IS NOT NULL",
    "CREATE INDEX commands_settled ON commands (settled_at) WHERE settled_at IS NOT NULL",
    "CREATE INDEX commands_open ON commands (expires_at) WHERE settled_at IS NULL",
    "CREATE UNIQUE INDEX commands_once ON commands (put_by, idempotency_key) WHERE idempotency_key IS "
    "NOT NULL",
    "CREATE TABLE steps (command_id INTEGER NOT NULL REFERENCES commands ON DELETE CASCADE, number "
    "INTEGER NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, actor TEXT NOT "
    "NULL, detail TEXT NOT NULL, PRIMARY KEY (command_id, number)) STRICT, WITHOUT ROWID",
    *GROUPS,
    "CREATE TABLE marks (mark INTEGER NOT NULL) STRICT",
    "INSERT INTO marks VALUES (0)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)
_MARKS = ("application_id", "user_version")


class CommandFile:
    """The open file: one connection that writes, for one thread at a time, and as many readers as wanted."""

    def __init__(self, path: Path) -> None:
        """Open or make it.

        Raises:
            ValueError: it is another program's file, or of another format.
            sqlite3.Error: it cannot be used.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        with ExitStack() as undoing:
            undoing.callback(self._writer.close)
            self._prepare()
            undoing.pop_all()
        self._writing = Lock()

    def _prepare(self) -> None:
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._writer.execute("PRAGMA synchronous = FULL")
        self._writer.execute("PRAGMA foreign_keys = ON")
        self._writer.execute("BEGIN IMMEDIATE")
        # All of it or nothing: a file with half its tables would be none ever after.
        with self._writer:
            (tables,) = self._writer.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            for statement in _DDL if tables == 0 else ():
                self._writer.execute(statement)
        found = [self._writer.execute(f"PRAGMA {name}").fetchone()[0] for name in _MARKS]
        if found != [_APPLICATION_ID, FORMAT]:
            raise ValueError(
                f"{self.path}: is no file of commands of format {FORMAT}, which this release reads"
            )

    def reader(self) -> sqlite3.Connection:
        """Give a new read-only connection, for the thread that asks."""
        return sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction: all of it is durable afterwards, or none."""
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            finally:
                # Ended already if it is committed, perhaps also by a full disk.
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    @contextmanager
    def looking(self) -> Iterator[sqlite3.Connection]:
        """Give the writer's connection for a look that changes nothing."""
        with self._writing:
            yield self._writer

    def close(self) -> None:
        """Close the file."""
        self._writer.close()
