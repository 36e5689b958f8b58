"""The plan's numbers: binary ones, packed digits and floating-point ones; the mirror of values.py."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs.cohort import Cohort, Mask, all_in
from narrowgate_codecs.plan_leaves import EXACT, Wants, integral, raw_name
from narrowgate_codecs.wire import dtype_of

_EXACT_BYTES = 6
_FLOAT = np.dtype(np.float64)


class IntStep:
    """A binary integer, its scale and its limits."""

    def __init__(self, leaf: el.Int, wants: Wants) -> None:
        integral(leaf.width, leaf.name)
        self.leaf = leaf
        self.wanted, self.raw = leaf.name in wants.values, leaf.name in wants.raws
        self.shaping = b"\xff" * leaf.width if leaf.name in wants.shaping else b""
        self.is_shape = False
        self.idle = not (self.wanted or self.raw or leaf.limits is not None)
        self.dtype = dtype_of(leaf.width, leaf.order, signed=leaf.signed)
        self.native = np.dtype(self.dtype or np.int64).newbyteorder("=")
        self.is_vast = leaf.width > _EXACT_BYTES
        self.per = None if leaf.per == 1 else np.asarray(float(leaf.per))
        self.plus = np.asarray(float(leaf.plus))
        whole = np.dtype(self.dtype or np.int64).newbyteorder("=")
        self.kind = whole if self.per is None or self.is_vast else _FLOAT
        """What the numbers are judged as."""
        self.limits = _past_limits(leaf, self.kind)
        self.null = [np.asarray(raw, self.kind) for raw in leaf.null]
        self.is_judged = bool(self.limits or leaf.null or self.is_vast)
        self.raw_name = raw_name(leaf.name)

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the raw number, the value, or only judge it."""
        leaf = self.leaf
        if self.dtype is not None:
            raw = cohort.window(self.dtype, offset)
        else:
            raw = cohort.integer(leaf.width, leaf.order, offset, signed=leaf.signed)
        if self.raw:
            cohort.say(self.raw_name, raw)
        said = None
        if self.is_judged or self.per is not None:
            raw = raw.astype(self.kind, copy=False)
        if self.is_judged:
            said = self._judge(cohort, raw)
        if self.wanted:
            cohort.say(leaf.name, self._values(raw), said)

    def _values(self, raw: NDArray[Any]) -> NDArray[Any]:
        if self.per is None:
            return raw.astype(np.int64) + self.leaf.plus if self.leaf.plus else raw
        counts = raw if self.kind is _FLOAT else raw.astype(_FLOAT)
        values: NDArray[np.float64] = (counts + self.plus if self.leaf.plus else counts) / self.per
        return values

    def _judge(self, cohort: Cohort, raw: NDArray[Any]) -> Mask | None:
        """Doubt numbers out of their limits; give where they say something, None for everywhere."""
        said = None
        if self.null:
            told = raw != self.null[0]
            for null in self.null[1:]:
                told &= raw != null
            said = None if all_in(told) else told
        if self.is_vast:
            vast = raw > EXACT if not self.leaf.signed else (raw > EXACT) | (raw < -EXACT)
            cohort.doubt(vast if said is None else vast & said)
        for past, limit in self.limits:
            odd = past(raw, limit)
            cohort.doubt(odd if said is None else odd & said)
        return said


def _past_limits(leaf: el.Int, kind: np.dtype[Any]) -> list[tuple[Any, NDArray[Any]]]:
    """Give the comparisons that tell raw values past the limits; none that no raw value can pass.

    Values are compared as construct does: divided, each one rounded.
    """
    if leaf.limits is None:
        return []
    low, high = (round(limit * leaf.per) for limit in leaf.limits)
    low = next(count for count in (low - 1, low, low + 1) if count / leaf.per >= leaf.limits[0])
    high = next(count for count in (high + 1, high, high - 1) if count / leaf.per <= leaf.limits[1])
    least = -(1 << 8 * leaf.width - 1) if leaf.signed else 0
    most = least + (1 << 8 * leaf.width) - 1
    ends = ((np.less, low - leaf.plus), (np.greater, high - leaf.plus))
    return [
        (past, np.asarray(limit, kind if least <= limit <= most else None))
        for past, limit in ends
        if (limit > least if past is np.less else limit < most)
    ]


def _bcd_table() -> NDArray[np.int32]:
    """Give the number that each pair of bytes spells in packed digits, -1 for none, (65536,)."""
    code = np.arange(1 << 16)
    digits = [code >> shift & 15 for shift in (12, 8, 4, 0)]
    number = sum(digit * 10 ** (3 - at) for at, digit in enumerate(digits))
    return np.where(np.max(digits, axis=0) > 9, -1, number).astype(np.int32)


