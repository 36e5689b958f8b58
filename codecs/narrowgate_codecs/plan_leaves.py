"""The plan's leaves: from bytes in columns to values in columns; the mirror of values.py.

A leaf costs nothing unless its value is wanted, chooses something, or can be what a frame is refused for.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs.cohort import Cohort, Mask, all_in, one_of
from narrowgate_codecs.digits import SPELLED
from narrowgate_codecs.leaves import clock_width

EXACT = 1 << 53
"""Above it a float64 cannot tell neighbours apart: such rows are left to the row engine."""


class Unplanned(Exception):
    """Raised while compiling for what only the row engine can read; says what."""


class LeafStep(Protocol):
    """Reads one leaf at a place behind the cohort's own."""

    idle: bool
    """True where there is nothing to judge and nothing to keep."""
    shaping: int
    """[byte] of it that shape the frame: what chooses and counts, and what is constant."""
    is_shape: bool
    """True where equal bytes leave nothing to judge and nothing to keep."""

    def run(self, cohort: Cohort, offset: int) -> None:
        """Judge and keep what stands there."""
        ...


@dataclass(slots=True)
class Wants:
    """What a plan must keep."""

    values: frozenset[str]
    """Names that readings carry."""
    shaping: frozenset[str]
    """Names that choose or count."""
    units: frozenset[str]
    """Names that give units."""
    raws: frozenset[str]
    """Names that other elements look at, and clocks that date readings."""
    words: dict[str, dict[str, int]]
    """The words of a name and the numbers that stand for them, 0, 1, 2 ..; filled while compiling."""
    lists: frozenset[str] = frozenset()
    """Lists whose items readings carry."""
    sent: frozenset[str] = frozenset()
    """Names whose very bytes are looked at."""

    def word(self, name: str, word: str) -> int:
        """Give the number of a word of a name."""
        known = self.words.setdefault(name, {})
        return known.setdefault(word, len(known))


def raw_name(name: str) -> str:
    """Give the name under which a level keeps an element's raw integers or bytes."""
    return f"{name}#"


def integral(width: int, name: str) -> None:
    """Raise Unplanned for an integer that numpy has no room for."""
    if width > 8:
        raise Unplanned(f"{name}: an integer of {width} bytes")


