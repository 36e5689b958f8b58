"""The CoAP listener: uplinks by POST or PUT to a path template, answered after the journal's sync.

The protocol (messages, retransmission, block-wise, discovery) is aiocoap's; what may come in and what it is
told is the door's.
"""

import os
from collections.abc import Callable

import aiocoap
from aiocoap import error, resource
from aiocoap.messagemanager import MessageManager
from aiocoap.numbers import constants
from aiocoap.numbers.codes import Code

from narrowgate_fleet import Fleet
from narrowgate_gateway.door import Arrival, Door, Trust
from narrowgate_gateway.path_template import PathTemplate
from narrowgate_schema.words import Answer, Transport

RETRY_AFTER_S = 30
"""Max-Age of a 5.03: when a device may come again [s]."""

_CODES: dict[Answer, Code] = {
    Answer.KEPT: Code.CHANGED,
    Answer.DUPLICATE: Code.CHANGED,
    Answer.UNKNOWN_SENDER: Code.UNAUTHORIZED,
    Answer.FORBIDDEN: Code.FORBIDDEN,
    Answer.TOO_LARGE: Code.REQUEST_ENTITY_TOO_LARGE,
    Answer.TOO_FAST: Code.TOO_MANY_REQUESTS,
    Answer.CANNOT_KEEP: Code.SERVICE_UNAVAILABLE,
}


class _Uplinks(resource.Resource, resource.PathCapable):  # type: ignore[misc]  # aiocoap is untyped here
    """Takes every path; those that fit the template are uplinks."""

    def __init__(self, template: PathTemplate, trust: Trust, door: Door, fleet: Callable[[], Fleet]) -> None:
        super().__init__()
        self._template = template
        self._trust = trust
        self._door = door
        self._fleet = fleet

    async def needs_blockwise_assembly(self, request: aiocoap.Message) -> bool:
        """Assemble blocks, but never more of them than a payload may hold."""
        block = request.opt.block1
        if block is not None and block.start + len(request.payload) > self._trust.max_payload_bytes:
            raise error.RequestEntityTooLarge
        return True

    async def render(self, request: aiocoap.Message) -> aiocoap.Message:
        """Answer one request."""
        if request.code not in (Code.POST, Code.PUT):
            return aiocoap.Message(code=Code.METHOD_NOT_ALLOWED)
        fields = self._template.match(request.opt.uri_path)
        if fields is None:
            return aiocoap.Message(code=Code.NOT_FOUND)
        (answer,) = await self._door.admit([self._arrival(request, *fields)], self._fleet())
        response = aiocoap.Message(code=_CODES[answer])
        if answer is Answer.CANNOT_KEEP:
            response.opt.max_age = RETRY_AFTER_S
        return response

    def _arrival(self, request: aiocoap.Message, device: str, port: int | None) -> Arrival:
        address, source_port = request.remote.sockaddr[:2]
        return Arrival(
            trust=self._trust,
            transport=Transport.COAP,
            path="/".join(request.opt.uri_path),
            port=port,
            device=device,
            address=address.split("%")[0].removeprefix("::ffff:"),
            source_port=source_port,
            message_id=request.mid,
            token=bytes(request.token),
            confirmable=request.mtype is aiocoap.CON,
            payload=bytes(request.payload),
        )


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


async def listen(
    host: str, port: int, template: PathTemplate, trust: Trust, door: Door, fleet: Callable[[], Fleet]
) -> aiocoap.Context:
    """Open a CoAP listener; OSError if its address is taken or not this host's.

    Returns:
        The context; `await context.shutdown()` closes it.
    """
    # An empty ACK would tell the device "received" before the sync: it waits for the answer instead.
    constants.TransportTuning.EMPTY_ACK_DELAY = constants.TransportTuning().MAX_TRANSMIT_WAIT
    # A second gateway on the same port must be refused, not share its datagrams.
    os.environ["AIOCOAP_REUSE_PORT"] = "0"
    site = _Site(_Uplinks(template, trust, door, fleet))
    context = await aiocoap.Context.create_server_context(site, bind=(host, port), transports=["udp6"])
    for interface in context.request_interfaces:
        _count_repeats(interface.token_interface, door)
    return context


def _count_repeats(messages: MessageManager, door: Door) -> None:
    """Have the door count the messages that aiocoap itself knows again and answers as before."""
    knows_again = messages._deduplicate_message  # no public way; a test holds this seam

    def counted(message: aiocoap.Message) -> bool:
        repeated: bool = knows_again(message)
        if repeated:
            door.count_repeat()
        return repeated

    messages._deduplicate_message = counted
