"""A real InfluxDB 1.x: what arrives means what the telemetry store means, whatever happens."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from influx_stand import BEGIN_US, DATABASE, Core, Influxd, arrives, meters, readings, running, sending
from narrowgate_ingest.influx_client import Credentials, Secret
from narrowgate_ingest.refused_readings import RefusedReadings
from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Family

HOUR_US = 3_600_000_000
STOP_S = 1.0 * int(os.environ.get("NARROWGATE_CHAOS", "1"))
"""How long the server is away under load [s]."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """One InfluxDB for the tests that do it no harm."""
    with running(Influxd(tmp_path_factory.mktemp("influxdb"))) as server:
        yield server


@pytest.fixture
def database(server: Influxd, request: pytest.FixtureRequest) -> str:
    """A database of the test's own."""
    name = re.sub(r"\W", "_", request.node.name)
    server.ask(f'CREATE DATABASE "{name}"')
    return name


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    """An empty core."""
    core = Core(tmp_path)
    yield core
    core.close()


def _merged(core: Core, family: Family) -> list[dict[str, Any]]:
    """Give what the telemetry store says: rows without nulls, times in microseconds."""
    names = ", ".join(
        f'epoch_us("{field.name}") AS "{field.name}"' if field.dtype == "timestamp" else f'"{field.name}"'
        for field in fields_of(family)
    )
    rows = core.telemetry.query(f"SELECT {names} FROM {family} ORDER BY time, device, series").to_pylist()  # noqa: S608
    return [{name: value for name, value in row.items() if value not in (None, "")} for row in rows]


def _arrived(server: Influxd, family: Family, database: str) -> list[dict[str, Any]]:
    """Give what InfluxDB says, in the same form."""
    rows = server.rows(f'SELECT * FROM "{family}"', database=database)  # noqa: S608
    present = [{name: value for name, value in row.items() if value not in (None, "")} for row in rows]
    return sorted(present, key=lambda row: (row["time"], row["device"], row.get("series", "")))


def _refused(core: Core) -> RefusedReadings:
    return RefusedReadings(core.folder / "quarantine")


_EXTREMES = [
    {"device": "plain", "time": BEGIN_US, "volume_m3": 0.1 + 0.2, "valve": "open", "leak": True},
    {"device": "a b,c=d", "series": "x=1, y", "time": BEGIN_US, "volume_m3": 5e-324, "valve": "closed"},
    {"device": 'quo"te\\back', "time": BEGIN_US, "volume_m3": 1.7976931348623157e308, "profile": 'p"\\q\nr'},
    {"device": "电表", "series": "№1", "time": BEGIN_US + 1, "flow_m3_per_h": -0.0, "late": False},
    {"device": "plain", "time": BEGIN_US + 1, "sequence": 2**63 - 1, "cell_id": -(2**63)},
    {"device": "plain", "series": "2", "time": 1, "volume_m3": 1e21},
]


def test_what_arrives_is_what_is_stored(server: Influxd, database: str, core: Core) -> None:
    """Every name, value and time comes through as it stands in the telemetry store."""
    rows = readings(Family.WATER, [{"frame": i, **row} for i, row in enumerate(_EXTREMES)])
    core.store(rows, len(_EXTREMES))

    with sending(core.influx(server.target(database=database))) as store:
        assert arrives(lambda: store.cursor == len(_EXTREMES))

    assert _arrived(server, Family.WATER, database) == _merged(core, Family.WATER)


def test_readings_of_a_key_merge_alike(server: Influxd, database: str, core: Core) -> None:
    """Field by field, the newest frame wins: in one request, in two, and from both sides of a cursor."""
    key = {"device": "m", "time": BEGIN_US}
    first = [
        {**key, "frame": 0, "volume_m3": 1.0, "battery_v": 3.6},
        {**key, "frame": 1, "volume_m3": 2.0, "valve": "open"},
    ]
    later = [{**key, "frame": 2, "battery_v": 3.5}, {**key, "frame": 3, "flow_m3_per_h": 0.25}]
    with sending(core.influx(server.target(database=database))) as store:
        for rows, until in ((first, 2), (later[:1], 3), (later[1:], 4)):
            core.store(readings(Family.WATER, rows), until)
            store.moved.set()
            assert arrives(lambda until=until: store.cursor == until)  # type: ignore[misc]

    assert _arrived(server, Family.WATER, database) == _merged(core, Family.WATER)
    assert len(_merged(core, Family.WATER)) == 1


def test_all_families_arrive(server: Influxd, database: str, core: Core) -> None:
    """Each family is a measurement."""
    core.store(readings(Family.PARKING, [{"device": "b", "time": 5, "occupied": True}]), 1, Family.PARKING)
    core.store(
        readings(Family.LIGHTING, [{"device": "l", "time": 6, "on": False, "frame": 1}]), 2, Family.LIGHTING
    )

    with sending(core.influx(server.target(database=database, precision="ns"))) as store:
        assert arrives(lambda: store.cursor == 2)

    for family in (Family.PARKING, Family.LIGHTING):
        assert _arrived(server, family, database) == _merged(core, family)


