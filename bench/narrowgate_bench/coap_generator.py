"""CoAP requests from many sockets, fast enough for a server that takes them by the batch.

Rule 1: no (endpoint, message id) pair comes twice: exchange i has one socket and one message id for itself.
Rule 2: an answer counts if it is an acknowledgement with the right message id and token of what is open.
Rule 3: what has no answer after two seconds is sent again, as a device would, and counted.
Rule 4: an answer has come when the kernel has it, however busy this process is.
"""

import itertools
import select
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from narrowgate_gateway.coap_datagrams import MESSAGE, PART, receive_many, rows_at, send_many

ACK_TIMEOUT_S = 2.0
TOGETHER = 8
"""Exchanges that follow each other on one socket."""
MESSAGE_IDS = 1 << 16
_RING = 1 << 20
_ROW_BYTES = 256
_HEAD = np.dtype([("first", "u1"), ("code", "u1"), ("message_id", ">u2"), ("token", ">u4")])
_CON, _ACK = 0x44, 0x64
"""With a token of four bytes."""
_CREATED, _CHANGED = 0x41, 0x44
_TOO_MANY_REQUESTS, _SERVICE_UNAVAILABLE = 0x9D, 0xA3
_AT_ONCE = 4096
_MOST_OF_ONE = 32
_LOOK_FOR_LOST_S = 0.25
_STAMPED = 35
"""Linux' SO_TIMESTAMPNS, and SCM_TIMESTAMPNS: the kernel's arrival time with each datagram."""
_STAMP = np.dtype([("length", "u8"), ("level", "i4"), ("kind", "i4"), ("seconds", "i8"), ("rest_ns", "i8")])
"""The control message that tells it."""
_POLL_S = 0.001

Ints = NDArray[np.int64]
Rows = NDArray[np.uint8]
Tails = Callable[[Ints], Rows]
"""Gives the requests of some exchanges from the options on, (n, width)."""


@dataclass(frozen=True, slots=True)
class Volley:
    """What came of a number of requests."""

    acknowledged: int
    seconds: float
    sent_again: int
    wrong: int
    """Answers that were none of ours, or refused."""
    turned_away: int
    """Answers that said to come again later, 4.29 or 5.03: the exchange stays open and is sent again."""
    took_ms: NDArray[np.float64]
    """Of each exchange, from its first sending to its answer [ms]."""

    @property
    def per_s(self) -> float:
        """Give the acknowledgements a second."""
        return self.acknowledged / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """Give within how long so many were acknowledged [ms]."""
        return float(np.percentile(self.took_ms, percent))


class Mail:
    """Rows of bytes that the kernel fills or takes, by `receive_many` and `send_many`."""

    def __init__(self, *, is_stamped: bool = False) -> None:
        """Make room; rows that are stamped tell when they came."""
        self.content = np.zeros((_AT_ONCE, _ROW_BYTES), np.uint8)
        self._parts = np.zeros(_AT_ONCE, PART)
        self._parts["start"], self.lengths = rows_at(self.content), self._parts["length"]
        self.lengths[:] = _ROW_BYTES
        self._messages = np.zeros(_AT_ONCE, MESSAGE)
        headers = self._messages["header"]
        headers["parts"], headers["part_count"] = rows_at(self._parts), 1
        self._address = self._messages.ctypes.data
        self._stamps = np.zeros(_AT_ONCE, _STAMP)
        self._control_bytes = headers["control_bytes"]
        if is_stamped:
            headers["control"] = rows_at(self._stamps)

    def make_room(self, row: int) -> None:
        """Have the next rows take their arrival times: the kernel said there what it wrote last."""
        self._control_bytes[row : row + _MOST_OF_ONE] = _STAMP.itemsize

    def came_s(self, count: int) -> NDArray[np.float64]:
        """Give when the first rows came [s since 1970]."""
        stamps = self._stamps[:count]
        return stamps["seconds"] + stamps["rest_ns"] * 1e-9

    def at(self, row: int) -> int:
        """Give the address of a row's message."""
        return self._address + row * MESSAGE.itemsize

    def put(self, rows: Rows) -> None:
        """Put rows there, all of one length."""
        self.content[: len(rows), : rows.shape[1]] = rows
        self.lengths[: len(rows)] = rows.shape[1]


