"""Commands that ride on the answers to CoAP uplinks: in the payload of a 2.04, the port as Location-Path.

Only a sender who has proved to be the device, or whom the listener trusts by its network, is given one.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from narrowgate_fleet import Claim, Fleet
from narrowgate_gateway.arrivals import NUMBER, Arrival, Trust
from narrowgate_gateway.coap_answers import Askers, answers
from narrowgate_gateway.coap_calling import Caller
from narrowgate_gateway.coap_columns import Ints
from narrowgate_gateway.coap_datagrams import Bytes
from narrowgate_gateway.coap_messages import Sender
from narrowgate_gateway.coap_uplinks import Uplinks, exchange_text
from narrowgate_gateway.downlinks import Asking, Downlinks
from narrowgate_schema.words import Answer

CHANGED = 0x44
_PAYLOAD_MARKER = 0xFF
_LOCATION_PATH = 8
_NO_SUCCESS = 2
"""Of the No-Response option: a device that does not listen for a 2.04 hears nothing that rides on it."""
_KEPT, _DUPLICATE = NUMBER[Answer.KEPT], NUMBER[Answer.DUPLICATE]
NO_ROWS: NDArray[np.intp] = np.zeros(0, np.intp)
Expected = list[tuple[int, Asking]]
"""Rows of a batch whose answers may carry something, and what is asked for each."""


class Carrier:
    """Finds commands for the answers of one listener."""

    def __init__(self, downlinks: Downlinks, trust: Trust, caller: Caller | None = None) -> None:
        self._downlinks = downlinks
        self._trust = trust
        self._caller = caller

    def note(self, uplinks: Uplinks, numbers: NDArray[np.uint8], askers: Askers, fleet: Fleet) -> None:
        """Remember where devices sent from that may be called."""
        if self._caller is None:
            return
        rows = np.flatnonzero(numbers == _KEPT)
        identities = uplinks.identities()
        if not self._trust.is_trusted:
            named = zip(rows.tolist(), uplinks.devices(rows), strict=True)
            rows = np.array([row for row, name in named if identities and identities[row] == name], np.intp)
        self._caller.note(uplinks.slots(fleet)[rows], askers.rows(rows).sender)

    def note_one(self, arrival: Arrival, sender: Sender, fleet: Fleet) -> None:
        """Remember where a single uplink came from, as `note` does."""
        if self._caller is not None and self._believes(arrival.device, arrival.identity):
            self._caller.note(fleet.slots([arrival.device]), lambda row: sender)

    @property
    def is_busy(self) -> bool:
        """Whether answers matter for which nothing was expected: of repeats, or of who may be called."""
        return self._caller is not None or self._downlinks.has_carried

    def expect(self, uplinks: Uplinks, no_response: Ints, newest_fleet: Callable[[], Fleet]) -> Expected:
        """Tell that uplinks may get something, before anybody knows whether they are kept.

        A repeat that overtakes its first then waits for what that one gets.

        Args:
            uplinks: (n,) that came in.
            no_response: (n,) what each does not want to hear (RFC 7967).
            newest_fleet: gives the registry.
        """
        if self._downlinks.is_idle:
            return []
        slots = uplinks.slots(newest_fleet())
        rows = np.flatnonzero(self._downlinks.wait_for(slots) & (no_response & _NO_SUCCESS == 0))
        identities = uplinks.identities()
        named = zip(
            rows.tolist(), uplinks.devices(rows), slots[rows].tolist(), uplinks.exchanges(rows), strict=True
        )
        return [
            (row, Asking(device, slot, exchange, is_new=True))
            for row, device, slot, exchange in named
            if self._believes(device, "" if identities is None else identities[row])
            and self._downlinks.expect(exchange)
        ]

    def held(
        self, expected: Expected, uplinks: Uplinks, numbers: NDArray[np.uint8], no_response: Ints
    ) -> tuple[NDArray[np.intp], list[Asking]]:
        """Give the rows whose answers wait for what rides on them, and what is asked for each.

        Args:
            expected: what `expect` gave.
            uplinks: (n,) that were judged.
            numbers: (n,) of their answers.
            no_response: (n,) what each does not want to hear (RFC 7967).
        """
        held = [(row, asked) for row, asked in expected if numbers[row] == _KEPT]
        for row, asked in expected:
            if numbers[row] != _KEPT:
                self._downlinks.dismiss(asked.exchange)
        if self._downlinks.has_carried:
            held += self._repeats(
                uplinks, np.flatnonzero((numbers == _DUPLICATE) & (no_response & _NO_SUCCESS == 0))
            )
        return np.array([row for row, _ in held], np.intp), [asked for _, asked in held]

    def _repeats(self, uplinks: Uplinks, rows: NDArray[np.intp]) -> Expected:
        """Give those of some repeats that get what their first got."""
        named = zip(rows.tolist(), uplinks.devices(rows), uplinks.exchanges(rows), strict=True)
        return [
            (row, Asking(device, -1, exchange, is_new=False))
            for row, device, exchange in named
            if self._downlinks.knows(exchange)
        ]

    async def claims(self, asking: list[Asking]) -> list[Claim | None]:
        """Give what rides on the answers; each that is new is on disk as sent."""
        return await self._downlinks.on_answers(asking)

    def expect_one(self, arrival: Arrival, fleet: Fleet) -> Asking | None:
        """Tell that a single uplink may get something, as `expect` does; None if it does not."""
        if self._downlinks.is_idle:
            return None
        slots = fleet.slots([arrival.device])
        asked = Asking(arrival.device, int(slots[0]), exchange_of(arrival), is_new=True)
        may = bool(self._downlinks.wait_for(slots)[0]) and self._believes(arrival.device, arrival.identity)
        return asked if may and self._downlinks.expect(asked.exchange) else None

    async def one(self, asked: Asking | None, arrival: Arrival, answer: Answer) -> Claim | None:
        """Give what rides on the answer to a single uplink."""
        if asked is not None and answer is not Answer.KEPT:
            self._downlinks.dismiss(asked.exchange)
            asked = None
        if asked is None and answer is Answer.DUPLICATE and self._downlinks.has_carried:
            asked = Asking(arrival.device, -1, exchange_of(arrival), is_new=False)
        return None if asked is None else (await self._downlinks.on_answers([asked]))[0]

    def sent(self, claims: list[Claim], why_not: str = "") -> None:
        """Say that claims left, or why they did not."""
        if why_not:
            self._downlinks.did_not_leave(claims, why_not)
        else:
            self._downlinks.left(claims)

    def _believes(self, device: str, identity: str) -> bool:
        return self._trust.is_trusted or (identity != "" and identity == device)


def exchange_of(arrival: Arrival) -> str:
    """Name an exchange as the queue keeps it."""
    return exchange_text(arrival.device, arrival.endpoint, arrival.message_id, arrival.token, arrival.payload)


def location_of(claim: Claim) -> tuple[str, ...]:
    """Give the path that says on which port a command travels; () where its layout needs none."""
    return () if claim.port is None else (str(claim.port),)


def carrying(
    askers: Askers, claims: list[Claim | None], first_message_id: int
) -> tuple[Bytes, NDArray[np.int64]]:
    """Give (n, width) answers of 2.04 and their lengths [B], with what rides on them.

    Args:
        askers: n of them.
        claims: (n,) None: nothing rides on it.
        first_message_id: of the first message of its own; the next ones follow it.
    """
    plain, lengths = answers(askers, np.full(len(claims), CHANGED, np.uint8), first_message_id)
    tails = [b"" if claim is None else _tail(claim) for claim in claims]
    content = np.zeros((len(claims), plain.shape[1] + max(map(len, tails), default=0)), np.uint8)
    content[:, : plain.shape[1]] = plain
    for row, tail in enumerate(tails):
        content[row, lengths[row] : lengths[row] + len(tail)] = np.frombuffer(tail, np.uint8)
        lengths[row] += len(tail)
    return content, lengths


def _tail(claim: Claim) -> bytes:
    """Give what follows the token: the port as an option, and the payload."""
    segments = [segment.encode() for segment in location_of(claim)]
    options = b"".join(bytes([_LOCATION_PATH << 4 | len(segment)]) + segment for segment in segments)
    return options + (bytes([_PAYLOAD_MARKER]) + claim.payload if claim.payload else b"")
