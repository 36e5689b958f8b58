"""`narrowgate simulate` as its user meets it."""

import asyncio
import csv
import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mqtt_devices_broker import Broker
from narrowgate_gateway.verbs.simulate import command
from narrowgate_schema.clock import SteppedClock
from needs import debian
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
        assert ready.wait(200)
        yield address[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(100)
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
        (("--target", "mqtt://u:sesame@broker"), 2, "a password has no place in an address"),
        (("--target", "mqtt://127.0.0.1:9", "--reach", "0.1"), 1, "no answer from mqtt://127.0.0.1:9"),
        (("--target", "mqtt://u@b", "--password-file", "/dev/null/secret"), 1, "/dev/null/secret"),
        (("--target", "mqtts://b", "--ca-file", "/dev/null/ca"), 1, "/dev/null/ca"),
        (("--target", "mqtts://b", "--ca-file", "/dev/null"), 2, "/dev/null: no certificates"),
        (("--ca-file", "/dev/null"), 2, "certificates are of use to mqtts:// only"),
        (("--more-faults", "flood"), 2, "'flood' is not one of"),
        (("--radio", "fm"), 2, "'fm' is not one of"),
        (("--rate", "0"), 2, "--rate 0.0: is not more than 0"),
        (("--rate", "2"), 2, "--rate goes with --replay"),
        (("--replay", "/dev/null", "--fleet-out", "fleet.csv"), 2, "--fleet-out has no use with --replay"),
        (("--replay", "/dev/null", "--radio", "city"), 2, "--radio has no use with --replay"),
        (("--replay", "/dev/null", "--record", "/dev/../dev/null"), 2, "is the file that --replay reads"),
        (("--replay", "/dev/null/frames", "--dry-run"), 1, "/dev/null/frames"),
        (("--record", "/dev/null/frames", "--dry-run"), 1, "/dev/null/frames"),
    ],
)
def test_fault_is_one_clear_line(arguments: tuple[str, ...], code: int, words: str) -> None:
    """What is wrong is said in one line that names what and where."""
    result = simulate(*arguments)
    line = result.stderr.splitlines()[-1]

    assert (result.exit_code, words in line, result.stdout) == (code, True, "")


def test_recording_can_be_sent_again(tmp_path: Path) -> None:
    """What a city would send is recorded without a gateway, and replayed to one."""
    frames, gateway = str(tmp_path / "frames.jsonl"), PretendGateway()
    recorded = simulate("--dry-run", "--devices", "9", "--hours", "1", "--record", frames)
    with listening(gateway) as target:
        replayed = simulate("--target", target, "--replay", frames, "--rate", "inf")
    count = len(Path(frames).read_text().splitlines())

    assert (recorded.exit_code, replayed.exit_code, count > 9) == (0, 0, True)
    assert json.loads(replayed.stdout)["acked"] == len(gateway.kept) == count


@pytest.mark.parametrize("line", ["nonsense", '{"device": "w1"}'])
def test_bad_recording_is_told_before_a_gateway_is_waited_for(tmp_path: Path, line: str) -> None:
    """A file that is no recording is named at once, whether or not a gateway is there."""
    frames, gateway = tmp_path / "frames.jsonl", PretendGateway()
    simulate("--dry-run", "--devices", "3", "--hours", "1", "--record", str(frames))
    count = len(frames.read_text().splitlines())
    with frames.open("a") as file:
        file.write(f"{line}\n")
    with listening(gateway) as target:
        result = simulate("--target", target, "--replay", str(frames), "--rate", "inf")

    assert (result.exit_code, f"{frames}, line {count + 1}: " in result.stderr) == (1, True)
    assert gateway.kept == []


def test_radio_and_more_faults_are_put_in(tmp_path: Path) -> None:
    """A city with a radio and further faults is sent whole, and its truth names them."""
    truth, gateway = tmp_path / "truth.jsonl", PretendGateway()
    more = ("--radio", "city", "--more-faults", "supply_loss", "--more-faults", "silent", "--lost", "0")
    with listening(gateway) as target:
        result = simulate(
            "--target", target, "--devices", "90", "--hours", "3", "--truth-out", str(truth), *more
        )
    faults = {json.loads(line)["fault"] for line in truth.read_text().splitlines()}

    assert (result.exit_code, {"supply_loss", "lamp_silent"} <= faults) == (0, True)


def test_unconfirmed_datagrams_are_no_failure() -> None:
    """A gateway that never replies to bare datagrams makes them unconfirmed, and the exit code 0."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        target = f"udp://127.0.0.1:{mute.getsockname()[1]}"
        result = simulate("--target", target, "--devices", "3", "--hours", "1", "--ack-timeout", "0.01")
    summary = json.loads(result.stdout)

    assert (result.exit_code, summary["unconfirmed"], summary["acked"]) == (0, summary["sent"], 0)


def test_city_is_published_with_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A city publishes to a real broker as a user whose password stands in the environment."""
    passwords, program = tmp_path / "passwords", debian("mosquitto_passwd", "mosquitto")
    subprocess.run([program, "-b", "-c", str(passwords), "meters", "sesame"], check=True)
    monkeypatch.setenv("NARROWGATE_MQTT_PASSWORD", "sesame")
    lines = ("allow_anonymous false", f"password_file {passwords}")
    with Broker(tmp_path, lines, user="meters") as broker:
        result = simulate("--target", str(broker.target), "--devices", "30", "--hours", "1")
    summary = json.loads(result.stdout)

    assert (result.exit_code, summary["acked"]) == (0, summary["sent"])


def test_help_has_an_example() -> None:
    """The help shows an example."""
    assert "Example: narrowgate simulate" in simulate("--help").stdout
