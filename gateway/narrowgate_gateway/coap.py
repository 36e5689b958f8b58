"""The CoAP listener: uplinks by POST or PUT to a path template, answered after the journal's sync.

The intake takes uplinks; ping, discovery and what is no uplink are aiocoap's. What may come in and what it is
told is the door's.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any

import aiocoap
from aiocoap import resource
from aiocoap.numbers.codes import Code
from aiocoap.transports.udp6 import MessageInterfaceUDP6

from narrowgate_fleet import Fleet
from narrowgate_gateway.coap_intake import DISCOVERY, Ancillary, Intake
from narrowgate_gateway.door import Door, Trust
from narrowgate_gateway.path_template import PathTemplate

RECEIVE_BUFFER_BYTES = 4 << 20
"""What is asked of the kernel for datagrams that wait while the loop is busy; it may grant less."""

LONGEST_DATAGRAM_BYTES = 1 << 16


class _NoUplinks(resource.Resource, resource.PathCapable):  # type: ignore[misc]  # aiocoap is untyped here
    """Takes every path that has no other resource, and refuses."""

    async def needs_blockwise_assembly(self, request: aiocoap.Message) -> bool:
        """Keep no blocks of what is refused anyway."""
        return False

    async def render(self, request: aiocoap.Message) -> aiocoap.Message:
        """Answer one request."""
        is_upload = request.code in (Code.POST, Code.PUT)
        return aiocoap.Message(code=Code.NOT_FOUND if is_upload else Code.METHOD_NOT_ALLOWED)


class _Discovery(resource.WKCResource):  # type: ignore[misc]
    """The list of links, which fits one message."""

    async def needs_blockwise_assembly(self, request: aiocoap.Message) -> bool:
        """Keep neither blocks nor cut answers."""
        return False


class _Site(resource.Site):  # type: ignore[misc]
    """A site whose root takes what no other resource does."""

    def __init__(self) -> None:
        super().__init__()
        self._rest = _NoUplinks()
        self.add_resource(DISCOVERY, _Discovery(self.get_resources_as_linkheader))

    def _find_child_and_pathstripped_message(
        self, request: aiocoap.Message
    ) -> tuple[resource.Resource, aiocoap.Message]:
        try:
            found: tuple[resource.Resource, aiocoap.Message] = super()._find_child_and_pathstripped_message(
                request
            )
        except KeyError:
            return self._rest, request
        return found


class _Interface(MessageInterfaceUDP6):  # type: ignore[misc]
    """The library's way to the socket, with an intake before it from the first datagram on."""

    intake: Intake | None = None

    def datagram_msg_received(
        self, data: bytes, ancdata: Ancillary, flags: int, address: tuple[Any, ...]
    ) -> None:
        """Take a datagram; what comes while the listener opens is sent again by its device."""
        if self.intake is not None:
            self.intake.take(data, ancdata, flags, address)

    def pass_on(self, data: bytes, ancdata: Ancillary, flags: int, address: tuple[Any, ...]) -> None:
        """Give the library a datagram."""
        super().datagram_msg_received(data, ancdata, flags, address)


class CoapServer:
    """One open CoAP listener."""

    def __init__(self, context: aiocoap.Context, intake: Intake) -> None:
        """Stand for an open context; `open` makes one."""
        self._context = context
        self._intake = intake

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
        context = await _opened(host, port)
        (requests,) = context.request_interfaces
        interface = requests.token_interface.message_interface
        interface.intake = Intake(interface.transport, interface.pass_on, template, trust, door, fleet)
        return cls(context, interface.intake)

    @property
    def _messages(self) -> Any:
        (interface,) = self._context.request_interfaces
        return interface.token_interface

    @property
    def _transport(self) -> Any:
        return self._messages.message_interface.transport

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
        await self._intake.close()
        await self._context.shutdown()


async def _opened(host: str, port: int) -> aiocoap.Context:
    """Open the library's part."""
    # A second gateway on the same port must be refused, not share its datagrams.
    os.environ["AIOCOAP_REUSE_PORT"] = "0"
    context = aiocoap.Context(serversite=_Site(), loggername="coap-server")
    await context._append_tokenmanaged_messagemanaged_transport(
        lambda messages: _Interface.create_server_transport_endpoint(
            messages, context.log, asyncio.get_running_loop(), bind=(host, port), multicast=[]
        )
    )
    (requests,) = context.request_interfaces
    messages = requests.token_interface
    # It would remember every request for minutes. All that reaches it may be asked twice.
    messages._deduplicate_message = _is_never_known_again
    transport = messages.message_interface.transport
    # Its own 4096 bytes would cut a longer datagram, and the cut frame would pass for a whole one.
    transport.max_size = LONGEST_DATAGRAM_BYTES
    listening = transport.get_extra_info("socket")
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    return context


def _is_never_known_again(message: aiocoap.Message) -> bool:
    """Stand in for the library's memory of message ids: the door has one, of a fixed size."""
    return False
