"""The file of users, sessions, tokens, failures and audit: `access.db` in the home, its owner's alone.

It is no part of the state database: a sign-in never waits for the pipeline's transaction nor holds it up, and
`narrowgate users` writes it beside a running gateway and before the first start.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock

FORMAT = 1
BUSY_S = 5.0
_APPLICATION_ID = 0x4E476163
_MODE = 0o600

_DDL = f"""
CREATE TABLE users (
    name TEXT PRIMARY KEY, role TEXT NOT NULL, tenants TEXT, password TEXT NOT NULL,
    enabled INTEGER NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
    digest BLOB PRIMARY KEY, user TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at INTEGER NOT NULL, ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
    token TEXT PRIMARY KEY, digest BLOB NOT NULL, label TEXT NOT NULL, scopes TEXT NOT NULL, tenants TEXT,
    created_by TEXT NOT NULL, created_at INTEGER NOT NULL, ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE failures (
    subject TEXT PRIMARY KEY, failures INTEGER NOT NULL, last_at INTEGER NOT NULL,
    locked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, principal TEXT NOT NULL, action TEXT NOT NULL,
    object TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END;
CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is never cut'); END;
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {FORMAT};
"""
_UNITS = """
CREATE TABLE IF NOT EXISTS user_units (
    name TEXT PRIMARY KEY REFERENCES users ON DELETE CASCADE, unit TEXT NOT NULL
) STRICT, WITHOUT ROWID
"""
"""Came later than the others: made where it is not there."""


class AccessFile:
    """The open file: one connection that reads, one that writes, each for one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make it.

        Raises:
            ValueError: it is another program's file, or of another format.
            OSError: it cannot be made.
            sqlite3.Error: it cannot be read.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made by us with its mode from the first byte; SQLite gives its side files the same.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _MODE))
        path.chmod(_MODE)
        self._writer = self._opened()
        with ExitStack() as undoing:
            undoing.callback(self._writer.close)
            self._prepare()
            self._reader = self._opened()
            undoing.pop_all()
        self._reading, self._writing = Lock(), Lock()

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _prepare(self) -> None:
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._writer.execute("PRAGMA synchronous = FULL")
        self._writer.execute("BEGIN IMMEDIATE")
        # All of it or nothing: a file with half its tables would be no access file ever after.
        with self._writer:
            tables = self._writer.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
            if tables == 0:
                for statement in _statements(_DDL):
                    self._writer.execute(statement)
            if self._writer.execute(f"PRAGMA {_MARKS[0]}").fetchone()[0] == _APPLICATION_ID:
                self._writer.execute(_UNITS)
        found = [self._writer.execute(f"PRAGMA {name}").fetchone()[0] for name in _MARKS]
        if found != [_APPLICATION_ID, FORMAT]:
            raise ValueError(f"{self.path}: is no access file of format {FORMAT}, which this release reads")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection that reads."""
        with self._reading:
            yield self._reader

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction: all of it is durable afterwards, or none."""
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            with self._writer:
                yield self._writer

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        self._writer.close()


_MARKS = ("application_id", "user_version")


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script one by one: executescript would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
