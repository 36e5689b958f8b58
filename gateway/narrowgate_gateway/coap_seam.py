"""aiocoap on the listener's socket: it gets datagrams from the intake, and sends by addresses of ours.

Rule 1: nobody is sent more than three times what came from there, as the address may be another's (RFC 7252,
11.3; RFC 9175, 2.4 has the factor).
Rule 2: aiocoap remembers no request; all that reaches it may be asked twice.
"""

import asyncio
import inspect
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

import aiocoap
import numpy as np
from aiocoap import interfaces, resource
from aiocoap.numbers.codes import Code
from aiocoap.pipe import error_to_message, run_driving_pipe
from aiocoap.transports.generic_udp import GenericMessageInterface
from aiocoap.util import hostportjoin
from numpy.typing import NDArray

from narrowgate_gateway.coap_messages import Sender
from narrowgate_gateway.coap_paths import DISCOVERY

AMPLIFICATION = 3
_TOKEN_BYTES = 8
MOST_TO_A_DEVICE_BYTES = 8192
"""What one request and its repeats may come to [B]."""

Send = Callable[[bytes, Sender], None]


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
        self.add_resource(DISCOVERY, _Discovery(self.get_resources_as_linkheader, impl_info=None))

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


class _Context(aiocoap.Context):  # type: ignore[misc]
    """A context whose requests may give way to the next with their token before their turn comes."""

    def render_to_pipe(self, pipe: Any) -> None:
        """Answer the request of a pipe."""
        rendering = self._render_to_pipe(pipe)
        run_driving_pipe(error_to_message(pipe, self.log), rendering, name="coap request")
        # A task that is cancelled before it began never looks at what it was to wait for.
        pipe.on_interest_end(lambda: _close_unbegun(rendering))


def _close_unbegun(rendering: Coroutine[Any, Any, None]) -> None:
    if inspect.getcoroutinestate(rendering) == inspect.CORO_CREATED:
        rendering.close()


class _Remote(interfaces.EndpointAddress):  # type: ignore[misc]
    """Who sent a datagram, and how much may be sent there for it."""

    scheme = "coap"
    is_multicast = False
    is_multicast_locally = False

    def __init__(self, sender: Sender, most_bytes: int, send: Send, local: str) -> None:
        self._sender = sender
        self._left_bytes = most_bytes
        self._send = send
        self._local = local

    def send(self, datagram: bytes) -> None:
        """Send as long as it is little; what is too much is lost as on any network."""
        if len(datagram) <= self._left_bytes:
            self._left_bytes -= len(datagram)
            self._send(datagram, self._sender)

    def __hash__(self) -> int:
        return hash(self._sender.sockaddr)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Remote) and self._sender.sockaddr == other._sender.sockaddr

    @property
    def hostinfo(self) -> str:
        """Give who it is, as in a URI."""
        joined: str = hostportjoin(self._sender.address, self._sender.port)
        return joined

    @property
    def hostinfo_local(self) -> str:
        """Give this server, as in a URI."""
        return self._local

    @property
    def uri_base(self) -> str:
        """Give the URI of who it is."""
        return f"coap://{self.hostinfo}"

    @property
    def uri_base_local(self) -> str:
        """Give the URI of this server."""
        return f"coap://{self._local}"

    @property
    def blockwise_key(self) -> object:
        """Give what blocks of one sender have in common."""
        return self._sender.sockaddr


class _Interface(GenericMessageInterface):  # type: ignore[misc]
    """Sends where it is told to; it finds nobody by a name."""

    async def recognize_remote(self, remote: object) -> bool:
        """Tell whether an address is one of ours."""
        return isinstance(remote, _Remote)

    async def determine_remote(self, request: aiocoap.Message) -> None:
        """Know nobody but by an address of ours."""


class _NoPool:
    """Where aiocoap would look for bound sockets: there is one, and it is not aiocoap's."""

    async def shutdown(self) -> None:
        """Leave the socket to its owner."""


class Seam:
    """An aiocoap server without a socket."""

    def __init__(self, context: aiocoap.Context, interface: Any, send: Send, local: str) -> None:
        """Stand for an open context; `open` makes one."""
        self.context = context
        self._interface = interface
        self._send = send
        self._local = local

    @classmethod
    async def open(cls, send: Send, host: str, port: int) -> "Seam":
        """Make one that sends by a function from a socket at an address."""
        context = _Context(serversite=_Site(), loggername="coap-server")

        async def interface(messages: Any) -> GenericMessageInterface:
            made = _Interface(messages, context.log, asyncio.get_running_loop())
            made._pool = _NoPool()
            return made

        await context._append_tokenmanaged_messagemanaged_transport(interface)
        (requests,) = context.request_interfaces
        # The library counts its tokens; who cannot guess them cannot answer for a device (RFC 7252, 5.3.1).
        requests.next_token = lambda: secrets.token_bytes(_TOKEN_BYTES)
        messages = requests.token_interface
        messages._deduplicate_message = _is_never_known_again
        return cls(context, messages.message_interface, send, hostportjoin(host, port))

    @property
    def messages(self) -> Any:
        """Give aiocoap's message layer."""
        (requests,) = self.context.request_interfaces
        return requests.token_interface

    def feed(self, datagram: bytes, sender: Sender) -> None:
        """Give it a datagram."""
        remote = _Remote(sender, AMPLIFICATION * len(datagram), self._send, self._local)
        self._interface._received_datagram(remote, datagram)

    def waits_for(self, message_ids: NDArray[np.uint16], tokens: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Tell which replies have the message id or the token of a request of ours that is open, (n,).

        Args:
            message_ids: (n,).
            tokens: (n, 8), zero behind each token.
        """
        (requests,) = self.context.request_interfaces
        open_ids = [message_id for _, message_id in self.messages._active_exchanges]
        open_tokens = b"".join(token.ljust(_TOKEN_BYTES, b"\0") for token, _ in requests.outgoing_requests)
        has_id = np.isin(message_ids, np.array(open_ids, np.uint16))
        words = np.ascontiguousarray(tokens).view(np.uint64)[:, 0]
        is_awaited: NDArray[np.bool_] = has_id | np.isin(words, np.frombuffer(open_tokens, np.uint64))
        return is_awaited

    def remote(self, sender: Sender) -> _Remote:
        """Give a device that has proved who it is, to be sent requests."""
        return _Remote(sender, MOST_TO_A_DEVICE_BYTES, self._send, self._local)

    def message_ids(self, n: int) -> int:
        """Give the first of n message ids that it will not use itself: there is one space of them."""
        first: int = self.messages.message_id
        self.messages.message_id = (first + n) & 0xFFFF
        return first

    async def close(self) -> None:
        """End it."""
        await self.context.shutdown()


def _is_never_known_again(message: aiocoap.Message) -> bool:
    """Stand in for the library's memory of message ids: the door has one, of a fixed size."""
    return False
