"""Who mends what, where and when: the city's table of departments and contractors.

Rule 1: of the rows that fit, the one with the longest place wins; then the one that names the service; then
the one that names hours; then the first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from narrowgate_cases.grid_codes import MOST_NAME, CodeFault, csv_rows
from narrowgate_cases.working_calendar import Span, week_of

_PLACES = (0, 6, 9, 12, 15)


@dataclass(frozen=True)
class Route:
    """One row: who mends there."""

    place: str
    """The digits that the cell's code begins with: '' everywhere, 6 a district, 9 a street, …"""
    service: str
    """'' for all services."""
    week: tuple[tuple[Span, ...], ...] | None
    """(7,) the hours in which it holds; None = always."""
    unit: str

    def holds_at(self, wall: datetime) -> bool:
        """Say whether it holds at a time of the city's wall clock."""
        if self.week is None:
            return True
        minute = wall.hour * 60 + wall.minute
        return any(begin <= minute < end for begin, end in self.week[wall.weekday()])


class Routes:
    """The whole table."""

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        """Order the rows by how well they fit."""
        self._by_key: dict[tuple[str, str], list[Route]] = {}
        for route in sorted(routes, key=lambda route: route.week is None):
            self._by_key.setdefault((route.place, route.service), []).append(route)

    def unit(self, cell: str | None, service: str, wall: datetime) -> str | None:
        """Give who mends; None if no row fits.

        Args:
            cell: the cell's code; None = it is not known.
            service: what is to be mended.
            wall: when, by the city's wall clock.
        """
        for length in reversed(_PLACES):
            place = (cell or "")[:length]
            if len(place) < length:
                continue
            for named in (service, ""):
                for route in self._by_key.get((place, named), ()):
                    if route.holds_at(wall):
                        return route.unit
        return None


def read_routes(path: Path) -> Routes:
    """Read the table: a CSV with the columns place, service, hours and unit.

    Raises:
        CodeFault: the file cannot be read, or a line of it is wrong; names the line.
    """
    routes, faults = [], []
    for line, row in csv_rows(path, ("unit", "place", "service", "hours")):
        try:
            routes.append(_route(row))
        except ValueError as error:
            faults.append(f"{path}: line {line}: {error}")
    if faults:
        raise CodeFault(*faults)
    return Routes(routes)


def _route(row: dict[str, str]) -> Route:
    place, unit = row["place"], row["unit"]
    if len(place) not in _PLACES or not (place == "" or (place.isascii() and place.isdigit())):
        raise CodeFault(f"place = {place[:40]!r}: nothing, or the first 6, 9, 12 or all 15 digits of a cell")
    if not 0 < len(unit) <= MOST_NAME or not unit.isprintable():
        raise CodeFault(f"unit = {unit[:40]!r}: 1 to {MOST_NAME} printable letters")
    if len(row["service"]) > MOST_NAME or not row["service"].isprintable():
        raise CodeFault(f"service = {row['service'][:40]!r}: a rule's name, or nothing for all")
    week = week_of(row["hours"].split(";")) if row["hours"] else None
    return Route(place, row["service"], week, unit)
