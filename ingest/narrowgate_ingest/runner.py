"""Runs the pipeline: batch after batch, with retries, snapshots, trimming and a graceful end, in two threads.

One decodes and judges, the other writes: while stores wait for their disks the next batch is made. Only one
batch waits to be written. Errands, and the end, find both at rest. The threads are there because stores and
rules compute and wait for disks, and the console's loop must go on answering meanwhile.
"""

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

import duckdb
import pyarrow as pa

from narrowgate_ingest.pipeline import JournalUnreadable, Pipeline
from narrowgate_ingest.retry import finish
from narrowgate_ingest.settlement import Prepared
from narrowgate_ingest.stride import Stride
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.wake import Wake

_FIRST_RETRY_S = 0.1
_LAST_RETRY_S = 10.0
_IDLE_S = 1.0
_STORE_ERRORS = (duckdb.Error, sqlite3.Error, OSError)
MOST_ERRANDS = 8
_JOURNAL, _STORES, _SNAPSHOT, _COMPACTION, _REGISTRY, _END = (
    "journal",
    "stores",
    "snapshot",
    "compaction",
    "registry",
    "end",
)
_LOG = logging.getLogger(__name__)

Told = TypeVar("Told")


@dataclass(frozen=True)
class Pace:
    """How the pipeline is run."""

    batch_rows: int
    snapshot_every_s: float
    drain_s: float
    keep_bytes: int


