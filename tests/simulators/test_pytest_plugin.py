"""The pytest plugin, as the test of another project meets it."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from narrowgate_simulators import City, Fault, GatewaySilentError, PretendFleet
from narrowgate_simulators.ports import free_tcp_port
from plain_district import START_US
from pretend_gateway import PretendGateway

ROOT = Path(__file__).parents[2]
LONGEST_S = 200.0
"""Four times what the example may take, for a machine that is busy."""


def test_example_of_the_documentation_runs(tmp_path: Path) -> None:
    """The documented example passes, in a project that knows nothing of this one but the installed plugin."""
    page = (ROOT / "docs/simulators.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"<!-- example: .*?-->\n```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "test_example.py").write_text(example, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )

    assert (run.returncode, "1 passed" in run.stdout) == (0, True), run.stdout + run.stderr


def test_fleet_drives_inside_a_loop(narrowgate_fleet: type[PretendFleet]) -> None:
    """A test that is a coroutine awaits the drive against a gateway of its own loop."""

    async def live() -> tuple[PretendFleet, PretendGateway]:
        gateway = PretendGateway()
        async with gateway.listening() as target:
            fleet = narrowgate_fleet(str(target), devices=9, hours=2)
            await fleet.drive_async()
        return fleet, gateway

    fleet, gateway = asyncio.run(live())

    assert sorted(fleet.report.acked) == sorted(gateway.kept)
    assert fleet.report.sent == len(gateway.kept) > 9


def test_reports_add_up(narrowgate_fleet: type[PretendFleet]) -> None:
    """Each sending gives its own report, and the fleet the sum of them."""

    async def live() -> tuple[PretendFleet, list[int]]:
        async with PretendGateway().listening() as target:
            fleet = narrowgate_fleet(str(target), devices=9, hours=2)
            uplinks = list(fleet.emissions())
            reports = [await fleet.send_async(uplinks[:4]), await fleet.send_async(uplinks[4:9])]
        return fleet, [report.sent for report in reports]

    fleet, counts = asyncio.run(live())

    assert (counts, fleet.report.sent, len(fleet.report.acked)) == ([4, 5], 9, 9)


def test_fleet_knows_its_truth(narrowgate_fleet: type[PretendFleet]) -> None:
    """A fleet's truth and devices are those of the city of its seed."""
    fleet = narrowgate_fleet("coap://127.0.0.1", devices=30, seed=5)
    city = City(5, 30, START_US, 30)

    assert (fleet.truth, fleet.devices) == (city.truth, city.devices)
    assert isinstance(fleet.truth[0], Fault)


def test_drive_inside_a_loop_says_what_to_do(narrowgate_fleet: type[PretendFleet]) -> None:
    """Calling the plain drive from a coroutine names the one to await."""

    async def live() -> None:
        narrowgate_fleet("coap://127.0.0.1", devices=0).drive()

    with pytest.raises(RuntimeError, match="await drive_async instead"):
        asyncio.run(live())


def test_silent_gateway_is_named(narrowgate_fleet: type[PretendFleet]) -> None:
    """A fleet whose gateway never answers says so, with its address."""
    fleet = narrowgate_fleet(f"mqtt://127.0.0.1:{free_tcp_port()}", devices=3, reach_s=0.1)
    with pytest.raises(GatewaySilentError, match="no answer from mqtt://"):
        fleet.drive()


def test_start_needs_a_zone(narrowgate_fleet: type[PretendFleet]) -> None:
    """A naive beginning is refused."""
    from_nowhere = City(1, 0, START_US, 1).span.local_clock(START_US)
    with pytest.raises(ValueError, match="has no zone"):
        narrowgate_fleet("coap://127.0.0.1", start=from_nowhere)
