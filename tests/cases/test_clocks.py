from datetime import UTC, date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from narrowgate_cases.clocks import CaseClock, Light, Limit, limit_of
from narrowgate_cases.working_calendar import (
    DAY_US,
    NoWorkingTime,
    WorkingCalendar,
    spans_of,
    week_of,
)

HOUR_US = 3_600_000_000
OFFICE = WorkingCalendar(
    zone=ZoneInfo("Asia/Shanghai"),
    week=week_of(["mon-fri 08:30-12:00 14:00-18:00"]),
    holidays=frozenset({date(2026, 10, day) for day in range(1, 8)}),
    workdays={date(2026, 10, 10): 4},
)
"""Seven and a half hours a day; the week of 1 October is free, Saturday the 10th is worked like a Friday."""
BERLIN = WorkingCalendar(zone=ZoneInfo("Europe/Berlin"), week=week_of(["mon-sun 00:00-24:00"]))
NIGHT = WorkingCalendar(zone=ZoneInfo("Europe/Berlin"), week=week_of(["mon-sun 00:00-06:00 22:00-24:00"]))
CAIRO = WorkingCalendar(zone=ZoneInfo("Africa/Cairo"), week=week_of(["mon-sun 00:00-08:00"]))
"""Its clocks change at midnight."""


