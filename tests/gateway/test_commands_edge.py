"""Commands through real processes: put beside the gateway, sent by the edge, answered by way of the core."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coap_wire import device
from commands_device import FLEET, LAMP, METER, Device, configured, stands
from fault_plans import Strike, in_force
from gateway_home import Ports, make_home, role_arguments, run_arguments, running, wait_until
from narrowgate_console.command_making import wish_for
from narrowgate_fleet import CommandQueue, Fleet
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status
from narrowgate_schema.commands import Command, LampLevel, Valve
from narrowgate_simulators.ports import free_udp_port


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a lamp and a meter."""
    return make_home(tmp_path / "home", FLEET)


@pytest.fixture
def queue(home: Home) -> Iterator[CommandQueue]:
    """The queue of the home."""
    with closing(CommandQueue(home.commands)) as queue:
        yield queue


def put(home: Home, queue: CommandQueue, name: str, command: Command) -> int:
    """Give a device a command now."""
    now_us = time.time_ns() // 1000
    wish = wish_for(Fleet.load(home.registry), name, command, now_us=now_us)
    return queue.put(wish, by="user:ann", now_us=now_us).id


def test_a_sleepers_command_rides_on_its_answer_and_its_answer_is_heard(
    home: Home, queue: CommandQueue, tmp_path: Path
) -> None:
    """Who speaks is told on the 2.04; what it answers ends the command, and nobody else's answer does."""
    ports, street = Ports(), free_udp_port()
    more = f'[[coap]]\nname = "street"\nport = {street}\nallow = ["127.0.0.0/8"]\n'
    with (
        running(home, *run_arguments(configured(tmp_path / "a.toml", ports, more), home)) as gateway,
        device(ports.coap) as one,
        device(street) as stranger,
    ):
        gateway.until_ready("edge", "core")
        lamp, meter = Device(one, "lamp", LAMP), Device(one, "meter", METER, message_id=1000)
        nothing = lamp.speak()
        number = put(home, queue, "lamp", LampLevel(40))
        gateway.until(lambda: bool(lamp.speak()))
        meanwhile = meter.speak(), lamp.speak()
        lamp.answer(lamp.told[0])
        gateway.until(lambda: queue.get(number).settled_at_us is not None)
        second = put(home, queue, "lamp", LampLevel(60))
        gateway.until(lambda: bool(lamp.speak()))
        Device(stranger, "lamp", LAMP, message_id=2000).answer(lamp.told[1], is_done=True)
        lamp.answer(lamp.told[1], is_done=False)
        gateway.until(lambda: queue.get(second).settled_at_us is not None)

    assert (nothing, meanwhile) == (b"", (b"", b""))
    assert lamp.told == [queue.get(number).payload, queue.get(second).payload]
    assert stands(queue, number)[:2] == [("PENDING", "put"), ("SENT", "on_answer")]
    assert stands(queue, number)[-1] == ("SUCCESSFUL", "carried_out")
    assert stands(queue, second)[-1] == ("FAILED", "not_carried_out")


def test_a_spoiled_queue_keeps_no_frame_out(home: Home, tmp_path: Path) -> None:
    """An edge whose file of commands cannot be used acknowledges as ever, and says so once."""
    ports = Ports()
    home.commands.write_bytes(b"no database at all" * 100)
    arguments = role_arguments("edge", configured(tmp_path / "a.toml", ports), home)
    with running(home, *arguments) as edge, device(ports.coap) as one:
        edge.until_ready("edge")
        payload = Device(one, "meter", METER).speak()
        said = edge.said()

    assert (payload, len(said), "no device is sent a command" in said[0]) == (b"", 1, True)


def test_a_crash_between_claim_and_answer_doubles_nothing(
    home: Home, queue: CommandQueue, tmp_path: Path
) -> None:
    """An edge killed behind the claim's sync gives the command to the repeat of that uplink, to no other."""
    ports, number = Ports(), put(home, queue, "meter", Valve(is_open=False))
    arguments = role_arguments("edge", configured(tmp_path / "a.toml", ports), home)
    with in_force(tmp_path / "faults") as faults, device(ports.coap) as one:
        faults.plan("edge", [Strike("send", "udp", "before", 1)])
        meter = Device(one, "meter", METER)
        uplink = meter.uplink()
        with running(home, *arguments) as edge:
            edge.until_ready("edge")
            one.send(uplink)
            edge.process.wait(100)
        with running(home, *arguments) as edge:
            wait_until(lambda: (read_status(home.run, "edge") or {}).get("pid") == edge.process.pid)
            told = [meter.exchange(uplink), meter.exchange(uplink), meter.speak(), meter.speak()]

    assert told == [queue.get(number).payload] * 2 + [b""] * 2
    assert (queue.get(number).attempts, stands(queue, number)) == (
        1,
        [("PENDING", "put"), ("SENT", "on_answer")],
    )


def test_a_valve_leaves_once_however_often_the_edge_dies(
    home: Home, queue: CommandQueue, tmp_path: Path
) -> None:
    """Killed around each sync of the claim, the edge never tells a second exchange of a valve."""
    ports, number = Ports(), put(home, queue, "meter", Valve(is_open=False))
    arguments = role_arguments("edge", configured(tmp_path / "a.toml", ports), home)
    where = "commands.db-wal"
    strikes = [Strike("sync", where, when, 1) for when in ("before", "after")]
    exchanges: dict[bytes, set[bytes]] = {}
    with in_force(tmp_path / "faults") as faults, device(ports.coap) as one:
        faults.plan("edge", strikes)
        one.settimeout(1.0)
        meter = Device(one, "meter", METER)
        for _ in range(len(strikes) + 1):
            with running(home, *arguments) as edge:
                pid = edge.process.pid
                wait_until(
                    lambda pid=pid: (read_status(home.run, "edge") or {}).get("pid") == pid  # type: ignore[misc]
                )
                for _ in range(3):
                    uplink = meter.uplink()
                    try:
                        exchanges.setdefault(uplink, set()).add(meter.exchange(uplink))
                    except (TimeoutError, ConnectionRefusedError):
                        break

    carrying = [uplink for uplink, payloads in exchanges.items() if payloads - {b""}]
    assert len(carrying) <= 1
    assert queue.get(number).attempts == 1
