"""A desk in a real SQLite file, and rows of findings."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from georeport_city import City, server_of
from georeport_stand import NAME, CityStand
from narrowgate_cases import SCHEMA, Wants, install_outbox
from narrowgate_cases.open311_client import Format


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


@pytest.fixture
def city() -> City:
    """A city."""
    return City()


@pytest.fixture(params=[Format.JSON, Format.XML])
def stand(
    connection: sqlite3.Connection, state_path: Path, city: City, request: pytest.FixtureRequest
) -> Iterator[CityStand]:
    """A desk whose cases go to a city, in either form."""
    install_outbox(connection, [(NAME, Wants())])
    server = server_of(city)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/v2"
        yield CityStand(connection, state_path, city, url, request.param)
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
