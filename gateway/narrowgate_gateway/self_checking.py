"""The core's running self-check: its thread, what it says in the log, in readiness and in metrics."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence

import duckdb
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from narrowgate_console import Check
from narrowgate_ingest.ledger import Ledger
from narrowgate_ingest.pipeline import Stores
from narrowgate_ingest.self_check import SelfCheck
from narrowgate_ingest.tail import Tail

_EVERY_S = 10.0
_MOST_KEPT = 20
_LOG = logging.getLogger(__name__)


class SelfChecking(Collector):
    """Looks now and then; an imbalance is told once, and stands until the core's end."""

    def __init__(self, stores: Stores, tail: Tail, count: Callable[[], Ledger]) -> None:
        """Take the stores, a reader of the journal that nobody else uses, and what counts the ledger."""
        self._check = SelfCheck(tail, stores.state.reader, lambda start, until: _traces(stores, start, until))
        self._count = count
        self._stop = threading.Event()
        # A thread of its own: it reads what the pipeline wrote, and nothing waits for it.
        self._thread = threading.Thread(target=self._run, name="self-check", daemon=True)
        self._looks = 0
        self.faults: list[str] = []
        """What was found out of balance, in words, the first ones."""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """Look once, and say what is found."""
        try:
            found = self._check.look(self._count())
        except (sqlite3.Error, duckdb.Error, OSError, ValueError) as error:
            _LOG.warning("the self-check could not look (%s: %s)", type(error).__name__, error)
            return
        self._looks += 1
        for words in found:
            if words not in self.faults and len(self.faults) < _MOST_KEPT:
                self.faults.append(words)
                _LOG.error("the ledger does not balance: %s", words)

    def checks(self) -> Sequence[Check]:
        """Give whether all that was looked at balances."""
        words = "; ".join(self.faults) or f"looked {self._looks} times, nothing out of balance"
        return (Check("self-check", not self.faults, words),)

    def collect(self) -> Iterator[Metric]:
        """Give the metric now."""
        yield GaugeMetricFamily(
            "narrowgate_self_check_faults",
            "Imbalances of the ledger found by the running self-check; anything but 0 is a fault.",
            value=len(self.faults),
        )

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self.look()


def _traces(stores: Stores, start: int, until: int) -> "set[int]":
    quarantined = stores.quarantine.between(start, until)
    return {*stores.telemetry.frames_between(start, until), *quarantined}
