from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from minute_twin import MINUTE_US, gone_minutes
from narrowgate_cases.clocks import CaseClock, Limit
from narrowgate_cases.working_calendar import WorkingCalendar

_STARTS = [
    int(datetime(*day, tzinfo=UTC).timestamp()) * 1_000_000
    for day in [(2026, 3, 27), (2026, 10, 23), (2026, 9, 30), (2026, 4, 22), (2026, 10, 28), (2026, 2, 26)]
]
"""Days before clock changes and holidays."""
_MINUTES = 4 * 24 * 60


@st.composite
def _spans(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=4)))
    return tuple(zip(edges[::2], edges[1::2], strict=False))


@st.composite
def _calendars(draw: st.DrawFn) -> WorkingCalendar:
    days = st.dates(date(2026, 2, 25), date(2026, 11, 2))
    return WorkingCalendar(
        zone=ZoneInfo(
            draw(st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe"]))
        ),
        week=tuple(draw(_spans()) for _ in range(7)),
        holidays=frozenset(draw(st.sets(days, max_size=3))),
        workdays=draw(st.dictionaries(days, st.integers(0, 6), max_size=3)),
    )


@settings(max_examples=60, deadline=None)
@given(
    _calendars(),
    st.sampled_from(_STARTS),
    st.lists(st.integers(0, _MINUTES), min_size=2, max_size=6),
    st.booleans(),
)
def test_a_clock_counts_what_its_minute_by_minute_twin_counts(
    calendar: WorkingCalendar, start_us: int, turns: list[int], is_working: bool
) -> None:
    """What is gone of a limit, over any pauses, is the working minutes that the wall clock showed."""
    instants = [start_us + minute * MINUTE_US for minute in sorted(turns)]
    end_us = instants[-1] + MINUTE_US * 60
    clock = CaseClock(Limit(MINUTE_US * 10**6, is_working))
    for n, at_us in enumerate(instants):
        clock = clock.run(at_us) if n % 2 == 0 else clock.stand(at_us, calendar)
    pauses = list(zip(instants[1::2], [*instants[2::2], end_us], strict=False))

    assert clock.gone_us(end_us, calendar) == MINUTE_US * gone_minutes(
        instants[0], end_us, pauses, calendar if is_working else None
    )


@settings(max_examples=60, deadline=None)
@given(_calendars(), st.sampled_from(_STARTS), st.integers(0, _MINUTES), st.integers(1, 2000))
def test_a_limit_is_reached_when_so_much_is_gone(
    calendar: WorkingCalendar, start_us: int, minute: int, amount: int
) -> None:
    """At the instant a limit is reached it is gone to the last microsecond, and not a microsecond before."""
    from_us = start_us + minute * MINUTE_US
    clock = CaseClock(Limit(amount * MINUTE_US, is_working=True)).run(from_us)
    due_us = clock.reaches_us(Fraction(1), calendar)
    if due_us is None:
        assert calendar.between_us(from_us, from_us + 366 * 86_400_000_000) < amount * MINUTE_US
        return

    assert clock.gone_us(due_us, calendar) == amount * MINUTE_US
    assert clock.gone_us(due_us - 1, calendar) == amount * MINUTE_US - 1


def test_the_twin_counts_a_day() -> None:
    """The twin itself: an hour of a Monday."""
    calendar = WorkingCalendar()
    monday_us = _STARTS[0] + int(timedelta(days=3) / timedelta(microseconds=1))

    assert gone_minutes(monday_us, monday_us + 9 * 60 * MINUTE_US, [], calendar) == 30
