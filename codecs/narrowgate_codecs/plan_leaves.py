"""The plan's leaves: from bytes in columns to values in columns; the mirror of values.py.

A leaf costs nothing unless its value is wanted, chooses something, or can be what a frame is refused for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs.cohort import Cohort, Mask
from narrowgate_codecs.layout import Leaf
from narrowgate_codecs.leaves import clock_width

EXACT = 1 << 53
"""Above it a float64 cannot tell neighbours apart: such rows are left to the row engine."""
SILENT_WORD = -1


class Unplanned(Exception):
    """Raised while compiling for what only the row engine can read; says what."""


class LeafStep(Protocol):
    """Reads one leaf at a place behind the cohort's own."""

    idle: bool
    """True where there is nothing to judge and nothing to keep."""

    def run(self, cohort: Cohort, offset: int) -> None:
        """Judge and keep what stands there."""
        ...


@dataclass(slots=True)
class Wants:
    """What a plan must keep."""

    values: frozenset[str]
    """Names that readings carry."""
    raws: frozenset[str]
    """Names that other elements look at, and clocks that date readings."""
    words: dict[str, list[str]]
    """The words that stand behind the numbers of a name; filled while compiling."""

    def word(self, name: str, word: str) -> int:
        """Give the number of a word of a name."""
        known = self.words.setdefault(name, [])
        if word not in known:
            known.append(word)
        return known.index(word)


def raw_name(name: str) -> str:
    """Give the name under which a level keeps an element's raw integers or bytes."""
    return f"{name}#"


def _integral(width: int, name: str) -> None:
    if width > 8:
        raise Unplanned(f"{name}: an integer of {width} bytes")


class IntStep:
    """A binary integer, its scale and its limits."""

    def __init__(self, leaf: el.Int, wants: Wants) -> None:
        _integral(leaf.width, leaf.name)
        self.leaf = leaf
        self.wanted, self.raw = leaf.name in wants.values, leaf.name in wants.raws
        self.idle = not (self.wanted or self.raw or leaf.limits is not None)

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the raw number, the value, or only judge it."""
        leaf = self.leaf
        raw = cohort.integer(leaf.width, leaf.order, offset, signed=leaf.signed)
        if leaf.width > 6:
            cohort.doubt(raw > EXACT if not leaf.signed else (raw > EXACT) | (raw < -EXACT))
        if self.raw:
            cohort.say(raw_name(leaf.name), raw)
        if not self.wanted and leaf.limits is None:
            return
        values = raw if leaf.per == 1 else raw.astype(np.float64) / leaf.per
        if leaf.limits is not None:
            cohort.doubt((values < leaf.limits[0]) | (values > leaf.limits[1]))
        if self.wanted:
            cohort.say(leaf.name, values)


def _bcd_table() -> NDArray[np.int32]:
    """Give the number that each pair of bytes spells in packed digits, -1 for none, (65536,)."""
    code = np.arange(1 << 16)
    digits = [code >> shift & 15 for shift in (12, 8, 4, 0)]
    number = sum(digit * 10 ** (3 - at) for at, digit in enumerate(digits))
    return np.where(np.max(digits, axis=0) > 9, -1, number).astype(np.int32)


BCD = _bcd_table()


class BcdStep:
    """Packed digits, their scale or the unit that a code names."""

    def __init__(self, leaf: el.Bcd, wants: Wants) -> None:
        _integral(leaf.width, leaf.name)
        self.leaf, self.wanted = leaf, leaf.name in wants.values
        self.idle = not self.wanted and isinstance(leaf.per, int)
        self.units = leaf.per.table if isinstance(leaf.per, el.Units) else ()

    def run(self, cohort: Cohort, offset: int) -> None:
        """Give the number, null for what is no number, and doubt a number whose unit is unknown."""
        leaf = self.leaf
        raw = cohort.integer(leaf.width, leaf.order, offset)
        count, said = self._digits(raw)
        if isinstance(leaf.per, int):
            values = count if leaf.per == 1 else count.astype(np.float64) / leaf.per
        else:
            per = self._per(cohort.heard(raw_name(leaf.per.by)))
            cohort.doubt(said & (per == 0))
            values = count / np.maximum(per, 1)
        if leaf.width > 7:
            cohort.doubt(said & (count > EXACT))
        if self.wanted:
            cohort.say(leaf.name, values, said)

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
        per = np.zeros(len(codes), np.int64)
        for code, counts in reversed(self.units):
            per[codes == code] = counts
        return per


class CodeStep:
    """A code that chooses, and the set it must be of."""

    def __init__(self, leaf: el.Code, wants: Wants) -> None:
        _integral(leaf.width, leaf.name)
        self.leaf, self.raw = leaf, leaf.name in wants.raws
        self.idle = not self.raw and leaf.accepts is None
        few = leaf.accepts is not None and leaf.width == 1
        self.accepts = np.isin(np.arange(256), leaf.accepts or ()) if few else None

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the raw code and doubt one of another layout."""
        raw = cohort.integer(self.leaf.width, self.leaf.order, offset)
        if self.raw:
            cohort.say(raw_name(self.leaf.name), raw)
        if self.accepts is not None:
            cohort.doubt(~self.accepts[raw])
        elif self.leaf.accepts is not None:
            cohort.doubt(~np.isin(raw, np.array(self.leaf.accepts, np.uint64)))


