"""What of a CoAP message is read before anything is believed, and answers as bytes."""

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from aiocoap import ACK, CON, NON, Message
from aiocoap.numbers.codes import EMPTY, Code
from aiocoap.numbers.types import Type

_FIXED = struct.Struct(">BBH")
_VERSION = 1
_LONGEST_TOKEN_BYTES = 8
_IPV4_MAPPED = bytes(10) + b"\xff\xff"
_ADDRESS_BYTES = 16

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
class Sender:
    """Who sent a datagram, and how an answer gets there."""

    sockaddr: tuple[Any, ...]
    pktinfo: bytes | None

    @classmethod
    def of(cls, sockaddr: tuple[Any, ...], ancillary: Sequence[tuple[int, int, bytes]]) -> Self:
        """Give the sender of a datagram as recvmsg told it."""
        told = [
            data
            for level, kind, data in ancillary
            if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)
        ]
        return cls(sockaddr, told[0] if told else None)

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
        """Give what has an answer leave from the address that was asked; a group's is none to leave from."""
        if self.pktinfo is None or _is_group(self.pktinfo[:_ADDRESS_BYTES]):
            return []
        return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, self.pktinfo)]


def _is_group(address: bytes) -> bool:
    is_ipv4 = address.startswith(_IPV4_MAPPED)
    return address[12] >> 4 == 14 if is_ipv4 else address[0] == 255


def acknowledgement(
    head: Head, code: Code, *, max_age_s: int | None = None, block1: Block | None = None
) -> bytes:
    """Give the answer that rides on a confirmable request's acknowledgement."""
    return _encoded(Message(code=code, _token=head.token), ACK, head.message_id, max_age_s, block1)


def separate(
    head: Head, message_id: int, code: Code, *, max_age_s: int | None = None, block1: Block | None = None
) -> bytes:
    """Give the answer to a non-confirmable request: a message of its own, non-confirmable too."""
    return _encoded(Message(code=code, _token=head.token), NON, message_id, max_age_s, block1)


def bare_acknowledgement(head: Head) -> bytes:
    """Give an acknowledgement without an answer."""
    return _encoded(Message(code=EMPTY), ACK, head.message_id, None, None)


def _encoded(
    message: Message, kind: Type, message_id: int, max_age_s: int | None, block1: Block | None
) -> bytes:
    message.mtype = kind
    message.mid = message_id
    message.opt.max_age = max_age_s
    message.opt.block1 = block1
    encoded: bytes = message.encode()
    return encoded
