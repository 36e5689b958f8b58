"""A bare aiocoap server that takes what it is sent and keeps nothing: `python -m … PORT`."""

import asyncio
import sys

import aiocoap
from aiocoap import resource


class _Taker(resource.Resource, resource.PathCapable):  # type: ignore[misc]  # aiocoap is untyped here
    async def render_post(self, request: aiocoap.Message) -> aiocoap.Message:
        """Take an uplink."""
        return aiocoap.Message(code=aiocoap.CHANGED)


async def _serve(port: int) -> None:
    site = resource.Site()
    site.add_resource(["nb"], _Taker())
    # UDP alone: by itself it would also want the same number of TCP's, which somebody else may have.
    await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", port), transports=["udp6"])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
