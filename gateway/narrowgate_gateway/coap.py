"""The CoAP listener: uplinks by POST or PUT to a path template, answered after the journal's sync.

The protocol (messages, retransmission, block-wise, discovery) is aiocoap's; what may come in and what it is
told is the door's.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiocoap
from aiocoap import error, resource
from aiocoap.blockwise import Block1Spool, IncompleteException
from aiocoap.messagemanager import MessageManager
from aiocoap.numbers import constants
from aiocoap.numbers.codes import Code

from narrowgate_fleet import Fleet
from narrowgate_gateway.door import Arrival, Door, Trust
from narrowgate_gateway.path_template import PathTemplate
from narrowgate_schema.words import Answer, Transport

RETRY_AFTER_S = 30
"""Max-Age of a 5.03: when a device may come again [s]."""

RECEIVE_BUFFER_BYTES = 4 << 20
"""What is asked of the kernel for datagrams that wait while the loop is busy; it may grant less."""

LONGEST_DATAGRAM_BYTES = 1 << 16
_LAST_ANSWERS_S = 2.0

_CODES: dict[Answer, Code] = {
    Answer.KEPT: Code.CHANGED,
    Answer.DUPLICATE: Code.CHANGED,
    Answer.UNKNOWN_SENDER: Code.UNAUTHORIZED,
    Answer.FORBIDDEN: Code.FORBIDDEN,
    Answer.TOO_LARGE: Code.REQUEST_ENTITY_TOO_LARGE,
    Answer.TOO_FAST: Code.TOO_MANY_REQUESTS,
    Answer.CANNOT_KEEP: Code.SERVICE_UNAVAILABLE,
}


class _Blocks(Block1Spool):  # type: ignore[misc]  # aiocoap is untyped here
    """Joins blocks; one that does not follow the one before is the device's fault (4.08), not ours."""

    def feed_and_take(self, request: aiocoap.Message) -> aiocoap.Message:
        try:
            return super().feed_and_take(request)
        except ValueError:
            raise IncompleteException from None


class _Uplinks(resource.Resource, resource.PathCapable):  # type: ignore[misc]
    """Takes every path; those that fit the template are uplinks."""

    def __init__(self, template: PathTemplate, trust: Trust, door: Door, fleet: Callable[[], Fleet]) -> None:
        super().__init__()
        self._block1 = _Blocks()
        self._template = template
        self._trust = trust
        self._door = door
        self._fleet = fleet
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def needs_blockwise_assembly(self, request: aiocoap.Message) -> bool:
        """Assemble blocks, but none of a stranger, and never more of them than a payload may hold."""
        block = request.opt.block1
        if block is None:
            return False
        if not self._trust.admits(_source(request)[0]):
            self._door.count(Answer.FORBIDDEN)
            raise error.Forbidden
        if block.start + len(request.payload) > self._trust.max_payload_bytes:
            self._door.count(Answer.TOO_LARGE)
            raise error.RequestEntityTooLarge
        return True

    async def render(self, request: aiocoap.Message) -> aiocoap.Message:
        """Answer one request."""
        if request.code not in (Code.POST, Code.PUT):
            return aiocoap.Message(code=Code.METHOD_NOT_ALLOWED)
        fields = self._template.match(request.opt.uri_path)
        if fields is None:
            return aiocoap.Message(code=Code.NOT_FOUND)
        self._under_way += 1
        self._idle.clear()
        try:
            (answer,) = await self._door.admit([self._arrival(request, *fields)], self._fleet())
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()
        response = aiocoap.Message(code=_CODES[answer])
        if answer is Answer.CANNOT_KEEP:
            response.opt.max_age = RETRY_AFTER_S
        return response

    async def idle(self) -> None:
        """Return when every request that came in has its answer."""
        await self._idle.wait()

    def _arrival(self, request: aiocoap.Message, device: str, port: int | None) -> Arrival:
        address, source_port = _source(request)
        return Arrival(
            trust=self._trust,
            transport=Transport.COAP,
            path="/".join(request.opt.uri_path),
            port=port,
            device=device,
            address=address,
            source_port=source_port,
            message_id=request.mid,
            token=bytes(request.token),
            confirmable=request.mtype is aiocoap.CON,
            payload=bytes(request.payload),
        )


