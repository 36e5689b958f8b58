"""A home with a small registry, and gateways running in it as processes of their own."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from narrowgate_codecs import PROFILES
from narrowgate_fleet import Registry, import_csv
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status
from narrowgate_ingest.records import Kind
from narrowgate_ingest.tail import Tail
from narrowgate_simulators.ports import free_tcp_port, free_udp_port

FLEET = """\
device,profile,state
bay-1,pni_placepod_v1,active
bay-2,pni_placepod_v1,active
suspended-1,pni_placepod_v1,suspended
retired-1,pni_placepod_v1,retired
"""
OCCUPIED = bytes.fromhex("156601")
SOON_S = 120.0


def make_home(root: Path, fleet: str = FLEET) -> Home:
    """Make a home with a registry."""
    families = {name: profile.family.value for name, profile in PROFILES.items()}
    root.mkdir(parents=True, exist_ok=True)
    with Registry(root) as registry:
        imported = import_csv(registry, io.BytesIO(fleet.encode()), families)
    assert not imported.faults, imported.faults
    return Home(root)


def wait_until(reached: Callable[[], bool]) -> None:
    """Wait until something outside this process is so; AssertionError if it does not come to be."""
    give_up_s = time.monotonic() + SOON_S
    while not reached():
        assert time.monotonic() < give_up_s
        time.sleep(0.02)


class Ports:
    """Free ports for one gateway."""

    def __init__(self) -> None:
        """Find them."""
        self.coap = free_udp_port()
        self.console = free_tcp_port()


def write_config(path: Path, ports: Ports, *, listener: str = "", more: str = "") -> Path:
    """Write a configuration with one listener that takes this host's devices."""
    path.write_text(
        f'[[coap]]\nport = {ports.coap}\nallow = ["127.0.0.0/8", "::1/128"]\n{listener}\n'
        f"[console]\nport = {ports.console}\n{more}\n",
        encoding="utf-8",
    )
    return path


class Running:
    """A process of a gateway, with what it said."""

    def __init__(self, home: Home, arguments: list[str]) -> None:
        """Start it."""
        self.home = home
        self._log = home.root.parent / f"{home.root.name}.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def said(self) -> list[str]:
        """Give the lines of both streams."""
        return self._log.read_text(encoding="utf-8").splitlines()

    def until_ready(self, *roles: str) -> None:
        """Wait until roles are up."""
        self.until(lambda: all(read_status(self.home.run, role) for role in roles))

    def until(self, reached: Callable[[], bool]) -> None:
        """Wait until something is so, while the process lives."""
        wait_until(lambda: reached() or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()

    def pid(self, role: str) -> int:
        """Give the pid of a role that is up."""
        status = read_status(self.home.run, role)
        assert status is not None
        pid: int = status["pid"]
        return pid

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal to the process alone and give its exit code."""
        self.process.send_signal(number)
        return self.process.wait(SOON_S)


@contextmanager
def running(home: Home, *arguments: str) -> Iterator[Running]:
    """Run `python ARGUMENTS` and leave no process of it behind."""
    one = Running(home, list(arguments))
    try:
        yield one
    finally:
        with suppress(ProcessLookupError):
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait()
        if one.process.stdin is not None:
            one.process.stdin.close()


def role_arguments(role: str, config: Path, home: Home) -> tuple[str, ...]:
    """Give the arguments of one role's process."""
    return "-m", "narrowgate_gateway.process", role, str(config), str(home.root)


def run_arguments(config: Path, home: Home, *more: str) -> tuple[str, ...]:
    """Give the arguments of `narrowgate run`."""
    where = ("--config", str(config), "--home", str(home.root))
    return "-m", "narrowgate_gateway.app", "run", *where, *more


def alive(pid: int) -> bool:
    """Tell whether a process runs, a zombie not counted."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def kept_rows(directory: Path) -> list[dict[str, Any]]:
    """Give the uplinks of a journal."""
    tail, rows = Tail(directory), []
    offset = tail.start()
    while (chunk := tail.read(offset, 1 << 16)).next_offset > offset:
        for kind, batch in chunk.records:
            if kind is Kind.UPLINKS:
                rows += batch.to_pylist()
        offset = chunk.next_offset
    return rows
