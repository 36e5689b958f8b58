"""Commands that ride on the answers to CoAP uplinks: in the payload of a 2.04, the port as Location-Path.

Only a sender who has proved to be the device, or whom the listener trusts by its network, is given one.
"""

import numpy as np
from numpy.typing import NDArray

from narrowgate_fleet import Claim, Fleet
from narrowgate_gateway.arrivals import NUMBER, Arrival, Trust
from narrowgate_gateway.coap_answers import Askers, answers
from narrowgate_gateway.coap_calling import Caller
from narrowgate_gateway.coap_datagrams import Bytes
from narrowgate_gateway.coap_uplinks import Uplinks
from narrowgate_gateway.downlinks import Asking, Downlinks
from narrowgate_schema.words import Answer

CHANGED = 0x44
_PAYLOAD_MARKER = 0xFF
_LOCATION_PATH = 8
_KEPT, _DUPLICATE = NUMBER[Answer.KEPT], NUMBER[Answer.DUPLICATE]
NO_ROWS: NDArray[np.intp] = np.zeros(0, np.intp)


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
        self._caller.note(uplinks.slots(fleet)[rows], askers.rows(rows))

    def rows(
        self, uplinks: Uplinks, numbers: NDArray[np.uint8], is_wanted: NDArray[np.bool_], fleet: Fleet
    ) -> tuple[NDArray[np.intp], list[Asking]]:
        """Give the rows whose answers may carry something, and what is asked for each.

        Args:
            uplinks: (n,) that were judged.
            numbers: (n,) of their answers.
            is_wanted: (n,) who wants to hear of a success at all.
            fleet: the registry.
        """
        if self._downlinks.is_idle:
            return NO_ROWS, []
        slots = uplinks.slots(fleet)
        is_new = (numbers == _KEPT) & self._downlinks.wait_for(slots)
        is_known = (numbers == _DUPLICATE) if self._downlinks.has_carried else np.zeros(len(slots), np.bool_)
        rows = np.flatnonzero((is_new | is_known) & is_wanted & (slots >= 0))
        devices, exchanges = uplinks.devices(rows), uplinks.exchanges(rows)
        identities = uplinks.identities()
        asking = [
            Asking(device, slot, exchange, is_new=bool(new))
            for device, slot, exchange, new in zip(
                devices, slots[rows].tolist(), exchanges, is_new[rows].tolist(), strict=True
            )
        ]
        is_carried = [
            self._believes(each.device, "" if identities is None else identities[row])
            and (each.is_new or self._downlinks.knows(each.exchange))
            for row, each in zip(rows.tolist(), asking, strict=True)
        ]
        return rows[is_carried], [each for each, carried in zip(asking, is_carried, strict=True) if carried]

    async def claims(self, asking: list[Asking]) -> list[Claim | None]:
        """Give what rides on the answers; each that is new is on disk as sent."""
        return await self._downlinks.on_answers(asking)

    async def one(self, arrival: Arrival, answer: Answer, fleet: Fleet) -> tuple[Claim | None, bool]:
        """Give what rides on the answer to a single uplink, and whether it was claimed for it just now."""
        if self._downlinks.is_idle or answer not in (Answer.KEPT, Answer.DUPLICATE):
            return None, False
        slots = fleet.slots([arrival.device])
        is_new = answer is Answer.KEPT
        asked = Asking(arrival.device, int(slots[0]), exchange_of(arrival), is_new)
        may = self._believes(arrival.device, arrival.identity) and slots[0] >= 0
        waits = bool(self._downlinks.wait_for(slots)[0]) if is_new else self._downlinks.knows(asked.exchange)
        if not (may and waits):
            return None, False
        return (await self._downlinks.on_answers([asked]))[0], is_new

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
    return f"{arrival.endpoint} {arrival.message_id} {arrival.token.hex()}"


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
