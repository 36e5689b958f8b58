"""`narrowgate demo` as its user meets it."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway_home import SOON_S, alive, wait_until
from narrowgate_gateway.app import narrowgate
from narrowgate_gateway.status import read_status
from narrowgate_simulators.ports import free_tcp_port

LONGEST_S = 240.0


def demo(*arguments: str) -> Result:
    """Run the verb in this process, as far as it comes without a gateway."""
    return CliRunner().invoke(narrowgate, ["demo", *arguments])


class Started:
    """A demo in a process group of its own, with a temporary directory of its own."""

    def __init__(self, root: Path, *arguments: str, terminal: int | None = None) -> None:
        """Start it."""
        self.temporary = root / "tmp"
        self.temporary.mkdir()
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "narrowgate_gateway.app", "demo"),
                *("--devices", "30", "--port", str(free_tcp_port()), *arguments),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if terminal is None else terminal,
            env={**os.environ, "TMPDIR": str(self.temporary), "COLUMNS": "120", "LINES": "40"},
            start_new_session=True,
            text=True,
        )

    def until_it_lives(self) -> list[int]:
        """Wait until the gateway is up and give the pids of its processes."""
        wait_until(lambda: len(self._pids()) == 2)
        return self._pids()

    def _pids(self) -> list[int]:
        runs = self.temporary.glob("narrowgate-demo-*/run")
        statuses = [read_status(run, role) for run in runs for role in ("edge", "core")]
        return [status["pid"] for status in statuses if status is not None]

    def kill(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        self.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator["list[Started]"]:
    """Give a place to put a started demo, which is ended with the test."""
    started: list[Started] = []
    yield started
    for one in started:
        one.kill()


def test_a_bounded_demo_ends_by_itself_with_its_summary(tmp_path: Path) -> None:
    """With --seconds it drains, exits 0, and prints one JSON object of exactly this shape."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "narrowgate_gateway.app", "demo", "--seconds", "10", "--devices", "30"),
            *("--port", str(free_tcp_port()), "--home", str(tmp_path / "home")),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )

    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    summary = json.loads(line)
    assert {key: set(value) if isinstance(value, dict) else None for key, value in summary.items()} == {
        "frames": {"sent", "acked", "stored", "partial", "quarantined", "duplicate", "in_flight", "refused"},
        "readings": {"water", "parking", "lighting"},
        "findings": set(summary["injected_faults"]),
        "injected_faults": set(summary["injected_faults"]),
        "detected_faults": set(summary["injected_faults"]),
        "false_findings": None,
        "cases": {"opened", "closed"},
    }
    assert summary["frames"]["acked"] == summary["frames"]["sent"] > 1000
    assert summary["detected_faults"] == summary["injected_faults"]


@pytest.mark.parametrize(
    ("number", "to_all"),
    [(signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGTERM, False)],
    ids=["Ctrl-C", "SIGTERM to the group", "SIGTERM to the process"],
)
def test_an_endless_demo_ends_cleanly_on_a_signal(
    tmp_path: Path, start: list[Started], number: int, to_all: bool
) -> None:
    """Ctrl-C or SIGTERM, to the group or the process alone: exit 0, no process and no directory left."""
    one = Started(tmp_path)
    start.append(one)
    pids = one.until_it_lives()
    (os.killpg if to_all else os.kill)(one.process.pid, number)
    out, err = one.process.communicate(timeout=LONGEST_S)

    assert (one.process.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert not any(map(alive, pids))
    assert list(one.temporary.iterdir()) == []


def test_a_demo_that_is_killed_takes_its_gateway_with_it(tmp_path: Path, start: list[Started]) -> None:
    """After kill -9 of the demo its gateway ends by itself."""
    one = Started(tmp_path)
    start.append(one)
    pids = one.until_it_lives()
    one.process.kill()

    wait_until(lambda: not any(map(alive, pids)))
    assert not any(map(alive, pids))


def test_a_bounded_demo_that_is_interrupted_exits_1(tmp_path: Path, start: list[Started]) -> None:
    """A demo that was to count and could not says so and exits 1; its gateway and directory are gone."""
    one = Started(tmp_path, "--seconds", "600")
    start.append(one)
    pids = one.until_it_lives()
    one.process.send_signal(signal.SIGINT)
    out, err = one.process.communicate(timeout=LONGEST_S)

    assert (one.process.returncode, out) == (1, "")
    assert err.splitlines()[-1] == "narrowgate demo: ended before its time, so nothing was counted"
    assert not any(map(alive, pids))
    assert list(one.temporary.iterdir()) == []


def test_a_demo_without_its_gateway_ends(tmp_path: Path, start: list[Started]) -> None:
    """Where the gateway ends on its own, the demo says so in one line and exits 1."""
    one = Started(tmp_path)
    start.append(one)
    (edge, _) = one.until_it_lives()
    supervisor = int(re.findall(r"^PPid:\t(\d+)$", Path(f"/proc/{edge}/status").read_text(), re.MULTILINE)[0])
    os.kill(supervisor, signal.SIGKILL)
    _, err = one.process.communicate(timeout=LONGEST_S)

    assert one.process.returncode == 1
    # Its processes may be up before the demo has seen its broker connected.
    assert re.match("Error: the gateway (ended|did not start): ", err.splitlines()[-1])


def test_the_live_view_shows_the_city_on_a_terminal(tmp_path: Path, start: list[Started]) -> None:
    """On a terminal the status has frames, readings, findings, cases, and the page's address."""
    ours, theirs = pty.openpty()
    one = Started(tmp_path, terminal=theirs)
    start.append(one)
    os.close(theirs)
    shown, give_up_s = "", time.monotonic() + SOON_S
    while "closed" not in shown and time.monotonic() < give_up_s:
        shown += os.read(ours, 65_536).decode(errors="replace")
    one.process.send_signal(signal.SIGINT)
    while (more := _rest(ours)) != "":
        shown += more
    os.close(ours)

    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    words = ("district", "frames", "core", "readings", "findings", "cases", "page http://127.0.0.1:")
    assert [word for word in words if word not in plain] == []
    assert one.process.wait(LONGEST_S) == 0
    assert "Traceback" not in plain


def _rest(terminal: int) -> str:
    """Give what else a terminal was sent; nothing once its other end is closed."""
    try:
        return os.read(terminal, 65_536).decode(errors="replace")
    except OSError:
        return ""


def test_a_taken_port_is_said_in_one_line() -> None:
    """Where the page's port is taken the demo does not start, and names the option that helps."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = demo("--port", str(port))

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"Error: port {port} on 127.0.0.1 is taken: choose another with --port\n"


def test_a_home_in_use_is_refused(tmp_path: Path) -> None:
    """A demo writes into an empty directory only."""
    (tmp_path / "mine").write_text("precious")
    done = demo("--home", str(tmp_path), "--port", str(free_tcp_port()))

    assert done.exit_code == 1
    assert done.stderr == f"Error: {tmp_path} is not empty: the demo wants a home of its own\n"


@pytest.mark.parametrize(
    "arguments",
    [("--seconds", "9"), ("--devices", "-1"), ("--devices", "many"), ("--port", "0"), ("--port", "70000")],
)
def test_values_out_of_range_are_wrong_use(arguments: tuple[str, str]) -> None:
    """An option outside its range is refused with exit code 2 before anything starts."""
    done = demo(*arguments)

    assert done.exit_code == 2
    assert arguments[0] in done.stderr
