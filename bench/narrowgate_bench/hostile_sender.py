"""Hostile datagrams at a pace, from many addresses: `python -m … PORT SEED RATE COUNT DEVICES KIND…`.

It says `ready` when all is made, begins when it is told to by a line, and says at the end what it did (JSON).

Rule 1: the pace is open: what the listener does not take in time the kernel drops, and nothing is sent again.
Rule 2: message ids are drawn anew each time, so that repeats are rare.
Rule 3: all is drawn from the seed: the same datagrams in the same order, from the same addresses.
"""

import json
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from itertools import cycle
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from narrowgate_bench.coap_generator import Mail
from narrowgate_bench.hostile_datagrams import LONGEST_BYTES, Kind, datagrams
from narrowgate_gateway.coap_datagrams import receive_many, send_many

INSIDE = "127.0.0.0/9"
"""The listener's network; the other half of this host's own addresses is outside."""
_SOCKETS = 64
"""Of a kind."""
_POOL = 4096
"""Datagrams of a kind, sent over and over with other numbers."""
_TOGETHER = 64
_ANSWERS = 256
_HEAD = 4


class Told(NamedTuple):
    """What a sender did."""

    sent: int
    seconds: float
    answers: dict[str, int]
    """How many answers of each code came back, as far as they were looked at."""


class Sender:
    """Addresses that mean no good."""

    def __init__(self, port: int, seed: int, devices: int, kinds: Sequence[Kind]) -> None:
        """Make their datagrams, all kinds in turn, and open their sockets."""
        self._rng = random.Random(seed)
        self._numbers = np.random.default_rng(seed)
        self._open = ExitStack()
        made = {kind: datagrams(kind, self._rng, _POOL, devices) for kind in kinds}
        self._rows = {kind: np.stack([_row(one) for one in each]) for kind, each in made.items()}
        self._lengths = {kind: np.array([len(one) for one in each]) for kind, each in made.items()}
        self._out, self._in = Mail(), Mail()
        self._turns = [(self._socket(kind, port), kind) for _ in range(_SOCKETS) for kind in kinds]
        self._answers: Counter[int] = Counter()

    def close(self) -> None:
        """Close the sockets."""
        self._open.close()

    def send(self, count: int, per_s: float) -> Told:
        """Send so many at a pace; 0: as fast as it goes."""
        began_s, due, sent = time.perf_counter(), 0, 0
        for source, kind in cycle(self._turns):
            if due >= count:
                break
            due_s = began_s + (due / per_s if per_s else 0.0)
            time.sleep(max(0.0, due_s - time.perf_counter()))
            together = min(_TOGETHER, count - due)
            due, sent = due + together, sent + self._send(source, kind, together)
        seconds = time.perf_counter() - began_s
        answers = {f"{code >> 5}.{code & 31:02}": n for code, n in sorted(self._answers.items())}
        return Told(sent, seconds, answers)

    def _send(self, source: socket.socket, kind: Kind, count: int) -> int:
        """Send some of a kind from one address, and give how many the kernel took."""
        which = self._numbers.integers(0, _POOL, count)
        content = self._out.content[:count]
        content[:, :LONGEST_BYTES] = self._rows[kind][which]
        content[:, 2:_HEAD] = self._numbers.integers(0, 256, (count, 2))
        self._out.lengths[:count] = self._lengths[kind][which]
        self._look(source)
        try:
            return send_many(source.fileno(), self._out.at(0), count)
        except (BlockingIOError, ConnectionRefusedError):
            return 0

    def _look(self, source: socket.socket) -> None:
        """Count what was answered, so that the kernel need not hold it."""
        count = receive_many(source.fileno(), self._in.at(0), _ANSWERS)
        if count:
            self._answers.update(self._in.content[:count, 1].tolist())

    def _socket(self, kind: Kind, port: int) -> socket.socket:
        """Open a socket at an address of its own."""
        one = self._open.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        one.setblocking(False)
        second = (128 if kind is Kind.SPOOFED else 1) + self._rng.randrange(127)
        one.bind((f"127.{second}.{self._rng.randrange(256)}.{1 + self._rng.randrange(254)}", 0))
        one.connect(("127.0.0.1", port))
        return one


def _row(datagram: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(datagram.ljust(LONGEST_BYTES, b"\0"), np.uint8)


def _main(port: str, seed: str, rate: str, count: str, devices: str, *kinds: str) -> None:
    with closing(Sender(int(port), int(seed), int(devices), [Kind(kind) for kind in kinds])) as sender:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        told = sender.send(int(count), float(rate))
    sys.stdout.write(json.dumps(told._asdict()) + "\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
