"""Recorded frames: written, read and sent again."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from narrowgate_simulators import (
    City,
    CoapLink,
    Emission,
    FrameFile,
    Recorder,
    SentReport,
    Timing,
    Weather,
    drive,
    read_recording,
    replay,
)
from plain_district import START_US
from pretend_gateway import PretendGateway

QUICK, CALM = Timing(ack_timeout_s=0.5), Weather(1, 0.0, 0.0)


def uplink(device: str, after_s: float) -> Emission:
    """Give an uplink some time after the beginning."""
    return Emission(device, f"nb/{device}/up", b"\x15\x66\x01", 1, None, START_US + round(after_s * 1e6))


class Counting:
    """A link that settles everything at once and keeps when it came, in the loop's time."""

    def __init__(self) -> None:
        self.report = SentReport()
        self.came: list[tuple[float, str]] = []

    async def __aenter__(self) -> "Counting":
        """Give the link."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close nothing."""

    async def reach(self, within_s: float) -> None:
        """Find the gateway."""

    async def send(self, emissions: Iterable[Emission]) -> None:
        """Keep each with its instant."""
        now_s = asyncio.get_running_loop().time()
        self.came += [(now_s, emission.device) for emission in emissions]


def played(emissions: list[Emission], rate: float) -> list[tuple[float, str]]:
    """Replay and give (seconds since the first, device)."""

    async def live() -> list[tuple[float, str]]:
        link = Counting()
        await replay(emissions, link, rate)
        return link.came

    came = asyncio.run(live())
    return [(at_s - came[0][0], device) for at_s, device in came]


def recorded(path: Path, emissions: Iterable[Emission]) -> Path:
    """Write a recording."""
    with FrameFile(path) as file:
        file.write(emissions)
    return path


def test_recording_reads_as_it_was_written(tmp_path: Path) -> None:
    """What was recorded of a city is read as the same devices, paths, frames and instants."""
    emissions = [each for step in City(1, 30, START_US, 3).steps() for each in step.emissions]
    path = recorded(tmp_path / "frames.jsonl", emissions)

    assert [each._replace(time_us=None) for each in emissions] == list(read_recording(path))


def test_line_has_four_words(tmp_path: Path) -> None:
    """A line is device, path, hexadecimal frame and instant in UTC."""
    path = recorded(tmp_path / "frames.jsonl", [uplink("bay-1", 1.5)])

    assert json.loads(path.read_text()) == {
        "device": "bay-1",
        "path": "nb/bay-1/up",
        "hex": "156601",
        "at": "2026-03-01T16:00:01.500000Z",
    }


def test_recorder_keeps_what_a_link_sends(tmp_path: Path) -> None:
    """A city driven through a recorder leaves exactly what the gateway kept."""

    async def live(file: FrameFile, gateway: PretendGateway) -> None:
        async with gateway.listening() as target, Recorder(CoapLink(target, timing=QUICK), file) as link:
            await link.reach(100.0)
            await drive(City(1, 9, START_US, 1), link)

    gateway = PretendGateway()
    with FrameFile(tmp_path / "frames.jsonl") as file:
        asyncio.run(live(file, gateway))
    frames = [(each.device, each.sequence) for each in read_recording(tmp_path / "frames.jsonl")]

    assert sorted(frames) == sorted(gateway.kept)


def test_recording_is_sent_to_a_real_gateway() -> None:
    """Replayed frames are acknowledged by a CoAP server, each once."""

    async def live(gateway: PretendGateway) -> SentReport:
        async with gateway.listening() as target, CoapLink(target, timing=QUICK, weather=CALM) as link:
            return await replay([uplink(f"bay-{row}", row) for row in range(30)], link, float("inf"))

    gateway = PretendGateway()
    report = asyncio.run(live(gateway))

    assert (len(report.acked), len(gateway.kept)) == (30, 30)


def test_replay_keeps_the_timing() -> None:
    """Frames come as far apart as they were recorded, divided by the rate."""
    came = played([uplink("a", 0), uplink("b", 0), uplink("c", 60), uplink("d", 120)], 600.0)

    assert [device for _, device in came] == ["a", "b", "c", "d"]
    assert (came[1][0], came[2][0] > 0.099, came[3][0] > 0.199) == (0.0, True, True)


def test_endless_rate_waits_for_nothing() -> None:
    """At an endless rate a year passes at once."""
    came = played([uplink("a", 0), uplink("b", 365 * 86_400)], float("inf"))

    assert came[1][0] < 1.0


def test_order_of_the_file_is_kept() -> None:
    """A frame whose instant lies before the line above it is sent at once, after that one."""
    assert [device for _, device in played([uplink("late", 0.05), uplink("early", 0)], 1.0)] == [
        "late",
        "early",
    ]


def test_empty_recording_is_legal(tmp_path: Path) -> None:
    """A file of blank lines has no frames."""
    (tmp_path / "empty").write_text("\n\n")

    assert list(read_recording(tmp_path / "empty")) == []


GOOD = {"device": "a", "path": "nb/a/up", "hex": "00", "at": "2026-03-02T00:00:00Z"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2: "),
        ("\udcff", "line 2: 'utf-8' codec"),
        ("[]", "line 2: a line is"),
        (json.dumps(GOOD | {"hex": "0g"}), "line 2: hex: '0g'"),
        (json.dumps(GOOD | {"hex": None}), "line 2: hex: None"),
        (json.dumps(GOOD | {"device": ""}), "line 2: device: ''"),
        (json.dumps(GOOD | {"at": "2026-03-02T00:00:00"}), "line 2: at: .* with a zone"),
        (json.dumps(GOOD | {"at": "yesterday"}), "line 2: at: 'yesterday'"),
    ],
)
def test_wrong_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    """A line that is no recorded frame is refused with file, line, key and value."""
    (tmp_path / "frames").write_text(f"{json.dumps(GOOD)}\n{line}\n", errors="surrogateescape")
    with pytest.raises(ValueError, match=f"frames, {words}"):
        list(read_recording(tmp_path / "frames"))


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_wrong_rate_is_named(rate: float) -> None:
    """A rate that is not positive is refused."""
    with pytest.raises(ValueError, match="rate: "):
        played([uplink("a", 0)], rate)