class Lookup:
    """From a code to its word: a truth where all words are, else the word's number."""

    def __init__(self, name: str, words: Mapping[int, el.Word], other: el.Word | None, wants: Wants) -> None:
        every = [*words.values(), *([] if other is None else [other])]
        self.is_truth = all(isinstance(word, bool) for word in every)
        self.numbers = {code: self._number(name, word, wants) for code, word in words.items()}
        self.other = SILENT_WORD if other is None else self._number(name, other, wants)
        self.truth = {self._number(name, word, wants): bool(word) for word in every}
        most = max(words, default=0)
        self.table = np.full(most + 2, self.other, np.int16) if most < 1 << 16 else None
        if self.table is not None:
            for code, number in self.numbers.items():
                self.table[code] = number

    def _number(self, name: str, word: el.Word, wants: Wants) -> int:
        return int(word) if self.is_truth else wants.word(name, str(word))

    def of(self, codes: NDArray[Any]) -> tuple[NDArray[Any], Mask]:
        """Give what codes stand for, (m,), and where they stand for something."""
        numbers = self._numbers(codes)
        return numbers == 1 if self.is_truth else numbers, numbers != SILENT_WORD

    def _numbers(self, codes: NDArray[Any]) -> NDArray[np.int16]:
        if self.table is not None:
            most = len(self.table) - 1
            known = codes if codes.dtype == np.uint8 and most > 255 else np.minimum(codes, most)
            looked_up: NDArray[np.int16] = self.table[known]
            return looked_up
        numbers = np.full(len(codes), self.other, np.int16)
        for code, number in self.numbers.items():
            numbers[codes == code] = number
        return numbers


class NamedStep:
    """An integer that stands for a word."""

    def __init__(self, leaf: el.Named, wants: Wants) -> None:
        _integral(leaf.width, leaf.name)
        self.leaf = leaf
        self.wanted, self.raw = leaf.name in wants.values, leaf.name in wants.raws
        self.idle = not (self.wanted or self.raw or leaf.otherwise is None)
        self.lookup = Lookup(leaf.name, dict(reversed(leaf.words)), leaf.otherwise, wants)

    def run(self, cohort: Cohort, offset: int) -> None:
        """Give the word; doubt a code without one."""
        raw = cohort.integer(self.leaf.width, "big", offset)
        if self.raw:
            cohort.say(raw_name(self.leaf.name), raw)
        words, known = self.lookup.of(raw)
        if self.leaf.otherwise is None:
            cohort.doubt(~known)
        if self.wanted:
            cohort.say(self.leaf.name, words)


class BitsStep:
    """An integer cut into parts."""

    def __init__(self, leaf: el.Bits, wants: Wants) -> None:
        _integral(leaf.width, leaf.name)
        self.leaf = leaf
        voiding = {part.void_by for part in leaf.parts}
        self.wanted = frozenset(part.name for part in leaf.parts if part.name in wants.values)
        self.idle = not self.wanted
        self.needed = [part for part in leaf.parts if part.name in self.wanted | voiding]
        self.lookups = {
            part.name: Lookup(part.name, dict(part.words), None, wants) for part in self.needed if part.words
        }

    def run(self, cohort: Cohort, offset: int) -> None:
        """Give the parts that are wanted, null where their word is missing or another part voids them."""
        raw = cohort.integer(self.leaf.width, self.leaf.order, offset)
        said: dict[str, tuple[NDArray[Any], Mask | None]] = {}
        for part in self.needed:
            said[part.name] = self._part(part, raw)
        for part in self.needed:
            if part.void_by is not None:
                values, known = said[part.name]
                void = self._truth(part.void_by, *said[part.void_by])
                said[part.name] = values, ~void if known is None else known & ~void
        for name in self.wanted:
            cohort.say(name, *said[name])

    def _part(self, part: el.Part, raw: NDArray[Any]) -> tuple[NDArray[Any], Mask | None]:
        if part.size == 1 and not part.words:
            return raw & (1 << part.at) != 0, None
        code = raw >> part.at & (1 << part.size) - 1
        if not part.words:
            return code, None
        return self.lookups[part.name].of(code)

    def _truth(self, name: str, values: NDArray[Any], known: Mask | None) -> Mask:
        lookup = self.lookups.get(name)
        truth: Mask = values != 0
        if lookup is not None and not lookup.is_truth:
            truth = np.isin(values, [number for number, is_true in lookup.truth.items() if is_true])
        return truth if known is None else truth & known


class TextStep:
    """Printable ASCII."""

    idle = False

    def __init__(self, leaf: el.Text, wants: Wants) -> None:
        self.width = leaf.width

    def run(self, cohort: Cohort, offset: int) -> None:
        """Doubt what is no text."""
        read = cohort.bytes(self.width, offset)
        cohort.doubt(np.logical_or.reduce((read < 0x20) | (read > 0x7E), axis=1))


class ClockStep:
    """A clock's digits; what instant they mean is decided where reception is known."""

    def __init__(self, leaf: el.Clock, wants: Wants) -> None:
        self.leaf, self.width = leaf, clock_width(leaf)
        self.idle = leaf.name not in wants.raws

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the bytes."""
        cohort.say(raw_name(self.leaf.name), cohort.bytes(self.width, offset))


_STEPS: dict[type, Any] = {
    el.Int: IntStep,
    el.Bcd: BcdStep,
    el.Code: CodeStep,
    el.Named: NamedStep,
    el.Bits: BitsStep,
    el.Text: TextStep,
    el.Clock: ClockStep,
}


def leaf_step(leaf: Leaf, wants: Wants) -> LeafStep | None:
    """Give the step of a leaf, None if there is nothing to do; Unplanned if no step can read it."""
    make = _STEPS.get(type(leaf))
    step: LeafStep | None = None if make is None else make(leaf, wants)
    return None if step is None or step.idle else step
