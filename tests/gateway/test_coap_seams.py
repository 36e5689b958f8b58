"""What the listener relies on inside aiocoap: a release that changes it fails here, not in the field."""

import asyncio
import inspect
from pathlib import Path

import aiocoap
from aiocoap.messagemanager import MessageManager
from aiocoap.transports.udp6 import MessageInterfaceUDP6
from aiocoap.util.asyncio.recvmsg import RecvmsgSelectorDatagramTransport

from gateway_door import TRUST, Stand
from narrowgate_gateway.coap import LONGEST_DATAGRAM_BYTES, CoapServer
from narrowgate_gateway.path_template import PathTemplate


async def opened(stand: Stand) -> CoapServer:
    """Open a listener."""
    template = PathTemplate.parse("nb/{device}/up")
    return await CoapServer.open("127.0.0.1", 0, template, TRUST, stand.door, lambda: stand.fleet)


def test_repeats_are_known_by_one_method_of_one_argument() -> None:
    """The library asks `_deduplicate_message(message)` and remembers requests nowhere else."""
    source = inspect.getsource(MessageManager)

    assert list(inspect.signature(MessageManager._deduplicate_message).parameters) == ["self", "message"]
    assert "self._deduplicate_message(message) is True" in source
    assert source.count("self._recent_messages[key] = None") == 1


def test_datagrams_reach_the_library_by_one_method_of_its_interface() -> None:
    """The transport gives each datagram to `datagram_msg_received`, which the listener's interface takes."""
    names = ["self", "data", "ancdata", "flags", "address"]

    assert list(inspect.signature(MessageInterfaceUDP6.datagram_msg_received).parameters) == names
    reading = inspect.getsource(RecvmsgSelectorDatagramTransport._read_ready)
    assert "self._protocol.datagram_msg_received(data, ancdata, flags, addr)" in reading


def test_an_interface_is_opened_as_the_library_opens_its_own() -> None:
    """The library's servers come by the same two methods, with the same arguments."""
    opening = inspect.getsource(aiocoap.Context.create_server_context)

    assert "self._append_tokenmanaged_messagemanaged_transport(" in opening
    made = inspect.signature(MessageInterfaceUDP6.create_server_transport_endpoint).parameters
    assert list(made) == ["ctx", "log", "loop", "bind", "multicast"]


def test_an_answer_is_sent_by_the_transports_own_method() -> None:
    """`sendmsg` takes bytes, ancillary data, flags and an address, as recvmsg gave them."""
    names = ["self", "data", "ancdata", "flags", "address"]

    assert list(inspect.signature(RecvmsgSelectorDatagramTransport.sendmsg).parameters) == names


def test_a_datagram_is_read_up_to_the_transports_size(tmp_path: Path) -> None:
    """The transport reads `max_size` bytes, and the listener sets it to the longest datagram there is."""

    async def size() -> int:
        server = await opened(Stand(tmp_path))
        found: int = server._transport.max_size
        await server.close()
        return found

    assert asyncio.run(size()) == LONGEST_DATAGRAM_BYTES
    assert "self.max_size" in inspect.getsource(RecvmsgSelectorDatagramTransport._read_ready)


def test_the_port_is_not_shared() -> None:
    """The library looks at AIOCOAP_REUSE_PORT before it shares a port."""
    assert "AIOCOAP_REUSE_PORT" in inspect.getsource(aiocoap.defaults.has_reuse_port)


def test_a_resource_may_do_without_blocks() -> None:
    """Blocks and cut answers are held only where `needs_blockwise_assembly` says so."""
    source = inspect.getsource(aiocoap.interfaces.Resource._render_to_pipe)

    assert source.index("if await self.needs_blockwise_assembly(req):") < source.index("feed_and_take")
