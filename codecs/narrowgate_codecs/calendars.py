"""Clocks of a whole batch: from packed digits to instants; the mirror of values.py and instants.py."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs.cohort import Mask
from narrowgate_codecs.instants import zone_of
from narrowgate_codecs.values import year_us
from narrowgate_codecs.wire import Bytes

Instants = NDArray[np.int64]

_LAST_YEAR = 2099
_FIRST_YEAR = 1970
_EPOCH = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
_MONTHS = np.arange(np.datetime64("1970-01"), np.datetime64("2100-03"))
_FIRST_DAYS = _MONTHS.astype("M8[D]").astype(np.int64)
"""Day since 1970 of the first of each month from January 1970 on."""
_TWO_DIGITS = np.array([10 * (b >> 4) + (b & 15) if b >> 4 < 10 and b & 15 < 10 else -1 for b in range(256)])
_DAY_S = 86_400
_FAR_S = 1 << 40


@dataclass(frozen=True, slots=True)
class _Order:
    """A byte order of a clock, as numbers to calculate with; a column or a row a byte of the wire."""

    least: NDArray[np.int64]
    most: NDArray[np.int64]
    weights: NDArray[np.int64]
    """(width, 2) What a digit pair counts in months, and in seconds of its month."""
    months: int
    """Months of a century that the clock does not state."""
    day: int
    """Place of the day."""


_RANGES = {"s": (0, 59), "m": (0, 59), "h": (0, 23), "D": (1, 31), "M": (1, 12), "Y": (0, 99), "C": (0, 99)}
_WEIGHTS = {
    "s": (0, 1),
    "m": (0, 60),
    "h": (0, 3600),
    "D": (0, _DAY_S),
    "M": (1, 0),
    "Y": (12, 0),
    "C": (1200, 0),
}


@lru_cache(maxsize=256)
def _order(order: str) -> _Order:
    letters = order.split()
    ranges = np.array([_RANGES[letter] for letter in letters])
    weights = np.array([_WEIGHTS[letter] for letter in letters])
    months = 0 if "C" in letters else 20 * 1200
    return _Order(ranges[:, 0], ranges[:, 1], weights, months, letters.index("D"))


def local_seconds(clock: el.Clock, order: str, digits: NDArray[np.int64]) -> tuple[Instants, Mask]:
    """Give the local time [s since 1970 of the same zone] that digits mean in one order, and where.

    Args:
        clock: the element.
        order: one of its orders.
        digits: (n, width) the number each byte spells, -1 for none.
    """
    way = _order(order)
    months, seconds = (digits @ way.weights).T
    months = months + (way.months - 12 * _FIRST_YEAR - 1)
    good: Mask = months >= 12 * (clock.earliest_year - _FIRST_YEAR)
    good &= months < 12 * (_LAST_YEAR + 1 - _FIRST_YEAR)
    if not good.any():
        return seconds, good
    good &= np.logical_and.reduce((digits >= way.least) & (digits <= way.most), axis=1)
    months = np.where(good, months, 0)
    first = _FIRST_DAYS[months]
    good &= digits[:, way.day] <= _FIRST_DAYS[months + 1] - first
    return seconds + (first - 1) * _DAY_S, good


@lru_cache(maxsize=512)
def _transitions(zone: ZoneInfo, year: int) -> tuple[tuple[int, int, int], ...]:
    """Give a year's changes of offset: (UTC instant, offset before, offset after), all in seconds."""
    start = (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH).days * _DAY_S
    changes = []
    for at in range(start, start + 366 * _DAY_S, _DAY_S):
        before, after = _offset(zone, at), _offset(zone, at + _DAY_S)
        if before != after:
            changes.append((_moment(zone, at, at + _DAY_S, after), before, after))
    return tuple(changes)


def _offset(zone: ZoneInfo, utc_s: int) -> int:
    return ((_EPOCH + timedelta(seconds=utc_s)).astimezone(zone).utcoffset() or timedelta()) // timedelta(
        seconds=1
    )


def _moment(zone: ZoneInfo, low: int, high: int, after: int) -> int:
    """Give the first second at which an offset holds, by halving."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset(zone, middle) == after else (middle, high)
    return high


@lru_cache(maxsize=64)
def _offsets(zone: ZoneInfo, first: int, last: int) -> tuple[Instants, Instants, Instants]:
    """Give some years' local times of change, for the first and the second pass, and the offsets between."""
    changes = sorted({change for year in range(first, last + 1) for change in _transitions(zone, year)})
    start = (datetime(first, 1, 1, tzinfo=UTC) - _EPOCH).days * _DAY_S
    offsets = [changes[0][1] if changes else _offset(zone, start), *(after for _, _, after in changes)]
    early = [at + max(before, after) for at, before, after in changes]
    late = [at + min(before, after) for at, before, after in changes]
    return np.array(early, np.int64), np.array(late, np.int64), np.array(offsets, np.int64)


