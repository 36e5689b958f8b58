"""`narrowgate quarantine` beside a running gateway, and without one."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_home import Running
from narrowgate_gateway.retrying import portions
from narrowgate_gateway.status import read_status
from narrowgate_gateway.verbs.quarantine import HELP
from narrowgate_ingest.refused_readings import RefusedReading, RefusedReadings
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.words import Reason
from operator_verbs import STRANGER, Site, make_site

ROUNDS = int(os.environ.get("NARROWGATE_CHAOS", "1"))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A home and a configuration."""
    return make_site(tmp_path)


@pytest.fixture
def gateway(site: Site) -> Iterator[Running]:
    """A gateway that runs there and has three frames of a stranger in quarantine."""
    with site.running() as gateway:
        site.send(["bay-1", *[STRANGER] * 3, "bay-2"])
        gateway.until(site.is_drained)
        yield gateway


def _rows(site: Site) -> list[tuple[str, int]]:
    """Give (device, frame) of every row of a stopped home's bays."""
    telemetry = Telemetry(site.home.telemetry)
    try:
        table = telemetry.query("SELECT device, frame FROM parking_rows ORDER BY frame")
        return list(zip(table["device"].to_pylist(), table["frame"].to_pylist(), strict=True))
    finally:
        telemetry.close()


def test_every_reason_has_its_help() -> None:
    """For each reason of the closed set the verb says what helps."""
    assert set(HELP) == set(Reason)


def test_a_running_gateways_quarantine_is_listed_and_run_again(site: Site, gateway: Running) -> None:
    """Look, register, look what would become, apply: the frames are stored and nothing is left."""
    listed = site.lines("quarantine", "list", "--reason", "unknown")
    frame = listed[0]["frame"]
    [shown] = [site.run("quarantine", "show", str(frame)).stdout]
    absent = site.run("quarantine", "show", "4711")
    hopeless = site.run_with_config("quarantine", "retry")
    site.register()
    rehearsed = site.run_with_config("quarantine", "retry", "--device", STRANGER)
    before = site.ledger()
    applied = site.run_with_config("quarantine", "retry", "--device", STRANGER, "--apply")
    after = site.ledger()

    assert [(row["device"], row["hex"], row["reason"]) for row in listed] == [
        (STRANGER, "156601", "unknown")
    ] * 3
    assert "fleet import" in shown
    assert (absent.exit_code, absent.stderr) == (1, "Error: frame 4711 is not in quarantine\n")
    assert (hopeless.exit_code, hopeless.stderr) == (1, "0 of 3 frames would leave quarantine\n")
    assert rehearsed.exit_code == 0
    assert rehearsed.stderr == "3 of 3 frames would leave quarantine; --apply does it\n"
    assert (applied.exit_code, applied.stderr) == (0, "3 of 3 frames left quarantine\n")
    assert applied.stdout == rehearsed.stdout
    assert (before["dispositions"]["stored"], before["dispositions"]["quarantined"]) == (2, 3)
    assert (after["dispositions"]["stored"], after["dispositions"]["quarantined"]) == (5, 0)
    assert after["balances"]
    assert site.lines("quarantine", "list") == []
    assert gateway.end() == 0
    assert [device for device, _ in _rows(site)] == ["bay-1", *[STRANGER] * 3, "bay-2"]


def test_without_a_gateway_the_stores_are_opened_here(site: Site, gateway: Running) -> None:
    """The same verb does the same while nothing runs, and the next core goes on from there."""
    assert gateway.end() == 0
    site.register()
    applied = site.run_with_config("quarantine", "retry", "--apply")

    assert (applied.exit_code, applied.stderr) == (0, "3 of 3 frames left quarantine\n")
    assert site.ledger()["dispositions"]["stored"] == 5
    with site.running() as again:
        site.send([STRANGER])
        again.until(site.is_drained)
        assert again.end() == 0
    assert site.ledger()["dispositions"]["stored"] == 6
    assert len(_rows(site)) == len(set(_rows(site))) == 6


def test_frames_of_a_device_are_asked_for_together() -> None:
    """A request is filled with whole devices; one with more frames than fit is cut in its own order."""
    frames = [("b", 5), ("a", 4), ("b", 2), ("c", 1), ("c", 3), ("c", 7), ("c", 6), ("c", 9)]

    assert list(portions(frames, 4)) == [[4, 2, 5], [1, 3, 6, 7], [9]]
    assert list(portions([], 4)) == []


def test_readings_that_a_store_refused_are_listed(site: Site) -> None:
    """What InfluxDB refused for good stands in the list with the server's words."""
    refused = RefusedReadings(site.home.quarantine)
    refused.put(
        [RefusedReading("influxdb city", 7, "parking", "bay-1", "", 1_000_000, "field type conflict")]
    )
    refused.close()
    [row] = site.lines("quarantine", "list", "--reason", "store_refused")

    assert (row["device"], row["time"], row["detail"], row["reason"]) == (
        "bay-1", "1970-01-01T00:00:01.000000Z", "field type conflict", "store_refused",
    )  # fmt: skip
    assert site.lines("quarantine", "list", "--reason", "unknown") == []


def test_an_empty_quarantine_is_no_fault(site: Site) -> None:
    """A home that never had a gateway has nothing in quarantine."""
    retried = site.run_with_config("quarantine", "retry", "--apply")

    assert (retried.exit_code, retried.stderr) == (0, "no frame in quarantine matches\n")
    assert site.run("quarantine", "list").exit_code == 0


@pytest.mark.parametrize("seed", range(21, 21 + ROUNDS))
def test_kills_in_the_middle_of_retries_lose_and_double_nothing(site: Site, seed: int) -> None:
    """Kill -9 of the core while frames are run again: in the end each is stored exactly once."""
    rng = random.Random(seed)
    frames = 400
    with site.running() as gateway:
        site.send([STRANGER] * frames)
        gateway.until(site.is_drained)
        site.register()
        for _ in range(3):
            retrying = threading.Thread(target=site.run_with_config, args=("quarantine", "retry", "--apply"))
            retrying.start()
            time.sleep(rng.uniform(0.0, 0.25))
            _kill_core(site, gateway)
            retrying.join()
            site.send(["bay-1"])
        gateway.until(site.is_drained)
        last = site.run_with_config("quarantine", "retry", "--apply")
        ledger = site.ledger()
        assert gateway.end() == 0
    rows = _rows(site)

    assert last.exit_code == 0, last.output
    assert ledger["balances"]
    assert (ledger["dispositions"]["stored"], ledger["dispositions"]["quarantined"]) == (frames + 3, 0)
    assert ledger["readings"]["parking"] == len(rows) == len(set(rows)) == frames + 3
    assert site.lines("quarantine", "list") == []


def _kill_core(site: Site, gateway: Running) -> None:
    """Kill the core and wait for the next one."""
    killed = gateway.pid("core")
    os.kill(killed, signal.SIGKILL)
    gateway.until(lambda: (read_status(site.home.run, "core") or {"pid": killed})["pid"] != killed)
