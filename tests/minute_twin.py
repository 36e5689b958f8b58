"""A working calendar and a case's clock minute by minute: slow, plain, right by the wall clock."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from narrowgate_cases.working_calendar import WorkingCalendar

MINUTE_US = 60_000_000


def wall(at_us: int, calendar: WorkingCalendar) -> datetime:
    """Give what the calendar's wall clock shows at an instant [us]."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).astimezone(calendar.zone)


def is_working(at_us: int, calendar: WorkingCalendar) -> bool:
    """Say whether the wall clock shows a minute of the day's hours."""
    shown = wall(at_us, calendar)
    day = shown.date()
    if day in calendar.workdays:
        hours = calendar.week[calendar.workdays[day]]
    elif day in calendar.holidays:
        hours = ()
    else:
        hours = calendar.week[day.weekday()]
    minute = shown.hour * 60 + shown.minute
    return any(begin <= minute < end for begin, end in hours)


def gone_minutes(
    from_us: int, to_us: int, pauses: Sequence[tuple[int, int]], calendar: WorkingCalendar | None
) -> int:
    """Count the minutes that a clock runs; None is a clock that runs round the clock.

    Args:
        from_us: a whole minute [us].
        to_us: a whole minute [us].
        pauses: whole minutes from and to [us], in which it stands.
        calendar: the working time.
    """
    return sum(
        (calendar is None or is_working(at_us, calendar))
        and not any(begin <= at_us < end for begin, end in pauses)
        for at_us in range(from_us, to_us, MINUTE_US)
    )
