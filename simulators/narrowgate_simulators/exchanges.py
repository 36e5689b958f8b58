"""Confirmable CoAP exchanges of many devices over few endpoints, without a socket or a clock.

Rule 1: nothing here sleeps, reads a clock or opens a socket: datagrams and instants in, datagrams out.
Rule 2: a device has one message outstanding; a message id rests for an exchange's lifetime; one endpoint
never has one token out twice, as servers tell requests apart by (endpoint, token).
The token is the emission's sequence, four bytes big-endian: what is stored tells which emission it was.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

from aiocoap import ACK, CON, EMPTY, RST, Message
from aiocoap.error import UnparsableMessage
from aiocoap.numbers.codes import SERVICE_UNAVAILABLE, TOO_MANY_REQUESTS

from narrowgate_simulators.datagrams import Outgoing, empty, request
from narrowgate_simulators.emission import Emission
from narrowgate_simulators.message_ids import MessageIds
from narrowgate_simulators.noise import chance
from narrowgate_simulators.report import ACKED, GIVEN_UP, Outcome, SentReport
from narrowgate_simulators.timing import Timing, Weather

_DEFAULT_MAX_AGE_S = 60


@dataclass(eq=False)
class _Exchange:
    emission: Emission
    endpoint: int
    token: bytes
    began_s: float
    message_id: int = -1
    datagram: bytes = b""
    transmissions: int = 0
    """Since the emission was offered, over all its messages."""
    repeats: int = 0
    """Of the present message."""
    wait_s: float = 0.0
    due_s: float = 0.0


class Exchanges:
    """The state of every open exchange; offered emissions wait in order of offering."""

    def __init__(
        self,
        ids: Sequence[MessageIds],
        timing: Timing,
        weather: Weather,
        window: int,
        report: SentReport,
    ) -> None:
        """Start with nothing open.

        Args:
            ids: the message-id space of each endpoint.
            timing: the devices' patience.
            weather: what the network does.
            window: most exchanges open at once.
            report: what is counted into.
        """
        if not ids or window < 1:
            raise ValueError(f"endpoints and window must be at least 1, not {len(ids)} and {window}")
        self._ids, self._timing, self._weather, self._window = ids, timing, weather, window
        self._report = report
        self._offered: deque[Emission] = deque()
        self._busy: set[str] = set()
        self._by_token: dict[tuple[int, bytes], _Exchange] = {}
        self._by_id: dict[tuple[int, int], _Exchange] = {}
        self._timers: list[tuple[float, int, _Exchange]] = []
        self._timer_count = 0
        self._settled: list[Outcome] = []

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is offered or open."""
        return not self._offered and not self._by_token

    def offer(self, emissions: Iterable[Emission]) -> None:
        """Queue emissions for sending."""
        before = len(self._offered)
        self._offered.extend(emissions)
        self._report.sent += len(self._offered) - before

    def send(self, now_s: float) -> list[Outgoing]:
        """Give every datagram that is due now [s]: repeats first, then new messages as the window allows."""
        out: list[Outgoing] = []
        while self._timers and self._timers[0][0] <= now_s:
            due_s, _, exchange = heapq.heappop(self._timers)
            if exchange.due_s == due_s and self._is_open(exchange):
                out += self._on_timer(exchange, now_s)
        while self._offered and len(self._by_token) < self._window:
            begun = self._begin(self._offered[0], now_s)
            if begun is None:
                break
            self._offered.popleft()
            out += begun
        return out

    def next_due_s(self, now_s: float) -> float | None:
        """Give when `send` has something to do again [s]; None if only a datagram can bring it on."""
        timer_s = self._timers[0][0] if self._timers else None
        if self._offered and not self._by_token:
            # All message ids rest: no exchange is open whose end could wake us.
            return now_s + 1.0 if timer_s is None else min(timer_s, now_s + 1.0)
        return timer_s

    def take_settled(self) -> list[Outcome]:
        """Give the outcomes since the last call."""
        settled, self._settled = self._settled, []
        return settled

    def receive(self, endpoint: int, datagram: bytes, now_s: float) -> list[Outgoing]:
        """Take a datagram that came to an endpoint; give what must be answered to it."""
        try:
            message = Message.decode(datagram)
        except (UnparsableMessage, ValueError):
            return []
        exchange = self._of(endpoint, message)
        if exchange is None:
            return _to_stranger(endpoint, message)
        emission = exchange.emission
        if self._weather.loses_answer(emission.device, emission.sequence, exchange.transmissions):
            self._report.lost_answers += 1
            return []
        self._on_answer(exchange, message, now_s)
        return [empty(endpoint, ACK, message.mid)] if message.mtype is CON else []

    def _is_open(self, exchange: _Exchange) -> bool:
        return self._by_token.get((exchange.endpoint, exchange.token)) is exchange

    def _of(self, endpoint: int, message: Message) -> _Exchange | None:
        if message.mtype in (ACK, RST):
            return self._by_id.get((endpoint, message.mid))
        return self._by_token.get((endpoint, message.token)) if message.code.is_response() else None

    def _on_answer(self, exchange: _Exchange, message: Message, now_s: float) -> None:
        if message.mtype is RST:
            self._settle(exchange, "reset", now_s)
        elif message.code == EMPTY:
            self._wait(exchange, self._timing.answer_s, now_s)
        elif message.code.is_successful():
            self._settle(exchange, ACKED, now_s)
        elif message.code in (SERVICE_UNAVAILABLE, TOO_MANY_REQUESTS):
            max_age_s = _DEFAULT_MAX_AGE_S if message.opt.max_age is None else message.opt.max_age
            self._rest(exchange, now_s)
            self._wait(exchange, max(max_age_s, self._timing.ack_timeout_s), now_s)
        else:
            self._settle(exchange, f"{message.code >> 5}.{message.code & 31:02d}", now_s)

    def _on_timer(self, exchange: _Exchange, now_s: float) -> list[Outgoing]:
        if now_s - exchange.began_s >= self._timing.give_up_s:
            self._settle(exchange, GIVEN_UP, now_s)
            return []
        if exchange.message_id >= 0 and exchange.repeats < self._timing.max_retransmit:
            exchange.repeats += 1
            self._report.retransmissions += 1
            exchange.wait_s = min(exchange.wait_s * 2.0, self._timing.longest_wait_s)
            return self._transmit(exchange, now_s)
        self._rest(exchange, now_s)
        if not self._ids[exchange.endpoint].is_free(now_s):
            self._wait(exchange, self._timing.ack_timeout_s, now_s)
            return []
        return self._new_message(exchange, now_s)

    def _begin(self, emission: Emission, now_s: float) -> list[Outgoing] | None:
        """Open an exchange; None if its device is busy or no endpoint has the token and an id free."""
        if emission.device in self._busy:
            return None
        token = emission.sequence.to_bytes(4, "big")
        home = crc32(emission.device.encode()) + emission.binding
        for offset in range(len(self._ids)):
            endpoint = (home + offset) % len(self._ids)
            if (endpoint, token) not in self._by_token and self._ids[endpoint].is_free(now_s):
                exchange = _Exchange(emission, endpoint, token, began_s=now_s)
                self._by_token[endpoint, token] = exchange
                self._busy.add(emission.device)
                return self._new_message(exchange, now_s)
        return None

    def _new_message(self, exchange: _Exchange, now_s: float) -> list[Outgoing]:
        emission = exchange.emission
        exchange.message_id = self._ids[exchange.endpoint].take(now_s)
        self._by_id[exchange.endpoint, exchange.message_id] = exchange
        exchange.datagram = request(emission, exchange.message_id, exchange.token)
        exchange.repeats = 0
        draw = chance(self._weather.seed, "wait", emission.device, emission.sequence, exchange.transmissions)
        exchange.wait_s = self._timing.first_wait_s(draw)
        return self._transmit(exchange, now_s)

    def _transmit(self, exchange: _Exchange, now_s: float) -> list[Outgoing]:
        exchange.transmissions += 1
        emission = exchange.emission
        out = Outgoing(exchange.endpoint, exchange.datagram)
        self._wait(exchange, exchange.wait_s, now_s)
        if not self._weather.sends_twice(emission.device, emission.sequence, exchange.transmissions):
            return [out]
        self._report.copies += 1
        return [out, out]

    def _wait(self, exchange: _Exchange, wait_s: float, now_s: float) -> None:
        exchange.due_s = min(now_s + wait_s, exchange.began_s + self._timing.give_up_s)
        self._timer_count += 1
        heapq.heappush(self._timers, (exchange.due_s, self._timer_count, exchange))

    def _rest(self, exchange: _Exchange, now_s: float) -> None:
        """Let the present message go; the emission stays."""
        if exchange.message_id >= 0:
            del self._by_id[exchange.endpoint, exchange.message_id]
            self._ids[exchange.endpoint].give_back(exchange.message_id, now_s)
            exchange.message_id = -1

    def _settle(self, exchange: _Exchange, result: str, now_s: float) -> None:
        self._rest(exchange, now_s)
        del self._by_token[exchange.endpoint, exchange.token]
        self._busy.discard(exchange.emission.device)
        self._settled.append(Outcome(exchange.emission, result))


def _to_stranger(endpoint: int, message: Message) -> list[Outgoing]:
    """Reject what is confirmable and belongs to no open exchange; RFC 7252, section 4.2."""
    return [empty(endpoint, RST, message.mid)] if message.mtype is CON else []
