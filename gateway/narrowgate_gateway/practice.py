"""The desk's practice as a configuration says it: calendar, limits, services, grid and routes."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from pathlib import Path

from narrowgate_cases import Practice, Service
from narrowgate_cases.city import City
from narrowgate_cases.clocks import Limit, limit_of
from narrowgate_cases.grid_codes import CodeFault, CodeTable, read_codes
from narrowgate_cases.grids import Grid, read_grid
from narrowgate_cases.practice import DEFAULT_LIMITS, DEFAULT_SERVICES, HOUR_US
from narrowgate_cases.routes import Routes, read_routes
from narrowgate_cases.working_calendar import WorkingCalendar, week_of
from narrowgate_fleet import Fleet
from narrowgate_gateway.config import Fault
from narrowgate_gateway.desk_settings import Desk, DeskService
from narrowgate_schema.words import Severity

_MONDAY = 0
_MOST_TOLD = 100
"""So many faults of one file are told."""


def practice_of(
    desk: Desk, zone: tzinfo, fleet: Callable[[], Fleet] | None = None, *, people_kept_days: int = 365
) -> Practice:
    """Give how a desk works.

    Args:
        desk: the options.
        zone: the city's.
        fleet: gives the newest registry; None: nobody asks where assets are.
        people_kept_days: how long it is known who reported.

    Raises:
        CodeFault: a file of the desk cannot be used; names it and the line.
    """
    calendar = calendar_of(desk, zone)
    placing = None
    if fleet is not None:
        grid = read_grid(Path(desk.grid_file)) if desk.grid_file else Grid([], [])
        routes = read_routes(Path(desk.routes_file)) if desk.routes_file else Routes()
        placing = City(fleet, grid, routes, zone)
    otherwise = _service(DeskService(), desk, Service(), calendar)
    told = {**dict.fromkeys(DEFAULT_SERVICES, DeskService()), **desk.services}
    services = {
        name: _service(each, desk, DEFAULT_SERVICES.get(name, otherwise), calendar)
        for name, each in told.items()
    }
    return Practice(
        services=services,
        otherwise=otherwise,
        limits={**DEFAULT_LIMITS, **_limits(desk.limits, calendar)},
        calendar=calendar,
        placing=placing,
        people_kept_us=people_kept_days * 24 * HOUR_US,
    )


def calendar_of(desk: Desk, zone: tzinfo) -> WorkingCalendar:
    """Give the desk's working calendar."""
    workdays = dict.fromkeys(desk.workdays, _MONDAY)
    return WorkingCalendar(zone, week_of(desk.hours), frozenset(desk.holidays), workdays)


def codes_of(desk: Desk) -> CodeTable:
    """Give the names of the city's codes; none where no file is named."""
    return read_codes(Path(desk.codes_file)) if desk.codes_file else CodeTable({})


def desk_faults(config: Path, desk: Desk) -> list[Fault]:
    """Give what is wrong with the files of a desk."""
    readers: tuple[tuple[str, str, Callable[[Path], object]], ...] = (
        ("grid_file", desk.grid_file, read_grid),
        ("routes_file", desk.routes_file, read_routes),
        ("codes_file", desk.codes_file, read_codes),
    )
    faults = []
    for key, name, read in readers:
        try:
            if name:
                read(Path(name))
        except CodeFault as fault:
            told = fault.faults[:_MOST_TOLD]
            faults += [Fault(str(config), f"desk.{key}", repr(name), each) for each in told]
    return faults


def _service(told: DeskService, desk: Desk, known: Service, calendar: WorkingCalendar) -> Service:
    relapse_us = known.relapse_us
    if told.relapse_h is not None or relapse_us is not None:
        hours = desk.relapse_h if told.relapse_h is None else told.relapse_h
        relapse_us = None if hours < 0 else int(hours * HOUR_US)
    verifies = desk.device_verifies if told.device_verifies is None else told.device_verifies
    return Service(relapse_us, verifies, _limits(told.limits, calendar))


def _limits(limits: Mapping[str, str], calendar: WorkingCalendar) -> dict[Severity, Limit]:
    return {Severity(severity): limit_of(text, calendar) for severity, text in limits.items()}
