"""What can be asked of the console, and by whom: API and pages both stand on this, and on nothing below it.

`Services.of(principal)` gives the questions of one principal; without one, only the probes are answered.
"""

import sqlite3
from collections.abc import Callable, Hashable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, tzinfo
from typing import TypeVar

from prometheus_client import generate_latest

from narrowgate_console.faults import StoreUnreadable, reading
from narrowgate_console.principals import Principal
from narrowgate_console.recent import Recent
from narrowgate_console.sources import Check, Sources
from narrowgate_console.telemetry import Telemetry
from narrowgate_console.view import View
from narrowgate_console.visibility import Visible, visible
from narrowgate_fleet import Fleet
from narrowgate_schema.clock import Clock

KEEP_S = 1.0
Answer = TypeVar("Answer")


class Services:
    """One core's console, from any thread; what cannot be answered raises StoreUnreadable."""

    def __init__(
        self, sources: Sources, clock: Clock, *, timezone: tzinfo = UTC, keep_s: float = KEEP_S
    ) -> None:
        """Stand on a core.

        Args:
            sources: the core.
            clock: event time, as the pipeline has it.
            timezone: the city's, for pages and for what is told by the night or the hour of day.
            keep_s: how long ledger, map and charts are given again, at least [s]; 0 asks each time.
        """
        self.sources = sources
        self.timezone = timezone
        self.telemetry = Telemetry(sources)
        self._clock = clock
        self._recent = Recent(keep_s)
        self._visible: dict[frozenset[str], tuple[Fleet, Visible]] = {}

    def of(self, principal: Principal) -> View:
        """Give the questions of a principal."""
        return View(self, principal)

    def now_us(self) -> int:
        """Give event time [us]."""
        return self._clock.now_us()

    def kept(self, question: Hashable, ask: Callable[[], Answer]) -> Answer:
        """Give an answer that may be a moment old."""
        return self._recent.get(question, ask)

    def fleet(self) -> Fleet:
        """Give the newest fleet."""
        with reading("registry"):
            return self.sources.fleet()

    def visible(self, principal: Principal) -> Visible:
        """Give what a principal sees, worked out once for each version of the fleet."""
        return replace(self._visible_devices(principal), unit=principal.unit)

    def _visible_devices(self, principal: Principal) -> Visible:
        fleet = self.fleet()
        if principal.tenants is None:
            return visible(principal, fleet)
        known = self._visible.get(principal.tenants)
        if known is None or known[0] is not fleet:
            if len(self._visible) >= Recent.MOST:
                self._visible.clear()
            known = self._visible[principal.tenants] = fleet, visible(principal, fleet)
        return known[1]

    def readiness(self) -> tuple[Check, ...]:
        """Give what readiness depends on; a store that cannot be asked is a check that fails."""
        try:
            with reading("state"):
                return tuple(self.sources.checks())
        except StoreUnreadable as fault:
            return (Check(fault.what, ok=False, words=fault.words),)

    def exposition(self) -> bytes:
        """Give the metrics in Prometheus' text format."""
        with reading("metrics"):
            return generate_latest(self.sources.metrics)

    @contextmanager
    def state(self, seen: Visible) -> Iterator[sqlite3.Connection]:
        """Give a connection to the state database that finds visible rows only."""
        with reading("state"), closing(self.sources.reader()) as connection:
            yield seen.narrow(connection)

    @contextmanager
    def commands(self, seen: Visible) -> Iterator[sqlite3.Connection]:
        """Give a connection to the queue of commands that finds visible rows only."""
        with reading("commands"), closing(self.sources.commands.file.reader()) as connection:
            yield seen.narrow(connection)

    @contextmanager
    def quarantine(self, seen: Visible) -> Iterator[sqlite3.Connection]:
        """Give a connection to the frames set aside that finds visible rows only."""
        with reading("quarantine"), closing(self.sources.quarantine()) as connection:
            yield seen.narrow(connection)
