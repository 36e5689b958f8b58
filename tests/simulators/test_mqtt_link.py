"""Pretend MQTT devices against a real Mosquitto."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest

from mqtt_devices_broker import Broker
from narrowgate_simulators import (
    Emission,
    GatewayRefusesError,
    GatewaySilentError,
    MqttLink,
    SentReport,
    Target,
    Timing,
    Weather,
    open_link,
)
from narrowgate_simulators.ports import free_tcp_port
from needs import debian

QUICK = Timing(ack_timeout_s=0.05, answer_s=100.0, give_up_s=120.0)
CALM = Weather(1, 0.0, 0.0)


def uplinks(devices: int, each: int = 1) -> list[Emission]:
    """Give some uplinks of some bays, the count as payload."""
    return [
        Emission(f"bay-{device}", f"nb/bay-{device}/up", sequence.to_bytes(2, "big"), sequence, None, 0)
        for sequence in range(1, each + 1)
        for device in range(devices)
    ]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Give a running broker that lets anybody in."""
    with Broker(tmp_path) as running:
        yield running


def sent(
    broker: Broker, emissions: list[Emission], **how: object
) -> tuple[SentReport, list[tuple[str, int]]]:
    """Publish emissions and give the report and (topic, count) of everything a subscriber got."""

    async def send() -> tuple[SentReport, list[tuple[str, int]]]:
        link = MqttLink(broker.target, timing=QUICK, **how)  # type: ignore[arg-type]
        async with link:
            await link.reach(100.0)
            async with aiomqtt.Client("127.0.0.1", broker.port) as subscriber:
                await subscriber.subscribe("nb/#", qos=1)
                await link.send(emissions)
                await subscriber.publish("nb/end", qos=1)
                return link.report, await _until_end(subscriber)

    return asyncio.run(send())


async def _until_end(subscriber: aiomqtt.Client) -> list[tuple[str, int]]:
    got = []
    async for message in subscriber.messages:
        if message.topic.matches("nb/end"):
            break
        assert isinstance(message.payload, bytes)
        got.append((str(message.topic), int.from_bytes(message.payload, "big")))
    return got


def test_acknowledged_is_what_the_broker_passes_on(broker: Broker) -> None:
    """Every emission with a PUBACK is what a subscriber of the broker gets, each once."""
    report, got = sent(broker, uplinks(40, 3), weather=CALM)

    assert sorted(got) == sorted((f"nb/{device}/up", sequence) for device, sequence in report.acked)
    assert (report.sent, len(got)) == (120, 120)


def test_a_device_publishes_in_order(broker: Broker) -> None:
    """The uplinks of one device arrive in the order of its count."""
    _, got = sent(broker, uplinks(5, 40), weather=CALM, window=7, connections=2)
    counts = [[count for topic, count in got if topic == f"nb/bay-{device}/up"] for device in range(5)]

    assert counts == [list(range(1, 41))] * 5


def test_lost_acknowledgements_are_published_again(broker: Broker) -> None:
    """A device that missed its PUBACK publishes again, until it sees one."""
    report, got = sent(broker, uplinks(60), weather=Weather(3, 0.0, 0.3))

    assert (len(report.acked), len(got)) == (60, 60 + report.lost_answers)
    assert report.retransmissions == report.lost_answers > 5


def test_doubled_publications_are_counted(broker: Broker) -> None:
    """Uplinks that the weather doubles reach the broker twice."""
    report, got = sent(broker, uplinks(60), weather=Weather(3, 0.5, 0.0))

    assert (len(report.acked), len(got), report.copies > 10) == (60, 60 + report.copies, True)


def test_a_broker_that_is_killed_loses_no_emission(broker: Broker) -> None:
    """Devices keep their readings while the broker is down, and publish over a connection opened anew."""

    async def send() -> SentReport:
        async with MqttLink(broker.target, timing=QUICK, weather=CALM) as link:
            await link.reach(100.0)
            await link.send(uplinks(20))
            broker.kill()
            sending = asyncio.create_task(link.send(uplinks(20, 2)[20:]))
            await asyncio.to_thread(broker.start)
            await sending
            return link.report

    report = asyncio.run(send())

    assert (report.sent, len(report.acked), report.given_up) == (40, 40, 0)


def test_a_broker_killed_under_way_loses_no_emission(broker: Broker) -> None:
    """What was not acknowledged when the broker died is published again once it is back."""

    async def send() -> SentReport:
        async with MqttLink(broker.target, timing=QUICK, weather=CALM) as link:
            await link.reach(100.0)
            sending = asyncio.create_task(link.send(uplinks(100, 20)))
            while len(link.report.acked) < 200:
                await asyncio.sleep(0)
            broker.kill()
            await asyncio.to_thread(broker.start)
            await sending
            return link.report

    report = asyncio.run(send())

    assert (report.sent, len(report.acked), report.retransmissions > 0) == (2000, 2000, True)