class IntStep:
    """A binary integer, its scale and its limits."""

    def __init__(self, leaf: el.Int, wants: Wants) -> None:
        integral(leaf.width, leaf.name)
        self.leaf = leaf
        self.wanted, self.raw = leaf.name in wants.values, leaf.name in wants.raws
        self.shaping = leaf.width if leaf.name in wants.shaping else 0
        self.is_shape = False
        self.idle = not (self.wanted or self.raw or leaf.limits is not None)

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the raw number, the value, or only judge it."""
        leaf = self.leaf
        raw = cohort.integer(leaf.width, leaf.order, offset, signed=leaf.signed)
        said = None
        if leaf.null:
            said = raw != leaf.null[0] if len(leaf.null) == 1 else ~one_of(raw, leaf.null)
        if leaf.width > 6:
            vast = raw > EXACT if not leaf.signed else (raw > EXACT) | (raw < -EXACT)
            cohort.doubt(vast if said is None else vast & said)
        if self.raw:
            cohort.say(raw_name(leaf.name), raw)
        if not self.wanted and leaf.limits is None:
            return
        counts = raw.astype(np.int64) + leaf.plus if leaf.plus else raw
        values = counts if leaf.per == 1 else counts.astype(np.float64) / leaf.per
        if leaf.limits is not None:
            odd = (values < leaf.limits[0]) | (values > leaf.limits[1])
            cohort.doubt(odd if said is None else odd & said)
        if self.wanted:
            cohort.say(leaf.name, values, said)


def _bcd_table() -> NDArray[np.int32]:
    """Give the number that each pair of bytes spells in packed digits, -1 for none, (65536,)."""
    code = np.arange(1 << 16)
    digits = [code >> shift & 15 for shift in (12, 8, 4, 0)]
    number = sum(digit * 10 ** (3 - at) for at, digit in enumerate(digits))
    return np.where(np.max(digits, axis=0) > 9, -1, number).astype(np.int32)


BCD = _bcd_table()


class BcdStep:
    """Packed digits, their scale or the unit that a code names."""

    shaping, is_shape = 0, False

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

    shaping, is_shape = 0, False

    def __init__(self, leaf: el.Float, wants: Wants) -> None:
        self.leaf, self.wanted = leaf, leaf.name in wants.values
        self.dtype = f"{'>' if leaf.order == 'big' else '<'}f{leaf.width}"
        self.idle = not self.wanted and leaf.limits is None

    def run(self, cohort: Cohort, offset: int) -> None:
        """Give the number, null for what is none."""
        with np.errstate(invalid="ignore"):  # a signalling NaN is no number like any other
            values = cohort.window(self.dtype, offset).astype(np.float64)
        said = np.isfinite(values)
        if self.leaf.limits is not None:
            low, high = self.leaf.limits
            cohort.doubt(said & ((values < low) | (values > high)))
        if self.wanted:
            cohort.say(self.leaf.name, np.where(said, values, 0.0), said)


class TextStep:
    """Printable ASCII."""

    shaping, is_shape = 0, False

    idle = False

    def __init__(self, width: int) -> None:
        self.width = width

    def run(self, cohort: Cohort, offset: int) -> None:
        """Doubt what is no text."""
        read = cohort.bytes(self.width, offset)
        cohort.doubt(np.logical_or.reduce((read < 0x20) | (read > 0x7E), axis=1))


class NumeralStep:
    """An identity in packed digits."""

    shaping, is_shape = 0, False

    idle = False

    def __init__(self, leaf: el.Numeral, wants: Wants) -> None:
        self.width, lead = leaf.width, leaf.lead
        places = [(at // 2, at % 2, int(digit, 16)) for at, digit in enumerate(lead)]
        self.lead = [(at, 4 if half == 0 else 0, digit) for at, half, digit in places]
        self.first = len(lead)

    def run(self, cohort: Cohort, offset: int) -> None:
        """Doubt what begins otherwise or is no digit."""
        read = cohort.bytes(self.width, offset)
        for at, shift, digit in self.lead:
            cohort.doubt(read[:, at] >> shift & 15 != digit)
        high, low = read >> 4 > 9, read & 15 > 9
        # The digits of the lead are judged above.
        high[:, : (self.first + 1) // 2] = False
        low[:, : self.first // 2] = False
        cohort.doubt(np.logical_or.reduce(high | low, axis=1))


class DigitsStep:
    """The same for columns."""

    shaping, is_shape = 0, False

    idle = False

    def __init__(self, leaf: el.Digits, wants: Wants) -> None:
        self.leaf, self.wanted = leaf, leaf.name in wants.values
        self.digits = np.full(256, -1, np.int64)
        for digit, letter in enumerate(SPELLED[: leaf.base]):
            self.digits[[ord(letter), ord(letter.upper())]] = digit
        self.weights = leaf.base ** np.arange(leaf.width - 1, -1, -1, dtype=np.int64)

    def run(self, cohort: Cohort, offset: int) -> None:
        """Doubt what is no digit, add up the others."""
        digits = self.digits[cohort.bytes(self.leaf.width, offset)]
        cohort.doubt(np.logical_or.reduce(digits < 0, axis=1))
        if self.wanted:
            cohort.say(self.leaf.name, digits @ self.weights)


class ClockStep:
    """A clock's digits; what instant they mean is decided where reception is known."""

    shaping, is_shape = 0, False

    def __init__(self, leaf: el.Clock, wants: Wants) -> None:
        self.leaf, self.width = leaf, clock_width(leaf)
        self.idle = leaf.name not in wants.raws

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the bytes."""
        cohort.say(raw_name(self.leaf.name), cohort.bytes(self.width, offset))


class EpochStep:
    """An instant's count; what instant it means is decided where readings are dated."""

    shaping, is_shape = 0, False

    def __init__(self, leaf: el.Epoch, wants: Wants) -> None:
        integral(leaf.width, leaf.name)
        self.leaf = leaf
        self.idle = leaf.name not in wants.raws

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the count; one that leaves int64 is no instant of this century."""
        raw = cohort.integer(self.leaf.width, self.leaf.order, offset)
        counts = np.minimum(raw, np.uint64(EXACT)) if self.leaf.width == 8 else raw
        cohort.say(raw_name(self.leaf.name), counts.astype(np.int64))
