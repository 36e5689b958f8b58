"""Commands as messages of their own, while devices listen: after an uplink, or, with eDRX, once a cycle.

Rule 1: they go where the device's newest proved uplink came from, and nowhere else; once another device has
        spoken from there, nobody knows where the first one is, and it is not called.
Rule 2: what must never be repeated is not retransmitted either; nothing is after the time in which a device
        may answer: by then the queue may have sent it once more, and the device would do it twice.
Rule 3: what is claimed leaves now: while a message to a place is not acknowledged, aiocoap would hold the
        next one back (NSTART, RFC 7252, 4.7) until it is over and nobody wants it any more.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import aiocoap
import numpy as np
from aiocoap.numbers.codes import POST
from numpy.typing import NDArray

from narrowgate_fleet import Claim, CommandReason, Fleet
from narrowgate_fleet.command_rows import ANSWER_S
from narrowgate_gateway.coap_messages import Sender
from narrowgate_gateway.coap_seam import Seam
from narrowgate_gateway.downlinks import Downlinks
from narrowgate_schema.commands import NEVER_REPEATED

CALL_EVERY_S = 0.25
"""How often is looked for whom something waits that listens [s]."""
MOST_AT_ONCE = 1024
"""Messages under way that no device has acknowledged: with eDRX each may wait for hours."""
MOST_A_TURN = 64
"""Messages that begin at one look."""

_ACK_TIMEOUT_S = 4.0
_RETRANSMISSIONS = 3
_RANDOM_FACTOR = 1.5
"""By which the first wait may be longer (RFC 7252, 4.8)."""
_GIVE_UP_S = 120.0
_NEVER_S = -np.inf


@dataclass(frozen=True, slots=True)
class Calling:
    """When devices may be sent messages of their own."""

    path: str = "nb/down"
    """At the device."""
    window_s: float = 0.0
    """How long it listens after an uplink [s]."""
    edrx_cycle_s: float = 0.0
    """How often it listens besides [s]; 0: it does not."""
    answer_s: float = ANSWER_S
    """How long it may take to answer [s]."""

    @property
    def is_possible(self) -> bool:
        """Whether they ever listen."""
        return self.window_s > 0 or self.edrx_cycle_s > 0

    @property
    def patience_s(self) -> float:
        """Give how long an acknowledgement is waited for at first [s]."""
        return _ACK_TIMEOUT_S + self.edrx_cycle_s

    @property
    def retransmissions(self) -> int:
        """Give how often a message goes again: the last time before the answer's time is over."""
        spans_s = (
            _RANDOM_FACTOR * (2.0**times - 1) * self.patience_s for times in range(1, _RETRANSMISSIONS + 1)
        )
        return sum(span_s <= self.answer_s for span_s in spans_s)

    @property
    def exchange_s(self) -> float:
        """Give how long an acknowledgement is waited for at most [s]."""
        return _RANDOM_FACTOR * (2.0 ** (self.retransmissions + 1) - 1) * self.patience_s


NEVER = Calling()


