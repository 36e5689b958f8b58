"""What the listener relies on inside aiocoap: a release that changes it fails here, not in the field."""

import asyncio
import gc
import inspect

import aiocoap
import numpy as np
import pytest
from aiocoap.messagemanager import MessageManager
from aiocoap.tokenmanager import TokenManager
from aiocoap.transports.generic_udp import GenericMessageInterface

from coap_wire import GET, read, request
from narrowgate_gateway.coap_messages import Sender
from narrowgate_gateway.coap_seam import Seam


def test_repeats_are_known_by_one_method_of_one_argument() -> None:
    """The library asks `_deduplicate_message(message)` and remembers requests nowhere else."""
    source = inspect.getsource(MessageManager)

    assert list(inspect.signature(MessageManager._deduplicate_message).parameters) == ["self", "message"]
    assert "self._deduplicate_message(message) is True" in source
    assert source.count("self._recent_messages[key] = None") == 1


def test_datagrams_reach_the_library_by_one_method_of_its_interface() -> None:
    """`_received_datagram` takes an address and bytes, and hands the message to the message layer."""
    taken = inspect.signature(GenericMessageInterface._received_datagram).parameters

    assert list(taken) == ["self", "address", "datagram"]
    assert "self._mman.dispatch_message(message)" in inspect.getsource(GenericMessageInterface)


def test_the_library_sends_by_the_address_of_a_message() -> None:
    """What it sends goes out by `send` of the address that it came from, as bytes."""
    assert "message.remote.send(message.encode())" in inspect.getsource(GenericMessageInterface.send)


def test_an_interface_ends_with_its_pool() -> None:
    """`_pool.shutdown` is all that the interface asks of a pool before commands are sent."""
    assert "await self._pool.shutdown()" in inspect.getsource(GenericMessageInterface.shutdown)


def test_an_interface_is_opened_as_the_library_opens_its_own() -> None:
    """The library's servers come by the same method."""
    opening = inspect.getsource(aiocoap.Context.create_server_context)

    assert "self._append_tokenmanaged_messagemanaged_transport(" in opening


def test_message_ids_are_one_space() -> None:
    """Ids that the listener takes are not given by the library after it, and the space is a ring."""

    async def taken() -> tuple[int, int]:
        seam = await Seam.open(lambda datagram, sender: None, "127.0.0.1", 5683)
        seam.messages.message_id = 0xFFFE
        first = seam.message_ids(3)
        following = seam.messages._next_message_id()
        await seam.close()
        return first, following

    assert asyncio.run(taken()) == (0xFFFE, 1)


def test_a_resource_may_do_without_blocks() -> None:
    """Blocks and cut answers are held only where `needs_blockwise_assembly` says so."""
    source = inspect.getsource(aiocoap.interfaces.Resource._render_to_pipe)

    assert source.index("if await self.needs_blockwise_assembly(req):") < source.index("feed_and_take")


def test_a_request_that_gives_way_before_its_turn_leaves_nothing_behind(
    recwarn: pytest.WarningsRecorder,
) -> None:
    """Of two requests with one token the second is answered, and the first was never begun."""

    async def answered() -> int:
        told: list[bytes] = []
        seam = await Seam.open(lambda datagram, sender: told.append(datagram), "127.0.0.1", 5683)
        sockaddr = b"\x0a\x00\x9c\x40" + bytes(4 + 10) + b"\xff\xff\x7f\x00\x00\x01" + bytes(4)
        sender = Sender.read(sockaddr, None)
        for message_id in (1, 2):
            seam.feed(request(message_id, b"", path=("elsewhere",), code=GET), sender)
        for _ in range(5):
            await asyncio.sleep(0)
        await seam.close()
        return len([datagram for datagram in told if read(datagram).code == "4.05"])

    assert asyncio.run(answered()) == 1
    gc.collect()
    assert [str(warning.message) for warning in recwarn if warning.category is RuntimeWarning] == []


def test_only_what_answers_an_open_request_is_waited_for() -> None:
    """Its message id or its token, until it is answered; before any request there is nothing to wait for."""

    async def found() -> list[list[bool]]:
        seam = await Seam.open(lambda datagram, sender: None, "127.0.0.1", 5683)
        sockaddr = b"\x0a\x00\x9c\x40" + bytes(4 + 10) + b"\xff\xff\x7f\x00\x00\x01" + bytes(4)
        sender = Sender.read(sockaddr, None)
        message = aiocoap.Message(code=aiocoap.POST, uri_path=("down",))
        message.remote = seam.remote(sender)

        def waits() -> list[bool]:
            tokens = np.zeros((3, 8), np.uint8)
            tokens[1, : len(message.token)] = np.frombuffer(message.token, np.uint8)
            ids = np.array([message.mid or 0, 1 ^ (message.mid or 0), 1 ^ (message.mid or 0)], np.uint16)
            return [bool(waited) for waited in seam.waits_for(ids, tokens)]

        seen = [waits()]
        asked = seam.context.request(message, handle_blockwise=False)
        while not seam.messages._active_exchanges:
            await asyncio.sleep(0)
        seen.append(waits())
        answer = aiocoap.Message(code=aiocoap.CHANGED, _token=message.token, _mid=message.mid)
        answer.mtype = aiocoap.ACK
        seam.feed(answer.encode(), sender)
        await asked.response
        seen.append(waits())
        await seam.close()
        return seen

    assert asyncio.run(found()) == [[False] * 3, [True, True, False], [False] * 3]


def test_tokens_of_ours_cannot_be_guessed() -> None:
    """The library asks `next_token` for each request, and gets eight bytes by chance."""

    async def drawn() -> list[bytes]:
        seam = await Seam.open(lambda datagram, sender: None, "127.0.0.1", 5683)
        (requests,) = seam.context.request_interfaces
        tokens = [requests.next_token() for _ in range(3)]
        await seam.close()
        return tokens

    tokens = asyncio.run(drawn())
    assert "msg.token = self.next_token()" in inspect.getsource(TokenManager.request)
    assert ([len(token) for token in tokens], len({token[:7] for token in tokens})) == ([8, 8, 8], 3)
