"""A core that starts with another calendar: cases that are open already go by it too."""

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime

from findings_rows import batch, raised
from narrowgate_cases import DEFAULT_PRACTICE, apply, case
from narrowgate_cases.clocks import Light, Limit
from narrowgate_cases.practice import HOUR_US
from narrowgate_cases.queue import lights
from narrowgate_cases.settling import settle
from narrowgate_cases.working_calendar import WorkingCalendar, week_of
from narrowgate_schema.words import Severity

WEEK = WorkingCalendar(week=week_of(["mon-fri 08:00-16:00"]))
PRACTICE = replace(
    DEFAULT_PRACTICE, calendar=WEEK, limits={severity: Limit(8 * HOUR_US, True) for severity in Severity}
)
FREE_TUESDAY = replace(PRACTICE, calendar=replace(WEEK, holidays=frozenset({date(2026, 3, 3)})))


def _us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def test_open_cases_are_due_by_the_calendar_that_holds(connection: sqlite3.Connection) -> None:
    """A holiday that is told later moves the end of what is under way; the queue's lights say the same."""
    apply(connection, batch(raised()), _us("2026-03-02T12:00"), PRACTICE)
    settle(connection, PRACTICE)
    found = case(connection, "C-000001")
    assert found is not None
    before = found[0].due_at_us
    settle(connection, FREE_TUESDAY)
    tuesday_evening = _us("2026-03-03T18:00")
    found = case(connection, "C-000001")

    assert found is not None
    assert (before, found[0].due_at_us) == (_us("2026-03-03T12:00"), _us("2026-03-04T12:00"))
    assert found[0].light(tuesday_evening, FREE_TUESDAY.calendar) is Light.GREEN
    assert lights(connection, tuesday_evening).green == 1


def test_the_same_calendar_changes_nothing(connection: sqlite3.Connection) -> None:
    """A core that starts again as it was leaves the desk as it was."""
    apply(connection, batch(raised()), _us("2026-03-02T12:00"), PRACTICE)
    settle(connection, PRACTICE)
    before = list(connection.iterdump())
    settle(connection, replace(PRACTICE, calendar=WorkingCalendar(week=WEEK.week)))

    assert list(connection.iterdump()) == before
