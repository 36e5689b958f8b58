"""What erasures and replays that were begun still owe: brought to their end at the start, or tried again.

A disk that is full must not keep a core from starting: nothing that devices send would be stored. The core
goes on, says what is owed, and tries again now and then.
"""

import logging
import queue
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress

import duckdb
import pyarrow as pa

from narrowgate_console import Check
from narrowgate_gateway.replaying import finish_begun
from narrowgate_gateway.settings import Home, Settings
from narrowgate_gateway.stopped_core import places_of
from narrowgate_ingest.archiver import Archiver
from narrowgate_ingest.erasing import finish_erasures
from narrowgate_ingest.pipeline import JournalUnreadable, Pipeline
from narrowgate_ingest.runner import Runner

AGAIN_S = 60.0
"""Between tries [s]."""
_LOOK_AGAIN_S = 0.1
FAILURES = (duckdb.Error, sqlite3.Error, OSError, ValueError, JournalUnreadable, pa.ArrowException)
_LOG = logging.getLogger(__name__)


class Owed:
    """Ends what was begun; what cannot be ended now is told, and tried again by a thread of its own."""

    def __init__(
        self,
        runner: Runner,
        home: Home,
        settings: Settings,
        archiver: Archiver | None,
        *,
        again_s: float = AGAIN_S,
    ) -> None:
        """Take the runner of a core with what it runs by, and its archiver where it has one."""
        self._runner = runner
        self._home = home
        self._settings = settings
        self._places = places_of(home, settings, archiver)
        self._again_s = again_s
        self._stop = threading.Event()
        # It waits for the pipeline's thread, and nothing waits for it.
        self._thread = threading.Thread(target=self._run, name="owed", daemon=True)
        self.trouble = ""
        """What is owed and why, in words; empty where nothing is."""

    @classmethod
    def settled(
        cls, pipeline: Pipeline, runner: Runner, home: Home, settings: Settings, archiver: Archiver | None
    ) -> "Owed":
        """End what was begun, at a start; give who tries again what could not be ended."""
        owed = cls(runner, home, settings, archiver)
        owed.settle(pipeline)
        return owed

    def settle(self, pipeline: Pipeline) -> None:
        """End what was begun, as far as that can be now; the pipeline stands between two batches."""
        try:
            finish_erasures(pipeline, self._places)
            finish_begun(pipeline, self._home, self._settings)
        except FAILURES as error:
            first = (str(error).splitlines() or [""])[0]
            self._say(f"begun and not finished, it is tried again: {type(error).__name__}: {first}")
        else:
            self._say("")

    def start(self) -> None:
        """Begin to try again, where something is owed."""
        if self.trouble:
            self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def checks(self) -> Sequence[Check]:
        """Give what is owed; nothing where nothing is."""
        return (Check("erasure or replay", False, self.trouble),) if self.trouble else ()

    def _say(self, words: str) -> None:
        if words and not self.trouble:
            _LOG.warning("an erasure or a replay was %s", words)
        elif self.trouble and not words:
            _LOG.warning("over: an erasure or a replay was %s", self.trouble)
        self.trouble = words

    def _run(self) -> None:
        while self.trouble and not self._stop.wait(self._again_s):
            with suppress(queue.Full):
                asked = self._runner.ask(self.settle)
                while not asked.done() and not self._stop.wait(_LOOK_AGAIN_S):
                    pass
