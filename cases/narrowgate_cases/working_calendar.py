"""A working calendar: hours of the week, holidays, and working days that were moved to other days.

Rule 1: hours are the wall clock's in the calendar's zone; what is counted is the time that really passes in
them: an hour that a clock change skips or repeats counts for none or for two.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_MINUTE = timedelta(minutes=1)
_MINUTE_US = 60_000_000
_AROUND = timedelta(hours=3)
"""What is looked at before and after a day for a clock change: midnight itself may be skipped."""
_LONGEST_DAYS = 3660
"""Ten years: a limit that is not reached within them never is."""

Span = tuple[int, int]
"""Minutes of the day, from and to; 1440 is midnight at the day's end."""


class NoWorkingTime(ValueError):
    """A calendar in which so much working time does not pass within ten years."""


def spans_of(text: str) -> tuple[Span, ...]:
    """Read hours such as `08:30-12:00 14:00-17:30`, in order and apart from each other.

    Raises:
        ValueError: it is none; says what would be right.
    """
    spans: list[Span] = []
    for word in text.split():
        match = _SPAN.fullmatch(word)
        if match is None:
            raise ValueError(f"{word!r} is no time of day such as 08:30-12:00")
        h1, m1, h2, m2 = map(int, match.groups())
        begin, end = h1 * 60 + m1, h2 * 60 + m2
        if m1 > 59 or m2 > 59 or not (spans[-1][1] if spans else 0) <= begin < end <= 1440:
            raise ValueError(f"{word!r} does not lie behind what stands before it, within 00:00-24:00")
        spans.append((begin, end))
    return tuple(spans)


def week_of(lines: Iterable[str]) -> tuple[tuple[Span, ...], ...]:
    """Read the hours of a week from lines such as `mon-fri 08:30-12:00 14:00-17:30`.

    Returns:
        (7,) the hours of Monday to Sunday; a day that no line names has none.

    Raises:
        ValueError: a line is none, or names a day again.
    """
    week: list[tuple[Span, ...] | None] = [None] * 7
    for line in lines:
        days, _, hours = line.strip().partition(" ")
        for day in _days_of(days):
            if week[day] is not None:
                raise ValueError(f"{line!r}: {_DAYS[day]} has hours already")
            week[day] = spans_of(hours)
    return tuple(spans or () for spans in week)


def _days_of(text: str) -> range:
    first, dash, last = text.partition("-")
    try:
        begin, end = _DAYS.index(first), _DAYS.index(last if dash else first)
    except ValueError:
        raise ValueError(f"{text!r} is no day such as sat or mon-fri") from None
    if end < begin:
        raise ValueError(f"{text!r} ends before it begins")
    return range(begin, end + 1)


@dataclass(frozen=True)
class WorkingCalendar:
    """When a desk works."""

    zone: tzinfo = UTC
    week: tuple[tuple[Span, ...], ...] = week_of(["mon-fri 08:30-12:00 14:00-18:00"])
    """(7,) hours of Monday to Sunday."""
    holidays: frozenset[date] = frozenset()
    """Days without hours."""
    workdays: Mapping[date, int] = field(default_factory=dict)
    """Days that are worked like another day of the week (0 = Monday), whatever day they are."""
    _spans: "_Days" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Stand ready to work days out once each."""
        object.__setattr__(self, "_spans", _Days(self))

    @property
    def day_us(self) -> int:
        """Give what a limit of one working day is: the hours of the longest day of the week [us]."""
        return max(sum(end - begin for begin, end in spans) for spans in self.week) * _MINUTE_US

    def hours_of(self, day: date) -> tuple[Span, ...]:
        """Give the hours of a day by the wall clock."""
        if day in self.workdays:
            return self.week[self.workdays[day]]
        return () if day in self.holidays else self.week[day.weekday()]

    def is_working(self, at_us: int) -> bool:
        """Say whether an instant [us] lies in working time."""
        return any(begin <= at_us < end for begin, end in self._spans.of(self._day(at_us)))

    def between_us(self, from_us: int, to_us: int) -> int:
        """Give the working time between two instants [us]; 0 if the second is not the later one."""
        if to_us <= from_us:
            return 0
        first, last = self._day(from_us), self._day(to_us)
        days = (first + timedelta(n) for n in range((last - first).days + 1))
        return sum(
            max(0, min(end, to_us) - max(begin, from_us))
            for day in days
            for begin, end in self._spans.of(day)
        )

    def after_us(self, from_us: int, amount_us: int) -> int:
        """Give the first instant by which an amount of working time has passed since another [us].

        Raises:
            NoWorkingTime: it never passes.
        """
        if amount_us <= 0:
            return from_us
        day, left = self._day(from_us), amount_us
        for n in range(_LONGEST_DAYS if any(self.week) else 0):
            for begin, end in self._spans.of(day + timedelta(n)):
                here = end - max(begin, from_us)
                if here >= left:
                    return max(begin, from_us) + left
                left -= max(0, here)
        raise NoWorkingTime("the working calendar has no working time left")

    def _day(self, at_us: int) -> date:
        return (_EPOCH + at_us * _MICROSECOND).astimezone(self.zone).date()


class _Days:
    """The working spans of days as instants."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self._calendar = calendar
        self.of = lru_cache(maxsize=4096)(self._of)

    def _of(self, day: date) -> tuple[tuple[int, int], ...]:
        """Give the spans of a day, from and to [us]; a clock change within one parts it."""
        found = []
        for begin_us, end_us, offset_us in self._offsets(day):
            midnight_us = (datetime.combine(day, time(), UTC) - _EPOCH) // _MICROSECOND - offset_us
            for begin, end in self._calendar.hours_of(day):
                span = (
                    max(begin_us, midnight_us + begin * _MINUTE_US),
                    min(end_us, midnight_us + end * _MINUTE_US),
                )
                found += [span] if span[0] < span[1] else []
        return tuple(sorted(found))

    def _offsets(self, day: date) -> list[tuple[int, int, int]]:
        """Give the stretches of one offset from UTC around a day: from, to, and the offset [us]."""
        wall = datetime.combine(day, time(), self._calendar.zone)
        low, high = wall.astimezone(UTC) - _AROUND, (wall + timedelta(1)).astimezone(UTC) + _AROUND
        before, after = self._offset_us(low), self._offset_us(high)
        if before == after:
            return [(_us(low), _us(high), before)]
        minutes = range(int((high - low) / _MINUTE))
        changed = low + _MINUTE * bisect_left(
            minutes, True, key=lambda n: self._offset_us(low + _MINUTE * n) != before
        )
        return [(_us(low), _us(changed), before), (_us(changed), _us(high), after)]

    def _offset_us(self, at: datetime) -> int:
        offset = at.astimezone(self._calendar.zone).utcoffset()
        return 0 if offset is None else offset // _MICROSECOND


def _us(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
