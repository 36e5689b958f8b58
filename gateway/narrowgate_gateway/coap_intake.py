"""Uplinks that need a look of their own, above all those in blocks; aiocoap gets what is no uplink.

aiocoap keeps something of every request that reaches it, takes a reused message id for the request before it,
and lets a reused token cancel the answer that is due. So it gets only what is no uplink, and nothing of
strangers.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import numpy as np
from aiocoap import CON, NON, Message
from aiocoap.error import UnparsableMessage
from aiocoap.numbers.codes import Code
from numpy.typing import NDArray

from narrowgate_fleet import Claim, Fleet
from narrowgate_gateway.coap_answers import RETRY_AFTER_S
from narrowgate_gateway.coap_blocks import Blocks
from narrowgate_gateway.coap_carrying import Carrier, location_of
from narrowgate_gateway.coap_messages import (
    CODES,
    NOTHING,
    Block,
    Head,
    Rider,
    Sender,
    acknowledgement,
    bare_acknowledgement,
    separate,
)
from narrowgate_gateway.coap_paths import DISCOVERY
from narrowgate_gateway.coap_seam import Seam, Send
from narrowgate_gateway.door import Arrival, Door, Trust
from narrowgate_gateway.path_template import PathTemplate
from narrowgate_schema.words import Answer, Transport

MOST_UNDER_WAY = 1 << 10
"""Uplinks that wait for the door at a time; what comes beyond is told to come again."""

_UPLINK_CODES = (Code.POST, Code.PUT)
_WANTS_NO_SUCCESS = 2
_LAST_ANSWERS_S = 2.0

_LOG = logging.getLogger(__name__)


class Intake:
    """Stands between a listener's socket and aiocoap."""

    def __init__(
        self,
        send: Send,
        seam: Seam,
        template: PathTemplate,
        trust: Trust,
        door: Door,
        fleet: Callable[[], Fleet],
        identity: Callable[[Sender], str],
        carrier: Carrier | None = None,
    ) -> None:
        """Stand there.

        Args:
            send: sends a datagram to a sender of one.
            seam: takes what is no uplink.
            template: where in a path the device stands.
            trust: what is taken from whom.
            door: who judges and keeps.
            fleet: gives the newest registry.
            identity: tells who a sender has proved to be; '' who has proved nothing.
            carrier: finds what rides on answers; None: nothing does.
        """
        self._carrier = carrier
        self._identity = identity
        self._send = send
        self._seam = seam
        self._template = template
        self._trust = trust
        self._door = door
        self._fleet = fleet
        self.blocks = Blocks(trust.max_payload_bytes)
        self._under_way: set[asyncio.Task[None]] = set()

    def take(self, datagram: bytes, sender: Sender) -> None:
        """Take a datagram of an admitted sender, whose head is whole."""
        head, message = Head.read(datagram), _parsed(datagram)
        if head is None or message is None:
            self._refuse_malformed(head, sender)
        elif (fields := self._fields(message)) is not None:
            self._take_uplink(head, sender, message, fields)
        elif message.code in _UPLINK_CODES and message.opt.uri_path != DISCOVERY:
            self._answer(Code.NOT_FOUND, head, sender)
        else:
            self._seam.feed(datagram, sender)

    def waits_for(self, message_ids: NDArray[np.uint16], tokens: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Tell which replies may be such as aiocoap waits for, (n,).

        Args:
            message_ids: (n,).
            tokens: (n, 8), zero behind each token.
        """
        return self._seam.waits_for(message_ids, tokens)

    async def close(self) -> None:
        """Let the answers that are due go out."""
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=_LAST_ANSWERS_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _refuse_malformed(self, head: Head | None, sender: Sender) -> None:
        """Count it, name the one who sent it, and say so to who waits: options that cannot be read."""
        self._door.count_malformed()
        _LOG.warning("%s port %d sent a datagram that is no CoAP message", sender.address, sender.port)
        if head is not None and head.is_request and head.is_confirmable:
            self._send(acknowledgement(head, Code.BAD_OPTION), sender)

    def _fields(self, message: Message) -> tuple[str, int | None] | None:
        """Give device and port of an uplink, None of anything else."""
        if message.code not in _UPLINK_CODES or message.mtype not in (CON, NON):
            return None
        path = message.opt.uri_path
        return None if path == DISCOVERY else self._template.match(path)

    def _take_uplink(
        self, head: Head, sender: Sender, message: Message, fields: tuple[str, int | None]
    ) -> None:
        payload = message.payload
        if message.opt.block1 is not None:
            endpoint = f"{sender.address} {sender.port}"
            joined = self.blocks.feed(endpoint, message, time.monotonic())
            if isinstance(joined, Code):
                self._tell_of_block(joined, head, sender, message.opt.block1)
                return
            payload = joined
        if len(self._under_way) >= MOST_UNDER_WAY:
            self._door.count(Answer.CANNOT_KEEP)
            self._tell(Answer.CANNOT_KEEP, head, sender, message)
            return
        device, port = fields
        arrival = Arrival(
            trust=self._trust,
            transport=Transport.COAP,
            path="/".join(message.opt.uri_path),
            port=port,
            device=device,
            address=sender.address,
            source_port=sender.port,
            message_id=head.message_id,
            token=head.token,
            confirmable=head.is_confirmable,
            payload=payload,
            identity=self._identity(sender),
        )
        task = asyncio.create_task(self._admit(arrival, head, sender, message))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _admit(self, arrival: Arrival, head: Head, sender: Sender, message: Message) -> None:
        carrier = None if (message.opt.no_response or 0) & _WANTS_NO_SUCCESS else self._carrier
        asked = carrier.expect_one(arrival, self._fleet()) if carrier else None
        (answer,) = await self._door.admit([arrival], self._fleet())
        claim = await carrier.one(asked, arrival, answer) if carrier else None
        if self._carrier and answer is Answer.KEPT:
            self._carrier.note_one(arrival, sender, self._fleet())
        self._tell(answer, head, sender, message, claim)
        if carrier and claim is not None and answer is Answer.KEPT:
            carrier.sent([claim])

    def _tell_of_block(self, code: Code, head: Head, sender: Sender, block: Block) -> None:
        if code is Code.REQUEST_ENTITY_TOO_LARGE:
            self._door.count(Answer.TOO_LARGE)
        self._answer(code, head, sender, block1=block if code is Code.CONTINUE else None)

    def _tell(
        self, answer: Answer, head: Head, sender: Sender, message: Message, claim: Claim | None = None
    ) -> None:
        if answer is Answer.DUPLICATE and not head.is_confirmable:
            return  # RFC 7252, 4.5: a NON that comes again is silently ignored
        code = CODES[answer]
        # Only a success goes without words: an empty acknowledgement of what was not kept would say "kept".
        if code is Code.CHANGED and (message.opt.no_response or 0) & _WANTS_NO_SUCCESS:
            if head.is_confirmable:
                self._send(bare_acknowledgement(head), sender)
            return
        max_age_s = RETRY_AFTER_S if answer is Answer.CANNOT_KEEP else None
        self._answer(code, head, sender, max_age_s=max_age_s, block1=message.opt.block1, claim=claim)

    def _answer(
        self,
        code: Code,
        head: Head,
        sender: Sender,
        *,
        max_age_s: int | None = None,
        block1: Block | None = None,
        claim: Claim | None = None,
    ) -> None:
        rider = NOTHING if claim is None else Rider(location_of(claim), claim.payload)
        if head.is_confirmable:
            self._send(acknowledgement(head, code, max_age_s=max_age_s, block1=block1, rider=rider), sender)
            return
        own = self._seam.message_ids(1)
        self._send(separate(head, own, code, max_age_s=max_age_s, block1=block1, rider=rider), sender)


def _parsed(datagram: bytes) -> Message | None:
    """Parse a message; None if its options cannot be read."""
    try:
        return Message.decode(datagram)
    except (UnparsableMessage, ValueError):
        return None
