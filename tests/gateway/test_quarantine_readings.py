"""`narrowgate quarantine` over readings that InfluxDB refused, beside a running gateway and a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from influx_stand import Influxd
from influx_stand import running as running_server
from narrowgate_ingest.refused_readings import RefusedReading, RefusedReadings
from operator_verbs import make_site

_INFLUXDB = """
[influxdb]
url = "{url}"
api = "v1"
database = "narrowgate"
"""
BAYS = ["bay-1", "bay-2"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Influxd]:
    """An InfluxDB in which somebody has written a text into a field of ours."""
    folder = tmp_path / "influxdb"
    folder.mkdir()
    with running_server(Influxd(folder)) as server:
        server.write('parking,device=spoiler occupied="text"')
        yield server


def _count(server: Influxd) -> int:
    rows = server.rows('SELECT count("occupied") AS n FROM "parking"')
    return int(rows[0]["n"]) if rows else 0


def test_refused_readings_are_listed_shown_and_sent_again(tmp_path: Path, server: Influxd) -> None:
    """Look, try in vain, mend the database, look what would be sent, apply: all of it arrives, once."""
    site = make_site(tmp_path, more=_INFLUXDB.format(url=server.url))
    retry = ("quarantine", "retry", "--reason", "store_refused")
    with site.running() as gateway:
        site.send(BAYS)
        gateway.until(lambda: len(site.lines("quarantine", "list")) == len(BAYS))
        listed = site.lines("quarantine", "list", "--reason", "store_refused")
        shown = site.run("quarantine", "show", str(listed[0]["frame"])).stdout
        in_vain = site.run_with_config(*retry, "--apply")
        server.ask('DROP MEASUREMENT "parking"')
        rehearsed = site.run_with_config(*retry)
        applied = site.run_with_config(*retry, "--apply")
        again = site.run_with_config(*retry, "--apply")
        assert gateway.end() == 0

    assert sorted(row["device"] for row in listed) == BAYS
    assert "mend what the store's words name" in shown
    assert (in_vain.exit_code, in_vain.stderr) == (1, "0 of 2 readings sent, 2 refused again\n")
    assert (rehearsed.exit_code, rehearsed.stderr) == (
        0, "2 readings would be sent again; --apply does it\n",
    )  # fmt: skip
    assert (applied.exit_code, applied.stderr) == (0, "2 of 2 readings sent, 0 refused again\n")
    assert (again.exit_code, again.output) == (0, "")
    assert _count(server) == len(BAYS)


def test_without_a_core_the_next_one_sends_them(tmp_path: Path) -> None:
    """While nothing runs the wish is kept, and said to wait."""
    site = make_site(tmp_path)
    refused = RefusedReadings(site.home.quarantine)
    refused.put([RefusedReading("influxdb city", 7, "parking", "bay-1", "", 1_000_000, "type conflict")])

    result = site.run_with_config("quarantine", "retry", "--device", "bay-1", "--apply")

    assert (result.exit_code, result.stderr) == (
        0,
        "no frame in quarantine matches\n"
        "0 of 1 readings sent, 0 refused again; a core whose store answers sends the rest\n",
    )
    assert [each.device for each in refused.asked("influxdb city", 10)] == ["bay-1"]
    refused.close()
