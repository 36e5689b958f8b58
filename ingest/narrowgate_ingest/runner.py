"""Runs the pipeline: batch after batch, with retries, snapshots, trimming and a graceful end, in one thread.

The thread is there because stores and rules compute and wait for disks, and the console's loop must go on
answering meanwhile.
"""

import sqlite3
import threading
import time
from dataclasses import dataclass

import duckdb

from narrowgate_ingest.pipeline import Pipeline, Prepared
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.wake import Wake

_FIRST_RETRY_S = 0.1
_LAST_RETRY_S = 10.0
_IDLE_S = 1.0


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
        self._give_up_at_s = float("inf")
        self._snapshot_at_s = 0.0
        self._snapshot_offset = -1
        self.alive = False
        """Whether `run` is running."""
        self.trouble = ""
        """Why the last write failed, in words; empty while writes go well."""

    @property
    def done(self) -> int:
        """Give the journal offset up to which everything is written."""
        return self._pipeline.done

    def stop(self) -> None:
        """Ask for the end: the journal as it stands is worked off, for `drain_s` at most."""
        self._give_up_at_s = time.monotonic() + self._pace.drain_s
        self._stop.set()
        self._wake.ring()

    def run(self) -> None:
        """Run until stopped and drained, then keep a last snapshot."""
        self.alive = True
        try:
            self._work()
        finally:
            self.alive = False

    def _work(self) -> None:
        while not self._stop.is_set() or time.monotonic() < self._give_up_at_s:
            prepared = self._pipeline.prepare(self._pace.batch_rows)
            if prepared is None:
                self._keep_snapshot()
                if self._stop.is_set():
                    break
                self._wake.wait(_IDLE_S)
            elif not self._write(prepared):
                return
        self._keep_snapshot(at_once=True)
        self._wake.close()

    def _write(self, prepared: Prepared) -> bool:
        """Write a batch, again and again until it succeeds; False if the end came first."""
        pause_s = _FIRST_RETRY_S
        while True:
            try:
                self._pipeline.write(prepared, with_snapshot=self._snapshot_is_due())
            except (duckdb.Error, sqlite3.Error, OSError) as error:
                self.trouble = f"{type(error).__name__}: {error}"
                if time.monotonic() > self._give_up_at_s:
                    return False
                self._pause(pause_s)
                pause_s = min(pause_s * 2, _LAST_RETRY_S)
            else:
                self.trouble = ""
                return True

    def _pause(self, seconds: float) -> None:
        """Wait before the next try; `stop` cuts it short once."""
        if not self._stop.is_set():
            self._stop.wait(seconds)
        else:
            self._wake.wait(seconds)

    def _snapshot_is_due(self) -> bool:
        due = time.monotonic() >= self._snapshot_at_s
        if due:
            self._snapshot_at_s = time.monotonic() + self._pace.snapshot_every_s
            self._snapshot_offset = self._pipeline.offset
        return due

    def _keep_snapshot(self, *, at_once: bool = False) -> None:
        """Keep the state of the stages if it moved on, and let go of the journal behind it."""
        if self._pipeline.offset == self._snapshot_offset or self._pipeline.offset < self._pipeline.done:
            return
        if not at_once and time.monotonic() < self._snapshot_at_s:
            return
        self._snapshot_is_due()
        try:
            self._pipeline.keep_snapshot()
            self._pipeline.trim(self._pace.keep_bytes)
        except (sqlite3.Error, OSError) as error:
            self.trouble = f"{type(error).__name__}: {error}"
