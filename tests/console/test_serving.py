import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from console_stand import Stand, StandingClock
from narrowgate_console import Access, Binding, Services
from narrowgate_console.serving import serve
from programs import started

_PROGRAM = Path(__file__).parents[1] / "console_stand.py"


def test_a_taken_port_is_told_before_anything_starts(services: Services, access: Access) -> None:
    """A port that another program listens on is the caller's EADDRINUSE, not a log line later."""
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(OSError, match="in use") as refused,
    ):
        serve(services, access, Binding(port=other.getsockname()[1]))

    assert refused.value.errno == errno.EADDRINUSE


def test_a_server_stops_when_it_should(stand: Stand, access: Access) -> None:
    """The process that runs the server ends it by setting should_exit, and keeps its own signals."""

    async def run() -> tuple[int, object]:
        server = serve(Services(stand, StandingClock()), access, Binding(port=0))
        before = signal.getsignal(signal.SIGTERM)
        serving = asyncio.create_task(server.serve())
        host, port = server.address
        async with httpx.AsyncClient(timeout=100) as client:
            status = (await client.get(f"http://{host}:{port}/healthz")).status_code
        unchanged = signal.getsignal(signal.SIGTERM) is before
        server.should_exit = True
        async with asyncio.timeout(100):
            await serving
        return status, unchanged

    assert asyncio.run(run()) == (200, True)


def test_answers_leave_at_once(stand: Stand, access: Access) -> None:
    """Connections do not wait for a browser's delayed acknowledgement before they send an answer's body."""

    async def run() -> list[int]:
        server = serve(Services(stand, StandingClock()), access, Binding(port=0))
        serving = asyncio.create_task(server.serve())
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readline()
        taken = [each.transport.get_extra_info("socket") for each in server.server_state.connections]
        undelayed = [one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in taken]
        writer.close()
        server.should_exit = True
        await serving
        return undelayed

    assert asyncio.run(run()) == [1]


def test_a_server_leaves_nothing_behind(tmp_path: Path) -> None:
    """SIGTERM ends a serving process with exit 0, and nothing is written where it ran."""
    stores, here = tmp_path / "stores", tmp_path / "here"
    stores.mkdir()
    here.mkdir()
    command = [sys.executable, str(_PROGRAM), str(stores), "empty"]
    with started(command, stdout=subprocess.PIPE, cwd=here) as process:
        assert process.stdout is not None
        httpx.get(process.stdout.readline().strip(), timeout=100).raise_for_status()
        os.kill(process.pid, signal.SIGTERM)
        code = process.wait(100)

    assert (code, list(here.iterdir())) == (0, [])


def test_the_page_sets_no_cookie(serve_stand: Callable[[str], str]) -> None:
    """Looking at the page leaves nothing in the browser."""
    answer = httpx.get(serve_stand("empty"), timeout=100)

    assert (answer.status_code, list(answer.cookies)) == (200, [])


def test_a_foreign_pages_websocket_is_refused(serve_stand: Callable[[str], str]) -> None:
    """A page of another site cannot open the page's live connection through its visitor's browser."""
    address = serve_stand("empty").replace("http", "ws") + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"

    with pytest.raises(InvalidStatus, match="403"), connect(address, origin=Origin("http://evil.example")):
        pass


def test_open_pages_are_bounded(serve_stand: Callable[[str], str]) -> None:
    """The page beyond the last that may be open is refused with a time to come back; the API goes on."""
    address = serve_stand("crowded")
    answers = [httpx.get(address, timeout=100) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 503]
    readiness = httpx.get(f"{address}/readyz", timeout=100)
    assert (answers[2].headers["retry-after"], readiness.status_code) == ("5", 200)
