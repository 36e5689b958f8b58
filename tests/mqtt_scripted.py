"""A broker that says what a test tells it to, byte by byte: for brokers that no package brings."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mosquitto import SOON_S

CONNACK = bytes.fromhex("2003000000")
CONNACK_SESSION = bytes.fromhex("2003010000")
TAKEN_OVER = bytes.fromhex("e0028e00")


def suback(request: bytes, reason: int = 1) -> bytes:
    """Answer a SUBSCRIBE of MQTT 5."""
    return b"\x90\x04" + request[2:4] + b"\x00" + bytes([reason])


def publish(topic: str, payload: bytes, mid: int, *, dup: bool = False) -> bytes:
    """Give a PUBLISH of MQTT 5 at QoS 1."""
    name = topic.encode()
    body = struct.pack(">H", len(name)) + name + struct.pack(">H", mid) + b"\x00" + payload
    return bytes([0x3A if dup else 0x32, len(body)]) + body


class Visit:
    """One connection of the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Stand at the broker's end."""
        self._reader = reader
        self._writer = writer

    async def packet(self) -> bytes:
        """Give the next packet of less than 128 bytes; b'' at the end of the connection."""
        try:
            head = await self._reader.readexactly(2)
            return head + await self._reader.readexactly(head[1])
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    def say(self, *packets: bytes) -> None:
        """Send packets."""
        self._writer.write(b"".join(packets))

    async def subscribed(self, connack: bytes = CONNACK) -> None:
        """Let it connect and subscribe."""
        assert (await self.packet())[0] == 0x10
        self.say(connack)
        self.say(suback(await self.packet()))

    async def puback(self) -> int:
        """Give the packet identifier of the next PUBACK; 0 if the connection ends before one."""
        while packet := await self.packet():
            if packet[0] == 0x40:
                return int.from_bytes(packet[2:4], "big")
        return 0

    def cut(self) -> None:
        """Break the connection without a word."""
        self._writer.transport.abort()


class Scripted:
    """A port where the gateway's visits are waited for."""

    def __init__(self) -> None:
        """Expect no visit so far."""
        self.port = 0
        self.visits = 0
        self._waiting: asyncio.Queue[Visit] = asyncio.Queue()

    async def visit(self) -> Visit:
        """Give the next connection."""
        async with asyncio.timeout(SOON_S):
            return await self._waiting.get()

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        self._waiting.put_nowait(Visit(reader, writer))


@asynccontextmanager
async def scripted() -> AsyncIterator[Scripted]:
    """Open a scripted broker on a port of this host."""
    broker = Scripted()
    server = await asyncio.start_server(broker._visited, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
