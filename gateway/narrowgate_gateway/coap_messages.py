"""What of a CoAP message is read before anything is believed, and answers as bytes."""

import socket
import struct
from dataclasses import dataclass
from typing import Any, Self

from aiocoap import ACK, CON, NON
from aiocoap.numbers.codes import EMPTY, Code
from aiocoap.numbers.types import Type

from narrowgate_schema.words import Answer

_FIXED = struct.Struct(">BBH")
_VERSION = 1
_LONGEST_TOKEN_BYTES = 8
_PORT = struct.Struct(">H")
_FLOW = struct.Struct(">I")
_SCOPE = struct.Struct("=I")
_CONTROL_BYTES = 16
_PKTINFO_BYTES = 20
_LOCATION_PATH, _MAX_AGE, _BLOCK1 = 8, 14, 27
_SHORT = 13
_MARKER = b"\xff"

CODES: dict[Answer, Code] = {
    Answer.KEPT: Code.CHANGED,
    Answer.DUPLICATE: Code.CHANGED,
    Answer.UNKNOWN_SENDER: Code.UNAUTHORIZED,
    Answer.FORBIDDEN: Code.FORBIDDEN,
    Answer.TOO_LARGE: Code.REQUEST_ENTITY_TOO_LARGE,
    Answer.TOO_FAST: Code.TOO_MANY_REQUESTS,
    Answer.CANNOT_KEEP: Code.SERVICE_UNAVAILABLE,
}
"""What the door's answers are in CoAP."""

Block = tuple[int, bool, int]
"""The Block1 option: number, whether more follow, exponent of the size."""


@dataclass(frozen=True, slots=True)
class Head:
    """The message layer: all that an answer must repeat."""

    kind: int
    code: int
    message_id: int
    token: bytes

    @classmethod
    def read(cls, datagram: bytes) -> Self | None:
        """Read a datagram's head; None if it is no CoAP message or its token is cut."""
        if len(datagram) < _FIXED.size:
            return None
        first, code, message_id = _FIXED.unpack_from(datagram)
        end = _FIXED.size + (first & 15)
        token = datagram[_FIXED.size : end]
        if first >> 6 != _VERSION or len(token) > _LONGEST_TOKEN_BYTES or len(datagram) < end:
            return None
        return cls(first >> 4 & 3, code, message_id, token)

    @property
    def is_request(self) -> bool:
        """Tell whether it asks for something."""
        return 1 <= self.code < 32

    @property
    def is_confirmable(self) -> bool:
        """Tell whether its sender waits for an acknowledgement."""
        return self.kind == int(CON)


@dataclass(frozen=True, slots=True)
class Rider:
    """What rides on an answer."""

    location: tuple[str, ...] = ()
    payload: bytes = b""


NOTHING = Rider()


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a datagram, and how an answer gets there."""

    sockaddr: tuple[Any, ...]
    pktinfo: bytes | None
    connection: int | None = None
    """Of a session; None where there is none."""

    @classmethod
    def read(cls, source: bytes, pktinfo: bytes | None, connection: int | None = None) -> Self:
        """Give the sender of a datagram.

        Args:
            source: its sockaddr_in6.
            pktinfo: the control message that tells where it was sent to; None where there is one place only.
            connection: of a session; None where there is none.
        """
        (port,) = _PORT.unpack_from(source, 2)
        (flow,) = _FLOW.unpack_from(source, 4)
        (scope,) = _SCOPE.unpack_from(source, 24)
        address = socket.inet_ntop(socket.AF_INET6, source[8:24])
        return cls(
            (address, port, flow, scope),
            None if pktinfo is None else pktinfo[_CONTROL_BYTES:][:_PKTINFO_BYTES],
            connection,
        )

    @property
    def address(self) -> str:
        """Give the address, IPv4 where it is one."""
        address: str = self.sockaddr[0]
        return address.split("%")[0].removeprefix("::ffff:")

    @property
    def port(self) -> int:
        """Give the port."""
        return int(self.sockaddr[1])

    @property
    def ancillary(self) -> list[tuple[int, int, bytes]]:
        """Give what has an answer leave from the address that was asked."""
        if self.pktinfo is None:
            return []
        return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, self.pktinfo)]


def acknowledgement(
    head: Head,
    code: Code,
    *,
    max_age_s: int | None = None,
    block1: Block | None = None,
    rider: Rider = NOTHING,
) -> bytes:
    """Give the answer that rides on a confirmable request's acknowledgement."""
    return _encoded(ACK, code, head.message_id, head.token) + _rest(max_age_s, block1, rider)


def separate(
    head: Head,
    message_id: int,
    code: Code,
    *,
    max_age_s: int | None = None,
    block1: Block | None = None,
    rider: Rider = NOTHING,
) -> bytes:
    """Give the answer to a non-confirmable request: a message of its own, non-confirmable too."""
    return _encoded(NON, code, message_id, head.token) + _rest(max_age_s, block1, rider)


def bare_acknowledgement(head: Head) -> bytes:
    """Give an acknowledgement without an answer."""
    return _encoded(ACK, EMPTY, head.message_id, b"")


def _encoded(kind: Type, code: Code, message_id: int, token: bytes) -> bytes:
    return _FIXED.pack(_VERSION << 6 | int(kind) << 4 | len(token), int(code), message_id) + token


def _rest(max_age_s: int | None, block1: Block | None, rider: Rider) -> bytes:
    """Give options, in the order of their numbers, and payload (RFC 7252, 3)."""
    options = [(_LOCATION_PATH, segment.encode()) for segment in rider.location]
    if max_age_s is not None:
        options.append((_MAX_AGE, _shortest(max_age_s)))
    if block1 is not None:
        number, more, exponent = block1
        options.append((_BLOCK1, _shortest(number << 4 | more << 3 | exponent)))
    text, before = b"", 0
    for number, value in options:
        text += _option(number - before, value)
        before = number
    return text + (_MARKER + rider.payload if rider.payload else b"")


def _option(delta: int, value: bytes) -> bytes:
    """Give an option whose delta and length are below 269."""
    nibbles, more = 0, b""
    for part in (delta, len(value)):
        nibbles = nibbles << 4 | min(part, _SHORT)
        more += bytes([part - _SHORT]) if part >= _SHORT else b""
    return bytes([nibbles]) + more + value


def _shortest(number: int) -> bytes:
    """Give a number without leading zeros (RFC 7252, 3.2)."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
