"""A gateway that is told to end while it still starts ends: at once, with exit code 0, and leaves nobody."""

import asyncio
import os
import random
import signal
import time
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from gateway_home import SOON_S, Ports, alive, make_home, run_arguments, running, wait_until, write_config
from narrowgate_gateway.config import load
from narrowgate_gateway.supervisor import Supervisor, _Child

SEED = 20
ROUNDS = 6


def children_of(pid: int) -> list[int]:
    """Give the pids of a process's children."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def spin(seconds: float) -> None:
    """Let an exact short time pass [s]."""
    until_s = time.perf_counter() + seconds
    while time.perf_counter() < until_s:
        pass


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux' /proc")
def test_a_storm_of_signals_at_the_start_leaves_nothing(tmp_path: Path) -> None:
    """However soon after a child's birth SIGTERM comes, the gateway exits 0 and its processes are gone."""
    chance = random.Random(SEED)
    home, config = make_home(tmp_path / "home"), write_config(tmp_path / "a.toml", Ports())
    codes, left = [], []
    for number in range(ROUNDS):
        with running(home, *run_arguments(config, home)) as gateway:
            pid = gateway.process.pid
            # The locks are taken when the signal handlers stand.
            wait_until(lambda pid=pid: bool(children_of(pid)))  # type: ignore[misc]
            spin(chance.uniform(0, 0.012) * (number % 3))
            born = children_of(pid)
            for _ in range(1 + number % 2):
                os.kill(pid, signal.SIGTERM)
            codes.append(gateway.process.wait(200))
            left += [child for child in born if alive(child)]

    assert codes == [0] * ROUNDS
    assert left == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux' /proc")
def test_a_signal_while_a_killed_process_is_started_again_ends_it(tmp_path: Path) -> None:
    """SIGTERM in the moment of a restart ends the gateway with exit code 0."""
    home, config = make_home(tmp_path / "home"), write_config(tmp_path / "a.toml", Ports())
    with running(home, *run_arguments(config, home)) as gateway:
        gateway.until_ready("edge", "core")
        pid, before = gateway.process.pid, gateway.pid("edge")
        os.kill(before, signal.SIGKILL)
        give_up_s = time.monotonic() + SOON_S
        while not set(children_of(pid)) - {before, gateway.pid("core")}:
            assert time.monotonic() < give_up_s
        code = gateway.end()

    assert code == 0


def test_a_fault_of_ours_ends_the_gateway_and_is_said(tmp_path: Path) -> None:
    """What the supervisor itself dies of ends both processes first, and is raised."""
    home, config = make_home(tmp_path / "home"), write_config(tmp_path / "a.toml", Ports())
    born: list[int] = []

    class Faulty(Supervisor):
        async def _watch(self, child: _Child, process: Process) -> int:
            born.append(process.pid)
            if child.role == "core":
                raise RuntimeError("a fault of ours")
            return await super()._watch(child, process)

    with pytest.raises(RuntimeError, match="a fault of ours"):
        asyncio.run(Faulty(config, load(config), home).run())

    assert len(born) == 2
    assert not any(map(alive, born))
