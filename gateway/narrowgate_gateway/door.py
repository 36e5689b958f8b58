"""The door: what may come in, and what it is told. Batch in, answers out.

Rule 1: the answer depends on transport facts only; what decoding finds later never changes it.
Rule 2: nobody is told "kept" before the journal has synced.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_fleet import Fleet
from narrowgate_gateway.arrivals import ANSWERS, NUMBER, Arrival, ArrivalBatch, Trust
from narrowgate_gateway.exchanges import Exchanges
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.records import Kind
from narrowgate_schema.clock import Clock
from narrowgate_schema.words import Answer

__all__ = ["Arrival", "Batch", "Door", "Keeper", "Trust"]

_MAX_HOLD_BACK_US = 1_000_000
_SHUT_OUT = ("suspended", "retired")
_KEPT = NUMBER[Answer.KEPT]

Rows = NDArray[np.intp]


class Keeper(Protocol):
    """What makes uplinks durable."""

    async def keep(self, kind: Kind, batch: pa.RecordBatch) -> bool:
        """Tell, after the sync, whether the batch is on disk."""
        ...


class Batch(Protocol):
    """Frames that a listener took off the network together, n of them."""

    @property
    def confirmable(self) -> NDArray[np.bool_]:
        """Tell which senders wait for an answer, (n,)."""
        ...

    def devices(self) -> Sequence[str]:
        """Give the n devices that they claim to be of."""
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

    def uplinks(self, rows: Rows, received_at_us: NDArray[np.int64]) -> pa.RecordBatch:
        """Give some rows as they are journalled."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Flight:
    """Exchanges on their way to the disk."""

    names: NDArray[np.uint64]
    outcome: "asyncio.Future[bool]"


class Door:
    """Judges arrivals, has the good ones kept, and gives each its answer."""

    def __init__(self, keeper: Keeper, exchanges: Exchanges, counters: DoorCounters, clock: Clock) -> None:
        self._keeper = keeper
        self._exchanges = exchanges
        self._counters = counters
        self._clock = clock
        self._last_us = 0
        self._flights: list[_Flight] = []
        self._shut: tuple[Fleet | None, NDArray[np.bool_]] = None, np.zeros(1, np.bool_)

    async def admit(self, arrivals: Sequence[Arrival], fleet: Fleet) -> list[Answer]:
        """Give the answer of each arrival, after everything that is told "kept" is on disk."""
        numbers = await self.admit_batch(ArrivalBatch(arrivals), fleet)
        return [ANSWERS[number] for number in numbers.tolist()]

    async def admit_batch(self, batch: Batch, fleet: Fleet) -> NDArray[np.uint8]:
        """Give the number of each row's answer, after everything that is told "kept" is on disk."""
        now_s = time.monotonic()
        numbers, names = batch.judged(), batch.names()
        self._judge(batch, fleet, numbers, names, now_s)
        open_rows = np.flatnonzero(numbers == _KEPT)
        is_new = self._claim(names[open_rows], now_s)
        new, repeated = open_rows[is_new], open_rows[~is_new]
        keeping = self._keep(batch, new, names[new]) if len(new) else None
        waiting = self._waiting(repeated, names)
        numbers[repeated] = NUMBER[Answer.DUPLICATE]
        # A listener may drop the request that asked; what is on its way to the disk is remembered still.
        if keeping is not None and not await asyncio.shield(keeping):
            numbers[new] = NUMBER[Answer.CANNOT_KEEP]
        for rows, outcome in waiting:
            if not await asyncio.shield(outcome):
                numbers[rows] = NUMBER[Answer.CANNOT_KEEP]
        self._count(batch, numbers)
        return numbers

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
        slots = fleet.slots(batch.devices())
        # The registry has no row -1: the last of the array stands for devices that it does not know.
        numbers[(numbers == _KEPT) & self._shut_out(fleet)[slots]] = NUMBER[Answer.FORBIDDEN]
        rows = np.flatnonzero(numbers == _KEPT)
        rows = rows[~self._exchanges.knows(names[rows], now_s)]
        too_fast = batch.too_fast(rows, slots[rows], now_s)
        if too_fast is not None:
            numbers[rows[too_fast]] = NUMBER[Answer.TOO_FAST]

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

    def _waiting(
        self, repeated: Rows, names: NDArray[np.uint64]
    ) -> list[tuple[Rows, "asyncio.Future[bool]"]]:
        """Give the outcomes that repeats of what is under way wait for."""
        if len(repeated) == 0:
            return []
        found = [
            (repeated[np.isin(names[repeated], flight.names)], flight.outcome) for flight in self._flights
        ]
        return [(rows, outcome) for rows, outcome in found if len(rows)]

    def _keep(self, batch: Batch, new: Rows, names: NDArray[np.uint64]) -> "asyncio.Task[bool]":
        """Begin to keep new exchanges; the same ones arriving meanwhile wait for this outcome."""
        uplinks = batch.uplinks(new, self._instants_us(len(new)))
        flight = _Flight(names, asyncio.get_running_loop().create_future())
        self._flights.append(flight)
        return asyncio.create_task(self._remember(flight, uplinks))

    async def _remember(self, flight: _Flight, uplinks: pa.RecordBatch) -> bool:
        kept = False
        try:
            kept = await self._keeper.keep(Kind.UPLINKS, uplinks)
        finally:
            if not kept:
                self._exchanges.forget(flight.names)
            self._flights.remove(flight)
            flight.outcome.set_result(kept)
        return kept

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
