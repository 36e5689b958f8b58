"""CoAP uplinks at a pace that waits for no answer, and how long each acknowledgement took.

Rule 1: the pace is open: a slow answer delays no later uplink.
Rule 2: an answer has arrived when the kernel has it, however busy this process is; nothing is sent twice.
"""

import math
import secrets
import select
import socket
import struct
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from types import TracebackType
from typing import Self

from narrowgate_simulators import Emission

PATIENCE_S = 2.0
"""How long an answer is waited for, CoAP's ACK_TIMEOUT; a missing one counts as this [s]."""
_STAMPED = 35
"""Linux' SO_TIMESTAMPNS, and SCM_TIMESTAMPNS: the kernel's arrival time with each datagram."""
_TIMESPEC = struct.Struct("@qq")
_HEAD = struct.Struct("!BBHI")
_CON_WITH_TOKEN_OF_4, _POST, _CHANGED = 0x44, 0x02, 0x44
_URI_PATH, _PAYLOAD = 11, b"\xff"
_LONGEST_SHORT, _LONG = 12, 13
_POLL_S = 0.001


@dataclass(frozen=True, slots=True)
class Phase:
    """What came of a number of uplinks sent at a pace."""

    lasted_s: float
    """How long it took to send them [s]."""
    took_ms: tuple[float, ...]
    """What each acknowledgement took [ms]; PATIENCE_S where it was missing."""
    missing: int
    """Uplinks without an answer within PATIENCE_S, or with another than 2.04."""

    @classmethod
    def together(cls, phases: Sequence["Phase"]) -> "Phase":
        """Give several phases as one."""
        took_ms = chain.from_iterable(phase.took_ms for phase in phases)
        lasted_s, missing = sum(one.lasted_s for one in phases), sum(one.missing for one in phases)
        return cls(lasted_s, tuple(took_ms), missing)

    @property
    def rate_per_s(self) -> float:
        """Give the pace really reached [1/s]."""
        return len(self.took_ms) / self.lasted_s

    @property
    def p99_ms(self) -> float:
        """Give what the slowest hundredth took at least [ms]."""
        return self._share_ms(0.99)

    @property
    def median_ms(self) -> float:
        """Give what half of them took at most [ms]."""
        return self._share_ms(0.5)

    def _share_ms(self, share: float) -> float:
        return sorted(self.took_ms)[math.ceil(share * len(self.took_ms)) - 1]


def tail_of(emission: Emission) -> bytes:
    """Give an uplink's datagram from the options on: path, marker and payload."""
    options, number = b"", _URI_PATH
    for segment in emission.path.split("/"):
        text = segment.encode()
        options += _option(number, text)
        number = 0
    return options + _PAYLOAD + emission.payload


def _option(delta: int, value: bytes) -> bytes:
    if len(value) <= _LONGEST_SHORT:
        return bytes([delta << 4 | len(value)]) + value
    return bytes([delta << 4 | _LONG, len(value) - _LONG]) + value


class Flood:
    """Devices' sockets before one CoAP listener on this host."""

    def __init__(self, port: int, tails: Sequence[bytes], sockets: int) -> None:
        """Open the sockets; the tails are sent in turn, each time as a new exchange."""
        self._tails, self._open, self._exchanges = tails, ExitStack(), secrets.randbelow(1 << 31)
        self.first, self.sent_ns = self._exchanges, list[int]()
        """The exchange that the last sending began with, and when each of it was sent [ns since 1970]."""
        self._poll = self._open.enter_context(select.epoll())
        self._sockets: list[socket.socket] = []
        for _ in range(sockets):
            one = self._open.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            one.setsockopt(socket.SOL_SOCKET, _STAMPED, 1)
            one.setblocking(False)
            one.connect(("127.0.0.1", port))
            self._sockets.append(one)
            self._poll.register(one, select.EPOLLIN)
        self._by_number = {one.fileno(): one for one in self._sockets}

    def __enter__(self) -> Self:
        """Give the flood."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the sockets."""
        self._open.close()

    def send(self, frames: int, rate_per_s: float) -> Phase:
        """Send uplinks at a pace and wait for their answers."""
        first, self._exchanges = self._exchanges, (self._exchanges + frames) & 0x7FFFFFFF
        sent_ns: list[int] = []
        self.first, self.sent_ns = first, sent_ns
        took_ns: dict[int, int] = {}
        began_s = time.perf_counter()
        while len(sent_ns) < frames:
            due = min(frames, int((time.perf_counter() - began_s) * rate_per_s) + 1)
            while len(sent_ns) < due:
                self._send(first + len(sent_ns), sent_ns)
            self._receive(first, sent_ns, took_ns)
        lasted_s = time.perf_counter() - began_s
        give_up_s = time.perf_counter() + PATIENCE_S
        while len(took_ns) < frames and time.perf_counter() < give_up_s:
            self._receive(first, sent_ns, took_ns)
        missing = frames - len(took_ns)
        took_ms = [ns / 1e6 for ns in took_ns.values()] + [PATIENCE_S * 1e3] * missing
        return Phase(lasted_s, tuple(took_ms), missing)

    def _send(self, exchange: int, sent_ns: list[int]) -> None:
        head = _HEAD.pack(_CON_WITH_TOKEN_OF_4, _POST, exchange & 0xFFFF, exchange)
        datagram = head + self._tails[exchange % len(self._tails)]
        sent_ns.append(time.time_ns())
        self._sockets[exchange % len(self._sockets)].send(datagram)

    def _receive(self, first: int, sent_ns: list[int], took_ns: dict[int, int]) -> None:
        for number, _ in self._poll.poll(_POLL_S):
            datagram, ancillary, _, _ = self._by_number[number].recvmsg(256, 64)
            _, code, _, exchange = _HEAD.unpack_from(datagram)
            if code == _CHANGED and 0 <= exchange - first < len(sent_ns):
                seconds, rest_ns = _TIMESPEC.unpack_from(ancillary[0][2])
                took_ns[exchange - first] = seconds * 1_000_000_000 + rest_ns - sent_ns[exchange - first]
