"""A real InfluxDB 1.x takes back what it was told of a device, or of a point."""

from pathlib import Path

from influx_stand import Core as CoreHome
from influx_stand import Influxd, arrives, meters, running, sending
from narrowgate_ingest.influx_client import Target
from narrowgate_ingest.influx_store import name_of


def _ask_back(core: CoreHome, target: Target) -> None:
    with core.state.transaction() as connection:
        connection.execute("INSERT INTO unsaid VALUES (?, 'meter-0003', '')", (name_of(target),))
        connection.executemany(
            "INSERT INTO unsaid_points VALUES (?, 'water', ?, '', ?)",
            [(name_of(target), "meter-0001", 42), (name_of(target), "meter-0002", _second(core))],
        )


def _second(core: CoreHome) -> int:
    """Give the time of a reading that stands."""
    sql = "SELECT epoch_us(time) AS t FROM water_rows WHERE device = 'meter-0002' ORDER BY time LIMIT 1"
    return int(core.telemetry.query(sql)["t"][0].as_py())


def test_a_device_and_a_point_are_taken_back(tmp_path: Path) -> None:
    """All of the device goes, a point that no frame gives goes, one that stands is sent again."""
    core = CoreHome(tmp_path)
    with running(Influxd(tmp_path)) as server:
        core.store(meters(30), 30)
        server.write("water,device=meter-0001 volume_m3=1 42000")
        _ask_back(core, server.target())
        counted = "SELECT count(volume_m3) FROM water GROUP BY device"
        with sending(core.influx(server.target())) as store:
            assert arrives(lambda: store.cursor == 30)
            assert arrives(lambda: not _left(core))
        counts = {each["tags"]["device"]: each["values"][0][1] for each in server.ask(counted)}
        core.store(meters(1, first=30), 31)
    core.close()

    assert counts["meter-0001"] == counts["meter-0002"] == 3


def _left(core: CoreHome) -> int:
    (left,) = core.state.connection.execute(
        "SELECT (SELECT count(*) FROM unsaid) + (SELECT count(*) FROM unsaid_points)"
    ).fetchone()
    return int(left)


def test_a_device_goes_from_the_server_with_all_its_points(tmp_path: Path) -> None:
    """What was sent before is dropped; nothing else is."""
    core = CoreHome(tmp_path)
    with running(Influxd(tmp_path)) as server:
        core.store(meters(30), 30)
        with sending(core.influx(server.target())) as store:
            assert arrives(lambda: store.cursor == 30)
            with core.state.transaction() as connection:
                name = name_of(server.target())
                connection.execute("INSERT INTO unsaid VALUES (?, 'meter-0003', '')", (name,))
            store.moved.set()
            assert arrives(lambda: not _left(core))
        found = {row["device"] for row in server.rows("SELECT * FROM water")}
    core.close()

    assert found == {f"meter-{n:04d}" for n in range(10)} - {"meter-0003"}
