"""The edge process: sockets, door, journal, ticks. Nothing else, so that nothing else costs a datagram."""

import asyncio
import ipaddress
import time
from contextlib import suppress
from pathlib import Path

import aiocoap
import pyarrow as pa

from narrowgate_fleet import FleetReader
from narrowgate_gateway import coap
from narrowgate_gateway.committer import Committer
from narrowgate_gateway.door import Door, Trust
from narrowgate_gateway.exchanges import Exchanges, exchange_digest
from narrowgate_gateway.path_template import PathTemplate
from narrowgate_gateway.settings import CoapListener, Home, Settings
from narrowgate_gateway.status import Role
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.records import Kind, on_disk_schema
from narrowgate_ingest.tail import Tail
from narrowgate_schema.clock import Clock, SteppedClock, SystemClock

EXCHANGE_PLACES = 1 << 16
_EARLIEST_BELIEVED_US = 1_735_689_600_000_000
"""2025-01-01: a host clock before it was never set."""


def clock_of(settings: Settings) -> Clock:
    """Give the clock that a configuration asks for; OSError if its page is not there."""
    page = settings.clock.page
    return SteppedClock(Path(page)) if page else SystemClock()


async def run_edge(settings: Settings, home: Home, stop: asyncio.Event) -> None:
    """Run until `stop` is set; everything acknowledged is on disk at every moment.

    Raises:
        AlreadyRunning, JournalLocked: another edge works in this home.
        OSError: an address is taken or a directory cannot be written.
        ValueError: another format version wrote the journal.
    """
    role = Role(home.run, "edge")
    journal = Journal(home.journal, segment_bytes=settings.journal.segment_bytes)
    counters = DoorCounters(home.door_counters)
    clock = clock_of(settings)
    committer = Committer(
        journal,
        counters,
        pending_rows=settings.journal.pending_frames,
        min_free_bytes=settings.journal.min_free_bytes,
    )
    door = Door(committer, remembered(home.journal, journal.end), counters, clock)
    fleet = FleetReader(home.registry)
    committing = asyncio.create_task(committer.run())
    contexts = [await _listen(listener, door, fleet) for listener in settings.coap]
    ticking = asyncio.create_task(_tick(committer, clock, settings.clock.tick_every_s))
    role.ready(
        listeners=[{"name": each.name, "host": each.host, "port": each.port} for each in settings.coap]
    )
    await stop.wait()
    ticking.cancel()
    with suppress(asyncio.CancelledError):
        await ticking
    committer.close()
    await committing
    for context in contexts:
        await context.shutdown()
    journal.close()
    role.release()


async def _listen(listener: CoapListener, door: Door, fleet: FleetReader) -> aiocoap.Context:
    trust = Trust(
        listener.name,
        listener.tenant,
        tuple(map(ipaddress.ip_network, listener.allow)),
        listener.max_payload_bytes,
    )
    try:
        return await coap.listen(
            listener.host, listener.port, PathTemplate.parse(listener.path), trust, door, fleet.refresh
        )
    except OSError as error:
        what = f"UDP port {listener.port} on {listener.host} (coap listener {listener.name!r})"
        raise OSError(error.errno, f"{what}: {error.strerror}") from None


async def _tick(committer: Committer, clock: Clock, every_s: float) -> None:
    """Journal the passing of time; a tick that cannot be kept is made up by the next."""
    while True:
        await committer.keep(Kind.TICKS, _tick_batch(clock))
        await asyncio.sleep(every_s)


def _tick_batch(clock: Clock) -> pa.RecordBatch:
    jump_s = clock.settle() if isinstance(clock, SystemClock) else 0.0
    now_us = clock.now_us()
    columns = {"time": [now_us], "jump_s": [jump_s], "synchronised": [now_us >= _EARLIEST_BELIEVED_US]}
    schema = on_disk_schema(Kind.TICKS)
    return pa.record_batch([pa.array(columns[f.name], f.type) for f in schema], schema=schema)


def remembered(directory: Path, end: int) -> Exchanges:
    """Give the door's memory as the journal's tail has it: after a crash a repeated message is known."""
    exchanges, tail, now_s = Exchanges(EXCHANGE_PLACES), Tail(directory), time.monotonic()
    offset = max(tail.start(), end - EXCHANGE_PLACES)
    while (chunk := tail.read(offset, EXCHANGE_PLACES)).next_offset > offset:
        for kind, batch in chunk.records:
            if kind is Kind.UPLINKS:
                columns = (batch[name].to_pylist() for name in ("endpoint", "message_id", "token", "payload"))
                for exchange in zip(*columns, strict=True):
                    exchanges.keep(exchange_digest(*exchange), now_s)
        offset = chunk.next_offset
    return exchanges
