"""Uplinks taken off the socket before aiocoap's own layers, and answered from the door's outcome.

aiocoap keeps something of every request that reaches it, takes a reused message id for the request before it,
and lets a reused token cancel the answer that is due. So it gets only what is no uplink, and nothing of
strangers.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

from aiocoap import CON, NON, Message
from aiocoap.error import UnparsableMessage
from aiocoap.numbers.codes import Code

from narrowgate_fleet import Fleet
from narrowgate_gateway.coap_blocks import Blocks
from narrowgate_gateway.coap_messages import (
    Block,
    Head,
    Sender,
    acknowledgement,
    bare_acknowledgement,
    separate,
)
from narrowgate_gateway.door import Arrival, Door, Trust
from narrowgate_gateway.path_template import PathTemplate
from narrowgate_schema.words import Answer, Transport

RETRY_AFTER_S = 30
"""Max-Age of a 5.03: when a device may come again [s]."""

MOST_UNDER_WAY = 1 << 14
"""Uplinks that wait for the door at a time; what comes beyond is told to come again."""

DISCOVERY = (".well-known", "core")

_CODES: dict[Answer, Code] = {
    Answer.KEPT: Code.CHANGED,
    Answer.DUPLICATE: Code.CHANGED,
    Answer.UNKNOWN_SENDER: Code.UNAUTHORIZED,
    Answer.FORBIDDEN: Code.FORBIDDEN,
    Answer.TOO_LARGE: Code.REQUEST_ENTITY_TOO_LARGE,
    Answer.TOO_FAST: Code.TOO_MANY_REQUESTS,
    Answer.CANNOT_KEEP: Code.SERVICE_UNAVAILABLE,
}
_UPLINK_CODES = (Code.POST, Code.PUT)
_WANTS_NO_SUCCESS = 2
_LAST_ANSWERS_S = 2.0

_LOG = logging.getLogger(__name__)

Ancillary = Sequence[tuple[int, int, bytes]]


class Intake:
    """Stands between a listener's socket and aiocoap."""

    def __init__(
        self,
        transport: Any,
        pass_on: Callable[[bytes, Ancillary, int, tuple[Any, ...]], None],
        template: PathTemplate,
        trust: Trust,
        door: Door,
        fleet: Callable[[], Fleet],
    ) -> None:
        """Stand there.

        Args:
            transport: sends by `sendmsg`.
            pass_on: takes the datagrams of admitted senders that are no uplinks.
            template: where in a path the device stands.
            trust: what is taken from whom.
            door: who judges and keeps.
            fleet: gives the newest registry.
        """
        self._transport = transport
        self._pass_on = pass_on
        self._template = template
        self._trust = trust
        self._door = door
        self._fleet = fleet
        self.blocks = Blocks(trust.max_payload_bytes)
        self._under_way: set[asyncio.Task[None]] = set()
        self._message_id = secrets.randbelow(1 << 16)
        self._closing = False

    def take(self, datagram: bytes, ancillary: Ancillary, flags: int, sockaddr: tuple[Any, ...]) -> None:
        """Take a datagram as the socket gave it."""
        if self._closing:
            return
        head, sender = Head.read(datagram), Sender.of(sockaddr, ancillary)
        if not self._trust.admits(sender.address):
            self._turn_away(head, sender)
        elif head is None:
            self._note_malformed(sender)
        elif (message := _parsed(datagram)) is None:
            self._refuse_malformed(head, sender)
        elif (fields := self._fields(message)) is not None:
            self._take_uplink(head, sender, message, fields)
        else:
            self._pass_on(datagram, ancillary, flags, sockaddr)

    async def close(self) -> None:
        """Take no more, and let the answers that are due go out."""
        self._closing = True
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=_LAST_ANSWERS_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _turn_away(self, head: Head | None, sender: Sender) -> None:
        """Tell a stranger that waits for it that an uplink is forbidden; say nothing to anything else."""
        if head is None:
            self._door.count_malformed()
            return
        if not head.is_request:
            return
        self._door.count(Answer.FORBIDDEN)
        if head.is_confirmable and head.code in _UPLINK_CODES:
            self._send(acknowledgement(head, Code.FORBIDDEN), sender)

    def _note_malformed(self, sender: Sender) -> None:
        """Count it, and name the one who sent it: a device of ours, or somebody in its network."""
        self._door.count_malformed()
        _LOG.warning("%s port %d sent a datagram that is no CoAP message", sender.address, sender.port)

    def _refuse_malformed(self, head: Head, sender: Sender) -> None:
        self._note_malformed(sender)
        if head.is_request and head.is_confirmable:
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
        )
        task = asyncio.create_task(self._admit(arrival, head, sender, message))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _admit(self, arrival: Arrival, head: Head, sender: Sender, message: Message) -> None:
        (answer,) = await self._door.admit([arrival], self._fleet())
        self._tell(answer, head, sender, message)

    def _tell_of_block(self, code: Code, head: Head, sender: Sender, block: Block) -> None:
        if code is Code.REQUEST_ENTITY_TOO_LARGE:
            self._door.count(Answer.TOO_LARGE)
        self._answer(code, head, sender, block1=block if code is Code.CONTINUE else None)

    def _tell(self, answer: Answer, head: Head, sender: Sender, message: Message) -> None:
        if answer is Answer.DUPLICATE and not head.is_confirmable:
            return  # RFC 7252, 4.5: a NON that comes again is silently ignored
        code = _CODES[answer]
        # Only a success goes without words: an empty acknowledgement of what was not kept would say "kept".
        if code is Code.CHANGED and (message.opt.no_response or 0) & _WANTS_NO_SUCCESS:
            if head.is_confirmable:
                self._send(bare_acknowledgement(head), sender)
            return
        max_age_s = RETRY_AFTER_S if answer is Answer.CANNOT_KEEP else None
        self._answer(code, head, sender, max_age_s=max_age_s, block1=message.opt.block1)

    def _answer(
        self,
        code: Code,
        head: Head,
        sender: Sender,
        *,
        max_age_s: int | None = None,
        block1: Block | None = None,
    ) -> None:
        if head.is_confirmable:
            self._send(acknowledgement(head, code, max_age_s=max_age_s, block1=block1), sender)
            return
        self._message_id = (self._message_id + 1) & 0xFFFF
        self._send(separate(head, self._message_id, code, max_age_s=max_age_s, block1=block1), sender)

    def _send(self, datagram: bytes, sender: Sender) -> None:
        """Send from the address that was asked; what the network refuses is repeated by the device."""
        self._transport.sendmsg(datagram, sender.ancillary, 0, sender.sockaddr)


def _parsed(datagram: bytes) -> Message | None:
    """Parse a message; None if its options cannot be read."""
    try:
        return Message.decode(datagram)
    except (UnparsableMessage, ValueError):
        return None