BCD = _bcd_table()


class BcdStep:
    """Packed digits, their scale or the unit that a code names."""

    shaping, is_shape = b"", False

    def __init__(self, leaf: el.Bcd, wants: Wants) -> None:
        integral(leaf.width, leaf.name)
        self.leaf, self.wanted = leaf, leaf.name in wants.values
        self.idle = not self.wanted and isinstance(leaf.per, int)
        self.units = leaf.per.table if isinstance(leaf.per, el.Units) else ()
        self.table = self._per(np.arange(256))

    def run(self, cohort: Cohort, offset: int) -> None:
        """Give the number, null for what is no number, and doubt a number whose unit is unknown."""
        leaf = self.leaf
        per = np.ones(1, np.int64)
        if not isinstance(leaf.per, int):
            per = self._per(cohort.heard(raw_name(leaf.per.by)))
            if not self.wanted and all_in(per != 0):
                return
        count, said = self._read(cohort, offset)
        if isinstance(leaf.per, int):
            values = count if leaf.per == 1 else count.astype(np.float64) / leaf.per
        else:
            cohort.doubt(said & (per == 0))
            values = count / np.maximum(per, 1)
        if leaf.width > 7:
            cohort.doubt(said & (np.abs(count) > EXACT))
        if self.wanted:
            cohort.say(leaf.name, values, said)

    def _read(self, cohort: Cohort, offset: int) -> tuple[NDArray[Any], Mask]:
        leaf = self.leaf
        if leaf.width == 4 and not leaf.signed:
            # Most registers are of four bytes: two looks at the table, without a number in between.
            high, low = (offset, offset + 2) if leaf.order == "big" else (offset + 2, offset)
            dtype = f"{'>' if leaf.order == 'big' else '<'}u2"
            upper, lower = BCD.take(cohort.window(dtype, high)), BCD.take(cohort.window(dtype, low))
            count = upper * 10_000 + lower
            return count, ((upper | lower) >= 0) & (count != 99_999_999)
        raw = cohort.integer(leaf.width, leaf.order, offset)
        if not leaf.signed:
            return self._digits(raw)
        top = 8 * leaf.width - 4
        minus = raw >> top == 15
        count, said = self._digits(np.where(minus, raw & (1 << top) - 1, raw))
        return np.where(minus, -count, count), said

    def _digits(self, raw: NDArray[Any]) -> tuple[NDArray[Any], Mask]:
        if self.leaf.width <= 2:
            count: NDArray[Any] = BCD[raw]
            good = count >= 0
        else:
            count, good = np.zeros(len(raw), np.int64), np.ones(len(raw), np.bool_)
            for shift in range(-self.leaf.width % 2 * 8 + 8 * self.leaf.width - 16, -1, -16):
                pair = BCD[(raw >> shift & 0xFFFF).astype(np.intp)]
                good &= pair >= 0
                count = count * 10_000 + pair
        nines: Mask = count == 10 ** (2 * self.leaf.width) - 1
        return count, good & ~nines

    def _per(self, codes: NDArray[Any]) -> NDArray[np.int64]:
        if codes.dtype == np.uint8:
            looked_up: NDArray[np.int64] = self.table[codes]
            return looked_up
        per = np.zeros(len(codes), np.int64)
        for code, counts in reversed(self.units):
            per[codes == code] = counts
        return per


class FloatStep:
    """A floating-point number and its limits."""

    shaping, is_shape = b"", False

    def __init__(self, leaf: el.Float, wants: Wants) -> None:
        self.leaf, self.wanted = leaf, leaf.name in wants.values
        self.dtype = f"{'>' if leaf.order == 'big' else '<'}f{leaf.width}"
        self.native = np.dtype(self.dtype).newbyteorder("=")
        self.idle = not self.wanted and leaf.limits is None

    def run(self, cohort: Cohort, offset: int) -> None:
        """Give the number, null for what is none."""
        read = cohort.window(self.dtype, offset).astype(self.native)
        finite = np.isfinite(read)
        said = None if all_in(finite) else finite
        if said is not None:
            # A signalling NaN must not be converted: it is no number like any other.
            np.copyto(read, 0, where=~said)
        values = read.astype(_FLOAT, copy=False)
        if self.leaf.limits is not None:
            low, high = self.leaf.limits
            odd = (values < low) | (values > high)
            cohort.doubt(odd if said is None else odd & said)
        if self.wanted:
            cohort.say(self.leaf.name, values, said)
