"""CoAP as bytes on a plain socket: what a device without any library sends and sees."""

import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

CON, NON, ACK, RST = range(4)
GET, POST, PUT = 1, 2, 3


class Seen(NamedTuple):
    """A datagram that came back."""

    kind: int
    code: str
    message_id: int
    token: bytes
    max_age_s: int | None


def request(
    message_id: int,
    payload: bytes = b"\x15\x66\x01",
    *,
    path: Sequence[str] = ("nb", "bay-1", "up"),
    token: bytes = b"\x01",
    code: int = POST,
    kind: int = CON,
) -> bytes:
    """Give a request without other options than its path."""
    options, before = b"", 0
    for segment in path:
        options += _option(11 - before, segment.encode())
        before = 11
    marked = b"\xff" + payload if payload else b""
    return struct.pack(">BBH", 0x40 | kind << 4 | len(token), code, message_id) + token + options + marked


def _option(delta: int, value: bytes) -> bytes:
    length = len(value)
    if length < 13:
        return bytes([delta << 4 | length]) + value
    if length < 269:
        return bytes([delta << 4 | 13, length - 13]) + value
    return bytes([delta << 4 | 14]) + struct.pack(">H", length - 269) + value


def read(datagram: bytes) -> Seen:
    """Give the parts of an answer."""
    first, code, message_id = struct.unpack_from(">BBH", datagram)
    end = 4 + (first & 15)
    max_age_s = _max_age_s(datagram[end:])
    return Seen(first >> 4 & 3, f"{code >> 5}.{code & 31:02}", message_id, datagram[4:end], max_age_s)


def _max_age_s(options: bytes) -> int | None:
    """Give option 14 where it comes first [s]."""
    if len(options) < 2 or options[0] >> 4 != 13 or options[1] != 1:
        return None
    return int.from_bytes(options[2 : 2 + (options[0] & 15)], "big")


@contextmanager
def device(port: int, host: str = "127.0.0.1", source: str = "127.0.0.1") -> Iterator[socket.socket]:
    """Give a device's socket, connected to a gateway."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.bind(("::1" if family == socket.AF_INET6 else source, 0))
        one.connect((host, port))
        one.settimeout(100.0)
        yield one


def exchange(one: socket.socket, datagram: bytes) -> Seen:
    """Send a datagram and give what comes back; TimeoutError if nothing does."""
    one.send(datagram)
    return read(one.recv(2048))
