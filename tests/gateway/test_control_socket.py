"""The unix socket of a core: who may ask, what can be asked, and what is refused."""

import asyncio
import json
import socket
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from narrowgate_gateway.control import MOST_REQUEST_BYTES, SOCKET_NAME, Refusal, Request, connect
from narrowgate_gateway.control_client import CoreRefused, NoCore, ask
from narrowgate_gateway.control_server import MOST_ASKERS, Handler, Refused, answering


async def _echo(said: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"said": dict(said)}


async def _busy(said: Mapping[str, Any]) -> Mapping[str, Any]:
    raise Refused(Refusal.BUSY, "the pipeline did not come to it")


HANDLERS: Mapping[Request, Handler] = {Request.RETRY: _echo, Request.BACKUP: _busy}


def _beside(run: Path, asking: Callable[[], Any]) -> Any:
    """Run something that blocks in a thread while a server answers."""

    async def both() -> Any:
        async with answering(run, HANDLERS):
            return await asyncio.to_thread(asking)

    return asyncio.run(both())


def _said_to(run: Path, data: bytes) -> list[dict[str, Any]]:
    """Give the answers to bytes."""

    def asking() -> list[dict[str, Any]]:
        with connect(run) as connection, connection.makefile("rwb") as stream:
            stream.write(data)
            stream.flush()
            connection.shutdown(1)
            return [json.loads(line) for line in stream]

    answers: list[dict[str, Any]] = _beside(run, asking)
    return answers


def test_a_request_is_answered(tmp_path: Path) -> None:
    """A request and its arguments reach the one who answers it."""
    answer = _beside(tmp_path, lambda: ask(tmp_path, Request.RETRY, frames=[1], apply=True))

    assert answer == {"said": {"request": "retry", "frames": [1], "apply": True}}


def test_a_refusal_is_told_in_words(tmp_path: Path) -> None:
    """What the core does not do, it says why."""
    with pytest.raises(CoreRefused, match="busy: the pipeline did not come to it"):
        _beside(tmp_path, lambda: ask(tmp_path, Request.BACKUP))


def test_a_home_at_the_end_of_a_long_path_is_reached(tmp_path: Path) -> None:
    """A socket's address has 108 bytes; a home's path may have many more."""
    run = tmp_path.joinpath(*["a" * 60] * 5)
    run.mkdir(parents=True)

    assert _beside(run, lambda: ask(run, Request.RETRY))["said"] == {"request": "retry"}


def test_only_the_owner_may_open_the_socket(tmp_path: Path) -> None:
    """The socket has mode 0600 from its first instant."""
    mode = _beside(tmp_path, lambda: (tmp_path / SOCKET_NAME).stat().st_mode)

    assert stat.S_IMODE(mode) == 0o600


def test_a_socket_that_a_killed_core_left_is_replaced(tmp_path: Path) -> None:
    """What nobody listens to any more is nobody's, and makes room for the next core."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / SOCKET_NAME))
    with pytest.raises(NoCore):
        ask(tmp_path, Request.RETRY)

    assert _beside(tmp_path, lambda: ask(tmp_path, Request.RETRY))["said"] == {"request": "retry"}
    assert not (tmp_path / SOCKET_NAME).exists()


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        (b'{"request": "shutdown"}', "unknown_request"),
        (b'{"request": ["retry"]}', "unknown_request"),
        (b"{}", "unknown_request"),
        (b"[]", "bad_request"),
        (b"\xff\xfe", "bad_request"),
        (b"[" * 60_000, "bad_request"),
        (b"x" * (MOST_REQUEST_BYTES + 10), "bad_request"),
    ],
    ids=["unknown", "odd", "none", "no object", "no JSON", "deep", "long"],
)
def test_what_is_no_request_is_refused(tmp_path: Path, line: bytes, refusal: str) -> None:
    """Whatever comes, the answer is one of a closed set, in one line."""
    [answer] = _said_to(tmp_path, line + b"\n")

    assert answer["refused"] == refusal


def test_several_requests_of_one_asker_are_answered_in_order(tmp_path: Path) -> None:
    """One connection may ask again, after a refusal too."""
    lines = [b'{"request": "retry", "n": 1}', b"nonsense", b'{"request": "retry", "n": 2}']
    first, refused, second = _said_to(tmp_path, b"\n".join(lines) + b"\n")

    assert (first["answer"]["said"]["n"], refused["refused"], second["answer"]["said"]["n"]) == (
        1,
        "bad_request",
        2,
    )


def test_too_many_askers_are_turned_away(tmp_path: Path) -> None:
    """A core attends to a few at a time; one more is told so."""

    def asking() -> dict[str, Any]:
        idle = [connect(tmp_path) for _ in range(MOST_ASKERS)]
        for one in idle:
            one.sendall(b'{"request": "retry"}\n')
            one.recv(4096)
        with connect(tmp_path) as another, another.makefile("rb") as stream:
            answer: dict[str, Any] = json.loads(stream.readline())
        for one in idle:
            one.close()
        return answer

    assert _beside(tmp_path, asking)["refused"] == "busy"


def _end_of(opened: socket.socket) -> bytes:
    """Give what a connection says at its end; a reset ends it as well as a close."""
    opened.settimeout(100)
    with opened:
        try:
            return opened.recv(10)
        except ConnectionResetError:
            return b""


def test_the_end_does_not_wait_for_askers(tmp_path: Path) -> None:
    """A core that ends closes the connections of those who ask nothing."""
    opened = _beside(tmp_path, lambda: connect(tmp_path))

    assert _end_of(opened) == b""


@pytest.mark.parametrize("steps", range(8))
def test_the_end_closes_what_was_just_opened(tmp_path: Path, steps: int) -> None:
    """However few steps of the loop lie between a connection and the core's end, the connection ends."""

    async def opened_at_the_end() -> socket.socket:
        async with answering(tmp_path, HANDLERS):
            await asyncio.sleep(0)
            opened = connect(tmp_path)
            for _ in range(steps):
                await asyncio.sleep(0)
        return opened

    assert _end_of(asyncio.run(opened_at_the_end())) == b""
