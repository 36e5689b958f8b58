"""Readings that a real InfluxDB 1.x refused are sent again when somebody asks for it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from influx_stand import BEGIN_US, Core, Influxd, arrives, readings, running, sending
from narrowgate_ingest.influx_store import InfluxStore
from narrowgate_ingest.refused_readings import RefusedReading, RefusedReadings
from narrowgate_schema.words import Family

N = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """One InfluxDB."""
    with running(Influxd(tmp_path_factory.mktemp("influxdb"))) as server:
        yield server


@pytest.fixture
def database(server: Influxd, request: pytest.FixtureRequest) -> str:
    """A database of the test's own, where somebody has written a text into a field of ours."""
    name = re.sub(r"\W", "_", request.node.name)
    server.ask(f'CREATE DATABASE "{name}"')
    _spoil(server, name)
    return name


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    """A core with readings that this database refuses, and one that it takes."""
    core = Core(tmp_path)
    rows: list[dict[str, object]] = [
        {"device": f"m{n}", "time": BEGIN_US + n, "frame": n, "volume_m3": n / 8} for n in range(N)
    ]
    rows.append({"device": "other", "time": BEGIN_US, "frame": N, "battery_v": 3.5})
    core.store(readings(Family.WATER, rows), N + 1)
    yield core
    core.close()


def _spoil(server: Influxd, database: str) -> None:
    server.write(f'water,device=spoiler volume_m3="text" {BEGIN_US}000', database=database)


def _mend(server: Influxd, database: str) -> None:
    server.ask('DROP SERIES FROM "water" WHERE "device" = \'spoiler\'', database=database)
    # The field keeps its type with its shard: the whole measurement has to go before the type is free.
    server.ask('DROP MEASUREMENT "water"', database=database)


def _store(core: Core, server: Influxd, database: str) -> InfluxStore:
    return core.influx(server.target(database=database))


def _arrived(server: Influxd, database: str) -> set[str]:
    found = server.rows('SELECT "volume_m3", "device" FROM "water"', database=database)
    return {row["device"] for row in found if row["device"] != "spoiler"}


def _ask(core: Core, device: str | None = None) -> list[RefusedReading]:
    refused = RefusedReadings(core.folder / "quarantine")
    try:
        return refused.ask_again(device)
    finally:
        refused.close()


def _noted(core: Core) -> list[RefusedReading]:
    refused = RefusedReadings(core.folder / "quarantine")
    try:
        return refused.newest()
    finally:
        refused.close()


def test_what_was_refused_is_taken_once_its_cause_is_gone(server: Influxd, database: str, core: Core) -> None:
    """The database was mended: what is asked for arrives as it stands now, and is noted no longer."""
    with sending(_store(core, server, database)) as store:
        assert arrives(lambda: store.cursor == N + 1)
        assert len(_noted(core)) == N
        _mend(server, database)
        core.store(
            readings(Family.WATER, [{"device": "m3", "time": BEGIN_US + 3, "frame": N + 1, "leak": True}]),
            N + 2,
        )
        assert len(_ask(core)) == N
        store.moved.set()
        assert arrives(lambda: not _noted(core))

    assert _arrived(server, database) == {f"m{n}" for n in range(N)}
    [row] = server.rows('SELECT "volume_m3", "leak" FROM "water" WHERE "device" = \'m3\'', database=database)
    assert (row["volume_m3"], row["leak"]) == (3 / 8, True)


def test_what_is_refused_again_stays_in_its_newer_words(server: Influxd, database: str, core: Core) -> None:
    """Nothing was mended: the readings stay noted, nobody goes on asking, nothing else is delayed."""
    with sending(_store(core, server, database)) as store:
        assert arrives(lambda: store.cursor == N + 1)
        before = store.points_refused
        _ask(core, "m3")
        store.moved.set()
        assert arrives(lambda: store.points_refused == before + 1)
        assert arrives(lambda: not _waits(core, store))

    assert len(_noted(core)) == N


def _waits(core: Core, store: InfluxStore) -> bool:
    refused = RefusedReadings(core.folder / "quarantine")
    try:
        return bool(refused.asked(f"influxdb {store.target.name}", 1))
    finally:
        refused.close()


def test_asking_twice_is_asking_once(server: Influxd, database: str, core: Core) -> None:
    """However often it is asked for and sent, each reading is one point."""
    with sending(_store(core, server, database)) as store:
        assert arrives(lambda: store.cursor == N + 1)
        _mend(server, database)
        for _ in range(2):
            _ask(core)
            store.moved.set()
        assert arrives(lambda: not _noted(core))

    [count] = server.rows('SELECT count("volume_m3") AS n FROM "water"', database=database)
    assert count["n"] == N


def test_what_was_asked_for_before_a_crash_is_sent_after_it(
    server: Influxd, database: str, core: Core
) -> None:
    """The wish is on disk: a store that begins anew fulfils it, one device's alone if so asked."""
    with sending(_store(core, server, database)) as store:
        assert arrives(lambda: store.cursor == N + 1)
    _mend(server, database)
    _ask(core, "m7")

    with sending(_store(core, server, database)):
        assert arrives(lambda: len(_noted(core)) == N - 1)

    assert _arrived(server, database) == {"m7"}


def test_a_reading_that_is_stored_no_longer_says_so(server: Influxd, database: str, core: Core) -> None:
    """What retention took away here cannot be sent: it stays noted, in words that say why."""
    with sending(_store(core, server, database)) as store:
        assert arrives(lambda: store.cursor == N + 1)
        core.telemetry._connection.execute("DELETE FROM water_rows WHERE device = 'm5'")
        _mend(server, database)
        _ask(core)
        store.moved.set()
        assert arrives(lambda: len(_noted(core)) == 1)

    assert [(one.device, one.detail) for one in _noted(core)] == [
        ("m5", "the reading is no longer stored here")
    ]


def test_a_server_that_is_away_is_waited_for(tmp_path: Path, core: Core) -> None:
    """A wish outlasts the server's absence."""
    server = Influxd(tmp_path)
    with running(server):
        _spoil(server, "narrowgate")
        with sending(core.influx(server.target())) as store:
            assert arrives(lambda: store.cursor == N + 1)
            _mend(server, "narrowgate")
            server.kill()
            _ask(core)
            store.moved.set()
            assert arrives(lambda: store.trouble != "")
            server.start()
            assert arrives(lambda: not _noted(core))

        assert len(_arrived(server, "narrowgate")) == N


def test_a_key_of_another_database_is_left_alone(server: Influxd, database: str, core: Core) -> None:
    """What another store refused waits for that store."""
    refused = RefusedReadings(core.folder / "quarantine")
    refused.put([RefusedReading("influxdb elsewhere/city", 1, "water", "m1", "", BEGIN_US + 1, "no")])
    refused.close()
    with sending(_store(core, server, database)) as store:
        assert arrives(lambda: store.cursor == N + 1)
        _mend(server, database)
        _ask(core)
        store.moved.set()
        assert arrives(lambda: len(_noted(core)) == 1)

    assert [one.store for one in _noted(core)] == ["influxdb elsewhere/city"]
