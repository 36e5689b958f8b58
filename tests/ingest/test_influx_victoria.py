"""A real VictoriaMetrics behind the v2 transport: the requests fit, and a retried write does not double.

It is no InfluxDB: text becomes 0, times are cut to milliseconds. Meaning is tested in test_influx_server.py.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from influx_stand import BEGIN_US, Core, Victoria, arrives, meters, running, sending
from narrowgate_ingest.influx_client import Target

DAY_LATER_US = BEGIN_US + 86_400_000_000


@pytest.fixture(scope="module")
def victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victoria]:
    """One VictoriaMetrics for all tests."""
    with running(Victoria(tmp_path_factory.mktemp("victoria"))) as server:
        yield server


def _values(server: Victoria, name: str) -> dict[str, list[tuple[int, float]]]:
    """Give (time [ms], value) of each device of a metric."""
    server.get("/internal/force_flush")
    status, body = server.post("/api/v1/export", {"match[]": name, "start": "0", "reduce_mem_usage": "0"})
    assert status == 200
    series = [json.loads(line) for line in body.splitlines()]
    return {
        each["metric"]["device"]: sorted(zip(each["timestamps"], each["values"], strict=True))
        for each in series
    }


def test_the_v2_transport_carries_every_reading(victoria: Victoria, tmp_path: Path) -> None:
    """Each device's registers arrive, at their instants."""
    core = Core(tmp_path)
    core.store(meters(1000), 1000)

    with sending(core.influx(Target(victoria.url, "v2", "b", org="o"), batch_lines=300)) as store:
        assert arrives(lambda: store.cursor == 1000)
    core.close()

    arrived = {
        device: [(at_ms, value) for at_ms, value in values if at_ms < DAY_LATER_US // 1000]
        for device, values in _values(victoria, "water_volume_m3").items()
    }
    assert arrived == {
        f"meter-{device:04d}": [
            ((BEGIN_US + frame * 1_000_000) // 1000, frame / 8) for frame in range(device, 1000, 10)
        ]
        for device in range(10)
    }


def test_a_write_sent_again_is_the_same_point(victoria: Victoria, tmp_path: Path) -> None:
    """A store that forgot its cursor sends everything again, and nothing doubles."""
    for folder in (tmp_path / "first", tmp_path / "again"):
        folder.mkdir()
        core = Core(folder)
        core.store(meters(100, start_us=DAY_LATER_US), 100)
        with sending(core.influx(Target(victoria.url, "v2", "b", precision="ns"))) as store:
            assert arrives(lambda store=store: store.cursor == 100)  # type: ignore[misc]
        core.close()

    arrived = _values(victoria, "water_sequence")["meter-0003"]
    assert [value for at_ms, value in arrived if at_ms >= DAY_LATER_US // 1000] == [*range(3, 100, 10)]
