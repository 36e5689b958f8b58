"""A gateway that is told to end while it still starts ends: at once, with exit code 0, and leaves nobody."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from gateway_home import Ports, alive, make_home, run_arguments, running, wait_until, write_config

SEED = 20
ROUNDS = 10


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
            codes.append(gateway.process.wait(20))
            left += [child for child in born if alive(child)]

    assert codes == [0] * ROUNDS
    assert left == []


def test_a_signal_while_a_killed_process_is_started_again_ends_it(tmp_path: Path) -> None:
    """SIGTERM in the moment of a restart ends the gateway with exit code 0."""
    chance = random.Random(SEED)
    home, config = make_home(tmp_path / "home"), write_config(tmp_path / "a.toml", Ports())
    with running(home, *run_arguments(config, home)) as gateway:
        gateway.until_ready("edge", "core")
        os.kill(gateway.pid("edge"), signal.SIGKILL)
        gateway.until(lambda: any("starting it again" in line for line in gateway.said()))
        spin(chance.uniform(0.15, 0.25))
        code = gateway.end()

    assert code == 0
