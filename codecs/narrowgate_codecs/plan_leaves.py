"""The plan's leaves: from bytes in columns to values in columns; the mirror of values.py.

A leaf costs nothing unless its value is wanted, chooses something, or can be what a frame is refused for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs.cohort import Cohort, Mask, all_in, one_of
from narrowgate_codecs.digits import SPELLED
from narrowgate_codecs.leaves import clock_width
from narrowgate_codecs.wire import Bytes, dtype_of

EXACT = 1 << 53
"""Above it a float64 cannot tell neighbours apart: such rows are left to the row engine."""


_EXACT_BYTES = 6
_FLOAT = np.dtype(np.float64)
_COUNT = np.dtype(np.int64)
_EXACT = np.asarray(EXACT, np.uint64)


class Unplanned(Exception):
    """Raised while compiling for what only the row engine can read; says what."""


class LeafStep(Protocol):
    """Reads one leaf at a place behind the cohort's own."""

    idle: bool
    """True where there is nothing to judge and nothing to keep."""
    shaping: bytes
    """Its bits that shape the frame: what chooses and counts, and what is constant; empty: none."""
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
        self.shaping = b"\xff" * leaf.width if leaf.name in wants.shaping else b""
        self.is_shape = False
        self.idle = not (self.wanted or self.raw or leaf.limits is not None)
        self.dtype = dtype_of(leaf.width, leaf.order, signed=leaf.signed)
        self.native = np.dtype(self.dtype or np.int64).newbyteorder("=")
        self.per = None if leaf.per == 1 else np.asarray(float(leaf.per))
        low, high = _raw_limits(leaf)
        self.limits = [
            (past, limit) for past, limit in ((np.less, low), (np.greater, high)) if limit is not None
        ]
        self.null = _like(leaf, leaf.null[0]) if leaf.null else None
        self.is_vast = leaf.width > _EXACT_BYTES
        self.is_judged = bool(self.limits or leaf.null or self.is_vast)

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the raw number, the value, or only judge it."""
        leaf = self.leaf
        if self.dtype is not None:
            raw = cohort.window(self.dtype, offset)
        else:
            raw = cohort.integer(leaf.width, leaf.order, offset, signed=leaf.signed)
        said = None
        if self.is_judged:
            # In the machine's order once, before it is looked at again and again.
            raw = raw.astype(self.native, copy=False)
            said = self._judge(cohort, raw)
        if self.raw:
            cohort.say(raw_name(leaf.name), raw)
        if self.wanted:
            cohort.say(leaf.name, self._values(raw), said)

    def _values(self, raw: NDArray[Any]) -> NDArray[Any]:
        counts = raw.astype(np.int64) + self.leaf.plus if self.leaf.plus else raw
        return counts if self.per is None else counts.astype(_FLOAT) / self.per

    def _judge(self, cohort: Cohort, raw: NDArray[Any]) -> Mask | None:
        """Doubt numbers out of their limits; give where they say something, None for everywhere."""
        said = None
        if self.null is not None:
            these = self.leaf.null
            said = raw != self.null if len(these) == 1 else ~one_of(raw, these)
            if all_in(said):
                said = None
        if self.is_vast:
            vast = raw > EXACT if not self.leaf.signed else (raw > EXACT) | (raw < -EXACT)
            cohort.doubt(vast if said is None else vast & said)
        for past, limit in self.limits:
            odd = past(raw, limit)
            cohort.doubt(odd if said is None else odd & said)
        return said


def _raw_limits(leaf: el.Int) -> tuple[Any, Any]:
    """Give the least and the greatest raw value within the limits; None where no raw value is past them.

    Values are compared as construct does: divided, each one rounded.
    """
    if leaf.limits is None:
        return None, None
    low, high = (round(limit * leaf.per) for limit in leaf.limits)
    low = next(count for count in (low - 1, low, low + 1) if count / leaf.per >= leaf.limits[0])
    high = next(count for count in (high + 1, high, high - 1) if count / leaf.per <= leaf.limits[1])
    least, most = _range(leaf)
    low, high = low - leaf.plus, high - leaf.plus
    return None if low <= least else _like(leaf, low), None if high >= most else _like(leaf, high)


def _range(leaf: el.Int) -> tuple[int, int]:
    least = -(1 << 8 * leaf.width - 1) if leaf.signed else 0
    return least, least + (1 << 8 * leaf.width) - 1


def _like(leaf: el.Int, raw: int) -> NDArray[Any]:
    """Give a number as numpy compares it quickest with those of a leaf: of their own kind, if it is one."""
    least, most = _range(leaf)
    dtype = dtype_of(leaf.width, "little", signed=leaf.signed) or "<i8"
    return np.asarray(raw, np.dtype(dtype).newbyteorder("=") if least <= raw <= most else None)


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
        self.bits = f"{self.dtype[0]}u{leaf.width}"
        self.idle = not self.wanted and leaf.limits is None
        exponent = np.array(np.inf, f"<f{leaf.width}").view(f"<u{leaf.width}")
        self.exponent = exponent.astype(exponent.dtype.newbyteorder("="))
        """The bits of which at least one is zero in a number."""

    def run(self, cohort: Cohort, offset: int) -> None:
        """Give the number, null for what is none."""
        read = cohort.window(self.dtype, offset)
        bits = cohort.window(self.bits, offset).astype(self.exponent.dtype)
        finite: Mask = bits & self.exponent != self.exponent
        said = None if all_in(finite) else finite
        values = (read if said is None else np.where(finite, read, 0)).astype(_FLOAT)
        if self.leaf.limits is not None:
            low, high = self.leaf.limits
            odd = (values < low) | (values > high)
            cohort.doubt(odd if said is None else odd & said)
        if self.wanted:
            cohort.say(self.leaf.name, values, said)


class TextStep:
    """Printable ASCII."""

    shaping, is_shape = b"", False

    idle = False

    def __init__(self, width: int) -> None:
        self.width = width

    def run(self, cohort: Cohort, offset: int) -> None:
        """Doubt what is no text."""
        _doubt_any(cohort, cohort.bytes(self.width, offset), _NO_TEXT)


class NumeralStep:
    """An identity in packed digits."""

    shaping, is_shape = b"", False

    idle = False

    def __init__(self, leaf: el.Numeral, wants: Wants) -> None:
        self.width = leaf.width
        self.lead = [_unlike_lead(leaf.lead[at : at + 2]) for at in range(0, len(leaf.lead), 2)]

    def run(self, cohort: Cohort, offset: int) -> None:
        """Doubt what begins otherwise or is no digit."""
        read = cohort.bytes(self.width, offset)
        for at, wrong in enumerate(self.lead):
            _doubt_any(cohort, read[:, at : at + 1], wrong)
        _doubt_any(cohort, read[:, len(self.lead) :], _NO_DIGITS)


def _wrong(good: Callable[[int], bool]) -> bytes:
    """Give 1 for every byte that is none of the good ones, (256,)."""
    return bytes(not good(byte) for byte in range(256))


def _unlike_lead(lead: str) -> bytes:
    """Give the bytes that begin otherwise than with one or two hex digits, or go on with no decimal one."""
    return _wrong(
        lambda byte: f"{byte:02x}".startswith(lead.lower()) and (len(lead) > 1 or byte & 15 <= _NINE)
    )


_NINE = 9
_NO_DIGITS = _wrong(lambda byte: byte >> 4 <= _NINE and byte & 15 <= _NINE)
_NO_TEXT = _wrong(lambda byte: 0x20 <= byte <= 0x7E)


def _doubt_any(cohort: Cohort, read: Bytes, wrong: bytes) -> None:
    """Doubt the rows of bytes, (m, width), of which one is wrong."""
    told = read.tobytes().translate(wrong)
    if 1 in told:
        cohort.doubt(np.logical_or.reduce(np.frombuffer(told, np.bool_).reshape(read.shape), axis=1))


class DigitsStep:
    """The same for columns."""

    shaping, is_shape = b"", False

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

    shaping, is_shape = b"", False

    def __init__(self, leaf: el.Clock, wants: Wants) -> None:
        self.leaf, self.width = leaf, clock_width(leaf)
        self.idle = leaf.name not in wants.raws

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the bytes."""
        cohort.say(raw_name(self.leaf.name), cohort.bytes(self.width, offset))


class EpochStep:
    """An instant's count; what instant it means is decided where readings are dated."""

    shaping, is_shape = b"", False

    def __init__(self, leaf: el.Epoch, wants: Wants) -> None:
        integral(leaf.width, leaf.name)
        self.leaf = leaf
        self.idle = leaf.name not in wants.raws

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the count; one that leaves int64 is no instant of this century."""
        raw = cohort.integer(self.leaf.width, self.leaf.order, offset)
        counts = np.minimum(raw, _EXACT) if self.leaf.width == 8 else raw
        cohort.say(raw_name(self.leaf.name), counts.astype(_COUNT))
