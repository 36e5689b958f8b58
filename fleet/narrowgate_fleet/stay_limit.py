"""How long a car may stay, by weekday and time of day: `2h`, or `mon-fri 08:00-20:00 2h; sat 08:00-14:00 4h`.

A limit is a list of windows set apart by `;`. A window is `[days] [HH:MM-HH:MM] duration`; days are `mon`,
`mon-fri` or `mon,wed,sat-sun`, every day if left out; the time is the city's, the whole day if left out, ends
at 24:00 at the latest; the duration is `2h`, `90min` or `1h30min`. Outside the windows there is no limit;
windows may not overlap.
"""

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MINUTES_A_DAY = 1440
MINUTES_A_WEEK = 7 * MINUTES_A_DAY
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
_WINDOW = re.compile(
    rf"(?:(?P<days>{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*)\s+)?"
    r"(?:(?P<start>[0-9]{2}:[0-9]{2})-(?P<end>[0-9]{2}:[0-9]{2})\s+)?"
    r"(?:(?P<hours>[0-9]{1,3})h)?(?:(?P<minutes>[0-9]{1,4})min)?"
)


@lru_cache(maxsize=1024)
def stay_limit_s(spec: str) -> NDArray[np.float64]:
    """Give the limit for an arrival in each minute of the city's week.

    Args:
        spec: the text form, as in the registry.

    Returns:
        (10080,) limit [s], minute 0 is Monday 00:00 local time; NaN = no limit. Read-only.

    Raises:
        ValueError: the text is no stay limit; says which window and why.
    """
    week_s = np.full((7, MINUTES_A_DAY), np.nan)
    for window in spec.split(";"):
        days, start, end, limit_s = _window(window.strip())
        if not np.isnan(week_s[days, start:end]).all():
            raise ValueError(f"window {window.strip()!r} overlaps another one")
        week_s[days, start:end] = limit_s
    flat_s = week_s.reshape(MINUTES_A_WEEK)
    flat_s.flags.writeable = False
    return flat_s


def _window(text: str) -> tuple[list[int], int, int, float]:
    match = _WINDOW.fullmatch(text)
    if match is None or (match["hours"] is None and match["minutes"] is None):
        raise ValueError(f"{text!r} is no window like 2h or mon-fri 08:00-20:00 2h")
    limit_s = int(match["hours"] or 0) * 3600.0 + int(match["minutes"] or 0) * 60.0
    if limit_s == 0.0:
        raise ValueError(f"window {text!r} has a limit of 0")
    start, end = _minute(match["start"] or "00:00"), _minute(match["end"] or "24:00")
    if start >= end:
        raise ValueError(f"window {text!r} must end after it starts; past midnight write two windows")
    return _days(match["days"]), start, end, limit_s


def _minute(text: str) -> int:
    hour, minute = int(text[:2]), int(text[3:])
    if minute > 59 or hour * 60 + minute > MINUTES_A_DAY:
        raise ValueError(f"{text!r} is no time of day from 00:00 to 24:00")
    return hour * 60 + minute


def _days(text: str | None) -> list[int]:
    if text is None:
        return list(range(7))
    days: set[int] = set()
    for part in text.split(","):
        first, last = DAYS.index(part[:3]), DAYS.index(part[-3:])
        days |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return sorted(days)
