"""The plan's numbers and clocks whose coding a frame states; the mirror of wired.py and bit_clocks.py."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.cohort import Cohort, Mask, any_in
from narrowgate_codecs.elements import Order
from narrowgate_codecs.plan_leaves import Wants, raw_name
from narrowgate_codecs.plan_numbers import BCD
from narrowgate_codecs.wired import Wired

NEVER = -(1 << 62)
"""Stands among local seconds for bits that are no time."""
_FIRST_DAYS = np.arange(np.datetime64("1970-01"), np.datetime64("2100-03")).astype("M8[D]").astype(np.int64)
"""Day since 1970 of the first of each month from January 1970 on."""
_DAY_S = 86_400
_SIGN = {"little": "<", "big": ">"}
_INT32 = 4
"""[byte] Digits of so many bytes at most leave room in an int32."""


def elapsed_name(name: str) -> str:
    """Give the name under which a level keeps how far a clock's instants lie behind it [s]."""
    return f"{name}+"


class WiredStep:
    """Reads numbers of one coding; factors are given along or are the leaf's own."""

    shaping, is_shape = b"", False

    def __init__(self, leaf: Wired, wants: Wants) -> None:
        self.leaf = leaf
        self.idle = leaf.name not in wants.values

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the numbers."""
        self.run_by(cohort, offset, self.leaf.times, self.leaf.per)

    def run_by(self, cohort: Cohort, offset: int, times: Any, per: Any) -> None:
        """Keep the numbers, each by its own factor: (m,) or one for all."""
        cohort.say(self.leaf.name, *self.numbers(cohort, offset, times, per))

    def numbers(
        self, cohort: Cohort, offset: int, times: Any, per: Any
    ) -> tuple[NDArray[np.float64], Mask | None]:
        """Give the numbers, (m,), and where there is one; None: everywhere."""
        raw, said = self._raw(cohort, offset)
        values = raw.astype(np.float64) * times / per
        return (values, None) if said is None else (np.where(said, values, 0.0), said)

    def _raw(self, cohort: Cohort, offset: int) -> tuple[NDArray[Any], Mask | None]:
        leaf = self.leaf
        if leaf.coding == "float":
            read = cohort.window(f"{_SIGN[leaf.order]}f{leaf.width}", offset)
            with np.errstate(invalid="ignore"):  # a signalling NaN is no number like any other
                numbers = read.astype(np.float64)
            said = np.isfinite(numbers)
            return np.where(said, numbers, 0.0), said
        return _counted(leaf, cohort, offset)


def _counted(leaf: Wired, cohort: Cohort, offset: int) -> tuple[NDArray[Any], Mask | None]:
    if leaf.coding == "decimal":
        return _decimals(leaf, cohort, offset)
    raw = cohort.integer(leaf.width, leaf.order, offset, signed=leaf.signed)
    return raw, None if leaf.void is None else raw != leaf.void


def counts_of(leaf: Wired, cohort: Cohort) -> tuple[NDArray[np.int64], Mask]:
    """Give the counts that integers or decimals of up to six bytes say, (m,), and where they say one."""
    raw, said = _counted(leaf, cohort, 0)
    return raw.astype(np.int64), np.ones(len(raw), np.bool_) if said is None else said


def _with_minus(digits: int) -> NDArray[np.int32]:
    """Give the numbers that so many packed digits spell, the first one perhaps a minus; -1 for none."""
    rest = 4 * (digits - 1)
    code = np.arange(1 << 4 * digits)
    return BCD[np.where(code >> rest == _MINUS, code & (1 << rest) - 1, code)]


_MINUS = 0xF
_FIRST = {"u1": (_with_minus(2), _MINUS << 4), "u2": (_with_minus(4), _MINUS << 12)}
"""By the kind of integer in which the first digit stands: what it spells, and from where on it is a minus."""


def _decimals(leaf: Wired, cohort: Cohort, offset: int) -> tuple[NDArray[Any], Mask]:
    """Give the numbers that packed digits spell, (m,), and where they spell one."""
    first, *others = _pairs(leaf.width, leaf.order)
    table, minus = _FIRST[first[0][-2:]]
    codes = cohort.window(first[0], offset + first[1])
    count: NDArray[Any] = table.take(codes)
    count = count if leaf.width <= _INT32 else count.astype(np.int64)
    worst = count
    for dtype, at in others:
        pair = BCD.take(cohort.window(dtype, offset + at))
        worst, count = worst | pair, count * 10_000 + pair
    below = codes >= minus
    return np.where(below, -count, count) if any_in(below) else count, worst >= 0


@cache
def _pairs(width: int, order: Order) -> tuple[tuple[str, int], ...]:
    """Give where four digits each stand, the first ones first: dtype, place [byte]; two at an odd end."""
    at = [(width - rest if order == "big" else rest - 2) for rest in range(width - width % 2, 0, -2)]
    pairs = [(f"{_SIGN[order]}u2", place) for place in at]
    odd = [("u1", 0 if order == "big" else width - 1)] if width % 2 else []
    return (*odd, *pairs)


class BitClockStep:
    """Reads local times as seconds since 1970 of the same zone."""

    shaping, is_shape = b"", False

    def __init__(self, leaf: BitClock, wants: Wants) -> None:
        self.leaf = leaf
        self.idle = leaf.name not in wants.raws

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the local seconds, NEVER for what is no time."""
        shift = self.leaf.shift
        self.run_by(cohort, offset, shift.seconds, shift.days, shift.months)

    def run_by(self, cohort: Cohort, offset: int, seconds: Any, days: Any, months: Any) -> None:
        """Keep them, each moved by its own shift: (m,) or one for all; seconds are kept beside."""
        raw = cohort.integer(self.leaf.width, self.leaf.order, offset).astype(np.int64)
        local = local_seconds(self.leaf, raw, days, months)
        cohort.say(raw_name(self.leaf.name), local)
        cohort.say(elapsed_name(self.leaf.name), np.broadcast_to(np.asarray(seconds, np.int64), local.shape))


def local_seconds(clock: BitClock, raw: NDArray[np.int64], days: Any, months: Any) -> NDArray[np.int64]:
    """Give local times [s since 1970 of the same zone], (m,), NEVER for what is no time."""
    parts = {letter: np.asarray(part) for letter, part in clock.parts(raw).items()}
    good = (raw & clock.void == 0) & (parts["Y"] >= clock.earliest_year) & (parts["Y"] < 2100)
    good &= (parts["M"] >= 1) & (parts["M"] <= 12) & (parts["D"] >= 1)
    good &= (parts["h"] < 24) & (parts["m"] < 60) & (parts["s"] < 60)
    month = np.where(good, 12 * (parts["Y"] - 1970) + parts["M"] - 1, 0)
    good &= parts["D"] <= _FIRST_DAYS[month + 1] - _FIRST_DAYS[month]
    moved = month + months
    good &= (moved >= 0) & (moved < 12 * 130)
    moved = np.where(good, moved, 0)
    first, days_of = _FIRST_DAYS[moved], _FIRST_DAYS[moved + 1] - _FIRST_DAYS[moved]
    is_last = parts["D"] == _FIRST_DAYS[month + 1] - _FIRST_DAYS[month]
    # A clock that is not moved is its own month's last already.
    day = first + np.where(is_last, days_of, np.minimum(parts["D"], days_of)) - 1 + days
    good &= (day >= 0) & (day < _FIRST_DAYS[12 * 130])
    local = day * _DAY_S + parts["h"] * 3600 + parts["m"] * 60 + parts["s"]
    return np.where(good, local, NEVER)
