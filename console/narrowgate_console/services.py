"""What can be asked of the console: API and pages both stand on this, and on nothing below it."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, tzinfo

from prometheus_client import generate_latest

import narrowgate_cases as desk
from narrowgate_cases import Case, CaseCounts, CaseStep
from narrowgate_console.faults import StoreUnreadable, reading
from narrowgate_console.findings import Finding, newest_findings
from narrowgate_console.recent import Recent
from narrowgate_console.series import Series, hourly
from narrowgate_console.sources import Check, Sources, is_balanced
from narrowgate_schema.clock import Clock
from narrowgate_schema.words import Family

KEEP_S = 1.0


@dataclass(frozen=True)
class Overview:
    """The city in figures at one instant."""

    now_us: int
    """Event time [us]."""
    ledger: Mapping[str, int]
    is_balanced: bool
    """Whether each kept frame has exactly one disposition."""
    cases: CaseCounts


class Services:
    """The console's questions, from any thread; what cannot be answered raises StoreUnreadable."""

    def __init__(
        self, sources: Sources, clock: Clock, *, timezone: tzinfo = UTC, keep_s: float = KEEP_S
    ) -> None:
        """Stand on a core.

        Args:
            sources: the core.
            clock: event time, as the pipeline has it.
            timezone: the city's, for pages.
            keep_s: how long the ledger and charts are given again, at least [s]; 0 asks each time.
        """
        self._sources = sources
        self._clock = clock
        self.timezone = timezone
        self._recent = Recent(keep_s)

    def now_us(self) -> int:
        """Give event time [us]."""
        return self._clock.now_us()

    def overview(self) -> Overview:
        """Give the ledger and the counts of cases."""
        return self._recent.get("overview", self._overview)

    def _overview(self) -> Overview:
        with reading("ledger"):
            ledger = dict(self._sources.ledger())
        with self._state() as connection:
            counts = desk.counts(connection)
        return Overview(self.now_us(), ledger, is_balanced(ledger), counts)

    def open_cases(self, limit: int, offset: int = 0) -> list[Case]:
        """Give open cases, the newest first."""
        with self._state() as connection:
            return desk.open_cases(connection, limit, offset)

    def case(self, number: str) -> tuple[Case, list[CaseStep]] | None:
        """Give one case with its steps; None if there is none of that number."""
        with self._state() as connection:
            return desk.case(connection, number)

    def findings(
        self, *, rule: str | None = None, state: str | None = None, limit: int = 50, offset: int = 0
    ) -> list[Finding]:
        """Give findings as known now, the latest raised first."""
        with self._state() as connection:
            return newest_findings(connection, rule=rule, state=state, limit=limit, offset=offset)

    def series(self, family: Family, hours: int) -> Series:
        """Give a family's chart over the last hours of event time."""
        return self._recent.get((family, hours), lambda: self._series(family, hours))

    def _series(self, family: Family, hours: int) -> Series:
        with reading("telemetry"):
            return hourly(self._sources.query, family, self.now_us(), hours)

    def readiness(self) -> tuple[Check, ...]:
        """Give what readiness depends on; a store that cannot be asked is a check that fails."""
        try:
            with reading("state"):
                return tuple(self._sources.checks())
        except StoreUnreadable as fault:
            return (Check(fault.what, ok=False, words=fault.words),)

    def exposition(self) -> bytes:
        """Give the metrics in Prometheus' text format."""
        with reading("metrics"):
            return generate_latest(self._sources.metrics)

    @contextmanager
    def _state(self) -> Iterator[sqlite3.Connection]:
        with reading("state"), closing(self._sources.reader()) as connection:
            yield connection
