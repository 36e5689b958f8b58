"""Which messages a broker may offer again, and which of those are in the journal already.

A publish under DUP = 0 is always a new one, whatever it says: two devices that send equal bytes are two
frames. A publish under DUP = 1 is one that the broker offered before and holds unacknowledged; it is in the
journal if the same topic and bytes were kept under the same packet identifier. A broker holds some messages
unacknowledged, not any number: as many of the last kept ones are remembered.

What cannot be known: a broker that gives an identifier to the next message at once, a device that sends the
very same bytes twice, and the second offer lost on its way: it looks like the first with its acknowledgement
lost. So acknowledgements that a broker has certainly read are forgotten when a connection ends.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa

from narrowgate_ingest.records import Kind
from narrowgate_ingest.tail import Tail
from narrowgate_schema.words import Transport

READ_FOR_CERTAIN_S = 10.0
"""An acknowledgement this much older than the broker's last sign of life was read by it [s]."""

_TAIL_ROWS = 1 << 16
RECENT_US = 300_000_000
"""What is older than this in a journal was acknowledged long before its edge ended [us]."""


class Redeliveries:
    """What was kept under each packet identifier of one broker's session."""

    def __init__(self, most: int) -> None:
        """Remember the last `most` messages."""
        self._most = most
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._acknowledged_s: dict[int, float] = {}

    def __len__(self) -> int:
        """Give the number of messages remembered."""
        return len(self._kept)

    def knows(self, mid: int, topic: str, payload: bytes) -> bool:
        """Tell whether this message was kept under its identifier."""
        return mid in self._kept and self._kept[mid] == _digest(topic, payload)

    def keep(self, mid: int, topic: str, payload: bytes) -> None:
        """Remember a message that is in the journal; its identifier's former one is done with."""
        self._kept[mid] = _digest(topic, payload)
        self._kept.move_to_end(mid)
        self._acknowledged_s.pop(mid, None)
        while len(self._kept) > self._most:
            gone, _ = self._kept.popitem(last=False)
            self._acknowledged_s.pop(gone, None)

    def acknowledged(self, mid: int, now_s: float) -> None:
        """Note when an identifier was acknowledged; `now_s` is monotonic [s]."""
        if mid in self._kept:
            self._acknowledged_s[mid] = now_s

    def connection_ended(self, last_heard_s: float) -> None:
        """Forget what the broker has certainly read; `last_heard_s` is its last sign of life [s]."""
        for mid, acknowledged_s in list(self._acknowledged_s.items()):
            if acknowledged_s <= last_heard_s - READ_FOR_CERTAIN_S:
                del self._kept[mid], self._acknowledged_s[mid]

    def session_lost(self) -> None:
        """Forget everything: the broker has begun a new session."""
        self._kept.clear()
        self._acknowledged_s.clear()


def remembered(
    directory: Path, end: int, most: dict[str, int], *, within_us: float = RECENT_US
) -> dict[str, Redeliveries]:
    """Give each listener's memory as the journal's tail has it.

    Args:
        directory: the journal's.
        end: offset behind its last row.
        most: how many messages each listener remembers, by its name.
        within_us: how long before the journal's last instant a message may have come [us].
    """
    memories = {listener: Redeliveries(places) for listener, places in most.items()}
    if not memories:
        return memories
    newest_us = -math.inf
    rows: list[tuple[int, str, int, str, bytes]] = []
    for arrived_us, row in _tail(directory, end):
        newest_us = max(newest_us, arrived_us)
        if row is not None and row[0] in memories:
            rows.append((arrived_us, *row))
    for arrived_us, listener, mid, topic, payload in rows:
        if arrived_us >= newest_us - within_us:
            memories[listener].keep(mid, topic, payload)
    return memories


def _tail(directory: Path, end: int) -> Iterator[tuple[int, tuple[str, int, str, bytes] | None]]:
    """Yield the instants of the journal's last rows [us], each with the QoS 1 message that it may be."""
    tail = Tail(directory)
    offset = max(tail.start(), end - _TAIL_ROWS)
    while (chunk := tail.read(offset, _TAIL_ROWS)).next_offset > offset:
        for kind, batch in chunk.records:
            if kind is Kind.TICKS:
                yield from ((instant_us, None) for instant_us in _instants_us(batch, "time"))
            elif kind is Kind.UPLINKS:
                yield from _messages(batch)
        offset = chunk.next_offset


def _messages(batch: pa.RecordBatch) -> Iterator[tuple[int, tuple[str, int, str, bytes] | None]]:
    names = ("transport", "listener", "message_id", "path", "payload")
    columns = [batch[name].to_pylist() for name in names]
    for arrived_us, transport, *row in zip(_instants_us(batch, "received_at"), *columns, strict=True):
        listener, mid, topic, payload = row
        is_ours = transport == Transport.MQTT and mid is not None
        yield arrived_us, (listener, mid, topic, payload) if is_ours else None


def _instants_us(batch: pa.RecordBatch, name: str) -> list[int]:
    instants_us: list[int] = batch[name].cast(pa.int64()).to_pylist()
    return instants_us


def _digest(topic: str, payload: bytes) -> bytes:
    text = topic.encode(errors="surrogatepass")
    return blake2b(b"%d\x00" % len(text) + text + payload, digest_size=16).digest()
