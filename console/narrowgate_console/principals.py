"""Who asks, and what they may: roles, scopes and tenants, from closed sets.

Rule 1: a scope says what may be asked; the tenants say about whose devices. Both are checked by the services.
"""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """One thing that a principal may do."""

    TELEMETRY = "telemetry:read"
    """See devices, their readings, frames and charts."""
    CASES = "cases:read"
    """See findings and cases."""
    WORK = "cases:work"
    """Take the steps of who mends: begin, give back, say that it is mended, remark."""
    DECIDE = "cases:decide"
    """Take every step on cases."""
    COMMANDS = "commands:read"
    """See what devices are told, and what became of it."""
    SEND = "commands:send"
    """Tell devices levels, calendars, programmes and report intervals, and take commands back."""
    OPERATE = "commands:operate"
    """Tell devices what must never be done twice: valves, reboots, recalibration."""
    REPORT = "cases:report"
    """Bring reports of people, and what they say of cases since."""
    REPORTERS = "reporters:read"
    """See who reported: names, telephones, e-mail."""
    SYSTEM = "system:read"
    """See ledger, readiness, listeners, stores and quarantine."""
    METRICS = "metrics:read"
    """Scrape the metrics."""
    ACCESS = "access:manage"
    """Manage users and tokens, and read the audit."""


class Role(StrEnum):
    """What a user is."""

    VIEWER = "viewer"
    CONTRACTOR = "contractor"
    DUTY_OFFICER = "duty_officer"
    ADMINISTRATOR = "administrator"


_SEEING = frozenset({Scope.TELEMETRY, Scope.CASES, Scope.COMMANDS})

ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.VIEWER: _SEEING,
    Role.CONTRACTOR: _SEEING | {Scope.WORK},
    Role.DUTY_OFFICER: _SEEING
    | {Scope.WORK, Scope.DECIDE, Scope.REPORT, Scope.REPORTERS, Scope.SEND, Scope.SYSTEM},
    Role.ADMINISTRATOR: frozenset(Scope),
}

Tenants = frozenset[str] | None
"""Whose devices a principal sees; None is everybody's."""


@dataclass(frozen=True)
class Principal:
    """Somebody who asks."""

    name: str
    """How the audit calls them: `user:ann`, `token:ab12`, `local`."""
    scopes: frozenset[Scope]
    tenants: Tenants
    csrf: str | None = None
    """What a change must carry besides the cookie; None where no cookie speaks."""
    unit: str | None = None
    """Whose cases alone are seen: those that this department or contractor was sent to; None is any."""

    def may(self, scope: Scope) -> bool:
        """Say whether a scope is among theirs."""
        return scope in self.scopes

    @property
    def sees_all(self) -> bool:
        """Say whether nothing is hidden from them."""
        return self.tenants is None and self.unit is None

    def covers(self, tenants: Tenants) -> bool:
        """Say whether all of these tenants are within theirs."""
        if self.tenants is None:
            return True
        return tenants is not None and tenants <= self.tenants


LOCAL = Principal("local", frozenset(Scope), None)
"""Whoever sits at this machine while there are no users and no tokens."""


class Denied(Exception):
    """The principal lacks a scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        super().__init__(f"this needs the scope {scope}")


class NotThere(Exception):
    """What was asked for does not exist, or is none of the principal's business: the same to the outside."""


class Unfit(ValueError):
    """What was asked for cannot be so; the text says why and what would be right."""
