"""From the socket to the door and back, a batch at a time.

Rule 1: plain uplinks of a batch go to the journal as one, and their answers leave together after its sync.
Rule 2: what needs a look of its own has a bounded share of the time; what is beyond it is told to come
slower. What can be told from columns never comes to that.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from narrowgate_fleet import Fleet
from narrowgate_gateway.arrivals import ANSWERS, NUMBER
from narrowgate_gateway.coap_answers import RESET, Askers
from narrowgate_gateway.coap_carrying import NO_ROWS, Carrier, Expected, carrying
from narrowgate_gateway.coap_columns import CON
from narrowgate_gateway.coap_datagrams import Bytes, Datagrams, Inbox
from narrowgate_gateway.coap_messages import CODES, Sender
from narrowgate_gateway.coap_paths import PathColumns
from narrowgate_gateway.coap_reading import Reading
from narrowgate_gateway.coap_refusing import refusals
from narrowgate_gateway.coap_session import Session
from narrowgate_gateway.coap_sorting import Fate, Sorted, sort
from narrowgate_gateway.coap_telling import Teller
from narrowgate_gateway.coap_uplinks import Limits, Uplinks
from narrowgate_gateway.door import Door, Trust
from narrowgate_gateway.downlinks import Asking
from narrowgate_gateway.networks import Networks
from narrowgate_gateway.path_template import PathTemplate
from narrowgate_gateway.rates import Bucket
from narrowgate_schema.words import Answer

MOST_UNDER_WAY = 1 << 14
"""Uplinks that wait for the door at a time; what comes beyond is told to come again."""

SINGLES_PER_S, SINGLES_AT_ONCE = 2000.0, 500.0
"""Datagrams looked at one by one, in the long run [1/s] and at once: these hold all others up."""

LIBRARY_PER_S, LIBRARY_AT_ONCE = 50.0, 100.0
"""Requests that aiocoap answers, in the long run [1/s] and at once; each costs as much as fifty uplinks."""

_LEAST_ROW_BYTES = 1536
_HEAD_AND_OPTIONS_BYTES = 512
_LONGEST_DATAGRAM_BYTES = 1 << 16
_LAST_ANSWERS_S = 2.0
_WANTS_NO_SUCCESS = 2
_COUNTED = ((Fate.FORBIDDEN, Answer.FORBIDDEN), (Fate.TOO_LARGE, Answer.TOO_LARGE))
_MOST_REPLIES = 256
"""Replies of a batch that are looked at: more than there can be messages of ours under way."""
_CODE_OF = np.array([CODES[answer] for answer in ANSWERS], np.uint8)

_LOG = logging.getLogger(__name__)


class Singles(Protocol):
    """Takes datagrams one by one."""

    def take(self, datagram: bytes, sender: Sender) -> None:
        """Take one."""
        ...

    def waits_for(self, message_ids: NDArray[np.uint16], tokens: Bytes) -> NDArray[np.bool_]:
        """Tell which acknowledgements, resets and responses may be such as somebody waits for, (n,)."""
        ...


class Datapath:
    """Reads a listener's socket."""

    def __init__(
        self,
        listening: socket.socket,
        template: PathTemplate,
        trust: Trust,
        limits: Limits,
        door: Door,
        fleet: Callable[[], Fleet],
        message_ids: Callable[[int], int],
        *,
        session: Session,
        most_at_once: int,
        carrier: Carrier | None = None,
    ) -> None:
        """Stand before a socket; `start` begins to read.

        Args:
            listening: the socket; it stays its owner's.
            template: where in a path the device stands.
            trust: what is taken from whom.
            limits: how much of one sender.
            door: who judges and keeps.
            fleet: gives the newest registry.
            message_ids: gives the first of n message ids of our own.
            session: opens what comes and seals what leaves.
            most_at_once: datagrams of a batch.
            carrier: finds what rides on answers; None: nothing does.
        """
        self._carrier = carrier
        self._carrying: set[asyncio.Task[None]] = set()
        row_bytes = max(_LEAST_ROW_BYTES, trust.max_payload_bytes + _HEAD_AND_OPTIONS_BYTES)
        inbox = Inbox(listening, min(row_bytes, _LONGEST_DATAGRAM_BYTES), most_at_once)
        self._reading = Reading(listening, inbox, self.take, lambda: self._rows_under_way, door.count_dropped)
        self._teller = Teller(listening, session, message_ids)
        self._session = session
        self._paths = PathColumns(template)
        self._networks = Networks(trust.networks)
        self._trust = trust
        self._limits = limits
        self._door = door
        self._fleet = fleet
        self._singles: Singles | None = None
        self._shares = {
            Fate.SINGLE: Bucket(SINGLES_PER_S, SINGLES_AT_ONCE),
            Fate.DISCOVERY: Bucket(LIBRARY_PER_S, LIBRARY_AT_ONCE),
        }
        self._is_closed = False
        self._rows_under_way = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    def start(self, singles: Singles) -> None:
        """Begin to read; what is no plain uplink goes to `singles`."""
        self._singles = singles
        self._reading.begin()

    async def close(self) -> None:
        """Take no more, and let the answers that are due go out."""
        self._reading.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ANSWERS_S):
                await self._is_idle.wait()
        self._is_closed = True

    def take(self, datagrams: Datagrams) -> None:
        """Take a batch as the socket gave it."""
        datagrams = self._session.open(datagrams)
        if len(datagrams) == 0:
            return
        batch = sort(datagrams, self._networks, self._paths)
        if len(batch.uplinks):
            self._take_uplinks(batch)
        if len(batch.uplinks) < len(datagrams):
            self._take_rest(batch)

    def _take_uplinks(self, batch: Sorted) -> None:
        at = batch.uplinks
        room = max(0, MOST_UNDER_WAY - self._rows_under_way)
        if len(at) > room:
            beyond = batch.requests[at[room:]]
            self._door.count(Answer.CANNOT_KEEP, len(beyond))
            self._tell_rows(batch, beyond, np.full(len(batch.fates), CODES[Answer.CANNOT_KEEP], np.uint8))
            at = at[:room]
            if room == 0:
                return
        rows = batch.requests[at]
        uplinks = Uplinks(
            self._trust, self._limits, batch.datagrams, batch.heads, rows, self._identities(batch, rows)
        )
        uplinks.read(batch.flat, batch.ends, batch.options, self._paths, batch.matched, at)
        askers = Askers.of(batch.datagrams, batch.heads, rows)
        no_response = batch.options.no_response[at]
        self._rows_under_way += len(rows)
        self._is_idle.clear()
        began_s = self._reading.since_s

        carrier = self._carrier
        expected = [] if carrier is None else carrier.expect(uplinks, no_response, self._fleet)

        def told(numbers: NDArray[np.uint8]) -> None:
            held = self._carry(expected, uplinks, numbers, askers, no_response)
            self._told(numbers, askers, no_response, held)
            self._reading.note_answered(began_s)

        self._door.take(uplinks, self._fleet(), told)

    def _identities(self, batch: Sorted, rows: NDArray[np.intp]) -> Sequence[str] | None:
        """Give who some senders have proved to be; None where nobody can prove anything and need not."""
        connections = batch.datagrams.connections
        if connections is not None:
            return self._session.identities(connections[rows])
        return [""] * len(rows) if self._trust.wants_identity else None

    def _carry(
        self,
        expected: Expected,
        uplinks: Uplinks,
        numbers: NDArray[np.uint8],
        askers: Askers,
        no_response: NDArray[np.int64],
    ) -> NDArray[np.intp]:
        """Have answers of a batch wait for what rides on them, and give their rows."""
        if self._carrier is None or not (expected or self._carrier.is_busy):
            return NO_ROWS
        self._carrier.note(uplinks, numbers, askers, self._fleet())
        rows, asking = self._carrier.held(expected, uplinks, numbers, no_response)
        if len(rows):
            task = asyncio.create_task(self._carried(self._carrier, askers.rows(rows), asking))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)
        return rows

    async def _carried(self, carrier: Carrier, askers: Askers, asking: list[Asking]) -> None:
        """Send answers with what rides on them."""
        claims = await carrier.claims(asking)
        new = [claim for claim, asked in zip(claims, asking, strict=True) if claim and asked.is_new]
        # RFC 7252, 4.5: a NON that comes again is silently ignored.
        is_told = askers.is_confirmable | np.array([asked.is_new for asked in asking], np.bool_)
        self._settle(len(claims))
        if self._is_closed:
            carrier.sent(new, "the listener was closed")
            return
        told = np.flatnonzero(is_told)
        askers, claims = askers.rows(told), [claims[row] for row in told.tolist()]
        self._teller.send(*carrying(askers, claims, self._teller.own_ids(askers)), askers)
        carrier.sent(new)

    def _settle(self, rows: int) -> None:
        """Count uplinks that are answered."""
        self._rows_under_way -= rows
        if self._rows_under_way == 0:
            self._is_idle.set()

    def _told(
        self,
        numbers: NDArray[np.uint8],
        askers: Askers,
        no_response: NDArray[np.int64],
        held: NDArray[np.intp],
    ) -> None:
        """Send the answers of a batch but those that are held."""
        self._settle(len(numbers) - len(held))
        if self._is_closed:
            return
        codes = _CODE_OF[numbers]
        is_success = codes >> 5 == 2
        # Only a success goes without words: an empty acknowledgement of what was not kept would say "kept".
        is_unwanted = is_success & (no_response & _WANTS_NO_SUCCESS != 0)
        codes[is_unwanted] = 0
        # RFC 7252, 4.5: a NON that comes again is silently ignored.
        is_repeat = numbers == NUMBER[Answer.DUPLICATE]
        is_told = askers.is_confirmable | ~(is_unwanted | is_repeat)
        is_told[held] = False
        if not is_told.all():
            told = np.flatnonzero(is_told)
            askers, codes = askers.rows(told), codes[told]
        self._teller.tell(askers, codes)

    def _take_rest(self, batch: Sorted) -> None:
        """Tell what is no uplink what there is to tell; the rest is looked at one by one."""
        counts, codes = batch.counts(), refusals(batch)
        for fate, answer in _COUNTED:
            if counts[fate]:
                self._door.count(answer, counts[fate])
        if counts[Fate.MALFORMED] or counts[Fate.BAD_OPTION]:
            self._count_malformed(batch)
        if self._singles is not None:
            if counts[Fate.REPLY]:
                self._take_replies(batch, codes, self._singles)
            for fate, share in self._shares.items():
                if counts[fate]:
                    self._take_singles(batch, batch.rows(fate), share, codes, self._singles)
        self._tell_rows(batch, np.flatnonzero(codes), codes)

    def _count_malformed(self, batch: Sorted) -> None:
        """Count what breaks the format (RFC 7252, 4.2) and what has options that cannot be heeded."""
        is_wrong = (batch.fates == Fate.MALFORMED) | (batch.fates == Fate.BAD_OPTION)
        self._door.count_malformed(int(np.count_nonzero(is_wrong)))
        ours = np.flatnonzero(is_wrong & batch.admitted)
        if len(ours):
            sender = _sender(batch.datagrams, int(ours[0]))
            more = f" ({len(ours) - 1} more came with it)" if len(ours) > 1 else ""
            words = "%s port %d sent a datagram that is no CoAP message%s"
            _LOG.warning(words, sender.address, sender.port, more)

    def _take_replies(self, batch: Sorted, codes: NDArray[np.uint8], singles: Singles) -> None:
        """Hand over what somebody waits for; of the rest, responses that want a word are rejected."""
        rows, heads = batch.rows(Fate.REPLY), batch.heads
        is_awaited = singles.waits_for(heads.message_ids[rows], heads.tokens[rows])
        for row in rows[is_awaited][:_MOST_REPLIES].tolist():
            singles.take(batch.datagrams.datagram(row), _sender(batch.datagrams, row))
        codes[rows[~is_awaited & (heads.kinds[rows] == CON)]] = RESET

    def _take_singles(
        self,
        batch: Sorted,
        rows: NDArray[np.intp],
        share: Bucket,
        codes: NDArray[np.uint8],
        singles: Singles,
    ) -> None:
        """Hand over as many rows as there is time for; the others are told to come slower."""
        room = share.take(len(rows), time.monotonic())
        for row in rows[:room].tolist():
            singles.take(batch.datagrams.datagram(row), _sender(batch.datagrams, row))
        beyond = rows[room:]
        self._door.count(Answer.TOO_FAST, len(beyond))
        codes[beyond] = CODES[Answer.TOO_FAST]

    def _tell_rows(self, batch: Sorted, rows: NDArray[np.intp], codes: NDArray[np.uint8]) -> None:
        if len(rows):
            self._teller.tell(Askers.of(batch.datagrams, batch.heads, rows), codes[rows])


def _sender(datagrams: Datagrams, row: int) -> Sender:
    pktinfo: Bytes | None = None if datagrams.pktinfo is None else datagrams.pktinfo[row]
    return Sender.read(
        datagrams.sources[row].tobytes(),
        None if pktinfo is None else pktinfo.tobytes(),
        None if datagrams.connections is None else int(datagrams.connections[row]),
    )
