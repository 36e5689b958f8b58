"""The wire between gateway and broker: it notes what is offered and acknowledged, and can be cut."""

import asyncio
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_PUBLISH, _PUBACK = 3, 4
_DUP = 0x08


@dataclass
class Notes:
    """What went over the wire, by payload, over all connections."""

    offered: Counter[bytes] = field(default_factory=Counter)
    """How often the broker sent it."""
    afresh: Counter[bytes] = field(default_factory=Counter)
    """How often it did so for the first time, as a new message, or after it was acknowledged."""
    acknowledged: set[bytes] = field(default_factory=set)


class Wire:
    """A port of this host that leads to the broker's."""

    def __init__(self, broker_port: int) -> None:
        """Lead to a port."""
        self.port = 0
        self.notes = Notes()
        self._broker_port = broker_port
        self._ends: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.get_running_loop()

    def cut(self) -> None:
        """Break every connection without a word; any thread may."""
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for end in self._ends:
            end.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._ends |= ends
        offered: dict[int, bytes] = {}
        ways = [
            asyncio.create_task(_carry(far_reader, writer, lambda packet: self._note_offer(packet, offered))),
            asyncio.create_task(_carry(reader, far_writer, lambda packet: self._note_ack(packet, offered))),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in ends:
            end.transport.abort()
        self._ends -= ends

    def _note_offer(self, packet: bytes, offered: dict[int, bytes]) -> None:
        if packet[0] >> 4 != _PUBLISH:
            return
        body = packet[2 if packet[1] < 128 else 3 :]
        (topic_bytes,) = struct.unpack_from(">H", body)
        (mid,) = struct.unpack_from(">H", body, 2 + topic_bytes)
        payload = body[2 + topic_bytes + 2 + 1 :]  # MQTT 5 without properties
        offered[mid] = payload
        self.notes.offered[payload] += 1
        is_first = self.notes.offered[payload] == 1
        if is_first or not packet[0] & _DUP or payload in self.notes.acknowledged:
            self.notes.afresh[payload] += 1

    def _note_ack(self, packet: bytes, offered: dict[int, bytes]) -> None:
        if packet[0] >> 4 == _PUBACK:
            self.notes.acknowledged.add(offered[int.from_bytes(packet[2:4], "big")])


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: Callable[[bytes], None]
) -> None:
    """Hand whole packets on, each noted before."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readexactly(2)
            while head[-1] >= 128:
                head += await reader.readexactly(1)
            length = sum((byte & 127) << (7 * place) for place, byte in enumerate(head[1:]))
            packet = head + await reader.readexactly(length)
            note(packet)
            writer.write(packet)
            await writer.drain()


@asynccontextmanager
async def wired(broker_port: int) -> AsyncIterator[Wire]:
    """Lay a wire to a broker."""
    wire = Wire(broker_port)
    server = await asyncio.start_server(wire._connected, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        wire.cut()
