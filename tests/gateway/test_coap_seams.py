"""What the listener relies on inside aiocoap: a release that changes it fails here, not in the field."""

import asyncio
import inspect
from pathlib import Path

import aiocoap
from aiocoap import blockwise
from aiocoap.messagemanager import MessageManager
from aiocoap.numbers.constants import TransportTuning
from aiocoap.util.asyncio.recvmsg import RecvmsgSelectorDatagramTransport

from gateway_door import TRUST, Stand
from narrowgate_gateway.coap import LONGEST_DATAGRAM_BYTES, CoapServer
from narrowgate_gateway.path_template import PathTemplate


async def opened(stand: Stand) -> CoapServer:
    """Open a listener."""
    template = PathTemplate.parse("nb/{device}/up")
    return await CoapServer.open("127.0.0.1", 0, template, TRUST, stand.door, lambda: stand.fleet)


def test_an_empty_acknowledgement_waits_for_the_exchange_lifetime(tmp_path: Path) -> None:
    """The library takes the delay from the class attribute that the listener sets, on every request."""

    async def delay_s() -> float:
        server = await opened(Stand(tmp_path))
        await server.close()
        return float(aiocoap.Message().transport_tuning.EMPTY_ACK_DELAY)

    assert asyncio.run(delay_s()) == TransportTuning().EXCHANGE_LIFETIME
    assert "request.transport_tuning.EMPTY_ACK_DELAY" in inspect.getsource(MessageManager._process_request)


def test_repeats_are_known_by_one_method_of_one_argument() -> None:
    """The library asks `_deduplicate_message(message)` and drops what it says is a repeat."""
    assert list(inspect.signature(MessageManager._deduplicate_message).parameters) == ["self", "message"]
    assert "self._deduplicate_message(message) is True" in inspect.getsource(MessageManager.dispatch_message)


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


def test_blocks_are_joined_by_the_spool_of_the_resource() -> None:
    """A resource joins blocks by `_block1.feed_and_take`, and a gap is a ValueError in it."""
    source = inspect.getsource(aiocoap.interfaces.Resource._render_to_pipe)

    assert "self._block1.feed_and_take(req)" in source
    assert list(inspect.signature(blockwise.Block1Spool.feed_and_take).parameters) == ["self", "req"]
