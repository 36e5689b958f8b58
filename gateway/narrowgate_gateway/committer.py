"""Group commit: what arrives while one sync runs is written by the next, and everybody is told after it."""

import asyncio
import errno
import logging
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import pyarrow as pa

from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.records import Kind

Told = Callable[[bool], None]
"""Is told, in the event loop, whether a batch is on disk."""

_Entry = tuple[Kind, pa.RecordBatch, Told]
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
        self._pending: list[_Entry] = []
        self._rows = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Future[None] | None = None
        self._is_committing = self._is_closing = False
        self.trouble = ""
        """Why the last commit failed; empty while commits go well."""

    def put(self, kind: Kind, batch: pa.RecordBatch, told: Told) -> bool:
        """Have a batch kept, and told of after the sync; False if too much is waiting already."""
        if self._is_closing or self._rows + batch.num_rows > self._pending_rows:
            return False
        self._pending.append((kind, batch, told))
        self._rows += batch.num_rows
        self._commit_next()
        return True

    async def keep(self, kind: Kind, batch: pa.RecordBatch) -> bool:
        """Tell, after the sync, whether the batch is on disk; at once if too much is waiting already."""
        outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def told(kept: bool) -> None:
            if not outcome.done():
                outcome.set_result(kept)

        return await outcome if self.put(kind, batch, told) else False

    async def run(self) -> None:
        """Commit until `close` was called and nothing is pending."""
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._commit_next()
        await self._ended
        self._thread.shutdown()

    def close(self) -> None:
        """Take no more; `run` ends when what is pending is kept."""
        self._is_closing = True
        self._commit_next()

    def _commit_next(self) -> None:
        """Begin to commit what is pending, unless a commit runs: the end of that one begins the next."""
        if self._loop is None or self._ended is None or self._is_committing:
            return
        group, self._pending, self._rows = self._pending, [], 0
        if group:
            self._is_committing = True
            loop = self._loop
            work = self._thread.submit(self._commit, group)
            work.add_done_callback(lambda done: _hand_over(loop, lambda: self._committed(group, done)))
        elif self._is_closing and not self._ended.done():
            self._ended.set_result(None)

    def _committed(self, group: "list[_Entry]", done: "Future[bool]") -> None:
        """Tell everybody of a group, and go on; what the journal's thread died of ends `run`."""
        self._is_committing = False
        failure = done.exception()
        if failure is not None and self._ended is not None:
            if not self._ended.done():
                self._ended.set_exception(failure)
            return
        # The next group is on its way to the disk while this one's answers are sent.
        self._commit_next()
        for _, _, told in group:
            told(done.result())

    def _commit(self, group: "list[_Entry]") -> bool:
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


def _hand_over(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    """Have something done in the loop; a loop that was closed amid a commit has nobody who waits for it."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(act)


def _merged(group: "list[_Entry]") -> list[tuple[Kind, pa.RecordBatch]]:
    """Join neighbours of one kind: a record has a price of its own, a row hardly any."""
    merged: list[tuple[Kind, list[pa.RecordBatch]]] = []
    for kind, batch, _ in group:
        if merged and merged[-1][0] is kind:
            merged[-1][1].append(batch)
        else:
            merged.append((kind, [batch]))
    return [(kind, _joined(batches)) for kind, batches in merged]


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]