class Caller:
    """Calls the devices of one listener."""

    def __init__(
        self,
        downlinks: Downlinks,
        seam: Seam,
        fleet: Callable[[], Fleet],
        calling: Calling,
    ) -> None:
        """Call nobody yet; `run` does."""
        self._downlinks = downlinks
        self._seam = seam
        self._fleet = fleet
        self._path = tuple(calling.path.strip("/").split("/"))
        self._window_s = np.inf if calling.edrx_cycle_s else calling.window_s
        self._calling = calling
        self._heard_s = np.full(1, _NEVER_S)
        self._senders: dict[int, Sender] = {}
        self._slots: dict[object, int] = {}
        """Who spoke last from a place: a NAT gives a port to another device when it likes."""
        self._calls: dict[object, asyncio.Task[None]] = {}
        """By the place that has not acknowledged a message."""
        self._turn = 0

    def note(self, slots: NDArray[np.int32], sender: Callable[[int], Sender]) -> None:
        """Remember where devices sent from that have proved who they are.

        Args:
            slots: (n,) theirs; -1 where the registry has none.
            sender: gives who sent for one of the n.
        """
        if len(slots) and int(slots.max()) >= len(self._heard_s):
            grown = np.full(max(int(slots.max()) + 1, self._fleet().slot_count), _NEVER_S)
            grown[: len(self._heard_s)] = self._heard_s
            self._heard_s = grown
        now_s = time.monotonic()
        for row in np.flatnonzero(slots >= 0).tolist():
            self._move(int(slots[row]), sender(row))
            self._heard_s[slots[row]] = now_s

    def _move(self, slot: int, sender: Sender) -> None:
        """Remember where a device is now, and that nobody else is there."""
        before, place = self._senders.get(slot), _place(sender)
        if before is not None and _place(before) != place:
            del self._slots[_place(before)]
        other = self._slots.get(place, slot)
        if other != slot:
            del self._senders[other]
            self._heard_s[other] = _NEVER_S
        self._senders[slot], self._slots[place] = sender, slot

    async def run(self) -> None:
        """Call who listens, until cancelled; what is under way then is let go."""
        try:
            while True:
                await self.call()
                await asyncio.sleep(CALL_EVERY_S)
        finally:
            for task in self._calls.values():
                task.cancel()

    async def call(self) -> None:
        """Call once those who listen and for whom something waits."""
        room = min(MOST_AT_ONCE - len(self._calls), MOST_A_TURN)
        if self._downlinks.is_idle or room <= 0:
            return
        awake = np.flatnonzero(self._heard_s > time.monotonic() - self._window_s).astype(np.int32)
        waiting = awake[self._downlinks.wait_for(awake)]
        # Each in turn: those first in line may all be waited for, and get nothing now.
        free = (
            slot
            for slot in np.roll(waiting, -self._turn).tolist()
            if _place(self._senders[slot]) not in self._calls
        )
        slots = list(islice(free, room))
        self._turn = (self._turn + room) % max(1, len(waiting))
        fleet = self._fleet()
        devices = {fleet.device(slot): slot for slot in slots}
        for claim in await self._downlinks.claims(devices, CommandReason.BY_MESSAGE):
            sender = self._senders.get(devices[claim.device])
            if sender is None or _place(sender) in self._calls:
                self._downlinks.did_not_leave([claim], "another device spoke from where it was")
                continue
            task = asyncio.create_task(self._call(claim, sender))
            self._calls[_place(sender)] = task
            task.add_done_callback(partial(self._ended, _place(sender)))

    def _ended(self, place: object, _: asyncio.Task[None]) -> None:
        del self._calls[place]

    async def _call(self, claim: Claim, sender: Sender) -> None:
        """Send a command and note what the device makes of the message; silence is left to its next words."""
        port = () if claim.port is None else (str(claim.port),)
        message = aiocoap.Message(
            code=POST,
            payload=claim.payload,
            uri_path=(*self._path, *port),
            transport_tuning=_tuning(self._calling, is_repeated=claim.kind not in NEVER_REPEATED),
        )
        message.remote = self._seam.remote(sender)
        asked = self._seam.context.request(message, handle_blockwise=False)
        try:
            async with asyncio.timeout(_GIVE_UP_S + self._calling.exchange_s):
                answer = await asked.response
        except (aiocoap.error.Error, TimeoutError):
            return
        if answer.code.is_successful():
            self._downlinks.acknowledged(claim)
        else:
            self._downlinks.refused(claim, f"the device answered {answer.code}")


def _place(sender: Sender) -> object:
    """Give what tells places apart: a session, which only its device can hold, or else the address."""
    return sender.sockaddr[:2] if sender.connection is None else sender.connection


def _tuning(calling: Calling, *, is_repeated: bool) -> Any:
    class Tuning(aiocoap.numbers.constants.TransportTuning):  # type: ignore[misc]  # aiocoap is untyped here
        """How long and how often."""

        ACK_TIMEOUT = calling.patience_s
        ACK_RANDOM_FACTOR = _RANDOM_FACTOR
        MAX_RETRANSMIT = calling.retransmissions if is_repeated else 0

    return Tuning()