class Generator:
    """Devices' sockets before one CoAP server on this host."""

    def __init__(self, port: int, method: int, tails: Tails, *, sockets: int = 512) -> None:
        """Open the sockets.

        Args:
            port: the server's.
            method: code of the requests.
            tails: makes their options and payloads.
            sockets: how many.
        """
        self._method, self._tails = method, tails
        self._next = 0
        self._open = ExitStack()
        self._poll = self._open.enter_context(select.epoll())
        self._descriptors: list[int] = []
        for _ in range(sockets):
            one = self._open.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            one.setsockopt(socket.SOL_SOCKET, _STAMPED, 1)
            one.setblocking(False)
            one.connect(("127.0.0.1", port))
            self._descriptors.append(one.fileno())
            self._poll.register(one, select.EPOLLIN)
        self._place_of = {number: place for place, number in enumerate(self._descriptors)}
        self._in, self._out = Mail(is_stamped=True), Mail()
        self._waiting = np.full(_RING, -1)
        self._first_s, self._last_s = np.zeros(_RING), np.zeros(_RING)
        self._again = self._wrong = self._turned_away = 0
        self._took_s: list[NDArray[np.float64]] = []

    def __enter__(self) -> Self:
        """Give the generator."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the sockets."""
        self._open.close()

    def saturate(self, exchanges: int, window: int) -> Volley:
        """Have so many acknowledged, with never more than a window of them open."""
        return self._run(exchanges, lambda seconds, done: done + window)

    def pace(self, exchanges: int, per_s: float) -> Volley:
        """Send so many at a pace that waits for no answer."""
        return self._run(exchanges, lambda seconds, done: int(seconds * per_s) + 1)

    def _run(self, exchanges: int, due: Callable[[float, int], int]) -> Volley:
        """Send what is due until all is acknowledged."""
        first, self._took_s = self._next, []
        self._again = self._wrong = self._turned_away = 0
        began_s = looked_s = time.perf_counter()
        done = 0
        while done < exchanges:
            now_s = time.perf_counter()
            upto = first + min(exchanges, due(now_s - began_s, done))
            if upto > self._next:
                self._begin(np.arange(self._next, min(upto, self._next + _AT_ONCE)))
            done += self._receive(_POLL_S)
            if now_s - looked_s > _LOOK_FOR_LOST_S:
                looked_s = now_s
                self._repeat(now_s)
        seconds = time.perf_counter() - began_s
        took_ms = np.concatenate(self._took_s) * 1e3
        return Volley(done, seconds, self._again, self._wrong, self._turned_away, took_ms)

    def _begin(self, exchanges: Ints) -> None:
        self._next = int(exchanges[-1]) + 1
        if self._next > len(self._descriptors) * MESSAGE_IDS:
            raise ValueError(f"no message ids are left after {self._next} exchanges: open more sockets")
        ring = exchanges % _RING
        if np.any(self._waiting[ring] >= 0):
            raise RuntimeError("an exchange that is long open is in the way")
        self._waiting[ring] = exchanges
        self._first_s[ring] = time.time()
        self._send(exchanges)

    def _places(self, exchanges: Ints) -> tuple[Ints, Ints]:
        """Give the socket and the message id of each exchange."""
        sockets = len(self._descriptors)
        turns = exchanges // TOGETHER
        return turns % sockets, turns // sockets * TOGETHER + exchanges % TOGETHER

    def _send(self, exchanges: Ints) -> None:
        places, message_ids = self._places(exchanges)
        heads = np.zeros(len(exchanges), _HEAD)
        heads["first"], heads["code"], heads["message_id"], heads["token"] = (
            _CON, self._method, message_ids, exchanges,
        )  # fmt: skip
        self._last_s[exchanges % _RING] = time.perf_counter()
        self._out.put(np.hstack([heads.view(np.uint8).reshape(-1, _HEAD.itemsize), self._tails(exchanges)]))
        edges = [0, *(np.flatnonzero(np.diff(places)) + 1).tolist(), len(exchanges)]
        for start, end in itertools.pairwise(edges):
            with suppress(BlockingIOError):  # what is not taken is sent again like what is lost
                send_many(self._descriptors[places[start]], self._out.at(start), end - start)

    def _receive(self, wait_s: float) -> int:
        """Take answers, and give how many exchanges they end."""
        rows, places, counts = 0, [], []
        for number, _ in self._poll.poll(wait_s):
            if rows + _MOST_OF_ONE > _AT_ONCE:
                break
            self._in.make_room(rows)
            count = receive_many(number, self._in.at(rows), _MOST_OF_ONE)
            places.append(self._place_of[number])
            counts.append(count)
            rows += count
        if rows == 0:
            return 0
        heads = self._in.content[:rows, : _HEAD.itemsize].copy().view(_HEAD)[:, 0]
        exchanges = heads["token"].astype(np.int64)
        wanted_places, wanted_ids = self._places(exchanges)
        is_ours = (heads["first"] == _ACK) & (np.repeat(places, counts) == wanted_places)
        is_ours &= heads["message_id"] == wanted_ids
        is_right = is_ours & np.isin(heads["code"], (_CREATED, _CHANGED))
        is_later = is_ours & np.isin(heads["code"], (_TOO_MANY_REQUESTS, _SERVICE_UNAVAILABLE))
        is_open = is_right & (self._waiting[exchanges % _RING] == exchanges)
        # The answer to what was sent again may come twice: that is no fault, and ends nothing.
        self._wrong += int(np.count_nonzero(~is_right & ~is_later))
        self._turned_away += int(np.count_nonzero(is_later))
        ended, first = np.unique(exchanges[is_open], return_index=True)
        self._waiting[ended % _RING] = -1
        self._took_s.append(self._in.came_s(rows)[is_open][first] - self._first_s[ended % _RING])
        return len(ended)

    def _repeat(self, now_s: float) -> None:
        lost = self._waiting[(self._waiting >= 0) & (now_s - self._last_s > ACK_TIMEOUT_S)][:_AT_ONCE]
        if len(lost):
            self._again += len(lost)
            self._send(np.sort(lost))
