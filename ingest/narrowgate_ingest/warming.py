"""Rules that begin anew hear what came in before, until they know what they would have known.

A rule that is new, or whose version changed, has no memory. Before the first batch that is not settled it
hears the frames of journal and archive again, with the registry as it was, as far back as it declares; the
other rules go on where they were.

Rule 1: of the past nobody is told. What is open at its end is told as it stands, with the memory, in one
        transaction: a crash before it begins anew, one behind it has nothing to do.
Rule 2: a past that cannot be read keeps no frame waiting: the rule begins without it, and that is said.
"""

import json
import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_cases import apply, expect
from narrowgate_fleet import RegistryFault
from narrowgate_ingest import state
from narrowgate_ingest.decoding import DecodeStage
from narrowgate_ingest.hearing_again import Registry, hear_again
from narrowgate_ingest.history import History
from narrowgate_ingest.pipeline import JournalUnreadable, Pipeline
from narrowgate_ingest.superseded import Row, newest_version, versions_batch
from narrowgate_ingest.tail import Tail
from narrowgate_rules import Engine, Standing

_DAY_US = 86_400_000_000
_TRIES = 3
_UNREADABLE = (OSError, ValueError, RegistryFault, pa.ArrowException)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Past:
    """Where what came in is found."""

    journal: Path
    archive: Path
    registry: Registry


class Beginners:
    """The rules of a pipeline that begin anew."""

    def __init__(self, pipeline: Pipeline, past: Callable[[], AbstractContextManager[Past]]) -> None:
        """Have the pipeline let them hear the past first, where there are any.

        Args:
            pipeline: one that has not begun.
            past: gives where to read; asked for once, where it is needed.
        """
        self._pipeline = pipeline
        self._past = past
        self._stop = threading.Event()
        self.names = pipeline.anew
        self.words = ""
        """What is being heard, or that it could not be; empty where nothing is to be said."""
        if self.names:
            self.words = f"{self._named()} will hear what came in before"
            pipeline.first = self.hear

    def _named(self) -> str:
        return ", ".join(self.names)

    def hear(self) -> None:
        """Let them hear the past, and tell what is open.

        Raises:
            JournalUnreadable: told to stop, or the state could not be written; the engine is as before.
        """
        pipeline = self._pipeline
        try:
            frames, warm, standing = self._heard_whole()
        except _UNREADABLE as error:
            self.words = f"{self._named()} began without the past: {type(error).__name__}: {error}"
            _LOG.warning("%s", self.words)
            return
        before = pipeline.engine.snapshot()
        try:
            self._tell(warm, standing.findings())
        except sqlite3.Error as error:
            pipeline.engine.restore(before)
            raise JournalUnreadable(f"warming up: {type(error).__name__}: {error}") from error
        self.words = ""
        _LOG.info("%s heard %d frames that came in before", self._named(), frames)

    def stop(self) -> None:
        """Hear no more: who begins anew does so again after the next start."""
        self._stop.set()

    def _heard_whole(self) -> tuple[int, Engine, Standing]:
        """Hear all of it; once more where a part of the archive grew too old meanwhile."""
        for left in reversed(range(_TRIES)):
            warm, standing = self._pipeline.engine.beginner(self.names), Standing()
            try:
                with self._past() as past:
                    return self._heard(past, warm, standing), warm, standing
            except FileNotFoundError:
                if not left:
                    raise
        raise AssertionError("a last try returns or raises")

    def _heard(self, past: Past, warm: Engine, standing: Standing) -> int:
        pipeline = self._pipeline
        days = max((rule.hears_back_days for rule in warm.rules), default=0.0)
        span = (max(0, pipeline.engine.now_us - round(days * _DAY_US)), pipeline.done)
        stage, frames = DecodeStage(pipeline.timezone, pipeline.facts()), 0
        history = History(past.archive, Tail(past.journal))
        for end, given in hear_again(history, span, past.registry, stage, warm):
            if self._stop.is_set():
                raise JournalUnreadable("the past was not heard to its end")
            for prepared in given:
                standing.hear(prepared.judgement.findings)
                frames += prepared.batch.uplinks.num_rows
            self.words = f"warming up: {self._named()} heard {frames} frames, offset {end} of {pipeline.done}"
        return frames

    def _tell(self, warm: Engine, standing: pa.RecordBatch) -> None:
        """Give the engine their memory, and the desk what is open."""
        pipeline = self._pipeline
        engine, fleet = pipeline.engine, pipeline.newest_fleet()
        with pipeline.stores.state.transaction() as connection:
            known = (newest_version(connection, finding) for finding in standing["finding"].to_pylist())
            ended = [row for row in known if row is not None and _by_an_operator(row)]
            names = pa.array([row["finding"] for row in ended], pa.string())
            told = standing.filter(pc.invert(pc.is_in(standing["finding"], value_set=names)))
            causes = engine.adopt(warm, told, fleet)
            for row in ended:
                with suppress(ValueError):  # it holds again: it is told of once it is over
                    engine.clear(row["rule"], row["device"], row["series"], _as_findings(row), fleet)
            for rows in (told, causes):
                _make_room(connection, rows)
            state.put_findings(connection, told)
            apply(connection, causes, engine.now_us, pipeline.practice)
            pipeline.put_snapshots(connection)
        pipeline.goes_on(told["finding"].to_pylist())


def _by_an_operator(row: Row) -> bool:
    """Tell whether somebody has ended what the rules know to be open."""
    return "cleared_by" in json.loads(row["evidence"])


def _as_findings(row: Row) -> pa.RecordBatch:
    return versions_batch([{**row, "members": json.loads(row["members"])}])


def _make_room(connection: sqlite3.Connection, rows: pa.RecordBatch) -> None:
    """Let versions be news: the memory counts them from its own."""
    for finding, version in zip(rows["finding"].to_pylist(), rows["version"].to_pylist(), strict=True):
        connection.execute("DELETE FROM findings WHERE finding = ? AND version >= ?", (finding, version))
        expect(connection, finding, version)
