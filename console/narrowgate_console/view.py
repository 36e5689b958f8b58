"""The questions of one principal: each checks its scope, and asks about the principal's devices only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import narrowgate_cases as desk
from narrowgate_cases import Case, CaseCounts, CaseStep
from narrowgate_console.city_view import CityView
from narrowgate_console.command_view import CommandView
from narrowgate_console.desk_view import DeskView
from narrowgate_console.faults import reading
from narrowgate_console.findings import Finding, newest_findings
from narrowgate_console.group_view import GroupView
from narrowgate_console.principals import NotThere, Principal, Scope
from narrowgate_console.quarantine import Quarantined, quarantined
from narrowgate_console.rights import Rights
from narrowgate_console.sources import Check, Diagnosis, Part, is_balanced

if TYPE_CHECKING:
    from narrowgate_console.services import Services


@dataclass(frozen=True)
class Overview:
    """The city in figures at one instant."""

    now_us: int
    """Event time [us]."""
    ledger: Mapping[str, int] | None
    """The gateway's frames; None for who sees not every tenant: they are counted together."""
    is_balanced: bool | None
    """Whether each kept frame has exactly one disposition."""
    cases: CaseCounts


@dataclass(frozen=True)
class System:
    """How the gateway does."""

    checks: tuple[Check, ...]
    parts: tuple[Part, ...]
    diagnoses: tuple[Diagnosis, ...]
    ledger: Mapping[str, int]


class View(Rights):
    """What one principal may ask, from any thread.

    Every question raises Denied without its scope and StoreUnreadable where it cannot be answered; what is
    another tenant's is NotThere, as if it did not exist.
    """

    def __init__(self, services: "Services", principal: Principal) -> None:
        super().__init__(services, principal)
        self.city = CityView(services, principal)
        """The questions about devices."""
        self.desk = DeskView(services, principal)
        """What is asked and done about cases."""
        self.commands = CommandView(services, principal)
        """What devices are told."""
        self.groups = GroupView(services, principal)
        """What many devices are told at once."""

    def overview(self) -> Overview:
        """Give the ledger and the counts of cases."""
        self._need(Scope.CASES)
        return self._kept("overview", self._overview)

    def _overview(self) -> Overview:
        ledger = self._ledger() if self.principal.sees_all else None
        with self._services.state(self._visible()) as connection:
            counts = desk.counts(connection)
        balanced = None if ledger is None else is_balanced(ledger)
        return Overview(self.now_us(), ledger, balanced, counts)

    def _ledger(self) -> dict[str, int]:
        with reading("ledger"):
            return dict(self._services.sources.ledger())

    def open_cases(self, limit: int, offset: int = 0) -> list[Case]:
        """Give open cases, the newest first."""
        self._need(Scope.CASES)
        with self._services.state(self._visible()) as connection:
            return desk.open_cases(connection, limit, offset)

    def case(self, number: str) -> tuple[Case, list[CaseStep]]:
        """Give one case with its steps."""
        self._need(Scope.CASES)
        with self._services.state(self._visible()) as connection:
            found = desk.case(connection, number)
        if found is None:
            raise NotThere(f"there is no case {number!r}")
        return found

    def findings(
        self,
        *,
        rule: str | None = None,
        state: str | None = None,
        device: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Finding]:
        """Give findings as known now, the latest raised first."""
        self._need(Scope.CASES)
        with self._services.state(self._visible()) as connection:
            return newest_findings(
                connection, rule=rule, state=state, device=device, limit=limit, offset=offset
            )

    def system(self) -> System:
        """Give how the gateway does."""
        self._need_everything(Scope.SYSTEM)
        return self._kept("system", self._system)

    def _system(self) -> System:
        with reading("state"):
            sources = self._services.sources
            parts, diagnoses = tuple(sources.parts()), tuple(sources.diagnoses())
        return System(self._services.readiness(), parts, diagnoses, self._ledger())

    def readiness(self) -> tuple[Check, ...]:
        """Give what readiness depends on; without words to who may not see how the gateway does."""
        checks = self._services.readiness()
        if self.principal.may(Scope.SYSTEM) and self.principal.sees_all:
            return checks
        return tuple(Check(check.name, check.ok, "") for check in checks)

    def exposition(self) -> bytes:
        """Give the metrics in Prometheus' text format."""
        self._need_everything(Scope.METRICS)
        return self._services.exposition()

    def quarantined(
        self, *, device: str | None = None, reason: str | None = None, limit: int = 50, offset: int = 0
    ) -> list[Quarantined]:
        """Give frames set aside, the newest first."""
        self._need(Scope.SYSTEM)
        with self._services.quarantine(self._visible()) as connection:
            return quarantined(connection, device=device, reason=reason, limit=limit, offset=offset)
