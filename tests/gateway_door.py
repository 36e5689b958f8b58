"""A door over a real journal, whose sync can be held at a gate."""

import asyncio
import ipaddress
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from gateway_home import OCCUPIED, make_home
from narrowgate_fleet import Fleet
from narrowgate_gateway.committer import Committer
from narrowgate_gateway.door import Arrival, Door, Trust
from narrowgate_gateway.exchanges import Exchanges
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.records import Kind
from narrowgate_schema.clock import Clock, SystemClock
from narrowgate_schema.words import Answer, Transport

LOCAL = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "::1/128", "10.8.0.0/16", "2001:db8::/32")))
TRUST = Trust("coap", "", LOCAL, 64)


class GatedJournal(Journal):
    """A journal that syncs only while its gate is open, and fails when told to."""

    def __init__(self, directory: Path) -> None:
        """Open it with an open gate."""
        super().__init__(directory)
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Event()
        self.appended: list[int] = []
        """Rows of each append, in order."""
        self.fault: OSError | None = None

    def append(self, entries: Sequence[tuple[Kind, pa.RecordBatch]]) -> list[int]:
        """Append when the gate opens."""
        if not self.gate.is_set():
            self.arrived.set()
        assert self.gate.wait(200)
        self.arrived.clear()
        if self.fault is not None:
            raise self.fault
        self.appended.append(sum(batch.num_rows for _, batch in entries))
        return super().append(entries)


class Stand:
    """A door with all that it stands on."""

    def __init__(self, root: Path, *, clock: Clock | None = None, pending_rows: int = 64) -> None:
        """Build it in a directory."""
        self.home = make_home(root)
        self.fleet = Fleet.load(self.home.registry)
        self.journal = GatedJournal(self.home.journal)
        self.counters = DoorCounters(self.home.door_counters)
        self.committer = Committer(self.journal, self.counters, pending_rows=pending_rows, min_free_bytes=0)
        self.door = Door(self.committer, Exchanges(1 << 10), self.counters, clock or SystemClock())

    def use(self, fleet: str) -> None:
        """Take devices from a table as well."""
        make_home(self.home.root, fleet)
        self.fleet = Fleet.load(self.home.registry)

    async def admit(self, *arrivals: Arrival) -> list[Answer]:
        """Put arrivals before the door in one batch."""
        return await self.door.admit(arrivals, self.fleet)

    async def held(self) -> None:
        """Wait until a sync stands before the closed gate."""
        assert await asyncio.to_thread(self.journal.arrived.wait, 100)

    @asynccontextmanager
    async def committing(self) -> AsyncIterator["Stand"]:
        """Run the committer; everything pending is kept at the end."""
        working = asyncio.create_task(self.committer.run())
        try:
            yield self
        finally:
            self.journal.gate.set()
            self.committer.close()
            await working
            self.journal.close()


def arrival(message_id: int = 1, **changes: object) -> Arrival:
    """Give a good arrival of bay-1, changed as asked."""
    good = Arrival(
        trust=TRUST,
        transport=Transport.COAP,
        path="nb/bay-1/up",
        port=None,
        device="bay-1",
        address="127.0.0.1",
        source_port=40_000,
        message_id=message_id,
        token=b"\x01",
        confirmable=True,
        payload=OCCUPIED,
    )
    return replace(good, **changes)  # type: ignore[arg-type]
