"""Free ports of this host, out of reach of those that the kernel gives to whoever connects."""

import os
import socket
from collections.abc import Iterator
from functools import cache
from itertools import count

_HOST = "127.0.0.1"
_FIRST, _LAST = 10_000, 32_000
"""Below Linux's ephemeral ports (32 768 and up): any client could take one of those meanwhile."""

_PROCESSES = 97
"""As many processes of successive numbers have ports of their own."""

_EACH = (_LAST - _FIRST) // _PROCESSES


def free_tcp_port() -> int:
    """Give a TCP port of 127.0.0.1 that nobody listens on, at every call another."""
    return _free(socket.SOCK_STREAM)


def free_udp_port() -> int:
    """Give a UDP port of 127.0.0.1 that nobody has, at every call another."""
    return _free(socket.SOCK_DGRAM)


def _free(kind: socket.SocketKind) -> int:
    for _ in range(_EACH):
        port = next(_ports())
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return port
    raise OSError(f"none of this process's ports between {_FIRST} and {_LAST} is free")


@cache
def _ports() -> Iterator[int]:
    """Give this process's ports, over and over; others have others.

    A port is given back between two lives of a gateway: nobody else may take it then.
    """
    begin, own = divmod(os.getpid(), _PROCESSES)
    return (_FIRST + own + _PROCESSES * ((begin + turn) % _EACH) for turn in count())
