"""What the city page shows at one instant: each part for itself, so that one dead store hides no other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from narrowgate_cases import Case
from narrowgate_console.faults import StoreUnreadable
from narrowgate_console.series import Series
from narrowgate_console.services import Overview, Services
from narrowgate_console.sources import Check
from narrowgate_schema.words import Family

SHOWN_CASES = 20
SHOWN_HOURS = 48

Part = TypeVar("Part")


@dataclass(frozen=True)
class Board:
    """The page's content; None is a part that could not be read."""

    now_us: int
    """Event time [us]."""
    overview: Overview | None
    cases: list[Case] | None
    charts: dict[Family, Series | None]
    checks: tuple[Check, ...]
    faults: tuple[StoreUnreadable, ...]

    @property
    def is_ready(self) -> bool:
        """Whether everything that the work depends on is so."""
        return not self.faults and all(check.ok for check in self.checks)


def look(services: Services) -> Board:
    """Ask for all that the page shows; it blocks on the stores and raises none of their faults."""
    faults: list[StoreUnreadable] = []

    def part(ask: Callable[[], Part]) -> Part | None:
        try:
            return ask()
        except StoreUnreadable as fault:
            faults.append(fault)
            return None

    return Board(
        now_us=services.now_us(),
        overview=part(services.overview),
        cases=part(lambda: services.open_cases(SHOWN_CASES)),
        charts={family: _chart(services, family, part) for family in Family},
        checks=services.readiness(),
        faults=tuple(faults),
    )


def _chart(
    services: Services,
    family: Family,
    part: Callable[[Callable[[], Series]], Series | None],
) -> Series | None:
    return part(lambda: services.series(family, SHOWN_HOURS))