def _us(text: str, calendar: WorkingCalendar) -> int:
    """Give an instant [us] by the calendar's wall clock; `*` behind it: the second time."""
    shown = datetime.fromisoformat(text.rstrip("*")).replace(tzinfo=calendar.zone, fold=text.endswith("*"))
    return int(shown.astimezone(UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("calendar", "limit", "opened", "due"),
    [
        # round the clock
        (OFFICE, "2h", "2026-03-02T09:00", "2026-03-02T11:00"),
        (OFFICE, "2h", "2026-03-07T23:30", "2026-03-08T01:30"),
        (OFFICE, "24h", "2026-10-01T12:00", "2026-10-02T12:00"),
        (OFFICE, "7d", "2026-03-02T09:00", "2026-03-09T09:00"),
        (BERLIN, "24h", "2026-03-28T12:00", "2026-03-29T13:00"),
        (BERLIN, "24h", "2026-10-24T12:00", "2026-10-25T11:00"),
        (OFFICE, "0.5h", "2026-03-02T23:45", "2026-03-03T00:15"),
        # working hours of one day
        (OFFICE, "2wh", "2026-03-02T09:00", "2026-03-02T11:00"),
        (OFFICE, "3.5wh", "2026-03-02T08:30", "2026-03-02T12:00"),
        (OFFICE, "4wh", "2026-03-02T09:00", "2026-03-02T15:00"),
        (OFFICE, "2wh", "2026-03-02T11:30", "2026-03-02T15:30"),
        (OFFICE, "1wh", "2026-03-02T12:00", "2026-03-02T15:00"),
        (OFFICE, "1wh", "2026-03-02T13:00", "2026-03-02T15:00"),
        (OFFICE, "1wh", "2026-03-02T06:00", "2026-03-02T09:30"),
        # over the evening
        (OFFICE, "1wh", "2026-03-02T17:30", "2026-03-03T09:00"),
        (OFFICE, "1wh", "2026-03-02T18:00", "2026-03-03T09:30"),
        (OFFICE, "1wh", "2026-03-02T23:59", "2026-03-03T09:30"),
        (OFFICE, "7.5wh", "2026-03-02T10:00", "2026-03-03T10:00"),
        # working days
        (OFFICE, "1wd", "2026-03-02T10:00", "2026-03-03T10:00"),
        (OFFICE, "2wd", "2026-03-02T10:00", "2026-03-04T10:00"),
        (OFFICE, "1wd", "2026-03-02T12:00", "2026-03-03T12:00"),
        (OFFICE, "5wd", "2026-03-02T08:30", "2026-03-06T18:00"),
        # weekends
        (OFFICE, "1wh", "2026-03-06T17:30", "2026-03-09T09:00"),
        (OFFICE, "1wd", "2026-03-06T10:00", "2026-03-09T10:00"),
        (OFFICE, "1wh", "2026-03-07T10:00", "2026-03-09T09:30"),
        (OFFICE, "1wh", "2026-03-08T23:00", "2026-03-09T09:30"),
        (OFFICE, "10wd", "2026-03-02T10:00", "2026-03-16T10:00"),
        # holidays and shifted days
        (OFFICE, "1wd", "2026-09-30T10:00", "2026-10-08T10:00"),
        (OFFICE, "1wh", "2026-10-01T09:00", "2026-10-08T09:30"),
        (OFFICE, "1wh", "2026-09-30T17:30", "2026-10-08T09:00"),
        (OFFICE, "1wd", "2026-10-09T10:00", "2026-10-10T10:00"),
        (OFFICE, "2wd", "2026-10-09T10:00", "2026-10-12T10:00"),
        (OFFICE, "1wh", "2026-10-10T17:30", "2026-10-12T09:00"),
        (OFFICE, "1wh", "2026-10-10T09:00", "2026-10-10T10:00"),
        # clock changes
        (BERLIN, "4wh", "2026-03-29T00:00", "2026-03-29T05:00"),
        (BERLIN, "4wh", "2026-10-25T00:00", "2026-10-25T03:00"),
        (BERLIN, "2.5wh", "2026-10-25T00:00", "2026-10-25T02:30"),
        (BERLIN, "3.5wh", "2026-10-25T00:00", "2026-10-25T02:30*"),
        (NIGHT, "6wh", "2026-03-28T22:00", "2026-03-29T05:00"),
        (NIGHT, "8wh", "2026-10-24T22:00", "2026-10-25T05:00"),
        (NIGHT, "7wh", "2026-03-28T22:00", "2026-03-29T06:00"),
        (NIGHT, "8wh", "2026-03-28T22:00", "2026-03-29T23:00"),
        (CAIRO, "8wh", "2026-04-23T00:00", "2026-04-23T08:00"),
        (CAIRO, "7wh", "2026-04-24T01:00", "2026-04-24T08:00"),
        (CAIRO, "8wh", "2026-04-24T01:00", "2026-04-25T01:00"),
        (CAIRO, "9wh", "2026-10-29T00:00", "2026-10-30T01:00"),
    ],
)
def test_a_limit_is_reached_when_the_calendar_says(
    calendar: WorkingCalendar, limit: str, opened: str, due: str
) -> None:
    """Limits run round the clock, or in the hours, days, holidays and clock changes of the calendar."""
    clock = CaseClock(limit_of(limit, calendar)).run(_us(opened, calendar))

    assert clock.reaches_us(Fraction(1), calendar) == _us(due, calendar)


@pytest.mark.parametrize(
    ("limit", "pauses", "due"),
    [
        ("8h", [("2026-03-02T10:00", "2026-03-02T12:00")], "2026-03-02T19:00"),
        ("8h", [("2026-03-02T10:00", "2026-03-20T10:00")], "2026-03-20T17:00"),
        ("4wh", [("2026-03-02T10:00", "2026-03-02T11:00")], "2026-03-02T16:00"),
        ("4wh", [("2026-03-02T12:00", "2026-03-02T14:00")], "2026-03-02T15:00"),
        ("4wh", [("2026-03-02T18:00", "2026-03-03T08:30")], "2026-03-02T15:00"),
        ("4wh", [("2026-03-02T10:00", "2026-03-07T12:00")], "2026-03-09T11:30"),
        ("1wd", [("2026-03-02T10:00", "2026-09-30T17:00")], "2026-10-08T16:00"),
        ("2wd", [("2026-03-02T10:00", "2026-03-02T11:00"), ("2026-03-03T09:00", "2026-03-03T10:00")],
         "2026-03-04T11:00"),
    ],
)  # fmt: skip
def test_a_clock_stands_while_a_case_is_suspended(
    limit: str, pauses: list[tuple[str, str]], due: str
) -> None:
    """A suspension that was agreed on costs none of the limit, whatever part of it is working time."""
    clock = CaseClock(limit_of(limit, OFFICE)).run(_us("2026-03-02T09:00", OFFICE))
    ends_first = _us(pauses[0][0], OFFICE) > _us(due, OFFICE)
    for begin, end in [] if ends_first else pauses:
        clock = clock.stand(_us(begin, OFFICE), OFFICE).run(_us(end, OFFICE))

    assert clock.reaches_us(Fraction(1), OFFICE) == _us(due, OFFICE)


@pytest.mark.parametrize(
    ("gone_min", "light"),
    [
        (0, Light.GREEN),
        (480, Light.GREEN),
        (480.1, Light.YELLOW),
        (600, Light.YELLOW),
        (600.1, Light.RED),
        (1e6, Light.RED),
    ],
)
def test_the_light_turns_at_80_and_100_percent(gone_min: float, light: Light) -> None:
    """Green to 80 %, yellow to 100 %, red after."""
    clock = CaseClock(Limit(10 * HOUR_US, is_working=False)).run(0)

    assert clock.light(int(gone_min * 60_000_000), OFFICE) is light


def test_the_light_of_a_clock_that_stands_stays() -> None:
    """A suspended case keeps the colour it had."""
    clock = CaseClock(Limit(10 * HOUR_US, is_working=False)).run(0).stand(9 * HOUR_US, OFFICE)

    assert clock.light(90 * HOUR_US, OFFICE) is Light.YELLOW


def test_a_case_without_a_limit_has_no_light() -> None:
    """What has no limit is never late."""
    assert CaseClock().run(0).light(DAY_US, OFFICE) is Light.NONE


def test_a_calendar_without_hours_never_reaches_a_limit() -> None:
    """A desk that never works is no endless loop."""
    calendar = WorkingCalendar(week=week_of([]))
    with pytest.raises(NoWorkingTime):
        calendar.after_us(0, 1)

    assert CaseClock(Limit(HOUR_US, is_working=True)).run(0).reaches_us(Fraction(1), calendar) is None


@pytest.mark.parametrize("text", ["", "4", "4m", "-4h", "0h", "4 h", "１h", "4h30", "1e3h", "99999d", "nanh"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    """A limit is a number of hours or days, working or not."""
    with pytest.raises(ValueError, match="no limit"):
        limit_of(text, OFFICE)


@pytest.mark.parametrize("text", ["8:30-12:00", "12:00-08:30", "08:30-25:00", "08:00-10:00 09:00-11:00", "x"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    """Hours are two digits, in order and apart."""
    with pytest.raises(ValueError, match=r"no time of day|does not lie behind"):
        spans_of(text)


@pytest.mark.parametrize(
    "lines", [["mo 08:00-10:00"], ["fri-mon 08:00-10:00"], ["mon-fri 08:00-10:00", "fri "]]
)
def test_what_is_no_week_is_refused(lines: list[str]) -> None:
    """Days are named once each, from Monday on."""
    with pytest.raises(ValueError, match=r"no day|ends before|already"):
        week_of(lines)
