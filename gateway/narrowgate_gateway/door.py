"""The door: what may come in, and what it is told. Batch in, answers out.

Rule 1: the answer depends on transport facts only; what decoding finds later never changes it.
Rule 2: nobody is told "kept" before the journal has synced.
"""

import asyncio
import ipaddress
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from narrowgate_fleet import Fleet
from narrowgate_gateway.exchanges import Exchanges, exchange_digest
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.records import Kind, on_disk_schema
from narrowgate_schema.clock import Clock
from narrowgate_schema.words import Answer, Transport

_MAX_HOLD_BACK_US = 1_000_000
_SHUT_OUT = ("suspended", "retired")


@dataclass(frozen=True)
class Trust:
    """What a listener takes."""

    listener: str
    tenant: str
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] | None
    """Source networks that may send; None where another judges senders, as a broker does."""
    max_payload_bytes: int

    def admits(self, address: str) -> bool:
        """Tell whether a source address is in an allowed network."""
        if self.networks is None:
            return True
        source = ipaddress.ip_address(address)
        mapped = source.ipv4_mapped if isinstance(source, ipaddress.IPv6Address) else None
        source = source if mapped is None else mapped
        return any(source in network for network in self.networks)


@dataclass(frozen=True)
class Arrival:
    """One frame as a listener took it off the network."""

    trust: Trust
    transport: Transport
    path: str
    port: int | None
    device: str
    address: str
    source_port: int
    message_id: int | None
    token: bytes
    confirmable: bool
    payload: bytes
    dup: bool = False
    """Whether the transport itself marks it as sent before."""
    comparable: bool = True
    """Whether the same message again would look like a repeat; else the listener tells repeats itself."""

    @property
    def endpoint(self) -> str:
        """Give the sender's address and port."""
        return (
            f"[{self.address}]:{self.source_port}"
            if ":" in self.address
            else f"{self.address}:{self.source_port}"
        )


class Keeper(Protocol):
    """What makes uplinks durable."""

    async def keep(self, kind: Kind, batch: pa.RecordBatch) -> bool:
        """Tell, after the sync, whether the batch is on disk."""
        ...


