"""`narrowgate simulate` as its user meets it."""

import asyncio
import csv
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from narrowgate_gateway.verbs.simulate import command
from narrowgate_schema.clock import SteppedClock
from plain_district import HOUR_US, START_US
from pretend_gateway import PretendGateway


def simulate(*arguments: str) -> Result:
    """Run the verb."""
    return CliRunner().invoke(command, list(arguments))


@contextmanager
def listening(gateway: PretendGateway) -> Iterator[str]:
    """Let a gateway listen in a thread of its own, as the verb has its own loop; give its address."""
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    address: list[str] = []

    async def live() -> None:
        async with gateway.listening() as target:
            address.append(str(target))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield address[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def test_summary_balances(tmp_path: Path) -> None:
    """The summary is one JSON object whose acknowledged frames are those the gateway kept."""
    gateway = PretendGateway()
    with listening(gateway) as target:
        result = simulate("--target", target, "--devices", "30", "--hours", "1", "--lost", "0")
    summary = json.loads(result.stdout)

    assert (result.exit_code, summary["acked"], summary["sent"]) == (0, len(gateway.kept), len(gateway.kept))


def test_files_are_written(tmp_path: Path) -> None:
    """A dry run writes the registry and the truth and sends nothing."""
    fleet, truth = tmp_path / "fleet.csv", tmp_path / "truth.jsonl"
    result = simulate("--dry-run", "--devices", "90", "--fleet-out", str(fleet), "--truth-out", str(truth))
    rows = list(csv.DictReader(fleet.open(encoding="utf-8")))
    faults = {json.loads(line)["fault"] for line in truth.read_text().splitlines()}

    assert (result.exit_code, len(rows), faults) == (0, 90, {"continuous_leak", "overstay", "lamp_out"})


def test_clock_page_is_moved(tmp_path: Path) -> None:
    """With a gateway's clock page the city lives from its instant on and moves it."""
    clock = SteppedClock.create(tmp_path / "clock", START_US)
    with listening(PretendGateway()) as target:
        result = simulate(
            "--target", target, "--devices", "9", "--hours", "1", "--clock-page", str(tmp_path / "clock")
        )

    assert (result.exit_code, clock.now_us()) == (0, START_US + HOUR_US)


def test_refusals_end_with_one() -> None:
    """Frames that the gateway refuses make the exit code 1."""
    gateway = PretendGateway(path="elsewhere")
    with listening(gateway) as target:
        result = simulate("--target", target, "--devices", "3", "--hours", "1", "--lost", "0")

    assert (result.exit_code, json.loads(result.stdout)["acked"]) == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--target", "http://127.0.0.1"), 2, "'http' is not spoken here"),
        (("--devices", "-1"), 2, "devices: -1"),
        (("--devices", "many"), 2, "'many' is not a valid integer"),
        (("--hours", "nan"), 2, "hours: nan"),
        (("--seconds", "-1"), 2, "--seconds -1.0"),
        (("--lost", "2"), 2, "lost_share: 2.0"),
        (("--timezone", "Nowhere"), 2, "timezone: 'Nowhere'"),
        (("--path", "up"), 2, "{device}"),
        (("--dry-run", "--fleet-out", "/dev/null/fleet.csv"), 1, "/dev/null/fleet.csv"),
        (("--dry-run", "--truth-out", "/dev/null/truth"), 1, "/dev/null/truth"),
        (("--clock-page", "/dev/null/page"), 1, "--clock-page /dev/null/page"),
        (("--target", "coap://127.0.0.1:9", "--reach", "0.1"), 1, "no answer from coap://127.0.0.1:9"),
        (("--acks-out", "/dev/null/acks"), 1, "/dev/null/acks"),
        (("--target", f"coap://{'a' * 64}"), 2, "a target is coap://HOST"),
    ],
)
def test_fault_is_one_clear_line(arguments: tuple[str, ...], code: int, words: str) -> None:
    """What is wrong is said in one line that names what and where."""
    result = simulate(*arguments)
    line = result.stderr.splitlines()[-1]

    assert (result.exit_code, words in line, result.stdout) == (code, True, "")


def test_help_has_an_example() -> None:
    """The help shows an example."""
    assert "Example: narrowgate simulate" in simulate("--help").stdout
