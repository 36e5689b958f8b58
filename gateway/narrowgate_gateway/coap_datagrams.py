"""Datagrams by the batch: one system call fills a matrix of fixed size, one sends answers from another.

The socket module has neither recvmmsg nor sendmmsg, so libc's are called by ctypes on structures that lie in
numpy arrays (recvmmsg(2), sendmmsg(2), cmsg(3); the layouts are the C compiler's, which numpy aligns alike).

Rule 1: nothing is allocated for a datagram; what it costs in memory was paid when the listener opened.
Rule 2: the interpreter's lock is held during the calls: they never wait, and giving it away costs a turn.
"""

import ctypes
import errno
import os
import socket
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

MOST_AT_ONCE = 1024
"""Datagrams of one call, at most: the kernel takes no more (UIO_MAXIOV)."""

SOURCE_BYTES = 28
"""A sockaddr_in6: family (2), port (2, network order), flow (4), address (16), scope (4)."""

SO_RXQ_OVFL = 40
"""Linux' option, and control message, of datagrams dropped for want of room since the socket was opened."""

_ALIGNMENT = 8
_SLACK = 16
"""Columns behind the longest datagram: what is cut may be read a little beyond its end."""

_HEADER = np.dtype(
    [
        ("name", np.uintp),
        ("name_bytes", np.uint32),
        ("parts", np.uintp),
        ("part_count", np.uintp),
        ("control", np.uintp),
        ("control_bytes", np.uintp),
        ("flags", np.int32),
    ],
    align=True,
)
MESSAGE = np.dtype([("header", _HEADER), ("length", np.uint32)], align=True)
"""A mmsghdr: how a message lies in memory, and how long it was."""
PART = np.dtype([("start", np.uintp), ("length", np.uintp)], align=True)
"""An iovec: where a message's bytes are."""
_CONTROL = np.dtype([("length", np.uintp), ("level", np.int32), ("kind", np.int32)], align=True)

_PKTINFO_BYTES = 20
_DROPS_SPACE = _CONTROL.itemsize + _ALIGNMENT
PKTINFO_SPACE = _CONTROL.itemsize + -(-_PKTINFO_BYTES // _ALIGNMENT) * _ALIGNMENT
"""A control message that tells, or says, which of the host's addresses a datagram goes by [B]."""

_libc = ctypes.PyDLL(None, use_errno=True)
_libc.recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
_libc.sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)


@dataclass(frozen=True, slots=True)
class Datagrams:
    """What came, row by row; the arrays are overwritten by the next call."""

    content: Bytes
    """(n, width); a row is its datagram up to its length, and rubbish behind it."""
    lengths: NDArray[np.int64]
    is_cut: NDArray[np.bool_]
    """(n,) whether a datagram was longer than a row."""
    sources: Bytes
    """(n, SOURCE_BYTES)."""
    pktinfo: Bytes | None
    """(n, PKTINFO_SPACE) as an answer's control data; None where the socket has one address only."""
    connections: NDArray[np.int64] | None = None
    """(n,) of a session; None where there is none."""

    def __len__(self) -> int:
        """Give the number of datagrams."""
        return len(self.lengths)

    @property
    def is_to_group(self) -> NDArray[np.bool_]:
        """Tell which were sent to a multicast group, (n,)."""
        if self.pktinfo is None:
            return np.zeros(len(self), np.bool_)
        address = self.pktinfo[:, _CONTROL.itemsize :]
        is_ipv4 = ~np.any(address[:, :10], axis=1)
        is_to_group: NDArray[np.bool_] = np.where(is_ipv4, address[:, 12] >> 4 == 14, address[:, 0] == 255)
        return is_to_group

    def datagram(self, row: int) -> bytes:
        """Give one as bytes."""
        return self.content[row, : self.lengths[row]].tobytes()


def receive_many(descriptor: int, messages_at: int, most: int) -> int:
    """Fill `most` MESSAGE at an address with what waits, and give how many; OSError where that cannot be."""
    count: int = _libc.recvmmsg(descriptor, messages_at, most, socket.MSG_DONTWAIT, None)
    if count >= 0:
        return count
    number = ctypes.get_errno()
    if number not in (errno.EAGAIN, errno.EINTR):
        raise OSError(number, os.strerror(number))
    return 0


def send_many(descriptor: int, messages_at: int, count: int) -> int:
    """Send `count` MESSAGE at an address, and give how many were taken; OSError if the first was not."""
    sent: int = _libc.sendmmsg(descriptor, messages_at, count, socket.MSG_DONTWAIT)
    if sent < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return sent


