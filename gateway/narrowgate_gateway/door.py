"""The door: what may come in, and what it is told. Batch in, answers out.

Rule 1: the answer depends on transport facts only; what decoding finds later never changes it.
Rule 2: nobody is told "kept" before the journal has synced.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_fleet import Fleet
from narrowgate_gateway.arrivals import ANSWERS, NUMBER, Arrival, ArrivalBatch, Trust
from narrowgate_gateway.exchanges import Exchanges
from narrowgate_gateway.strangers_quota import StrangersQuota
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.records import Kind
from narrowgate_schema.clock import Clock
from narrowgate_schema.words import Answer

__all__ = ["Arrival", "Batch", "Door", "Keeper", "Trust"]

_MAX_HOLD_BACK_US = 1_000_000
_SHUT_OUT = ("suspended", "retired")
_KEPT = NUMBER[Answer.KEPT]

Rows = NDArray[np.intp]


Told = Callable[[NDArray[np.uint8]], None]
"""Is told the numbers of a batch's answers."""


class Keeper(Protocol):
    """What makes uplinks durable."""

    def put(self, kind: Kind, batch: pa.RecordBatch, told: Callable[[bool], None]) -> bool:
        """Have a batch kept, and told of after the sync; False if it is not taken, and nobody is told."""
        ...

    async def keep(self, kind: Kind, batch: pa.RecordBatch) -> bool:
        """Tell, after the sync, whether the batch is on disk."""
        ...


class Batch(Protocol):
    """Frames that a listener took off the network together, n of them."""

    @property
    def confirmable(self) -> NDArray[np.bool_]:
        """Tell which senders wait for an answer, (n,)."""
        ...

    def slots(self, fleet: Fleet) -> NDArray[np.int32]:
        """Give the slots of the devices that they claim to be of, (n,); -1 where the registry has none."""
        ...

    @property
    def wants_identity(self) -> bool:
        """Tell whether only who has proved to be a device may send."""
        ...

    def identities(self) -> Sequence[str] | None:
        """Give who the n senders have proved to be, '' who has proved nothing; None if nobody can."""
        ...

    def judged(self) -> NDArray[np.uint8]:
        """Give the numbers of the answers that the listener's facts alone give, (n,); a new array."""
        ...

    def names(self) -> NDArray[np.uint64]:
        """Give the exchanges' names, (n,); 0 where none can be known again."""
        ...

    def too_fast(self, rows: Rows, slots: NDArray[np.int32], now_s: float) -> NDArray[np.bool_] | None:
        """Tell which of some rows are beyond a rate, and count the others to it; None where none is set."""
        ...

    def from_sources(self, rows: Rows) -> tuple[str, NDArray[np.int64], NDArray[np.int64]] | None:
        """Give the listener, and of some rows the places of their sources and their payloads' sizes [B].

        None where the sources are not known: whoever is between answers for them.
        """
        ...

    def uplinks(self, rows: Rows, received_at_us: NDArray[np.int64]) -> pa.RecordBatch:
        """Give some rows as they are journalled."""
        ...


@dataclass(slots=True, eq=False)
class _Flight:
    """A batch on its way: its new exchanges to the disk, and the repeats of others to their outcomes."""

    batch: Batch
    numbers: NDArray[np.uint8]
    told: Told
    new: Rows
    names: NDArray[np.uint64]
    """Of the new ones."""
    outstanding: int = 1
    """Outcomes that are not known yet."""
    waiting: list[tuple["_Flight", Rows]] = field(default_factory=list)
    """Rows of other batches, or of this one, that are repeats of what is new here."""


