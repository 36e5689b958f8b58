"""How a desk works: what it does about each service, its limits, its calendar, and whom it sends."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from narrowgate_cases.clocks import Limit
from narrowgate_cases.placing import NOWHERE, Place, Placing
from narrowgate_cases.working_calendar import WorkingCalendar
from narrowgate_schema.words import Severity

HOUR_US = 3_600_000_000

OPENS_A_CASE = {Severity.INFO: False, Severity.MINOR: True, Severity.MAJOR: True, Severity.SAFETY: True}
"""Whether a finding sends somebody, by its severity; one that comes to do so opens its case then."""


@dataclass(frozen=True)
class Service:
    """What a desk does about the cases of one service."""

    relapse_us: int | None = 24 * HOUR_US
    """How long after its end a case is reopened by a new episode; None: each episode is a case of its own."""
    device_verifies: bool = True
    """Whether the device's own recovery verifies and closes a case; else a person looks first."""
    limits: Mapping[Severity, Limit] = field(default_factory=dict)
    """By severity, before the limits of all services."""


DEFAULT_SERVICES: dict[str, Service] = {
    "overstay": Service(relapse_us=None),
}
DEFAULT_LIMITS: dict[Severity, Limit] = {
    Severity.SAFETY: Limit(2 * HOUR_US, is_working=False),
    Severity.MAJOR: Limit(24 * HOUR_US, is_working=False),
    Severity.MINOR: Limit(48 * HOUR_US, is_working=False),
    Severity.INFO: Limit(7 * 24 * HOUR_US, is_working=False),
}
"""12345's feedback limits: 2 h where life or property is at stake, 24 h for water, power, gas and heat; 48 h
is the lamp contracts' limit for damage."""


@dataclass(frozen=True)
class Practice:
    """How a desk works; the default is a desk of its own without grids."""

    services: Mapping[str, Service] = field(default_factory=lambda: DEFAULT_SERVICES)
    otherwise: Service = Service()
    """What holds for services that are not named."""
    limits: Mapping[Severity, Limit] = field(default_factory=lambda: DEFAULT_LIMITS)
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    people_kept_us: int = 365 * 24 * HOUR_US
    """How long it is known who reported."""
    placing: Placing | None = None
    """Where assets lie and who mends there; None: nobody knows."""

    def service(self, name: str) -> Service:
        """Give what is done about a service."""
        return self.services.get(name, self.otherwise)

    def limit(self, service: str, severity: str) -> Limit | None:
        """Give how long a case may take; None if nothing says so."""
        known = Severity(severity)
        return self.service(service).limits.get(known, self.limits.get(known))

    def place(self, service: str, device: str, names: list[str], at_us: int, now_us: int) -> Place:
        """Give where a case lies that was raised at an instant, and who mends there now [us]."""
        return NOWHERE if self.placing is None else self.placing.place(service, device, names, at_us, now_us)


DEFAULT_PRACTICE = Practice()