class Inbox:
    """Takes what waits at a socket."""

    def __init__(self, listening: socket.socket, longest_bytes: int, most: int = MOST_AT_ONCE) -> None:
        """Make room for `most` datagrams of a length [B]; they are cut beyond it."""
        self._descriptor = listening.fileno()
        self._width = -(-longest_bytes // _ALIGNMENT) * _ALIGNMENT
        self._content = np.zeros((most, self._width + _SLACK), np.uint8)
        self._sources = np.zeros((most, SOURCE_BYTES), np.uint8)
        self._wants_address = bool(listening.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO))
        self._control = np.zeros((most, _DROPS_SPACE + PKTINFO_SPACE), np.uint8)
        self._messages = np.zeros(most, MESSAGE)
        self._parts = np.zeros(most, PART)
        self._parts["start"], self._parts["length"] = rows_at(self._content), self._width
        self._address = self._messages.ctypes.data
        self._headers = headers = self._messages["header"]
        headers["name"], headers["control"] = rows_at(self._sources), rows_at(self._control)
        headers["parts"], headers["part_count"] = rows_at(self._parts), 1
        self._used = most
        self._drops_seen = 0
        self.dropped = 0
        """Datagrams that the kernel had no room for, as far as it told."""

    def receive(self) -> Datagrams:
        """Take what waits, as much as there is room for; nothing where nothing does.

        Raises:
            OSError: the socket cannot be read.
        """
        # The kernel says there how much it wrote: only what it wrote last is to be said anew.
        self._headers["name_bytes"][: self._used] = SOURCE_BYTES
        self._headers["control_bytes"][: self._used] = self._control.shape[1]
        self._used = count = receive_many(self._descriptor, self._address, len(self._messages))
        return Datagrams(
            self._content[:count],
            self._messages["length"][:count].astype(np.int64),
            (self._headers["flags"][:count] & socket.MSG_TRUNC) != 0,
            self._sources[:count],
            self._controls(count),
        )

    def _controls(self, count: int) -> Bytes | None:
        """Read the drops, and give where each datagram was sent to."""
        told = self._control[:count]
        first = told[:, : _CONTROL.itemsize].view(_CONTROL)[:, 0]
        has_control = self._headers["control_bytes"][:count] > 0
        has_drops = has_control & (first["level"] == socket.SOL_SOCKET) & (first["kind"] == SO_RXQ_OVFL)
        if has_drops.any():
            drops = told[has_drops, _CONTROL.itemsize : _CONTROL.itemsize + 4].view(np.uint32)
            newest = int(drops[-1, 0])
            self.dropped += (newest - self._drops_seen) & 0xFFFFFFFF
            self._drops_seen = newest
        if not self._wants_address:
            return None
        if not has_drops.any():
            return told[:, :PKTINFO_SPACE]
        begins = np.where(has_drops, _DROPS_SPACE, 0)
        taken: Bytes = told[np.arange(count)[:, None], begins[:, None] + np.arange(PKTINFO_SPACE)]
        return taken


class Outbox:
    """Sends many datagrams at once."""

    def __init__(self, listening: socket.socket, most: int = MOST_AT_ONCE) -> None:
        """Make room for the structures of a call."""
        self._descriptor = listening.fileno()
        self._messages = np.zeros(most, MESSAGE)
        self._parts = np.zeros(most, PART)
        self._address = self._messages.ctypes.data
        self._headers = headers = self._messages["header"]
        headers["name_bytes"] = SOURCE_BYTES
        headers["parts"], headers["part_count"] = rows_at(self._parts), 1

    def send(self, content: Bytes, lengths: NDArray[np.int64], sources: Bytes, pktinfo: Bytes | None) -> int:
        """Send rows to where they came from, and give how many the kernel took.

        What it does not take (no room, no way there) is lost as on any network.

        Args:
            content: (n, width), contiguous.
            lengths: (n,) [B].
            sources: (n, SOURCE_BYTES), contiguous.
            pktinfo: (n, PKTINFO_SPACE), contiguous; None where the kernel is to choose the address.
        """
        most, taken = len(self._messages), 0
        for start in range(0, len(lengths), most):
            rows = slice(start, start + most)
            count = self._fill(
                content[rows], lengths[rows], sources[rows], None if pktinfo is None else pktinfo[rows]
            )
            taken += self._flush(count)
        return taken

    def _fill(self, content: Bytes, lengths: NDArray[np.int64], sources: Bytes, pktinfo: Bytes | None) -> int:
        count = len(lengths)
        headers = self._headers
        headers["name"][:count] = rows_at(sources)
        self._parts["start"][:count], self._parts["length"][:count] = rows_at(content), lengths
        headers["control"][:count] = 0 if pktinfo is None else rows_at(pktinfo)
        headers["control_bytes"][:count] = 0 if pktinfo is None else PKTINFO_SPACE
        return count

    def _flush(self, count: int) -> int:
        done = taken = 0
        while done < count:
            try:
                sent = send_many(self._descriptor, self._address + done * MESSAGE.itemsize, count - done)
            except (BlockingIOError, InterruptedError):
                break  # no room: the devices send again
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    break
                done += 1  # this one has no way to its device; the others may have
                continue
            done, taken = done + sent, taken + sent
        return taken


def rows_at(array: NDArray[np.generic]) -> NDArray[np.uintp]:
    """Give the address of each row."""
    return np.uintp(array.ctypes.data) + np.arange(len(array), dtype=np.uintp) * np.uintp(array.strides[0])
