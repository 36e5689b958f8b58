"""Times of day and weekdays as rules speak of them."""

import re

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def minute_of(text: str) -> int:
    """Give the minute of the day of a text such as 22:30; ValueError if it is none."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time of day; write 06:00, 22:30 or 24:00")
    return 1440 if match[1] is None else int(match[1]) * 60 + int(match[2])


def days_of(text: str) -> frozenset[int]:
    """Give the weekdays of a text such as mon-fri or sat,sun, Monday = 0; ValueError if it is none."""
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{text!r} names no weekdays; write mon-fri, or sat,sun")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        days.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(days)
