"""Connections that ask nothing take no place from those that do."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from gateway_home import wait_until
from narrowgate_console.idle_connections import IdleConnections
from narrowgate_console.serving import MOST_CONNECTIONS


class Transport:
    """A connection's transport that only can be closed."""

    def __init__(self) -> None:
        """Be open."""
        self.closed = False

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self.closed

    def close(self) -> None:
        """Close."""
        self.closed = True


class Cycle:
    """A request that is being answered, or was."""

    def __init__(self, *, response_complete: bool) -> None:
        """Be at one of both."""
        self.response_complete = response_complete


class Connection:
    """An HTTP connection as the server keeps it."""

    def __init__(self, cycle: Cycle | None = None) -> None:
        """Be connected."""
        self.transport, self.cycle = Transport(), cycle


def closed(connections: list[Connection]) -> list[bool]:
    """Tell which are closed."""
    return [each.transport.closed for each in connections]


def test_probes_are_answered_beside_more_idle_connections_than_there_is_room_for(
    serve_stand: Callable[[str], str],
) -> None:
    """With more connections open than the server takes, none of which asks, /healthz is 200."""
    address = serve_stand("empty")
    place = urlsplit(address)
    with ExitStack() as idle:
        for _ in range(MOST_CONNECTIONS + 100):
            idle.enter_context(socket.create_connection((place.hostname or "", place.port or 0), timeout=100))
        wait_until(lambda: httpx.get(f"{address}/healthz", timeout=100).status_code == 200)
        answers = [httpx.get(f"{address}/healthz", timeout=100).status_code for _ in range(20)]

    assert answers == [200] * 20


def test_the_oldest_idle_connections_make_room() -> None:
    """Where there are too many, those end that have been idle the longest; what is at work stays."""
    idle = IdleConnections(most=2)
    busy = Connection(Cycle(response_complete=False))
    first, later = [Connection() for _ in range(2)], [Connection(Cycle(response_complete=True))]
    idle.tidy([busy, *first])
    idle.tidy([busy, *later, *first])

    assert closed([busy, *later]) == [False, False]
    assert sorted(closed(first)) == [False, True]


@pytest.mark.parametrize(
    ("cycle", "ends"),
    [(None, True), (Cycle(response_complete=True), False), (Cycle(response_complete=False), False)],
)
def test_a_connection_that_never_asks_is_ended(cycle: Cycle | None, ends: bool) -> None:
    """A connection without a first request in time ends, however few there are; the others stay."""
    idle, connection = IdleConnections(within_s=-1.0), Connection(cycle)
    idle.tidy([connection])

    assert connection.transport.closed is ends


def test_a_live_connection_of_a_page_is_none_of_them() -> None:
    """What has no requests, as a WebSocket, is let be."""
    IdleConnections(most=0, within_s=-1.0).tidy([object()])
