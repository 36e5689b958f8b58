"""A real CoAP server on a loopback port, which keeps what it was sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiocoap
from aiocoap import resource

from narrowgate_simulators import Target


@dataclass
class PretendGateway(resource.Resource, resource.PathCapable):  # type: ignore[misc]
    """Answers every POST below its path with the next of its codes, then with 2.04."""

    codes: list[object] = field(default_factory=list)
    kept: list[tuple[str, int]] = field(default_factory=list)
    """(device, sequence) of every request that reached the resource."""
    path: str = "nb"

    def __post_init__(self) -> None:
        """Make the resource."""
        super().__init__()

    async def render_post(self, request: aiocoap.Message) -> aiocoap.Message:
        """Keep a request and answer it."""
        code = self.codes.pop(0) if self.codes else aiocoap.CHANGED
        if code is aiocoap.CHANGED:
            self.kept.append((request.opt.uri_path[0], int.from_bytes(request.token, "big")))
        return aiocoap.Message(code=code)

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator[Target]:
        """Listen on a port of 127.0.0.1, a free one by default."""
        site = resource.Site()
        site.add_resource([self.path], self)
        context = await aiocoap.Context.create_server_context(
            site, bind=("127.0.0.1", port), transports=["udp6"]
        )
        try:
            yield Target("127.0.0.1", _port(context))
        finally:
            await context.shutdown()


def _port(context: aiocoap.Context) -> int:
    interface = context.request_interfaces[0].token_interface.message_interface
    return int(interface.transport.get_extra_info("socket").getsockname()[1])
