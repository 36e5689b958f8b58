"""Durations as people write them in rules: 30s, 10min, 6h, 30d."""

import re

_DURATION = re.compile(r"(\d{1,6})\s*(s|min|h|d)")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
MOST_S = 366 * 86_400


def duration_us(text: str) -> int:
    """Give a duration [us].

    Raises:
        ValueError: it is none, or longer than a year; says what would be right.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no duration; write 30s, 10min, 6h or 30d")
    seconds = int(match[1]) * _SECONDS[match[2]]
    if seconds > MOST_S:
        raise ValueError(f"{text!r} is longer than 366d")
    return seconds * 1_000_000
