"""A night's steps become what a controller can keep, or levels one by one, each at its instant."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from narrowgate_fleet.lamp_plan import Plan, Sky, lamp_plan
from narrowgate_fleet.lamp_programme import read_lamp_nights
from narrowgate_schema.commands import (
    ClockStep,
    Command,
    CommandKind,
    LampCalendar,
    LampLevel,
    LampProgramme,
    SunStep,
    kind_of,
)

_ZONE = ZoneInfo("Asia/Shanghai")
_DAY = date(2026, 3, 15)
_EVERYTHING = tuple(CommandKind)
_LEVELS = (CommandKind.LAMP_LEVEL,)
_PLACE = (28.26, 117.07, _ZONE)
_NOWHERE = (float("nan"), float("nan"), _ZONE)


def _plan(
    steps: str,
    kinds: tuple[CommandKind, ...] = _EVERYTHING,
    *,
    day: date = _DAY,
    place: tuple[float, float, ZoneInfo] = _PLACE,
    extra: str = "",
) -> Plan:
    def takes(command: Command) -> str | None:
        return None if kind_of(command) in kinds else f"{kind_of(command)} is not possible"

    said = read_lamp_nights(f'[default]\nsteps = "{steps}"\n{extra}').steps(None, day)
    assert said is not None
    lat_deg, lon_deg, zone = place
    return lamp_plan(Sky(day, zone, np.array([lat_deg]), np.array([lon_deg])), 0, said, takes)


def _told(plan: Plan) -> list[Command]:
    return [timed.command for timed in plan.commands]


def _times(plan: Plan, zone: ZoneInfo = _ZONE) -> list[tuple[str, float | None]]:
    found = []
    for timed in plan.commands:
        assert timed.not_before_us is not None
        assert isinstance(timed.command, LampLevel)
        at = datetime.fromtimestamp(timed.not_before_us / 1e6, UTC).astimezone(zone)
        found.append((f"{at:%d %H:%M}", timed.command.level_pct))
    return found


def test_a_controller_that_can_keeps_the_night_by_itself() -> None:
    """Sun and clock become a calendar and a programme, told once."""
    plan = _plan("sunset 100; 23:00 60; 05:00 100; sunrise 0")

    calendar = LampCalendar(28.26, 117.07, (SunStep(90.833, 100),), (SunStep(90.833, 0),))
    assert _told(plan) == [calendar, LampProgramme((ClockStep(300, 100), ClockStep(1380, 60)))]
    assert plan.is_kept


def test_minutes_behind_the_sun_are_a_calendars_too() -> None:
    """On after sunset and off before sunrise is a calendar by minutes."""
    plan = _plan("sunset+10 100; sunrise-5 0", (CommandKind.LAMP_CALENDAR,))

    assert _told(plan) == [LampCalendar(28.26, 117.07, dusk_offset_min=10, dawn_offset_min=-5)]


def test_a_night_without_dimming_takes_a_programme_back() -> None:
    """Where a controller has programmes an empty one takes the place of an earlier night's."""
    assert _told(_plan("sunset 100; sunrise 0"))[1] == LampProgramme(())


def test_by_the_clock_alone_a_programme_is_enough() -> None:
    """Steps by the clock need no calendar and no place."""
    plan = _plan("22:00 40; 06:00 0", (CommandKind.LAMP_PROGRAMME,), place=_NOWHERE)

    assert _told(plan) == [LampProgramme((ClockStep(360, 0), ClockStep(1320, 40)))]


