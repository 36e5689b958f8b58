"""The supervisor: what dies is started again, what cannot start is said once, and the end loses nothing."""

import os
import signal
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from coap_wire import device, exchange, request
from gateway_home import (
    Ports,
    Running,
    alive,
    kept_rows,
    make_home,
    run_arguments,
    running,
    wait_until,
    write_config,
)
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status
from narrowgate_ingest.state import cursor


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give a home with a registry."""
    return make_home(tmp_path / "home")


def send(ports: Ports, n: int) -> list[str]:
    """Send uplinks, one after another, and give the answers."""
    with device(ports.coap) as one:
        return [exchange(one, request(i)).code for i in range(n)]


def frames_seen(home: Home) -> int:
    """Give the number of frames that the core has come to."""
    with closing(sqlite3.connect(home.state)) as state:
        return cursor(state, "frames_seen")


@pytest.mark.parametrize(
    ("send_signal", "number"),
    [(os.kill, signal.SIGTERM), (os.killpg, signal.SIGINT)],
    ids=["SIGTERM", "Ctrl-C"],
)
def test_a_signal_ends_both_with_everything_worked_off(
    tmp_path: Path, home: Home, send_signal: Callable[[int, int], None], number: int
) -> None:
    """SIGTERM, and an interrupt of the whole group, end both with exit code 0, what was kept worked off."""
    ports = Ports()
    config = write_config(tmp_path / "a.toml", ports)
    with running(home, *run_arguments(config, home)) as gateway:
        gateway.until_ready("edge", "core")
        pids = [gateway.pid(role) for role in ("edge", "core")]
        codes = send(ports, 50)
        send_signal(gateway.process.pid, number)
        code = gateway.process.wait(200)

    assert (code, codes) == (0, ["2.04"] * 50)
    assert gateway.said() == []
    assert not any(map(alive, pids))
    assert frames_seen(home) == 50 == len(kept_rows(home.journal))


def test_a_killed_process_is_started_again(tmp_path: Path, home: Home) -> None:
    """A process that is killed is back with another pid, says why in one line, and works."""
    ports = Ports()
    codes = []
    with running(home, *run_arguments(write_config(tmp_path / "a.toml", ports), home)) as gateway:
        gateway.until_ready("edge", "core")
        for role in ("edge", "core"):
            before = gateway.pid(role)
            os.kill(before, signal.SIGKILL)
            _until_another(gateway, role, before)
            codes += send(ports, 3)
        code = gateway.end()

    assert (code, codes) == (0, ["2.04"] * 6)
    assert gateway.said() == [
        f"narrowgate: {role} ended with signal SIGKILL; starting it again" for role in ("edge", "core")
    ]


def _until_another(gateway: Running, role: str, before: int) -> None:
    gateway.until(lambda: (read_status(gateway.home.run, role) or {}).get("pid") not in (None, before))


def test_without_supervisor_the_processes_end_by_themselves(tmp_path: Path, home: Home) -> None:
    """A kill -9 of the supervisor closes the hand that its processes hold, and they drain and end."""
    ports = Ports()
    with running(home, *run_arguments(write_config(tmp_path / "a.toml", ports), home)) as gateway:
        gateway.until_ready("edge", "core")
        pids = [gateway.pid(role) for role in ("edge", "core")]
        codes = send(ports, 20)
        gateway.end(signal.SIGKILL)
        wait_until(lambda: not any(map(alive, pids)))

    assert codes == ["2.04"] * 20
    assert frames_seen(home) == 20


def test_a_second_gateway_on_a_home_is_refused(tmp_path: Path, home: Home) -> None:
    """A home has one gateway: the second says so in one line, exits 1, and the first goes on."""
    ports = Ports()
    first_config = write_config(tmp_path / "a.toml", ports)
    with running(home, *run_arguments(first_config, home)) as first:
        first.until_ready("edge", "core")
        with running(home, *run_arguments(write_config(tmp_path / "b.toml", Ports()), home)) as second:
            code = second.process.wait(200)
        assert first.said() == [f"narrowgate: {home.root}: a gateway's supervisor is running here already"]
        assert send(ports, 1) == ["2.04"]
        first.end()

    assert code == 1


def test_a_taken_udp_port_is_said_in_one_line(tmp_path: Path, home: Home) -> None:
    """Where the listener's port is taken the gateway does not start: one line, exit code 1, nothing left."""
    ports = Ports()
    config = write_config(tmp_path / "a.toml", ports)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
        other.bind(("::ffff:127.0.0.1", ports.coap))
        with running(home, *run_arguments(config, home)) as gateway:
            code = gateway.process.wait(200)

    assert code == 1
    assert gateway.said() == [
        f"narrowgate edge: UDP port {ports.coap} on 127.0.0.1 (coap listener 'coap'): Address already in use"
    ]


def test_a_taken_tcp_port_is_said_in_one_line(tmp_path: Path, home: Home) -> None:
    """Where the console's port is taken the gateway does not start: one line, exit code 1."""
    ports = Ports()
    config = write_config(tmp_path / "a.toml", ports)
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.console))
        other.listen()
        with running(home, *run_arguments(config, home)) as gateway:
            code = gateway.process.wait(200)

    assert code == 1
    assert gateway.said() == [
        f"narrowgate core: TCP port {ports.console} on 127.0.0.1 (console): Address already in use"
    ]
