"""Pretend devices that send bare datagrams, against a UDP socket of the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from narrowgate_simulators import Emission, SentReport, Target, Timing, UdpLink, Weather
from narrowgate_simulators.ports import free_udp_port

CALM = Weather(1, 0.0, 0.0)
QUICK = Timing(ack_timeout_s=0.05)
LONG_ENOUGH = Timing(ack_timeout_s=1.0)
"""For a reply on this host, whatever else it is at."""
PATIENT = Timing(ack_timeout_s=100.0)


@dataclass
class Echo(asyncio.DatagramProtocol):
    """Keeps what it hears and replies to it, but for the payloads to which it is to be silent."""

    silent_to: set[bytes] = field(default_factory=set)
    heard: list[tuple[int, bytes]] = field(default_factory=list)
    """Source port and payload of every datagram."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Keep and reply."""
        self.heard.append((addr[1], data))
        if data not in self.silent_to:
            self.transport.sendto(b"kept", addr)  # type: ignore[attr-defined]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Target]:
        """Listen on a free port of 127.0.0.1."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        try:
            yield Target("127.0.0.1", transport.get_extra_info("sockname")[1], "udp")
        finally:
            transport.close()


def uplinks(count: int) -> list[Emission]:
    """Give uplinks of as many meters, each with a payload of its own."""
    return [
        Emission(f"meter-{row}", f"nb/meter-{row}/up", row.to_bytes(2, "big"), 1, None, 0)
        for row in range(count)
    ]


def sent(
    echo: Echo,
    emissions: list[Emission],
    timing: Timing = PATIENT,
    weather: Weather = CALM,
    sockets: int = 8,
) -> SentReport:
    """Send emissions and give the report."""

    async def send() -> SentReport:
        async with (
            echo.listening() as target,
            UdpLink(target, timing=timing, weather=weather, sockets=sockets) as link,
        ):
            await link.reach(0.1)
            await link.send(emissions)
            return link.report

    return asyncio.run(send())


def test_reply_is_an_acknowledgement() -> None:
    """What is replied to is acknowledged, and its payload arrived once."""
    echo = Echo()
    report = sent(echo, uplinks(100))

    assert (report.sent, len(report.acked), report.unconfirmed) == (100, 100, 0)
    assert sorted(payload for _, payload in echo.heard) == [each.payload for each in uplinks(100)]


def test_silence_is_unconfirmed() -> None:
    """What is not replied to is counted apart, and sent once."""
    echo = Echo(silent_to={each.payload for each in uplinks(10)[:4]})
    report = sent(echo, uplinks(10), LONG_ENOUGH, sockets=10)

    assert (len(report.acked), report.unconfirmed, report.given_up, len(echo.heard)) == (6, 4, 0, 10)


def test_a_late_reply_is_nobody_elses() -> None:
    """The port of an unanswered uplink is not used again, so no reply is taken for another's."""
    echo = Echo(silent_to={uplinks(1)[0].payload})
    sent(echo, uplinks(2), QUICK, sockets=1)

    assert len({port for port, _ in echo.heard}) == 2


def test_answered_ports_are_used_again() -> None:
    """The number of source ports is bounded while the gateway replies."""
    echo = Echo()
    sent(echo, uplinks(200), sockets=4)

    assert len({port for port, _ in echo.heard}) <= 4


def test_doubled_datagrams_are_counted() -> None:
    """Datagrams that the weather doubles arrive twice and count once."""
    echo = Echo()
    report = sent(echo, uplinks(100), weather=Weather(1, 0.5, 0.0))

    assert (len(report.acked), report.copies > 20, len(echo.heard)) == (100, True, 100 + report.copies)


def test_lost_replies_are_unconfirmed() -> None:
    """A device that misses the reply cannot call its reading acknowledged."""
    report = sent(Echo(), uplinks(100), weather=Weather(1, 0.0, 0.5))

    assert report.unconfirmed == report.lost_answers == 100 - len(report.acked) > 20


def test_closed_port_is_given_up() -> None:
    """Where the host says that nobody listens, the readings are given up."""

    async def send() -> SentReport:
        target = Target("127.0.0.1", free_udp_port(), "udp")
        async with UdpLink(target, timing=PATIENT, weather=CALM, sockets=4) as link:
            await link.send(uplinks(20))
            return link.report

    assert asyncio.run(send()).given_up == 20


def test_nothing_to_send_is_legal() -> None:
    """Sending no emissions ends at once."""
    assert sent(Echo(), []).sent == 0
