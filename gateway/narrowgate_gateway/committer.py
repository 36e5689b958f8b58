"""Group commit: what arrives while one sync runs is written by the next, and everybody is told after it."""

import asyncio
import errno
import logging
import os
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.records import Kind

_LOG = logging.getLogger(__name__)


class Committer:
    """Keeps batches in the journal from one event loop.

    The sync runs in a thread of its own: it waits in the kernel without the interpreter's lock, and the loop
    goes on answering.
    """

    def __init__(
        self, journal: Journal, counters: DoorCounters, *, pending_rows: int, min_free_bytes: int
    ) -> None:
        self._journal = journal
        self._directory = journal.directory
        self._counters = counters
        self._pending_rows = pending_rows
        self._min_free_bytes = min_free_bytes
        self._pending: list[tuple[Kind, pa.RecordBatch, asyncio.Future[bool]]] = []
        self._rows = 0
        self._more = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._closing = False
        self.trouble = ""
        """Why the last commit failed; empty while commits go well."""

    async def keep(self, kind: Kind, batch: pa.RecordBatch) -> bool:
        """Tell, after the sync, whether the batch is on disk; at once if too much is waiting already."""
        if self._closing or self._rows + batch.num_rows > self._pending_rows:
            return False
        told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._pending.append((kind, batch, told))
        self._rows += batch.num_rows
        self._more.set()
        return await told

    async def run(self) -> None:
        """Commit until `close` was called and nothing is pending."""
        loop = asyncio.get_running_loop()
        while self._pending or not self._closing:
            await self._more.wait()
            self._more.clear()
            group, self._pending, self._rows = self._pending, [], 0
            if group:
                kept = await loop.run_in_executor(self._thread, self._commit, group)
                for _, _, told in group:
                    if not told.done():
                        told.set_result(kept)
        self._thread.shutdown()

    def close(self) -> None:
        """Take no more; `run` ends when what is pending is kept."""
        self._closing = True
        self._more.set()

    def _commit(self, group: list[tuple[Kind, pa.RecordBatch, asyncio.Future[bool]]]) -> bool:
        try:
            self._check_space()
            self._journal.append(_merged(group))
        except OSError as error:
            self._note(f"{error.strerror or error}")
            self._counters.add("commit_failures")
            return False
        self._note("")
        return True

    def _note(self, trouble: str) -> None:
        """Tell when trouble begins and when it is over, not at every commit."""
        if trouble and not self.trouble:
            _LOG.warning(
                "the journal in %s cannot keep (%s): devices are told to come again", self._directory, trouble
            )
        elif self.trouble and not trouble:
            _LOG.warning("the journal in %s keeps again", self._directory)
        self.trouble = trouble

    def _check_space(self) -> None:
        volume = os.statvfs(self._directory)
        free = volume.f_bavail * volume.f_frsize
        if free < self._min_free_bytes:
            raise OSError(errno.ENOSPC, f"{free} bytes are free, {self._min_free_bytes} are to be left free")


def _merged(
    group: list[tuple[Kind, pa.RecordBatch, asyncio.Future[bool]]],
) -> list[tuple[Kind, pa.RecordBatch]]:
    """Join neighbours of one kind: a record has a price of its own, a row hardly any."""
    merged: list[tuple[Kind, list[pa.RecordBatch]]] = []
    for kind, batch, _ in group:
        if merged and merged[-1][0] is kind:
            merged[-1][1].append(batch)
        else:
            merged.append((kind, [batch]))
    return [
        (kind, pa.Table.from_batches(batches).combine_chunks().to_batches()[0]) for kind, batches in merged
    ]
