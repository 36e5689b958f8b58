import sqlite3

import pytest

from findings_rows import batch, cleared, raised
from narrowgate_cases import DEFAULT_PRACTICE, Step, apply
from narrowgate_cases.figures import By, Figures, figures
from narrowgate_cases.keeping import keep_time
from narrowgate_cases.practice import HOUR_US
from narrowgate_cases.work import Asked, take_step

DAY = 24 * HOUR_US


def _take(connection: sqlite3.Connection, number: int, at_us: int, *steps: Asked) -> None:
    for asked in steps:
        take_step(connection, f"C-{number:06d}", asked, "user:ann", at_us, DEFAULT_PRACTICE)


@pytest.fixture
def week(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Six cases of a week, each with 48 hours: in time, late, deferred, open, back again, void."""
    apply(connection, batch(*(raised(f"f{n}") for n in range(1, 7))), 0)
    for number in range(1, 7):
        unit = "north" if number < 4 else "south"
        _take(connection, number, HOUR_US, Asked(Step.ACCEPTED), Asked(Step.DISPATCHED, unit=unit))
    apply(connection, batch(cleared("f1")), 10 * HOUR_US)
    apply(connection, batch(cleared("f2")), 60 * HOUR_US)
    _take(connection, 3, 2 * HOUR_US, Asked(Step.DEFERRED, "岁修"))
    apply(connection, batch(cleared("f5")), 20 * HOUR_US)
    apply(connection, batch(raised("f5", version=3)), 21 * HOUR_US)
    _take(connection, 6, 2 * HOUR_US, Asked(Step.VOID, "works"))
    return connection


def test_the_figures_at_the_weeks_end(week: sqlite3.Connection) -> None:
    """What was due, deferred, closed, in time and back again, and the mean time of repair."""
    [found] = figures(week, 7 * DAY)

    assert found == Figures("", 6, 5, 1, 2, 1, 1, 35 * 3600.0)
    assert (found.closing_rate, found.in_time_rate, found.reopened_rate) == (0.5, 0.25, 0.2)


def test_the_figures_of_an_earlier_day_stay_as_they_were(week: sqlite3.Connection) -> None:
    """As of the first day, two were mended in time and none was late: what came later changes nothing."""
    [found] = figures(week, 20 * HOUR_US + 1)

    assert (found.due, found.closed, found.in_time, found.reopened) == (2, 2, 2, 0)


def test_figures_are_told_apart_by_contractor(week: sqlite3.Connection) -> None:
    """Each contractor has figures of its own, and they add up."""
    found = {each.key: (each.reported, each.closed) for each in figures(week, 7 * DAY, By.UNIT)}

    assert found == {"north": (3, 2), "south": (3, 0)}


@pytest.mark.parametrize(("spent_h", "in_time"), [(2, 1), (60, 0)])
def test_what_was_suspended_until_it_was_mended_is_judged_by_what_it_had_left(
    connection: sqlite3.Connection, spent_h: int, in_time: int
) -> None:
    """A month of agreed waiting is nobody's delay; what was late before it is late."""
    apply(connection, batch(raised()), 0)
    _take(connection, 1, spent_h * HOUR_US, Asked(Step.ACCEPTED), Asked(Step.DEFERRED, "岁修"))
    apply(connection, batch(cleared()), 30 * DAY)
    [found] = figures(connection, 31 * DAY)

    assert (found.closed, found.in_time) == (1, in_time)


@pytest.mark.parametrize("by", list(By))
def test_figures_of_nothing_are_none(connection: sqlite3.Connection, by: By) -> None:
    """A desk without cases has no figures, and divides by nothing."""
    assert figures(connection, DAY, by) == []


def test_rates_where_nothing_was_due_are_unknown(connection: sqlite3.Connection) -> None:
    """A case that has its time still is in no rate."""
    apply(connection, batch(raised()), 0)
    [found] = figures(connection, HOUR_US)

    assert (found.closing_rate, found.in_time_rate, found.reopened_rate, found.mean_repair_s) == (None,) * 4


def test_what_is_overdue_is_escalated_once_for_each_limit(connection: sqlite3.Connection) -> None:
    """A case is escalated when its limit is reached and when as much again is gone, dated so, and no more."""
    apply(connection, batch(raised()), 0)
    taken = [keep_time(connection, hours * HOUR_US) for hours in (47, 48, 49, 97, 500)]
    rows = connection.execute(
        "SELECT at_us / ?, actor, reason FROM case_steps WHERE step = 'escalated'", (HOUR_US,)
    ).fetchall()

    assert taken == [0, 1, 0, 1, 0]
    assert rows == [(48, "clock", "overdue"), (96, "clock", "overdue_twice")]


def test_what_is_suspended_is_not_escalated(connection: sqlite3.Connection) -> None:
    """The clock of a deferred case stands, and so does its alarm; it goes on when the case does."""
    apply(connection, batch(raised()), 0)
    _take(connection, 1, HOUR_US, Asked(Step.ACCEPTED), Asked(Step.DEFERRED, "岁修"))
    stood = keep_time(connection, 1000 * HOUR_US)
    _take(connection, 1, 1000 * HOUR_US, Asked(Step.RESUMED))

    assert (stood, keep_time(connection, 1046 * HOUR_US), keep_time(connection, 1047 * HOUR_US)) == (0, 0, 1)
