"""Calendar times in bit fields without a zone: the date and time types of EN 13757-3 and their kin."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from narrowgate_codecs.elements import Order

Piece: TypeAlias = tuple[str, int, int, int]
"""(letter, lowest bit, bits, weight of the lowest): what some bits add to Y M D h m or s."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a stored value lies from the clock that dates it."""

    seconds: int = 0
    """[s] that have gone by."""
    days: int = 0
    """Calendar days."""
    months: int = 0
    """Calendar months; the day is kept, but the last of a month stays the last of its month."""


@dataclass(frozen=True, slots=True)
class BitClock:
    """A calendar time in the city's zone, in bit fields; what is no time is null, never 1970."""

    name: str
    width: int
    """[byte] 1 to 8."""
    pieces: tuple[Piece, ...]
    year: int = 2000
    """What the year's bits are added to."""
    earliest_year: int = 1990
    """A clock before it was never set."""
    void: int = 0
    """Bits of which each says, while set, that the clock is not valid."""
    order: Order = "little"
    shift: Shift = Shift()

    def parts(self, raw: Any) -> dict[str, Any]:
        """Give what the bits make of an integer, or of a column of them, by letter."""
        parts: dict[str, Any] = {"Y": self.year, "M": 0, "D": 0, "h": 0, "m": 0, "s": 0}
        for letter, at, size, weight in self.pieces:
            parts[letter] = parts[letter] + (raw >> at & (1 << size) - 1) * weight
        return parts


_DATE: tuple[Piece, ...] = (("D", 0, 5, 1), ("M", 8, 4, 1), ("Y", 5, 3, 1), ("Y", 12, 4, 8))


def _moved(pieces: tuple[Piece, ...], bits: int) -> tuple[Piece, ...]:
    return tuple((letter, at + bits, size, weight) for letter, at, size, weight in pieces)


def date_g(name: str, shift: Shift = Shift()) -> BitClock:
    """Give the date of two bytes, EN 13757-3 type G; it means the day's beginning."""
    return BitClock(name, 2, _DATE, shift=shift)


def time_f(name: str, shift: Shift = Shift()) -> BitClock:
    """Give the date and time of four bytes, EN 13757-3 type F; its summer-time bit is not looked at."""
    pieces = (("m", 0, 6, 1), ("h", 8, 5, 1), *_moved(_DATE, 16))
    return BitClock(name, 4, pieces, void=1 << 7, shift=shift)


def time_i(name: str, shift: Shift = Shift()) -> BitClock:
    """Give the date and time with seconds of six bytes, EN 13757-3 type I."""
    pieces = (("s", 0, 6, 1), ("m", 8, 6, 1), ("h", 16, 5, 1), *_moved(_DATE, 24))
    return BitClock(name, 6, pieces, void=1 << 15, shift=shift)


def local_time(clock: BitClock, raw: bytes) -> datetime | None:
    """Give the local time that bits mean, whole days and months of its shift included; None if none."""
    bits = int.from_bytes(raw, clock.order)
    parts = clock.parts(bits)
    if bits & clock.void or not clock.earliest_year <= parts["Y"] < 2100:
        return None
    try:
        time = datetime(*(parts[letter] for letter in "YMDhms"))  # noqa: DTZ001
    except ValueError:
        return None
    months = 12 * time.year + time.month - 1 + clock.shift.months
    if not 12 * 1970 <= months < 12 * 2100:
        return None
    first = datetime(months // 12, months % 12 + 1, 1, time.hour, time.minute, time.second)  # noqa: DTZ001
    day = _last_day(first) if time.day == _last_day(time) else min(time.day, _last_day(first))
    shifted = first + timedelta(days=day - 1 + clock.shift.days)
    return shifted if 1970 <= shifted.year < 2100 else None


def _last_day(time: datetime) -> int:
    """Give the last day of a month."""
    return (time.replace(day=28) + timedelta(days=4)).replace(day=1).toordinal() - time.replace(
        day=1
    ).toordinal()


def bits_of(clock: BitClock, time: datetime | None) -> bytes:
    """Give the bytes that mean a local time, None for a clock that was never set.

    Raises:
        OverflowError: the bits have no room for it.
    """
    if time is None:
        return clock.void.to_bytes(clock.width, clock.order)
    left = {"Y": time.year - clock.year, "M": time.month, "D": time.day}
    left |= {"h": time.hour, "m": time.minute, "s": time.second}
    bits = 0
    for letter, at, size, weight in sorted(clock.pieces, key=lambda piece: -piece[3]):
        part, left[letter] = divmod(left[letter], weight)
        if not 0 <= part < 1 << size:
            raise OverflowError(f"{time.isoformat()} has no room in {clock.width} bytes")
        bits |= part << at
    return bits.to_bytes(clock.width, clock.order)