class Door:
    """Judges arrivals, has the good ones kept, and gives each its answer."""

    def __init__(
        self,
        keeper: Keeper,
        exchanges: Exchanges,
        counters: DoorCounters,
        clock: Clock,
        quota: StrangersQuota | None = None,
    ) -> None:
        self._quota = quota
        self._keeper = keeper
        self._exchanges = exchanges
        self._counters = counters
        self._clock = clock
        self._last_us = 0
        self._flights: list[_Flight] = []
        self._shut: tuple[Fleet | None, NDArray[np.bool_]] = None, np.zeros(1, np.bool_)

    async def admit(self, arrivals: Sequence[Arrival], fleet: Fleet) -> list[Answer]:
        """Give the answer of each arrival, after everything that is told "kept" is on disk."""
        answered: asyncio.Future[NDArray[np.uint8]] = asyncio.get_running_loop().create_future()

        # A listener may drop the request that asked; what is on its way to the disk is remembered still.
        def told(numbers: NDArray[np.uint8]) -> None:
            if not answered.done():
                answered.set_result(numbers)

        self.take(ArrivalBatch(arrivals), fleet, told)
        return [ANSWERS[number] for number in (await answered).tolist()]

    def take(self, batch: Batch, fleet: Fleet, told: Told) -> None:
        """Have each row's answer told, after everything that is told "kept" is on disk."""
        now_s = time.monotonic()
        numbers, names = batch.judged(), batch.names()
        self._judge(batch, fleet, numbers, names, now_s)
        open_rows = np.flatnonzero(numbers == _KEPT)
        is_new = self._claim(names[open_rows], now_s)
        new, repeated = open_rows[is_new], open_rows[~is_new]
        numbers[repeated] = NUMBER[Answer.DUPLICATE]
        self._counters.show("exchange_horizon_ms", int(1000 * self._exchanges.horizon_s(now_s)))
        flight = _Flight(batch, numbers, told, new, names[new])
        if len(new):
            self._flights.append(flight)
        self._await_others(flight, repeated, names)
        if len(new) == 0:
            self._settle(flight)
        elif not self._keeper.put(
            Kind.UPLINKS,
            batch.uplinks(new, self._instants_us(len(new))),
            lambda kept: self._landed(flight, kept),
        ):
            self._landed(flight, False)

    def instant_us(self) -> int:
        """Give now [us], as no arrival until now is later and each that comes is."""
        now_us = self._clock.now_us()
        return self._last_us if now_us <= self._last_us <= now_us + _MAX_HOLD_BACK_US else now_us

    def count(self, answer: Answer, n: int = 1) -> None:
        """Count answers that the listener itself gave."""
        self._counters.add(answer, n)

    def count_malformed(self, n: int = 1) -> None:
        """Count datagrams that are no message of their protocol."""
        self._counters.add("malformed", n)

    def count_dropped(self, n: int) -> None:
        """Count datagrams that the kernel had no room for."""
        self._counters.add("kernel_drops", n)

    def _judge(
        self,
        batch: Batch,
        fleet: Fleet,
        numbers: NDArray[np.uint8],
        names: NDArray[np.uint64],
        now_s: float,
    ) -> None:
        """Refuse whom the registry shuts out, and who sends too fast; a repeat is never too fast."""
        slots = batch.slots(fleet)
        # The registry has no row -1: the last of the array stands for devices that it does not know.
        numbers[(numbers == _KEPT) & self._shut_out(fleet)[slots]] = NUMBER[Answer.FORBIDDEN]
        identities = batch.identities()
        if identities is not None:
            self._judge_identities(identities, batch.wants_identity, fleet, slots, numbers)
        rows = np.flatnonzero(numbers == _KEPT)
        rows = rows[~self._exchanges.knows(names[rows], now_s)]
        too_fast = batch.too_fast(rows, slots[rows], now_s)
        if too_fast is not None:
            numbers[rows[too_fast]] = NUMBER[Answer.TOO_FAST]
        if self._quota is not None:
            self._hold_to_quota(batch, rows[(slots[rows] < 0) & (numbers[rows] == _KEPT)], numbers, now_s)

    def _hold_to_quota(self, batch: Batch, strangers: Rows, numbers: NDArray[np.uint8], now_s: float) -> None:
        """Refuse what is more than quarantine is to hold of devices that the registry does not know."""
        sources = batch.from_sources(strangers) if len(strangers) else None
        if self._quota is None or sources is None:
            return
        over = strangers[self._quota.exceeded(*sources, now_s)]
        numbers[over] = NUMBER[Answer.TOO_FAST]
        self._counters.add("over_quota", len(over))

    def _judge_identities(
        self,
        identities: Sequence[str],
        wants_identity: bool,
        fleet: Fleet,
        slots: NDArray[np.int32],
        numbers: NDArray[np.uint8],
    ) -> None:
        """Refuse who has proved to be no device, or one that is shut out, or nothing where that is wanted.

        Who has proved nothing is asked to (4.01) only as a device that the registry knows: a name that it
        does not know gets no further by proving anything.
        """
        proved = fleet.slots([identity or None for identity in identities])
        has_proved = np.array([identity != "" for identity in identities], np.bool_)
        is_open = numbers == _KEPT
        numbers[is_open & has_proved & self._shut_out(fleet)[proved]] = NUMBER[Answer.FORBIDDEN]
        numbers[is_open & has_proved & (proved < 0)] = NUMBER[Answer.UNKNOWN_SENDER]
        if wants_identity:
            numbers[is_open & ~has_proved & (slots >= 0)] = NUMBER[Answer.UNKNOWN_SENDER]
            numbers[is_open & ~has_proved & (slots < 0)] = NUMBER[Answer.FORBIDDEN]

    def _shut_out(self, fleet: Fleet) -> NDArray[np.bool_]:
        """Tell by slot who may not send; once for each version of the registry."""
        if self._shut[0] is not fleet:
            states = fleet.column("state").tolist()
            self._shut = fleet, np.array([*(state in _SHUT_OUT for state in states), False], np.bool_)
        return self._shut[1]

    def _claim(self, names: NDArray[np.uint64], now_s: float) -> NDArray[np.bool_]:
        """Tell which exchanges are new, and remember them."""
        is_new = np.ones(len(names), np.bool_)
        is_named = names != 0
        is_new[is_named] = self._exchanges.claim(names[is_named], now_s)
        return is_new

    def _await_others(self, flight: _Flight, repeated: Rows, names: NDArray[np.uint64]) -> None:
        """Have repeats of what is under way wait for its outcome."""
        for other in self._flights if len(repeated) else ():
            rows = repeated[np.isin(names[repeated], other.names)]
            if len(rows):
                other.waiting.append((flight, rows))
                flight.outstanding += 1

    def _landed(self, flight: _Flight, kept: bool) -> None:
        """Take the outcome of a flight's new exchanges, for itself and for who waits for it."""
        self._flights.remove(flight)
        if not kept:
            self._exchanges.forget(flight.names)
            flight.numbers[flight.new] = NUMBER[Answer.CANNOT_KEEP]
        for other, rows in flight.waiting:
            if not kept:
                other.numbers[rows] = NUMBER[Answer.CANNOT_KEEP]
            self._settle(other)
        self._settle(flight)

    def _settle(self, flight: _Flight) -> None:
        """Take one outcome less to wait for; after the last the answers are told."""
        flight.outstanding -= 1
        if flight.outstanding == 0:
            self._count(flight.batch, flight.numbers)
            flight.told(flight.numbers)

    def _instants_us(self, n: int) -> NDArray[np.int64]:
        """Give n arrival instants, each later than all before it: two frames never share one.

        A host clock set back by more than a second is followed; the journal's ticks mark it.
        """
        now_us = self._clock.now_us()
        first = self._last_us + 1 if now_us <= self._last_us <= now_us + _MAX_HOLD_BACK_US else now_us
        self._last_us = first + n - 1
        return np.arange(first, first + n, dtype=np.int64)

    def _count(self, batch: Batch, numbers: NDArray[np.uint8]) -> None:
        for number, n in enumerate(np.bincount(numbers, minlength=len(ANSWERS)).tolist()):
            if n:
                self._counters.add(ANSWERS[number], n)
        silent = int(np.count_nonzero((numbers == _KEPT) & ~batch.confirmable))
        if silent:
            self._counters.add("unacknowledged", silent)
