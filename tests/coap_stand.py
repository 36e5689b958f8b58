"""A CoAP listener before a door, and devices that act against it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from coap_wire import Seen, device, exchange
from gateway_door import LOCAL, TRUST, Stand
from narrowgate_gateway.coap import NO_LIMITS, CoapServer
from narrowgate_gateway.coap_uplinks import Limits
from narrowgate_gateway.door import Trust
from narrowgate_gateway.path_template import PathTemplate

TEMPLATE = PathTemplate.parse("nb/{device}/up")
STRANGERS = Trust("coap", "", LOCAL[2:], 4000)


@asynccontextmanager
async def listening(
    stand: Stand, trust: Trust = TRUST, host: str = "127.0.0.1", limits: Limits = NO_LIMITS
) -> AsyncIterator[CoapServer]:
    """Open a listener before a door."""
    async with stand.committing():
        server = await CoapServer.open(
            host, 0, TEMPLATE, trust, stand.door, lambda: stand.fleet, limits=limits
        )
        try:
            yield server
        finally:
            stand.journal.gate.set()
            await server.close()


def told(stand: Stand, act: Callable[[int], object], trust: Trust = TRUST, host: str = "127.0.0.1") -> object:
    """Let a device act, in a thread of its own, against a listener on a port."""

    async def scenario() -> object:
        async with listening(stand, trust, host) as server:
            return await asyncio.to_thread(act, server.port)

    return asyncio.run(scenario())


def one_exchange(datagram: bytes, host: str = "127.0.0.1") -> Callable[[int], Seen]:
    """Give the act of one device that sends one datagram and waits."""

    def act(port: int) -> Seen:
        with device(port, host) as one:
            return exchange(one, datagram)

    return act
