"""Sleeping devices in device time: what leaves them, what reaches them, and when; no socket and no clock.

Rule 1: instants and datagrams in, datagrams out; what the radio loses, doubles and delays is a function of
the seed. Rule 2: a device is a row of state and its events stand in one heap: no task, no timer of its own.
A device wakes for its report (T3412), listens for a while after it (T3324), and hears nothing until then,
except, where the radio has eDRX, once a cycle. What is sent to it meanwhile is lost, as a sleeper's is.
"""

import hashlib
import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiocoap import ACK, CHANGED, CON, EMPTY, NON, RST, Message
from aiocoap.error import UnparsableMessage
from aiocoap.numbers.codes import SERVICE_UNAVAILABLE, TOO_MANY_REQUESTS

from narrowgate_simulators.answering import Said, answer_to
from narrowgate_simulators.datagrams import Outgoing, empty, request
from narrowgate_simulators.emission import Emission
from narrowgate_simulators.listening import listen
from narrowgate_simulators.message_ids import COUNT, EXCHANGE_LIFETIME_S
from narrowgate_simulators.noise import chance
from narrowgate_simulators.radio import Radio
from narrowgate_simulators.sleeper import Carried, Exchange, Sleeper
from narrowgate_simulators.span import SECOND_US
from narrowgate_simulators.timing import Timing

PATIENT = Timing(ack_timeout_s=15.0, longest_wait_s=120.0, answer_s=30.0, give_up_s=900.0)
"""How long devices wait whose way to the gateway and back may take 24 s."""
_THINKS_S = (0.2, 1.5)
"""How long a device takes from a command to its answer [s]."""
_DEFAULT_MAX_AGE_S = 60
_WAKE, _RETRY, _SPEAK, _UP, _DOWN = range(5)


