"""A desk in a real SQLite file, and rows of findings."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrowgate_cases import SCHEMA


@pytest.fixture
def state_path(tmp_path: Path) -> Path:
    """Where the state database lies."""
    return tmp_path / "state.db"


@pytest.fixture
def connection(state_path: Path) -> Iterator[sqlite3.Connection]:
    """The state database as the core opens it."""
    opened = sqlite3.connect(state_path, isolation_level=None)
    opened.execute("PRAGMA journal_mode = WAL")
    opened.execute("PRAGMA foreign_keys = ON")
    opened.executescript(SCHEMA)
    yield opened
    opened.close()