def test_points_outside_the_retention_are_noted(server: Influxd, database: str, core: Core) -> None:
    """What is older than the database keeps is refused with its words; all else is written."""
    server.ask(f'ALTER RETENTION POLICY autogen ON "{database}" DURATION 2h SHARD DURATION 1h')
    now_us = time.time_ns() // 1000
    core.store(meters(100, start_us=now_us - 600_000_000), 100)
    core.store(meters(10, first=100, start_us=now_us - 30 * HOUR_US), 110)
    core.store(meters(90, first=110, start_us=now_us - 600_000_000), 200)

    with sending(core.influx(server.target(database=database))) as store:
        assert arrives(lambda: store.cursor == 200)

    assert (store.points_written, store.points_refused) == (190, 10)
    noted = _refused(core).newest()
    assert sorted(each.frame for each in noted) == list(range(100, 110))
    assert {each.detail for each in noted} == {"400 partial write: points beyond retention policy dropped=10"}


@pytest.mark.parametrize("old", [0, 5], ids=["alone", "beside points outside the retention"])
def test_a_field_of_another_type_is_noted(server: Influxd, database: str, core: Core, old: int) -> None:
    """Somebody else wrote another type: those points are refused with the server's words, others are not."""
    server.ask(f'ALTER RETENTION POLICY autogen ON "{database}" DURATION 24h SHARD DURATION 24h')
    now_us = time.time_ns() // 1000
    server.write(f'water,device=other volume_m3="text" {now_us}000', database=database)
    rows = [
        {
            "device": f"m{i}",
            "time": now_us + i,
            "frame": i,
            ("volume_m3" if i % 10 == 3 else "battery_v"): 1.5,
        }
        for i in range(100)
    ]
    rows += [{"device": "old", "time": 1000 + i, "frame": 100 + i, "battery_v": 3.6} for i in range(old)]
    core.store(readings(Family.WATER, rows), len(rows))

    with sending(core.influx(server.target(database=database))) as store:
        assert arrives(lambda: store.cursor == len(rows))

    noted = {each.frame: each.detail for each in _refused(core).newest()}
    assert sorted(noted) == [*range(3, 100, 10), *range(100, 100 + old)]
    assert all('input field "volume_m3" on measurement "water"' in noted[i] for i in range(3, 100, 10))
    assert store.points_written == 90


def test_an_unknown_database_is_waited_for(server: Influxd, core: Core) -> None:
    """A database that is not there holds the store until somebody makes it."""
    core.store(meters(10), 10)

    with sending(core.influx(server.target(database="later"))) as store:
        assert arrives(lambda: 'database not found: "later"' in store.trouble)
        server.ask("CREATE DATABASE later")
        assert arrives(lambda: store.cursor == 10)

    assert len(_arrived(server, Family.WATER, "later")) == 10


def test_a_full_request_is_split_by_the_servers_bound(tmp_path: Path, core: Core) -> None:
    """The server's own bound on a request is found and kept to."""
    core.store(meters(3000), 3000)

    with running(Influxd(tmp_path, most_body_bytes=50_000)) as server:
        with sending(core.influx(server.target())) as store:
            assert arrives(lambda: store.cursor == 3000)
        assert _arrived(server, Family.WATER, DATABASE) == _merged(core, Family.WATER)


def test_a_server_with_users_takes_name_and_password(tmp_path: Path, core: Core) -> None:
    """A wrong password holds the store, in the server's words; the right one lets it go on."""
    core.store(meters(10), 10)
    password = tmp_path / "password"
    password.write_text("wrong")
    server = Influxd(tmp_path, auth=True)
    try:
        server.start()
        server.post("/query", {"q": "CREATE USER root WITH PASSWORD 'right' WITH ALL PRIVILEGES"})
        server.post(f"/query?u=root&p=right&db={DATABASE}", {"q": f"CREATE DATABASE {DATABASE}"})
        target = server.target(credentials=Credentials(Secret(password), "root"))
        with sending(core.influx(target)) as store:
            assert arrives(lambda: "authorization failed" in store.trouble)
            assert store.cursor == 0
            password.write_text("right")
            assert arrives(lambda: store.cursor == 10)
    finally:
        server.kill()


def test_a_server_that_is_away_under_load_loses_nothing(tmp_path: Path, core: Core) -> None:
    """Killed and away for a while, twice, while readings go on coming: all of them arrive, in order."""
    total, per_step = 0, 400
    server = Influxd(tmp_path)
    with running(server), sending(core.influx(server.target(), batch_lines=200)) as store:
        for away_s in (0.0, STOP_S, 0.0, STOP_S / 2):
            if away_s:
                server.kill()
            give_up_s = time.monotonic() + max(away_s, 0.25)
            while time.monotonic() < give_up_s:
                core.store(meters(per_step, first=total), total + per_step)
                total += per_step
                store.moved.set()
                arrives(lambda: False, within_s=0.02)
            if away_s:
                assert arrives(lambda: store.trouble != "")
                assert store.cursor < total
                server.start()
        assert arrives(lambda: store.cursor == total, within_s=250)
        assert _arrived(server, Family.WATER, DATABASE) == _merged(core, Family.WATER)
    assert (store.points_written, store.points_refused) == (total, 0)


def test_memory_stays_flat_while_the_server_is_away(tmp_path: Path, core: Core) -> None:
    """A backlog waits on disk: the store holds one slice of it, however long it is."""
    core.store(meters(20_000), 20_000)
    server = Influxd(tmp_path)
    port_is_closed = server.target()

    with sending(core.influx(port_is_closed, batch_lines=500)) as store:
        assert arrives(lambda: store.trouble != "")
        before = pa.total_allocated_bytes()
        for start in range(20_000, 100_000, 20_000):
            core.store(meters(20_000, first=start), start + 20_000)
            store.moved.set()
        grown = pa.total_allocated_bytes() - before

    assert grown < 1_000_000
    assert store.cursor == 0