class Runner:
    """Drives a pipeline until it is told to stop."""

    def __init__(self, pipeline: Pipeline, tail: Tail, pace: Pace) -> None:
        self._pipeline = pipeline
        self._tail = tail
        self._pace = pace
        self._wake = Wake(tail.directory, "core")
        self._stop = threading.Event()
        self._pausing = threading.Event()
        self._give_up_at_s = float("inf")
        self._snapshot_at_s = 0.0
        self._snapshot_offset = -1
        self._troubles: dict[str, str] = {}
        self._errands: queue.Queue[Callable[[], None]] = queue.Queue(MOST_ERRANDS)
        self._stride = Stride(pace.batch_rows)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="stores")
        self._writing: Future[None] | None = None
        self._may_owe_retry = True
        """Whether a life before may have left a retry amid its steps."""
        self.alive = False
        """Whether `run` is running."""
        self.followers: list[threading.Event] = []
        """Set whenever there is more to read behind the stores."""

    @property
    def frames_by_row(self) -> int:
        """Give the frames that were decoded one by one and not by a batch plan, since this process began."""
        return self._pipeline.frames_by_row

    @property
    def done(self) -> int:
        """Give the journal offset up to which everything is written."""
        return self._pipeline.done

    @property
    def trouble(self) -> str:
        """Say why the last batch was not read or written, or the registry not taken; empty if all is well."""
        return next((words for words in self._troubles.values() if words), "")

    def _note(self, what: str, words: str = "") -> None:
        """Keep a trouble's words; say once that it begins, and once that it is over."""
        said = self._troubles.get(what, "")
        self._troubles[what] = words
        if words and not said:
            _LOG.warning("%s", words)
        elif said and not words:
            _LOG.warning("over: %s", said)

    def stop(self) -> None:
        """Ask for the end: the journal as it stands is worked off, for `drain_s` at most."""
        self._give_up_at_s = time.monotonic() + self._pace.drain_s
        self._stop.set()
        self._wake.ring()

    def ask(self, errand: Callable[[Pipeline], Told]) -> "Future[Told]":
        """Have something done with the pipeline between two batches, by its own thread.

        Args:
            errand: what it raises of stores' errors and ValueError is told by the future; live frames wait
                while it runs.

        Raises:
            queue.Full: too many wait already.
        """
        future: Future[Told] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(errand(self._pipeline))
            except (*_STORE_ERRORS, ValueError, pa.ArrowException, JournalUnreadable) as error:
                future.set_exception(error)
            finally:
                if not future.done():
                    future.set_exception(RuntimeError("a fault of ours ended the pipeline"))

        self._errands.put_nowait(run)
        self._wake.ring()
        return future

    def run(self) -> None:
        """Run until stopped and drained, then keep a last snapshot."""
        self.alive = True
        with ExitStack() as ending:
            ending.callback(self._wake.close)
            ending.push(self._end)
            ending.callback(self._writer.shutdown)
            self._work()

    def _end(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell what the pipeline died of; it goes on to whoever called."""
        if kind is not None:
            self._troubles = {_END: f"the pipeline ended: {kind.__name__}: {error}"}
        self.alive = False

    def _work(self) -> None:
        while time.monotonic() < self._give_up_at_s:
            is_ending = self._stop.is_set()  # what came in before is seen by the look that follows
            self._do_errands()
            prepared = self._prepare()
            if prepared is not None:
                self._hand_over(prepared)
                continue
            self._rest()
            self._keep_snapshot()
            self._compact()
            if is_ending:
                break
            self._wake.wait(_IDLE_S)
        self._rest()
        self._keep_snapshot(at_once=True)

    def _hand_over(self, prepared: Prepared) -> None:
        """Have a batch written while the next one is made, once the one before is.

        If the end came before that one was written, nothing behind it is: its frames would be passed over.
        """
        self._rest()
        if prepared.batch.start > self._pipeline.done:
            return
        self._writing = self._writer.submit(self._write, prepared)

    def _rest(self) -> None:
        """Wait until nothing is being written; what the writer died of is raised here."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()

    def _do_errands(self) -> None:
        """Do what was asked for, once the stages stand where the stores do."""
        if self._errands.empty() and not self._may_owe_retry:
            return
        self._rest()
        if self._pipeline.offset != self._pipeline.done or not self._has_begun():
            return
        self._finish_retry()
        self._may_owe_retry = False
        while not self._errands.empty():
            self._errands.get_nowait()()
            self._finish_retry()

    def _has_begun(self) -> bool:
        """Do what comes before the first batch; False if that could not be done yet."""
        try:
            self._pipeline.begin()
        except JournalUnreadable as error:
            self._note(_JOURNAL, str(error))
            self._pause(_FIRST_RETRY_S)
            return False
        return True

    def _finish_retry(self) -> None:
        """Bring a retry that a crash or a store's failure left to its end before anything else."""
        for pause_s in self._tries():
            try:
                finish(self._pipeline)
            except _STORE_ERRORS as error:
                self._note(_STORES, f"{type(error).__name__}: {error}")
                self._pause(pause_s)
            else:
                self._note(_STORES)
                return

    def _prepare(self) -> Prepared | None:
        """Give the next batch, trying until the journal can be read; None if it has no more."""
        for pause_s in self._tries():
            try:
                began_s = time.thread_time()
                prepared = self._pipeline.prepare(self._stride.rows)
            except JournalUnreadable as error:
                self._note(_JOURNAL, str(error))
                self._pause(pause_s)
            else:
                self._note(_JOURNAL)
                self._note(_REGISTRY, self._pipeline.registry_trouble)
                return None if prepared is None else self._taken(prepared, began_s)
        return None

    def _taken(self, prepared: Prepared, began_s: float) -> Prepared:
        """Give a batch with the stages' state behind it, if that is to be kept; size the next one."""
        batch, readings = prepared.batch, sum(each.num_rows for each in prepared.judgement.readings.values())
        self._stride.took(batch.end - batch.start, readings, time.thread_time() - began_s)
        now_s = time.monotonic()
        if now_s >= self._snapshot_at_s:
            prepared.snapshots = self._pipeline.snapshots()
            self._snapshot_at_s = now_s + self._pace.snapshot_every_s
        return prepared

    def _write(self, prepared: Prepared) -> None:
        """Write a batch, trying until it succeeds or the end comes."""
        for pause_s in self._tries():
            try:
                self._pipeline.write(prepared, with_snapshot=False)
                if prepared.snapshots and self._pipeline.done == prepared.batch.end:
                    self._note_snapshot(prepared.batch.end)
            except _STORE_ERRORS as error:
                self._note(_STORES, f"{type(error).__name__}: {error}")
                self._pause(pause_s)
            else:
                self._note(_STORES)
                for follower in self.followers:
                    follower.set()
                return

    def _tries(self) -> Iterator[float]:
        """Yield the pause after each try, ever longer, until the end comes; there is always a first try."""
        pause_s = _FIRST_RETRY_S
        yield pause_s
        while time.monotonic() < self._give_up_at_s:
            pause_s = min(pause_s * 2, _LAST_RETRY_S)
            yield pause_s

    def _pause(self, seconds: float) -> None:
        """Wait before the next try, never beyond the end; `stop` cuts it short once."""
        if not self._stop.is_set():
            self._stop.wait(seconds)
        else:
            self._pausing.wait(max(0.0, min(seconds, self._give_up_at_s - time.monotonic())))

    def _keep_snapshot(self, *, at_once: bool = False) -> None:
        """Keep the state of the stages if it moved on and all of it is written."""
        offset = self._pipeline.offset
        if offset == self._snapshot_offset or offset != self._pipeline.done:
            return
        if not at_once and time.monotonic() < self._snapshot_at_s:
            return
        try:
            self._pipeline.keep_snapshot()
            self._snapshot_at_s = time.monotonic() + self._pace.snapshot_every_s
            self._note_snapshot(offset)
        except _STORE_ERRORS as error:
            self._note(_SNAPSHOT, f"{type(error).__name__}: {error}")

    def _note_snapshot(self, offset: int) -> None:
        """Let go of what nobody needs behind the snapshot just kept."""
        self._snapshot_offset = offset
        self._pipeline.trim(self._pace.keep_bytes)
        self._note(_SNAPSHOT)
        self._compact()

    def _compact(self) -> None:
        """Have a stretch of telemetry compacted, if one is due; a failure stops nothing else."""
        try:
            self._pipeline.compact()
        except _STORE_ERRORS as error:
            self._note(_COMPACTION, f"telemetry is not compacted: {type(error).__name__}: {error}")
        else:
            self._note(_COMPACTION)