class Door:
    """Judges arrivals, has the good ones kept, and gives each its answer."""

    def __init__(self, keeper: Keeper, exchanges: Exchanges, counters: DoorCounters, clock: Clock) -> None:
        self._keeper = keeper
        self._exchanges = exchanges
        self._counters = counters
        self._clock = clock
        self._last_us = 0
        self._underway: dict[int, asyncio.Future[bool]] = {}

    async def admit(self, arrivals: Sequence[Arrival], fleet: Fleet) -> list[Answer]:
        """Give the answer of each arrival, after everything that is told "kept" is on disk."""
        now_s = time.monotonic()
        answers = _at_the_threshold(arrivals, fleet)
        names = [_name_of(arrival, row) for row, arrival in enumerate(arrivals)]
        new, waiting = self._sort(names, answers, now_s)
        if new and not await self._keep(arrivals, new, now_s):
            for row, name in enumerate(names):
                if name in new and answers[row] in (Answer.KEPT, Answer.DUPLICATE):
                    answers[row] = Answer.CANNOT_KEEP
        for row, kept in waiting.items():
            answers[row] = Answer.DUPLICATE if await kept else Answer.CANNOT_KEEP
        self._count(arrivals, answers)
        return answers

    def count(self, answer: Answer) -> None:
        """Count an answer that the listener itself gave."""
        self._counters.add(answer)

    def count_malformed(self) -> None:
        """Count a datagram that is no message of its protocol."""
        self._counters.add("malformed")

    def _sort(
        self, names: Sequence[int], answers: list[Answer], now_s: float
    ) -> tuple[dict[int, int], dict[int, "asyncio.Future[bool]"]]:
        """Tell new exchanges (row by name) from those under way (outcome by row) and those kept before."""
        new: dict[int, int] = {}
        waiting: dict[int, asyncio.Future[bool]] = {}
        for row, name in enumerate(names):
            if answers[row] is not Answer.KEPT:
                continue
            if name in self._underway:
                waiting[row] = self._underway[name]
            elif name in new or (name >= 0 and self._exchanges.knows(name, now_s)):
                answers[row] = Answer.DUPLICATE
            else:
                new[name] = row
        return new, waiting

    async def _keep(self, arrivals: Sequence[Arrival], new: dict[int, int], now_s: float) -> bool:
        """Have new exchanges kept; the same ones arriving meanwhile wait for this outcome."""
        outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        names = [name for name in new if name >= 0]
        self._underway.update(dict.fromkeys(names, outcome))
        batch = self._batch([arrivals[row] for row in new.values()])
        # A listener may drop the request that asked; what is on its way to the disk is remembered still.
        keeping = asyncio.create_task(self._remember(names, batch, now_s, outcome))
        return await asyncio.shield(keeping)

    async def _remember(
        self, names: Iterable[int], batch: pa.RecordBatch, now_s: float, outcome: "asyncio.Future[bool]"
    ) -> bool:
        kept = False
        try:
            kept = await self._keeper.keep(Kind.UPLINKS, batch)
        finally:
            for name in names:
                if kept:
                    self._exchanges.keep(name, now_s)
                del self._underway[name]
            outcome.set_result(kept)
        return kept

    def _batch(self, arrivals: Sequence[Arrival]) -> pa.RecordBatch:
        columns: dict[str, list[object]] = {
            "received_at": self._instants_us(len(arrivals)),
            "transport": [a.transport for a in arrivals],
            "listener": [a.trust.listener for a in arrivals],
            "path": [a.path for a in arrivals],
            "port": [a.port for a in arrivals],
            "claimed_device": [a.device for a in arrivals],
            "tenant": [a.trust.tenant for a in arrivals],
            "endpoint": [a.endpoint for a in arrivals],
            "message_id": [a.message_id for a in arrivals],
            "token": [a.token for a in arrivals],
            "confirmable": [a.confirmable for a in arrivals],
            "dup": [a.dup for a in arrivals],
            "payload": [a.payload for a in arrivals],
        }
        schema = on_disk_schema(Kind.UPLINKS)
        unsaid = [None] * len(arrivals)
        return pa.record_batch(
            [pa.array(columns.get(field.name, unsaid), field.type) for field in schema], schema=schema
        )

    def _instants_us(self, n: int) -> list[object]:
        """Give n arrival instants, each later than all before it: two frames never share one.

        A host clock set back by more than a second is followed; the journal's ticks mark it.
        """
        now_us = self._clock.now_us()
        first = self._last_us + 1 if now_us <= self._last_us <= now_us + _MAX_HOLD_BACK_US else now_us
        self._last_us = first + n - 1
        return list(range(first, first + n))

    def _count(self, arrivals: Sequence[Arrival], answers: Sequence[Answer]) -> None:
        for arrival, answer in zip(arrivals, answers, strict=True):
            self._counters.add(answer)
            if answer is Answer.KEPT and not arrival.confirmable:
                self._counters.add("unacknowledged")


def _name_of(arrival: Arrival, row: int) -> int:
    """Give the name of an arrival's exchange; a negative one is no other's and is not remembered."""
    if not arrival.comparable:
        return -1 - row
    return exchange_digest(arrival.endpoint, arrival.message_id, arrival.token, arrival.payload)


def _at_the_threshold(arrivals: Sequence[Arrival], fleet: Fleet) -> list[Answer]:
    """Give what transport facts alone say: kept where nothing speaks against it."""
    slots = fleet.slots([arrival.device for arrival in arrivals])
    states = fleet.column("state")
    answers = []
    for arrival, slot in zip(arrivals, slots.tolist(), strict=True):
        if not arrival.trust.admits(arrival.address) or (slot >= 0 and states[slot] in _SHUT_OUT):
            answers.append(Answer.FORBIDDEN)
        elif len(arrival.payload) > arrival.trust.max_payload_bytes:
            answers.append(Answer.TOO_LARGE)
        else:
            answers.append(Answer.KEPT)
    return answers
