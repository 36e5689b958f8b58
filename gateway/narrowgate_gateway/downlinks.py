"""What waits for devices, as the edge knows it: a bit a device, and the file behind it in a thread.

Rule 1: a device for whom nothing waits costs a look at an array, and while nothing waits not even that.
Rule 2: a command leaves after its claim is on disk; a repeat of an exchange gets what the exchange got.
Rule 3: the file is asked by one thread, one thing after the other: what it said last holds.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from narrowgate_fleet import Claim, CommandReason, CommandSending, Fleet, Ready
from narrowgate_gateway.exchanges import EXCHANGE_LIFETIME_S

LOOK_EVERY_S = 0.2
"""How long a command that was put may go unnoticed [s]."""
_IN_USE = "active"
MOST_REMEMBERED = 1 << 15
"""Exchanges whose answers carried something and may be asked for again; the oldest give way."""

_LOG = logging.getLogger(__name__)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Asking:
    """An uplink whose answer may carry a command."""

    device: str
    slot: int
    exchange: str
    is_new: bool
    """False: it came before, and gets what it got then."""


class Downlinks:
    """The commands that wait, for the listeners of one edge; to be used in its event loop."""

    def __init__(
        self, sending: CommandSending, now_us: Callable[[], int], fleet: Callable[[], Fleet]
    ) -> None:
        """Take the queue's sending end; `watch` keeps up with what is put.

        Args:
            sending: the queue.
            now_us: gives an instant behind all arrivals until now: what a device says later came later [us].
            fleet: gives the newest registry.
        """
        self._sending = sending
        self._now_us = now_us
        self._fleet = fleet
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commands")
        self._waits = np.zeros(1, np.bool_)
        self._some_wait = False
        self._unknown: set[str] = set()
        self._carried: dict[str, tuple[asyncio.Future[Claim | None], float]] = {}
        self._nothing: asyncio.Future[Claim | None] = asyncio.get_running_loop().create_future()
        self._nothing.set_result(None)
        self._loose: set[asyncio.Task[None]] = set()
        self._seen: tuple[int, int] | None = None
        self._trouble = ""

    @property
    def is_idle(self) -> bool:
        """Whether no device needs a look."""
        return not (self._some_wait or self._carried)

    def wait_for(self, slots: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Tell for which devices something may wait, (n,); never for slot -1."""
        # The last place stands for devices that the registry does not know, and those newer than the array.
        known = len(self._waits) - 1
        waits: NDArray[np.bool_] = self._waits[np.where(slots < known, slots, -1)]
        return waits

    def awaiting(self, devices: Sequence[str]) -> dict[str, int]:
        """Give those devices for whom something may wait, with their slots."""
        slots = self._fleet().slots(devices)
        waits = self.wait_for(slots).tolist()
        found = zip(devices, slots.tolist(), waits, strict=True)
        return {device: slot for device, slot, waiting in found if waiting}

    async def watch(self) -> None:
        """Keep up with what is put, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Look once what came to wait since the last look."""
        self._forget_old()
        since = self._seen
        found = await self._asked(lambda: _news(self._sending, since), None)
        devices: list[str] = []
        if found is not None:
            devices, self._seen = found
        self._note({*devices, *self._unknown})

    async def recall(self) -> None:
        """Remember, after a start, which answers of a moment ago carried something."""
        since_us = self._now_us() - int(EXCHANGE_LIFETIME_S * 1e6)
        nothing: list[Claim] = []
        for claim in await self._asked(lambda: self._sending.on_answers(since_us), nothing):
            self._remember(claim.exchange).set_result(claim)

    async def on_answers(self, asking: Sequence[Asking]) -> list[Claim | None]:
        """Give what rides on the answers to uplinks, (n,); what is given is on disk as sent.

        Each that is new was expected and is settled here; the caller says by `left` or `did_not_leave` what
        became of it.
        """
        fleet = self._fleet()
        profiles = fleet.column("profile")
        ready = [
            Ready(each.device, profiles[each.slot] or "", each.exchange)
            for each in {each.device: each for each in asking if each.is_new}.values()
        ]
        outcomes = [self._of(each.exchange) for each in asking]
        claims = await self._claimed(ready, CommandReason.ON_ANSWER)
        by_exchange = {claim.exchange: claim for claim in claims}
        for each in asking:
            if each.is_new:
                self._settle(each.exchange, by_exchange.get(each.exchange))
        told = zip(asking, [await outcome for outcome in outcomes], strict=True)
        # Behind a NAT's port may be another device a moment later, by chance with the same ids.
        return [claim if claim and claim.device == each.device else None for each, claim in told]

    async def claims(self, devices: Mapping[str, int], reason: CommandReason) -> list[Claim]:
        """Give what may be sent to devices by a way that nobody asks for again; else as `on_answers`.

        Args:
            devices: and their slots.
            reason: the way.
        """
        fleet = self._fleet()
        profiles, states = fleet.column("profile"), fleet.column("state")
        # Who was heard a while ago may be out of use by now.
        ready = [
            Ready(device, profiles[slot] or "") for device, slot in devices.items() if states[slot] == _IN_USE
        ]
        return await self._claimed(ready, reason)

    async def _claimed(self, ready: Sequence[Ready], reason: CommandReason) -> list[Claim]:
        if not ready:
            return []
        now_us = self._now_us()
        nothing: tuple[list[Claim], set[str]] = [], set()
        claims, idle = await self._asked(lambda: self._sending.claim(ready, reason, now_us=now_us), nothing)
        self._set(self._fleet().slots(sorted(idle)), to=False)
        return claims

    @property
    def has_carried(self) -> bool:
        """Whether the repeat of an exchange may get something."""
        return bool(self._carried)

    def knows(self, exchange: str) -> bool:
        """Tell whether an exchange's answer carried something, or is about to."""
        return exchange in self._carried

    def _of(self, exchange: str) -> "asyncio.Future[Claim | None]":
        known = self._carried.get(exchange)
        return asyncio.shield(self._nothing if known is None else known[0])

    def expect(self, exchange: str) -> bool:
        """Keep a place for what an exchange may get; False if it has one. The first settles it."""
        if exchange in self._carried:
            return False
        self._remember(exchange)
        return True

    def dismiss(self, exchange: str) -> None:
        """Give up the place of an exchange that gets nothing."""
        self._settle(exchange, None)

    def _settle(self, exchange: str, claim: Claim | None) -> None:
        outcome, _ = self._carried[exchange]
        outcome.set_result(claim)
        if claim is None:
            del self._carried[exchange]

    def _remember(self, exchange: str) -> "asyncio.Future[Claim | None]":
        """Make a place for what an exchange's answer carries; places of old ones are given up."""
        self._forget_old()
        made: asyncio.Future[Claim | None] = asyncio.get_running_loop().create_future()
        self._carried[exchange] = made, time.monotonic()
        return made

    def _forget_old(self) -> None:
        """Give up the places of exchanges that cannot come again, and of the oldest of too many."""
        oldest_s = time.monotonic() - EXCHANGE_LIFETIME_S
        while self._carried:
            exchange, (outcome, since_s) = next(iter(self._carried.items()))
            is_due = since_s < oldest_s or len(self._carried) >= MOST_REMEMBERED
            if not (is_due and outcome.done()):
                return
            del self._carried[exchange]

    def left(self, claims: Sequence[Claim]) -> None:
        """Note that claims were sent."""
        if claims:
            now_us = self._now_us()
            self._let(lambda: self._sending.left(claims, now_us=now_us))

    def did_not_leave(self, claims: Sequence[Claim], why: str) -> None:
        """Let claims wait again of which surely no byte left."""
        if claims:
            now_us = self._now_us()
            self._let(lambda: self._sending.give_back(claims, now_us=now_us, detail=why))
            self._note({claim.device for claim in claims})

    def acknowledged(self, claim: Claim) -> None:
        """Note that a device's transport acknowledged a command."""
        now_us = self._now_us()
        self._let(lambda: self._sending.acknowledged(claim, now_us=now_us))

    def refused(self, claim: Claim, detail: str) -> None:
        """Note that a device refused the message."""
        now_us = self._now_us()
        self._let(lambda: self._sending.refused(claim, now_us=now_us, detail=detail))

    async def close(self) -> None:
        """Write what is to be noted, and close the file."""
        await asyncio.gather(*self._loose)
        self._thread.shutdown()
        self._sending.close()

    def _let(self, note: Callable[[], None]) -> None:
        """Have something noted that nobody waits for."""
        task = asyncio.create_task(self._asked(note, None))
        self._loose.add(task)
        task.add_done_callback(self._loose.discard)

    async def _asked(self, ask: Callable[[], Answer], otherwise: Answer) -> Answer:
        """Ask the file in its thread; what it cannot answer now is told once, and asked again by the next."""
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._thread, ask)
        except sqlite3.Error as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                _LOG.warning("commands cannot be sent: %s", error)
            return otherwise
        self._trouble = ""
        return answer

    def _note(self, devices: set[str]) -> None:
        """Mark devices for which something waits."""
        if not devices:
            return
        fleet, named = self._fleet(), sorted(devices)
        slots = fleet.slots(named)
        self._unknown = {name for name, slot in zip(named, slots.tolist(), strict=True) if slot < 0}
        if fleet.slot_count >= len(self._waits):
            grown = np.zeros(fleet.slot_count + 1, np.bool_)
            grown[: len(self._waits) - 1] = self._waits[:-1]
            self._waits = grown
        self._set(slots[slots >= 0], to=True)

    def _set(self, slots: NDArray[np.int32], *, to: bool) -> None:
        self._waits[slots[(slots >= 0) & (slots < len(self._waits) - 1)]] = to
        self._some_wait = bool(self._waits.any())


def _news(sending: CommandSending, since: tuple[int, int] | None) -> tuple[list[str], tuple[int, int]] | None:
    """Give the devices for whom something came to wait, with where to go on; None while nothing was written.

    Args:
        sending: the queue.
        since: version of the file and mark of the last look; None: there was none.
    """
    version = sending.data_version()
    if since is not None and since[0] == version:
        return None
    devices, mark = sending.waiting_since(0 if since is None else since[1])
    return devices, (version, mark)