def utc_seconds(local_s: Instants, zone: ZoneInfo) -> tuple[Instants, ...]:
    """Give the instants that local times mean [s since 1970 UTC]: before and after a change of offset."""
    if len(local_s) == 0:
        return (local_s,)
    years = np.array([local_s.min(), local_s.max()], "M8[s]").astype("M8[Y]").astype(int) + _FIRST_YEAR
    # The neighbours, for local times whose instant is in another year.
    early, late, offsets = _offsets(zone, int(years[0]) - 1, int(years[1]) + 1)
    if len(early) == 0:
        return (local_s - offsets[0],)
    first = local_s - offsets[np.searchsorted(early, local_s, side="right")]
    return first, local_s - offsets[np.searchsorted(late, local_s, side="right")]


def instants_us(
    clock: el.Clock, raw: Bytes, zone: ZoneInfo, received_us: Instants, received: Mask
) -> tuple[Instants, Mask]:
    """Give the instants that clocks mean [us since 1970 UTC], (n,), and where they mean one.

    Args:
        clock: the element.
        raw: (n, width) its bytes.
        zone: the city's, which clocks are in that state none.
        received_us: (n,) reception [us since 1970 UTC].
        received: (n,) where reception is known; elsewhere the first candidate is meant.
    """
    digits = _TWO_DIGITS[raw]
    zone = zone_of(clock, zone)
    best, dated = np.zeros(len(raw), np.int64), np.zeros(len(raw), np.bool_)
    for order in clock.orders:
        seconds, good = local_seconds(clock, order, digits)
        _prefer(best, dated, seconds, good, zone, received_us, received)
    return best, dated


def local_instants_us(
    local_s: Instants, good: Mask, zone: ZoneInfo, received_us: Instants, received: Mask
) -> Instants:
    """Give the instants that local times mean [us since 1970 UTC], (n,); 0 where they are not good."""
    best, dated = np.zeros(len(local_s), np.int64), np.zeros(len(local_s), np.bool_)
    _prefer(best, dated, local_s, good, zone, received_us, received)
    return best


def _prefer(
    best: Instants,
    dated: Mask,
    seconds: Instants,
    good: Mask,
    zone: ZoneInfo,
    received_us: Instants,
    received: Mask,
) -> None:
    """Put the instants that good local times mean where there is none yet, or one further from reception."""
    rows = np.flatnonzero(good)
    if len(rows) == 0:
        return
    for instants_s in utc_seconds(seconds[rows], zone):
        instants = instants_s * 1_000_000
        nearer = np.abs(instants - received_us[rows]) < np.abs(best[rows] - received_us[rows])
        better = ~dated[rows] | (received[rows] & nearer)
        best[rows[better]] = instants[better]
        dated[rows[better]] = True


class EpochCounts:
    """The counts of an epoch's element, and the instants that they mean."""

    def __init__(self, clock: el.Epoch) -> None:
        """Take the element."""
        self.clock = clock
        first_us, stop_us = (year_us(year) for year in (clock.earliest_year, _LAST_YEAR + 1))
        self.each, self.rest = divmod(1_000_000, clock.per_s)
        """[us] What a count is worth, where it is whole microseconds."""
        self.epoch = np.asarray(clock.epoch_s * 1_000_000)
        self.worth = np.asarray(max(self.each, 1))
        self.first, self.stop = (
            np.asarray(-((clock.epoch_s * 1_000_000 - at) // max(self.each, 1))) for at in (first_us, stop_us)
        )
        """The first count that is set, and the first one past them."""
        self.first_us, self.stop_us = first_us, stop_us

    def instants_us(self, raw: Instants) -> tuple[Instants, Mask]:
        """Give the instants that counts mean [us since 1970 UTC], (n,), and where they mean one."""
        if not self.rest:
            instants = raw * self.worth
            if self.clock.epoch_s:
                instants += self.epoch
            return instants, (raw >= self.first) & (raw < self.stop)
        seconds, rest = np.minimum(raw // self.clock.per_s, _FAR_S), raw % self.clock.per_s
        instants = (seconds + self.clock.epoch_s) * 1_000_000 + rest * 1_000_000 // self.clock.per_s
        return instants, (instants >= self.first_us) & (instants < self.stop_us)