def _source(request: aiocoap.Message) -> tuple[str, int]:
    """Give a sender's address, IPv4 where it is one, and port."""
    address, port = request.remote.sockaddr[:2]
    return address.split("%")[0].removeprefix("::ffff:"), port


class _Site(resource.Site):  # type: ignore[misc]
    """A site whose root takes what no other resource does."""

    def __init__(self, uplinks: _Uplinks) -> None:
        super().__init__()
        self._uplinks = uplinks
        self.add_resource([".well-known", "core"], resource.WKCResource(self.get_resources_as_linkheader))

    def _find_child_and_pathstripped_message(
        self, request: aiocoap.Message
    ) -> tuple[resource.Resource, aiocoap.Message]:
        try:
            found: tuple[resource.Resource, aiocoap.Message] = super()._find_child_and_pathstripped_message(
                request
            )
        except KeyError:
            return self._uplinks, request
        return found


class CoapServer:
    """One open CoAP listener."""

    def __init__(self, context: aiocoap.Context, uplinks: _Uplinks) -> None:
        """Stand for an open context; `open` makes one."""
        self._context = context
        self._uplinks = uplinks

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        template: PathTemplate,
        trust: Trust,
        door: Door,
        fleet: Callable[[], Fleet],
    ) -> "CoapServer":
        """Open a listener; OSError if its address is taken or not this host's.

        Args:
            host: address to bind; `::` takes IPv4 too.
            port: UDP port; 0 lets the system choose.
            template: where in a path the device stands.
            trust: what it takes from whom.
            door: who judges and keeps.
            fleet: gives the newest registry.
        """
        # An empty ACK would tell the device "received" before the sync: it waits for the answer instead, and
        # past the exchange's lifetime nobody listens for that message id any more.
        constants.TransportTuning.EMPTY_ACK_DELAY = constants.TransportTuning().EXCHANGE_LIFETIME
        # A second gateway on the same port must be refused, not share its datagrams.
        os.environ["AIOCOAP_REUSE_PORT"] = "0"
        uplinks = _Uplinks(template, trust, door, fleet)
        context = await aiocoap.Context.create_server_context(
            _Site(uplinks), bind=(host, port), transports=["udp6"]
        )
        server = cls(context, uplinks)
        for interface in context.request_interfaces:
            _count_repeats(interface.token_interface, door)
        transport = server._transport
        # Its own 4096 bytes would cut a longer datagram, and the cut frame would pass for a whole one.
        transport.max_size = LONGEST_DATAGRAM_BYTES
        server._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        return server

    @property
    def _transport(self) -> Any:
        (interface,) = self._context.request_interfaces
        return interface.token_interface.message_interface.transport

    @property
    def _socket(self) -> socket.socket:
        listening: socket.socket = self._transport.get_extra_info("socket")
        return listening

    @property
    def port(self) -> int:
        """Give the UDP port that it listens on."""
        return int(self._socket.getsockname()[1])

    @property
    def receive_buffer_bytes(self) -> int:
        """Give what the kernel granted for waiting datagrams, its bookkeeping included [B]."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    async def close(self) -> None:
        """Let the answers that are due go out, then close the socket."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._uplinks.idle(), _LAST_ANSWERS_S)
        await self._context.shutdown()


def _count_repeats(messages: MessageManager, door: Door) -> None:
    """Have the door count the messages that aiocoap itself knows again and answers as before."""
    knows_again = messages._deduplicate_message  # no public way; a test holds this seam

    def counted(message: aiocoap.Message) -> bool:
        repeated: bool = knows_again(message)
        if repeated:
            door.count(Answer.DUPLICATE)
        return repeated

    messages._deduplicate_message = counted
