"""The state database as the desk's people open it: beside the core, for one transaction each."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from narrowgate_cases.installing import format_version, install
from narrowgate_cases.tables import FORMAT_VERSION

BUSY_S = 30.0
"""How long a step waits for the pipeline's transaction [s]."""


@contextmanager
def opened(state: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that may write, outside any transaction.

    Raises:
        ValueError: a later release wrote the desk's tables.
        sqlite3.Error: the database is not there, or cannot be written.
    """
    where = f"{state.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(where, uri=True, timeout=BUSY_S, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        if format_version(connection) != FORMAT_VERSION:
            install(connection)
        yield connection


@contextmanager
def working(state: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection within a transaction: all of it is durable afterwards, or none.

    Raises:
        ValueError: a later release wrote the desk's tables.
        sqlite3.Error: the database is not there, or cannot be written.
    """
    with opened(state) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


@contextmanager
def looking(state: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that reads.

    Raises:
        sqlite3.Error: the database is not there, or cannot be read.
    """
    with closing(sqlite3.connect(f"{state.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection
