"""A gateway whose words nobody takes works on: the reader of its log may be gone, the disk under it full."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from coap_wire import device, exchange, request
from gateway_home import Ports, make_home, run_arguments, wait_until, write_config
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status

FULL_DISK = Path("/dev/full")


@contextmanager
def running_with(home: Home, config: Path, errors: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a gateway with a standard error of our choice."""
    process = subprocess.Popen(
        [sys.executable, *run_arguments(config, home)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
    )
    try:
        wait_until(lambda: all(pid_of(home, role) for role in ("edge", "core")))
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def pid_of(home: Home, role: str) -> int | None:
    """Give the pid of a role that is up."""
    status = read_status(home.run, role)
    return None if status is None else status["pid"]


def kill_and_await(home: Home, role: str) -> None:
    """Kill a role's process and wait for the next one."""
    before = pid_of(home, role)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: pid_of(home, role) not in (None, before))


def test_a_log_that_nobody_reads_any_more_stops_nothing(tmp_path: Path) -> None:
    """With the pipe's reader gone, killed processes come back, devices are answered, the exit is 0."""
    home, ports = make_home(tmp_path / "home"), Ports()
    reader, writer = os.pipe()
    with running_with(home, write_config(tmp_path / "a.toml", ports), writer) as gateway:
        os.close(writer)
        os.close(reader)
        kill_and_await(home, "edge")
        kill_and_await(home, "core")
        with device(ports.coap) as one:
            answer = exchange(one, request(1)).code
        gateway.send_signal(signal.SIGTERM)
        code = gateway.wait(200)

    assert (answer, code) == ("2.04", 0)


@pytest.mark.skipif(not FULL_DISK.exists(), reason="needs /dev/full")
def test_a_log_on_a_full_disk_stops_nothing(tmp_path: Path) -> None:
    """Where no line can be written, killed processes are started again and the exit is 0."""
    home = make_home(tmp_path / "home")
    full = os.open(FULL_DISK, os.O_WRONLY)
    with running_with(home, write_config(tmp_path / "a.toml", Ports()), full) as gateway:
        os.close(full)
        kill_and_await(home, "edge")
        kill_and_await(home, "core")
        gateway.send_signal(signal.SIGTERM)
        code = gateway.wait(200)

    assert code == 0


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_a_complaint_that_cannot_be_written_changes_no_exit_code(redirection: str) -> None:
    """A process keeps its exit code when standard error is closed or takes nothing."""
    program = (
        "import sys; from narrowgate_gateway.complaints import complain, speak_plainly;"
        " speak_plainly('edge'); complain('edge', 'port taken'); sys.exit(78)"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -c "$1" {redirection}', sys.executable, program], check=False
    )

    assert done.returncode == 78
