"""The link over real sockets, against a real CoAP server."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import aiocoap
import pytest

from narrowgate_schema.clock import SteppedClock
from narrowgate_simulators import (
    City,
    CoapLink,
    Emission,
    GatewaySilentError,
    Progress,
    SentReport,
    Target,
    Timing,
    Weather,
    drive,
)
from narrowgate_simulators.ports import free_udp_port
from plain_district import HOUR_US, START_US
from pretend_gateway import PretendGateway

QUICK = Timing(ack_timeout_s=0.05, max_retransmit=20, longest_wait_s=4.0, give_up_s=120.0)
CALM = Weather(1, 0.0, 0.0)


def uplinks(devices: int, each: int = 1) -> list[Emission]:
    """Give some uplinks of some bays."""
    return [
        Emission(f"bay-{device}", f"nb/bay-{device}/up", b"\x15\x66\x01", sequence, None, 0)
        for sequence in range(1, each + 1)
        for device in range(devices)
    ]


def sent(
    gateway: PretendGateway,
    emissions: list[Emission],
    *,
    timing: Timing = QUICK,
    weather: Weather = CALM,
    acks: Path | None = None,
) -> SentReport:
    """Send emissions to a listening gateway and give the report."""

    async def send() -> SentReport:
        async with (
            gateway.listening() as target,
            CoapLink(target, timing=timing, weather=weather, acks=acks) as link,
        ):
            await link.reach(100.0)
            await link.send(emissions)
            return link.report

    return asyncio.run(send())


def nowhere() -> Target:
    """Give a port where nobody listens."""
    return Target("127.0.0.1", free_udp_port())


def test_everything_is_acknowledged() -> None:
    """What the devices saw acknowledged is what the gateway kept, each once."""
    gateway = PretendGateway()
    report = sent(gateway, uplinks(100, 3))

    assert (set(report.acked), Counter(gateway.kept)) == (
        set(gateway.kept),
        Counter(dict.fromkeys(report.acked, 1)),
    )


def test_counts_balance() -> None:
    """Every emission is acknowledged, refused or given up."""
    report = sent(PretendGateway(), uplinks(50, 2))

    assert (report.sent, len(report.acked), report.refused, report.given_up) == (100, 100, 0, 0)


def test_bad_weather_loses_nothing() -> None:
    """Doubled datagrams and lost answers cost repeats: each reading is still kept once."""
    gateway = PretendGateway()
    report = sent(gateway, uplinks(80), weather=Weather(3, twice_share=0.5, lost_share=0.3))

    assert (len(report.acked), sorted(gateway.kept)) == (80, sorted(report.acked))


def test_bad_weather_is_counted() -> None:
    """Doubled datagrams, lost answers and the repeats that follow are counted."""
    report = sent(PretendGateway(), uplinks(80), weather=Weather(3, twice_share=0.5, lost_share=0.3))

    assert (report.copies > 20, report.lost_answers > 10, report.retransmissions > 10) == (True, True, True)


def test_refusals_are_told_apart() -> None:
    """Refused emissions are counted by the gateway's code."""
    report = sent(PretendGateway([aiocoap.UNAUTHORIZED, aiocoap.FORBIDDEN, aiocoap.FORBIDDEN]), uplinks(5))

    assert (report.refusals, len(report.acked)) == ({"4.01": 1, "4.03": 2}, 2)


def test_acknowledgements_are_written(tmp_path: Path) -> None:
    """Each acknowledgement is a line of the file: device, sequence and the frame's own time."""
    meter = Emission("0020", "nb/0020/up", b"\x00", 4, START_US, START_US)
    sent(PretendGateway(), [meter, *uplinks(1)], acks=tmp_path / "acks.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "acks.jsonl").read_text().splitlines()]

    assert sorted((line["device"], line["sequence"], line["time"]) for line in lines) == [
        ("0020", 4, "2026-03-01T16:00:00Z"),
        ("bay-0", 1, None),
    ]


def test_silent_target_is_named() -> None:
    """A target that never answers a ping is named."""

    async def reach(target: Target) -> None:
        async with CoapLink(target) as link:
            await link.reach(0.2)

    target = nowhere()
    with pytest.raises(GatewaySilentError, match=f"coap://127.0.0.1:{target.port} within 0.2 s"):
        asyncio.run(reach(target))


def test_silent_target_is_given_up() -> None:
    """Devices give their readings up when their time is over, and the link is drained."""

    async def send() -> SentReport:
        timing = Timing(ack_timeout_s=0.02, give_up_s=0.2)
        async with CoapLink(nowhere(), timing=timing, weather=CALM) as link:
            await link.send(uplinks(40))
            return link.report

    report = asyncio.run(send())

    assert (report.sent, len(report.acked), report.given_up) == (40, 0, 40)


def test_gateway_that_comes_late_loses_nothing() -> None:
    """Devices keep their readings while a gateway is down."""

    async def send() -> SentReport:
        target = nowhere()
        async with CoapLink(target, timing=QUICK, weather=CALM) as link:
            sending = asyncio.create_task(link.send(uplinks(20)))
            async with PretendGateway().listening(target.port):
                await sending
            return link.report

    assert len(asyncio.run(send()).acked) == 20


def test_unwritable_acks_are_named(tmp_path: Path) -> None:
    """A file of acknowledgements that cannot be opened stops the link at once."""
    with pytest.raises(FileNotFoundError):
        sent(PretendGateway(), uplinks(1), acks=tmp_path / "nowhere" / "acks.jsonl")


def test_drive_moves_the_clock(tmp_path: Path) -> None:
    """A driven city is acknowledged whole, and its clock ends where its span does."""
    clock = SteppedClock.create(tmp_path / "clock", START_US)
    seen: list[Progress] = []

    async def live(city: City, gateway: PretendGateway) -> SentReport:
        async with gateway.listening() as target, CoapLink(target, timing=QUICK) as link:
            return await drive(city, link, clock, 0.0, step_s=600, progress=seen.append)

    city, gateway = City(1, 30, START_US, 1), PretendGateway()
    report = asyncio.run(live(city, gateway))
    due = {(emission.device, emission.sequence) for step in city.steps() for emission in step.emissions}

    assert (set(report.acked), clock.now_us(), [at.step for at in seen]) == (
        due,
        START_US + HOUR_US,
        [1, 2, 3, 4, 5, 6],
    )


def test_drive_is_never_faster() -> None:
    """A span takes at least the time on the wall that was asked for."""

    async def live() -> float:
        loop = asyncio.get_running_loop()
        async with PretendGateway().listening() as target, CoapLink(target) as link:
            began_s = loop.time()
            await drive(City(1, 0, START_US, 1), link, None, 0.3)
            return loop.time() - began_s

    assert asyncio.run(live()) >= 0.3


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("coap://127.0.0.1:5700", Target("127.0.0.1", 5700)),
        ("coap://gateway", Target("gateway", 5683)),
        ("coap://[::1]:1/", Target("::1", 1)),
    ],
)
def test_target_is_read(text: str, target: Target) -> None:
    """A target has a host and, if it is not CoAP's own, a port."""
    assert Target.parse(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "http://a",
        "coaps://a",
        "a:5683",
        "",
        "coap://",
        "coap://a:0",
        "coap://a:x",
        "coap://a/up",
        "coap://[",
        "coap://u@a",
    ],
)
def test_wrong_target_is_refused(text: str) -> None:
    """Anything but coap://HOST[:PORT] is refused with what would be right."""
    with pytest.raises(ValueError, match="a target is coap://HOST"):
        Target.parse(text)
