"""Free ports of this host, out of reach of those that the kernel gives to whoever connects."""

import os
import socket
from collections.abc import Iterator
from functools import cache

_HOST = "127.0.0.1"
_FIRST, _LAST = 10_000, 32_000
"""Below Linux's ephemeral ports (32 768 and up): any client could take one of those meanwhile."""

_APART = 97
"""How far apart two processes begin to look, so that those that start together do not find the same."""


def free_tcp_port() -> int:
    """Give a TCP port of 127.0.0.1 that nobody listens on, at every call another."""
    return _free(socket.SOCK_STREAM)


def free_udp_port() -> int:
    """Give a UDP port of 127.0.0.1 that nobody has, at every call another."""
    return _free(socket.SOCK_DGRAM)


def _free(kind: socket.SocketKind) -> int:
    for _ in range(_LAST - _FIRST):
        port = next(_ports())
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return port
    raise OSError(f"no port of {_FIRST} to {_LAST} is free")


@cache
def _ports() -> Iterator[int]:
    """Give this process's ports, over and over."""

    def turn() -> Iterator[int]:
        number = os.getpid() * _APART
        while True:
            number = (number + 1) % (_LAST - _FIRST)
            yield _FIRST + number

    return turn()