def test_a_controller_that_keeps_nothing_is_told_each_level() -> None:
    """Levels go out at the sun's and the clock's instants, each until the next."""
    plan = _plan("sunset 100; 23:00 60; 05:00 100; sunrise 0", _LEVELS)

    assert _times(plan) == [("15 18:20", 100), ("15 23:00", 60), ("16 05:00", 100), ("16 06:20", 0)]
    ends = [timed.until_us for timed in plan.commands]
    assert ends[:-1] == [timed.not_before_us for timed in plan.commands[1:]]
    assert not plan.is_kept


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 6, 20), [("20 19:11", 100), ("21 05:15", 0)]),
        (date(2026, 12, 20), [("20 17:19", 100), ("20 18:00", 70), ("21 06:00", 90), ("21 06:59", 0)]),
    ],
)
def test_the_clock_counts_while_the_sun_is_down(day: date, expected: list[tuple[str, float]]) -> None:
    """A step by the clock that falls into the day of a season is left out in that season."""
    plan = _plan("sunset 100; 18:00 70; 06:00 90; sunrise 0", _LEVELS, day=day)

    assert _times(plan) == expected


def test_part_night_is_off_in_levels_too() -> None:
    """A part-night is a level of 0 and then the level that would have held."""
    plan = _plan("sunset 80; sunrise 0", _LEVELS, extra='part_night = "00:30-05:00"')

    assert [level for _, level in _times(plan)] == [80, 0, 80, 0]


def test_where_the_sun_does_not_set_nothing_is_told() -> None:
    """A polar day has no night to light."""
    plan = _plan("sunset 80; sunrise 0", _LEVELS, day=date(2026, 6, 21), place=(70.0, 117.07, _ZONE))

    assert plan == Plan((), is_kept=False)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 26), [("26 12:09", 100), ("26 23:00", 60), ("27 05:00", 100), ("27 11:11", 0)]),
        (date(2026, 12, 21), [("21 12:00", 100), ("21 23:00", 60), ("22 05:00", 100)]),
        (date(2026, 5, 17), [("18 00:20", 100), ("18 00:40", 0)]),
    ],
)
def test_a_polar_night_is_lit_through(day: date, expected: list[tuple[str, float]]) -> None:
    """Where the sun does not rise lamps burn from noon to noon; the last short night ends at its lowest."""
    arctic = (69.6, 18.9, ZoneInfo("Europe/Oslo"))
    plan = _plan("sunset 100; 23:00 60; 05:00 100; sunrise 0", _LEVELS, day=day, place=arctic)

    assert _times(plan, arctic[2]) == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("18:00 100; sunrise 0", [("15 18:00", 100), ("16 06:20", 0)]),
        ("sunset 100; 06:00 0", [("15 18:20", 100), ("16 06:00", 0)]),
    ],
)
def test_a_night_may_begin_by_the_clock_and_end_by_the_sun(
    steps: str, expected: list[tuple[str, float]]
) -> None:
    """The first and the last step hold also where the sun is asked at the other end only."""
    assert _times(_plan(steps, _LEVELS)) == expected


def test_a_lamp_whose_place_is_not_known_is_refused_a_sun() -> None:
    """Nobody knows when the sun sets over a lamp without coordinates: it is named, not left out."""
    plan = _plan("sunset 80; sunrise 0", _LEVELS, place=_NOWHERE)

    assert plan.refused == "the registry has no lat and lon of its place: no sun is known"


def test_what_no_way_leads_to_is_refused_with_the_reason() -> None:
    """A controller that understands no level either is told nothing, and why."""
    assert _plan("sunset 80; sunrise 0", ()).refused == "lamp_level is not possible"


def test_a_change_of_clocks_moves_the_sun_and_not_the_clock() -> None:
    """In the night in which clocks change a step by the clock stays at its time of the day."""
    zone, day = ZoneInfo("Europe/Tallinn"), date(2026, 3, 28)
    steps = read_lamp_nights('[default]\nsteps = "22:00 40; 06:00 0"').steps(None, day)
    assert steps is not None
    plan = lamp_plan(
        Sky(day, zone, np.array([59.4]), np.array([24.7])),
        0,
        steps,
        lambda command: None if isinstance(command, LampLevel) else "no",
    )

    hours = [timed.not_before_us / 3.6e9 for timed in plan.commands if timed.not_before_us is not None]
    assert hours[1] - hours[0] == 7