@dataclass
class SleepReport:
    """What became of sleeping devices' words, and what they did."""

    reports: int = 0
    answers: int = 0
    transmissions: int = 0
    acked: int = 0
    given_up: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Uplinks refused, by code."""
    lost: int = 0
    """Transmissions, either way, that never arrived."""
    twice: int = 0
    """Transmissions, either way, that arrived twice."""
    downs: int = 0
    """Datagrams that left the gateway for devices."""
    asleep: int = 0
    """Datagrams that came while their device slept."""
    told_again: int = 0
    """Messages down that a device knew by their message id."""
    misheard: int = 0
    """Messages down that a device did not understand."""
    carried: list[Carried] = field(default_factory=list)
    """Commands carried out, in order."""


class Sleeping:
    """The devices and everything under way to and from them."""

    def __init__(self, sleepers: Sequence[Sleeper], radio: Radio, timing: Timing = PATIENT) -> None:
        """Lay the devices down to sleep until their first reports."""
        self.sleepers = list(sleepers)
        self.report = SleepReport()
        self._radio, self._timing = radio, timing
        self._events: list[tuple[int, int, int, int, Any]] = []
        self._order, self._downs = count(), count()
        for index, sleeper in enumerate(self.sleepers):
            sleeper.next_message_id = int(chance(radio.seed, "message id", sleeper.name) * COUNT)
            self._at(sleeper.first_us, _WAKE, index)

    @property
    def next_us(self) -> int | None:
        """Give when something happens next [us]; None: nothing does."""
        return self._events[0][0] if self._events else None

    def binding(self, index: int) -> int:
        """Give how often a device's address has changed."""
        sleeper = self.sleepers[index]
        return self._radio.binding(sleeper.name, max(1, sleeper.count)) + sleeper.boots

    def advance(self, now_us: int) -> list[Outgoing]:
        """Let everything happen that is due; give the datagrams that reach the gateway, by device's index."""
        out: list[Outgoing] = []
        while self._events and self._events[0][0] <= now_us:
            at_us, _, kind, index, what = heapq.heappop(self._events)
            if kind == _UP:
                out.append(Outgoing(index, what))
            elif kind == _DOWN:
                self._paged(index, what, at_us)
            elif kind == _RETRY:
                self._retry(index, what, at_us)
            elif kind == _SPEAK:
                self._say(index, what, at_us)
            else:
                self._wake(index, at_us)
        return out

    def heard(self, index: int, datagram: bytes, now_us: int) -> None:
        """Let a datagram leave the gateway for a device."""
        self.report.downs += 1
        for delay_s in self._through(self.sleepers[index], "down", next(self._downs)):
            self._at(now_us + _us(delay_s), _DOWN, index, datagram)

    def _paged(self, index: int, datagram: bytes, now_us: int) -> None:
        """Bring a datagram to a device when it listens; one that sleeps until its next report misses it."""
        wait_s = self._listens_in_s(self.sleepers[index], now_us)
        if wait_s is None:
            self.report.asleep += 1
        elif wait_s > 0:
            self._at(now_us + _us(wait_s) + 1, _DOWN, index, datagram)
        else:
            self._reached(index, datagram, now_us)

    def _listens_in_s(self, sleeper: Sleeper, now_us: int) -> float | None:
        if sleeper.exchange is not None:
            return 0.0
        return self._radio.reachable_in_s((now_us - sleeper.awake_from_us) / SECOND_US)

    def _through(self, sleeper: Sleeper, *transmission: object) -> tuple[float, ...]:
        arrivals_s = self._radio.arrivals_s(sleeper.name, *transmission)
        self.report.lost += not arrivals_s
        self.report.twice += len(arrivals_s) == 2
        return arrivals_s

    def _at(self, at_us: int, kind: int, index: int, what: object = None) -> None:
        heapq.heappush(self._events, (at_us, next(self._order), kind, index, what))

    def _wake(self, index: int, now_us: int) -> None:
        sleeper = self.sleepers[index]
        self._at(now_us + sleeper.interval_us, _WAKE, index)
        self.report.reports += 1
        self._say(index, sleeper.report(), now_us)

    def _say(self, index: int, said: Said, now_us: int) -> None:
        sleeper = self.sleepers[index]
        sleeper.outbox.append(said)
        if sleeper.exchange is None:
            self._begin(index, now_us)

    def _begin(self, index: int, now_us: int) -> None:
        sleeper = self.sleepers[index]
        sleeper.count += 1
        said, token = sleeper.outbox[0], _token(sleeper)
        sleeper.meant_us = sleeper.awake_from_us = now_us
        message_id = _next_id(sleeper)
        path = sleeper.path.replace("{port}", str(said.port or 0))
        emission = Emission(sleeper.name, path, said.payload, sleeper.count, None, now_us)
        sleeper.exchange = Exchange(request(emission, message_id, token), token, message_id, now_us)
        self._transmit(index, sleeper.exchange, now_us)

    def _transmit(self, index: int, exchange: Exchange, now_us: int) -> None:
        sleeper = self.sleepers[index]
        exchange.tries += 1
        self.report.transmissions += 1
        for delay_s in self._through(sleeper, "up", sleeper.count, exchange.tries):
            self._at(now_us + _us(delay_s), _UP, index, exchange.datagram)
        draw = chance(self._radio.seed, "wait", sleeper.name, sleeper.count, exchange.tries)
        wait_s = min(self._timing.first_wait_s(draw) * 2.0**exchange.repeats, self._timing.longest_wait_s)
        self._patience(index, exchange, wait_s, now_us)

    def _patience(self, index: int, exchange: Exchange, wait_s: float, now_us: int) -> None:
        self._at(now_us + _us(wait_s), _RETRY, index, (exchange.token, exchange.tries))

    def _retry(self, index: int, what: tuple[bytes, int], now_us: int) -> None:
        exchange = self.sleepers[index].exchange
        if exchange is None or (exchange.token, exchange.tries) != what:
            return
        if now_us - exchange.meant_us >= _us(self._timing.give_up_s):
            self.report.given_up += 1
            self._close(index, now_us)
        elif exchange.repeats < self._timing.max_retransmit:
            exchange.repeats += 1
            self._transmit(index, exchange, now_us)
        else:
            self._anew(index, exchange, now_us)

    def _anew(self, index: int, exchange: Exchange, now_us: int) -> None:
        """Begin a message again with another id."""
        message_id = _next_id(self.sleepers[index])
        exchange.datagram = exchange.datagram[:2] + message_id.to_bytes(2, "big") + exchange.datagram[4:]
        exchange.message_id, exchange.repeats = message_id, 0
        self._transmit(index, exchange, now_us)

    def _close(self, index: int, now_us: int) -> None:
        sleeper = self.sleepers[index]
        sleeper.exchange, sleeper.awake_from_us = None, now_us
        sleeper.outbox.popleft()
        if sleeper.outbox:
            self._begin(index, now_us)

    def _reached(self, index: int, datagram: bytes, now_us: int) -> None:
        """Take what reached a device."""
        try:
            message = Message.decode(datagram)
        except (UnparsableMessage, ValueError):
            self.report.misheard += 1
            return
        exchange = self.sleepers[index].exchange
        if message.mtype in (ACK, RST):
            if exchange is not None and exchange.message_id == message.mid and _is_ours(exchange, message):
                self._answered(index, exchange, message, now_us)
        elif exchange is not None and message.code.is_response() and message.token == exchange.token:
            if message.mtype is CON:
                self._reply(index, empty(index, ACK, message.mid).datagram, now_us)
            self._answered(index, exchange, message, now_us)
        elif message.mtype in (CON, NON) and message.code.is_request():
            self._asked(index, message, now_us)
        elif message.mtype is CON:
            self._reply(index, empty(index, RST, message.mid).datagram, now_us)

    def _answered(self, index: int, exchange: Exchange, message: Message, now_us: int) -> None:
        if message.code == EMPTY and message.mtype is ACK:
            exchange.tries += 1
            self._patience(index, exchange, self._timing.answer_s, now_us)
        elif message.code in (SERVICE_UNAVAILABLE, TOO_MANY_REQUESTS):
            max_age_s = _DEFAULT_MAX_AGE_S if message.opt.max_age is None else message.opt.max_age
            exchange.tries, exchange.repeats = exchange.tries + 1, self._timing.max_retransmit
            self._patience(index, exchange, max(max_age_s, self._timing.ack_timeout_s), now_us)
        else:
            is_kept = message.mtype is not RST and message.code.is_successful()
            self.report.acked += is_kept
            if not is_kept:
                self.report.refused["reset" if message.mtype is RST else str(message.code.dotted)] += 1
            self._close(index, now_us)
            if is_kept and message.payload:
                self._told(index, message, now_us)

    def _asked(self, index: int, message: Message, now_us: int) -> None:
        """Take a message of the gateway's own."""
        sleeper = self.sleepers[index]
        oldest_us = now_us - _us(EXCHANGE_LIFETIME_S)
        sleeper.seen_ids = {seen: at for seen, at in sleeper.seen_ids.items() if at > oldest_us}
        is_new = message.mid not in sleeper.seen_ids
        sleeper.seen_ids[message.mid] = now_us
        sleeper.awake_from_us = now_us
        if message.mtype is CON:
            reply = Message(code=CHANGED)
            reply.mtype, reply.mid, reply.token = ACK, message.mid, message.token
            self._reply(index, bytes(reply.encode()), now_us)
        if is_new:
            self._told(index, message, now_us)
        else:
            self.report.told_again += 1

    def _reply(self, index: int, datagram: bytes, now_us: int) -> None:
        for delay_s in self._through(self.sleepers[index], "reply", next(self._downs)):
            self._at(now_us + _us(delay_s), _UP, index, datagram)

    def _told(self, index: int, message: Message, now_us: int) -> None:
        """Carry out what a message down says, and answer it."""
        sleeper = self.sleepers[index]
        heard = listen(sleeper.profile, message.payload, _port(message))
        if heard is None:
            self.report.misheard += 1
            return
        self.report.carried.append(
            Carried(sleeper.name, now_us, heard.command, heard.number, sleeper.meant_us)
        )
        if not sleeper.fails:
            sleeper.carry_out(heard.command)
        said = answer_to(sleeper.profile, heard, is_done=not sleeper.fails)
        if said is not None and not sleeper.is_mute:
            self.report.answers += 1
            low, high = _THINKS_S
            think_s = low + (high - low) * chance(self._radio.seed, "thinks", sleeper.name, sleeper.count)
            self._at(now_us + _us(think_s), _SPEAK, index, said)


def _us(time_s: float) -> int:
    return round(time_s * SECOND_US)


def _next_id(sleeper: Sleeper) -> int:
    message_id = sleeper.next_message_id
    sleeper.next_message_id = (message_id + 1) % COUNT
    return message_id


def _token(sleeper: Sleeper) -> bytes:
    """Give the token of a device's uplink: nobody else's, whose port the device may have got."""
    return hashlib.blake2b(f"{sleeper.name} {sleeper.count}".encode(), digest_size=4).digest()


def _is_ours(exchange: Exchange, message: Message) -> bool:
    return bool(message.code == EMPTY or message.token == exchange.token)


def _port(message: Message) -> int | None:
    """Give the port that a message down names, as the last segment of its path."""
    segments = message.opt.uri_path or message.opt.location_path
    return int(segments[-1]) if segments and segments[-1].isdecimal() else None