def test_a_broker_that_stops_answering_is_given_up(broker: Broker) -> None:
    """Devices whose publications are no longer acknowledged give them up in their time."""

    async def send() -> SentReport:
        timing = Timing(ack_timeout_s=0.05, answer_s=0.1, give_up_s=0.4)
        async with MqttLink(broker.target, timing=timing, weather=CALM) as link:
            await link.reach(100.0)
            broker.freeze()
            await link.send(uplinks(30))
            return link.report

    report = asyncio.run(send())

    assert (report.sent, len(report.acked), report.given_up) == (30, 0, 30)


def test_a_broker_that_never_comes_is_given_up(tmp_path: Path) -> None:
    """Without a broker the devices give their readings up when their time is over."""

    async def send() -> SentReport:
        target = Target("127.0.0.1", free_tcp_port(), "mqtt")
        timing = Timing(ack_timeout_s=0.02, give_up_s=0.2)
        async with MqttLink(target, timing=timing, weather=CALM) as link:
            await link.send(uplinks(30))
            return link.report

    report = asyncio.run(send())

    assert (report.sent, len(report.acked), report.given_up) == (30, 0, 30)


def reach(target: Target, within_s: float = 100.0, **how: object) -> None:
    """Connect once."""

    async def connect() -> None:
        async with open_link(target, timing=QUICK, **how) as link:  # type: ignore[arg-type]
            await link.reach(within_s)

    asyncio.run(connect())


def test_silent_broker_is_named() -> None:
    """A port without a broker is named."""
    target = Target("127.0.0.1", free_tcp_port(), "mqtt")
    with pytest.raises(GatewaySilentError, match=f"mqtt://127.0.0.1:{target.port} within 0.1 s"):
        reach(target, 0.1)


@pytest.fixture
def closed_broker(tmp_path: Path) -> Iterator[Broker]:
    """Give a running broker that knows one user."""
    passwords = tmp_path / "passwords"
    program = debian("mosquitto_passwd", "mosquitto")
    subprocess.run([program, "-b", "-c", str(passwords), "meters", "sesame"], check=True)
    with Broker(tmp_path, ("allow_anonymous false", f"password_file {passwords}"), user="meters") as running:
        yield running


def test_right_password_is_let_in(closed_broker: Broker) -> None:
    """A user with his password may publish."""
    reach(closed_broker.target, password="sesame")  # noqa: S106


def test_wrong_password_is_refused_at_once(closed_broker: Broker) -> None:
    """A wrong password is said to be refused, and waiting is left out."""
    reach(closed_broker.target, password="sesame")  # noqa: S106
    with pytest.raises(GatewayRefusesError, match=r"mqtt://meters@127.0.0.1:\d+ cannot be used"):
        reach(closed_broker.target, 600.0, password="simsim")  # noqa: S106


@pytest.fixture
def tls_broker(tmp_path: Path) -> Iterator[Broker]:
    """Give a running broker with a certificate of its own making for 127.0.0.1."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    program = debian("openssl", "openssl")
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=broker"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([program, *words.split(), *names], check=True, capture_output=True)
    lines = ("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}")
    with Broker(tmp_path, lines, scheme="mqtts") as running:
        yield running


def test_trusted_certificate_is_let_through(tls_broker: Broker) -> None:
    """Devices speak TLS with a broker whose certificate they were told to trust."""
    reach(tls_broker.target, ca_file=tls_broker.folder / "cert.pem")


def test_unknown_certificate_is_refused(tls_broker: Broker) -> None:
    """A certificate that nobody vouches for ends the attempt: TLS is always verified."""
    reach(tls_broker.target, ca_file=tls_broker.folder / "cert.pem")
    with pytest.raises(GatewayRefusesError, match="CERTIFICATE_VERIFY_FAILED"):
        reach(tls_broker.target, 600.0)


@pytest.mark.parametrize("path", ["nb/+/up", "nb/#"])
def test_wildcards_are_no_topics(path: str) -> None:
    """A path with MQTT's wildcards is refused by its name."""

    async def send() -> None:
        async with MqttLink(Target("127.0.0.1", 1, "mqtt")) as link:
            await link.send([Emission("bay-1", path, b"", 1, None, 0)])

    with pytest.raises(ValueError, match="no topic to publish to"):
        asyncio.run(send())


def test_acknowledgements_are_written(broker: Broker, tmp_path: Path) -> None:
    """Each PUBACK is a line of the file."""
    sent(broker, uplinks(2), weather=CALM, acks=tmp_path / "acks.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "acks.jsonl").read_text().splitlines()]

    assert sorted(line["device"] for line in lines) == ["bay-0", "bay-1"]
