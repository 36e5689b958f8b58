"""How long datagrams may gather in the kernel before the next batch is taken, by how they come.

Each batch has a price of its own, whatever is in it, so that few large ones cost less than many small ones;
what gathers waits, so that no batch may be long in coming.

Rule 1: nothing waits longer than LONGEST_S for its batch to be taken, and less where answers take their time.
Rule 2: nothing is waited for once ENOUGH are there, or a quarter of the kernel's room is taken.
"""

import socket
import struct

ANSWERED_WITHIN_S = 0.022
"""Within what a datagram is to be answered: gathering may take what the batch itself does not need [s]."""

LONGEST_S, LEAST_S = 0.018, 0.012
"""Bounds of how long datagrams may gather: on a slow disk they gather for the next sync all the same [s]."""

ENOUGH = 128
"""A batch of so many costs little more than a larger one."""

_FIRST_LOOK_S = 0.004
_FORGETS = 0.95
_MUCH = 1024
"""A batch of so many is as large as it gets: nothing is waited for after it."""
_SO_MEMINFO = 55
"""Linux' option, sock_diag(7): what the socket's memory holds, in words of 32 bits."""
_WORDS = struct.Struct("=9I")
_TYPICAL_BYTES = 1280.0
"""What a small datagram takes of the kernel's memory, until it is known [B]."""


class Gathering:
    """Says when to look at a socket again."""

    def __init__(self, room_bytes: int) -> None:
        """Begin with a buffer of the kernel's of so many bytes."""
        self._room_bytes = room_bytes
        self._each_bytes = _TYPICAL_BYTES
        self._answered_s = 0.0

    @property
    def longest_s(self) -> float:
        """Give how long datagrams may gather now [s]."""
        return min(LONGEST_S, max(LEAST_S, ANSWERED_WITHIN_S - self._answered_s))

    def note_answered(self, took_s: float) -> None:
        """Note how long a batch took from the socket to its answers [s]; a slow one is forgotten slowly."""
        self._answered_s = max(took_s, _FORGETS * self._answered_s)

    def first_s(self, count: int) -> float:
        """Give how long to wait after a batch of so many before a look at what has gathered [s]."""
        return _FIRST_LOOK_S * max(0.0, 1.0 - count / _MUCH)

    def further_s(self, waited_s: float, waiting_bytes: int) -> float:
        """Give how much longer what has gathered since may wait for more to come [s].

        Args:
            waited_s: since the batch before [s].
            waiting_bytes: what the kernel's buffer holds [B].
        """
        enough_bytes = min(ENOUGH * self._each_bytes, self._room_bytes / 4)
        if waiting_bytes <= 0 or waiting_bytes >= enough_bytes:
            return 0.0
        until_enough_s = waited_s * (enough_bytes / waiting_bytes - 1.0)
        return max(0.0, min(self.longest_s - waited_s, until_enough_s))

    def learn(self, waiting_bytes: int, count: int) -> None:
        """Note what a batch took of the kernel's memory before it was taken."""
        if count and waiting_bytes:
            self._each_bytes = waiting_bytes / count


def waiting_bytes(listening: socket.socket) -> int:
    """Give what a socket's receive buffer holds, bookkeeping included [B]; 0 where nothing tells it."""
    try:
        told = listening.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _WORDS.size)
    except OSError:
        return 0
    return int(_WORDS.unpack(told.ljust(_WORDS.size, b"\0"))[0])
