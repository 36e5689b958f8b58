"""The plan's leaves that stand for words, truths and choices, and the list of all leaves' steps."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.cohort import NO_PORT, Cohort, Mask, any_in, one_of
from narrowgate_codecs.layout import Leaf
from narrowgate_codecs.moments import MomentStep
from narrowgate_codecs.plan_leaves import ClockStep, EpochStep, LeafStep, Wants, integral, raw_name
from narrowgate_codecs.plan_numbers import BcdStep, FloatStep, IntStep
from narrowgate_codecs.plan_optional import FactStep, LeftStep
from narrowgate_codecs.plan_stated import BitClockStep, WiredStep
from narrowgate_codecs.plan_texts import DigitsStep, NumeralStep, TextStep
from narrowgate_codecs.scaled import ScaledStep, SumStep
from narrowgate_codecs.sums import Sum
from narrowgate_codecs.wired import Wired

SILENT_WORD = -1
_TABLED = 2
"""[byte] Codes of so many bytes at most are looked up in a table."""


class CodeStep:
    """A code that chooses, and the set it must be of."""

    def __init__(self, leaf: el.Code, wants: Wants) -> None:
        integral(leaf.width, leaf.name)
        self.leaf, self.raw = leaf, leaf.name in wants.raws
        self.idle = not self.raw and leaf.accepts is None
        sole = leaf.accepts is not None and len(leaf.accepts) == 1
        self.shaping = b"\xff" * leaf.width if sole or leaf.name in wants.shaping else b""
        # A code that also names a unit is looked at again.
        self.is_shape = bool(self.shaping) and leaf.name not in wants.units
        few = leaf.accepts is not None and leaf.width <= _TABLED
        self.accepts = np.isin(np.arange(1 << 8 * leaf.width), leaf.accepts or ()) if few else None

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the raw code and doubt one of another layout."""
        raw = cohort.integer(self.leaf.width, self.leaf.order, offset)
        if self.raw:
            cohort.say(raw_name(self.leaf.name), raw)
        if self.accepts is not None:
            cohort.doubt(~self.accepts[raw])
        elif self.leaf.accepts is not None:
            cohort.doubt(~one_of(raw, self.leaf.accepts))


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
        self.by_byte = self._of(np.arange(256, dtype=np.uint8))
        self.is_told = bool(self.by_byte[1].all())

    def _number(self, name: str, word: el.Word, wants: Wants) -> int:
        return int(word) if self.is_truth else wants.word(name, str(word))

    def of(self, codes: NDArray[Any]) -> tuple[NDArray[Any], Mask | None]:
        """Give what codes stand for, (m,), and where they stand for something; None: everywhere."""
        if codes.dtype != np.uint8:
            return self._of(codes)
        values, known = self.by_byte
        return values.take(codes), None if self.is_told else known.take(codes)

    def _of(self, codes: NDArray[Any]) -> tuple[NDArray[Any], Mask]:
        numbers = self._numbers(codes)
        return numbers == 1 if self.is_truth else numbers, numbers != SILENT_WORD

    def _numbers(self, codes: NDArray[Any]) -> NDArray[np.int16]:
        if self.table is not None:
            most = len(self.table) - 1
            known = codes if most >> 8 * codes.itemsize else np.minimum(codes, most)
            looked_up: NDArray[np.int16] = self.table[known]
            return looked_up
        numbers = np.full(len(codes), self.other, np.int16)
        for code, number in self.numbers.items():
            numbers[codes == code] = number
        return numbers


class NamedStep:
    """An integer that stands for a word."""

    def __init__(self, leaf: el.Named, wants: Wants) -> None:
        integral(leaf.width, leaf.name)
        self.leaf = leaf
        self.wanted, self.raw = leaf.name in wants.values, leaf.name in wants.raws
        self.idle = not (self.wanted or self.raw or leaf.otherwise is None)
        self.shaping = b"\xff" * leaf.width if leaf.name in wants.shaping else b""
        self.is_shape = False
        self.lookup = Lookup(leaf.name, dict(reversed(leaf.words)), leaf.otherwise, wants)

    def run(self, cohort: Cohort, offset: int) -> None:
        """Give the word; doubt a code without one."""
        raw = cohort.integer(self.leaf.width, "big", offset)
        if self.raw:
            cohort.say(raw_name(self.leaf.name), raw)
        words, known = self.lookup.of(raw)
        if self.leaf.otherwise is None and known is not None:
            cohort.doubt(~known)
        if self.wanted:
            cohort.say(self.leaf.name, words)


class BitsStep:
    """An integer cut into parts."""

    def __init__(self, leaf: el.Bits, wants: Wants) -> None:
        integral(leaf.width, leaf.name)
        self.leaf = leaf
        voiding = {part.void_by for part in leaf.parts}
        self.wanted = frozenset(part.name for part in leaf.parts if part.name in wants.values)
        self.raws = [part for part in leaf.parts if part.name in wants.raws]
        self.closed = [
            (part.at, part.size, np.isin(np.arange(1 << part.size), [code for code, _ in part.words]))
            for part in leaf.parts
            if part.is_closed
        ]
        self.idle = not (self.wanted or self.raws or self.closed)
        chosen = sum((1 << part.size) - 1 << part.at for part in leaf.parts if part.name in wants.shaping)
        self.shaping = chosen.to_bytes(leaf.width, leaf.order) if chosen else b""
        self.is_shape = False
        self.needed = [part for part in leaf.parts if part.name in self.wanted | voiding]
        self.lookups = {
            part.name: Lookup(part.name, dict(reversed(part.words)), part.otherwise, wants)
            for part in self.needed
            if part.words
        }
        self.numbers = {part.name: _numbers(part) for part in self.needed if part.numbers}
        self.by_byte = self._by_byte() if leaf.width == 1 else None

    def _by_byte(self) -> dict[str, tuple[NDArray[Any], Mask | None]]:
        """Give what every byte says, by the names that are wanted; None: it always says something."""
        said = self._said(np.arange(256, dtype=np.uint8))
        return {
            name: (values, None if known is None or known.all() else known)
            for name, (values, known) in said.items()
            if name in self.wanted
        }

    def run(self, cohort: Cohort, offset: int) -> None:
        """Give the parts that are wanted, null where their word is missing or another part voids them."""
        raw = cohort.integer(self.leaf.width, self.leaf.order, offset)
        for part in self.raws:
            cohort.say(raw_name(part.name), raw >> part.at & (1 << part.size) - 1)
        for at, size, known_codes in self.closed:
            cohort.doubt(~known_codes[(raw >> at & (1 << size) - 1).astype(np.intp)])
        if self.by_byte is not None:
            for name, (values, known) in self.by_byte.items():
                cohort.say(name, values.take(raw), None if known is None else known.take(raw))
            return
        said = self._said(raw)
        for name in self.wanted:
            cohort.say(name, *said[name])

    def _said(self, raw: NDArray[Any]) -> dict[str, tuple[NDArray[Any], Mask | None]]:
        """Give what bits say, (m,), and where they say something; None: everywhere."""
        said: dict[str, tuple[NDArray[Any], Mask | None]] = {}
        for part in self.needed:
            said[part.name] = self._part(part, raw)
        for part in self.needed:
            if part.void_by is not None:
                values, known = said[part.name]
                void = self._truth(part.void_by, *said[part.void_by])
                said[part.name] = values, ~void if known is None else known & ~void
        return said

    def _part(self, part: el.Part, raw: NDArray[Any]) -> tuple[NDArray[Any], Mask | None]:
        if part.numbers:
            numbers = self.numbers[part.name][raw >> part.at & (1 << part.size) - 1]
            return np.nan_to_num(numbers), ~np.isnan(numbers)
        if part.size == 1 and not part.words and not part.null:
            return raw & (1 << part.at) != 0, None
        code = raw >> part.at & (1 << part.size) - 1
        if not part.words:
            counts = code if part.per == 1 else code / part.per
            return counts, ~one_of(code, part.null) if part.null else None
        return self.lookups[part.name].of(code)

    def _truth(self, name: str, values: NDArray[Any], known: Mask | None) -> Mask:
        lookup = self.lookups.get(name)
        truth: Mask = values != 0
        if lookup is not None and not lookup.is_truth:
            truth = one_of(values, [number for number, is_true in lookup.truth.items() if is_true])
        return truth if known is None else truth & known


def _numbers(part: el.Part) -> NDArray[np.float64]:
    """Give what every code of a part stands for, NaN for nothing, (2 ** size,)."""
    table = np.full(1 << part.size, np.nan)
    known = part.numbers[: len(table)]
    table[: len(known)] = [np.nan if number is None else number for number in known]
    return table


class ImpliedStep:
    """What a message says by being sent."""

    shaping, is_shape = b"", False

    def __init__(self, leaf: el.Implied, wants: Wants) -> None:
        self.name, self.idle = leaf.name, leaf.name not in wants.values
        word = leaf.value if isinstance(leaf.value, bool) else wants.word(leaf.name, leaf.value)
        self.value = np.asarray(word)

    def run(self, cohort: Cohort, offset: int) -> None:
        """Say it in every row."""
        cohort.say(self.name, np.full(cohort.count, self.value))


class PortStep:
    """The captured message type."""

    shaping = b""

    def __init__(self, leaf: el.Port, wants: Wants) -> None:
        self.leaf = leaf
        self.wanted, self.raw = leaf.name in wants.values, leaf.name in wants.raws
        self.idle = False
        # Layouts are kept by port: where only choices look at it, it is settled with them.
        self.is_shape = not self.wanted and leaf.name not in wants.units

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the port, the default's where there is none; doubt the rows that have neither."""
        given = cohort.level.ports
        ports = np.full(cohort.count, NO_PORT) if given is None else given
        if given is not None and cohort.rows is not None:
            ports = given[cohort.rows]
        none = ports == NO_PORT
        if any_in(none) and self.leaf.default is not None:
            ports = np.where(none, self.leaf.default, ports)
        elif self.leaf.default is None:
            cohort.doubt(none)
        if self.raw:
            cohort.say(raw_name(self.leaf.name), ports)
        if self.wanted:
            cohort.say(self.leaf.name, ports)


_STEPS: dict[type, Any] = {
    el.Left: LeftStep,
    el.Fact: FactStep,
    el.Port: PortStep,
    el.Implied: ImpliedStep,
    el.Int: IntStep,
    el.Float: FloatStep,
    el.Epoch: EpochStep,
    el.Bcd: BcdStep,
    el.Code: CodeStep,
    el.Named: NamedStep,
    el.Bits: BitsStep,
    el.Text: lambda leaf, wants: TextStep(leaf.width),
    el.Clock: ClockStep,
    el.Numeral: NumeralStep,
    el.Digits: DigitsStep,
    el.Scaled: ScaledStep,
    Sum: SumStep,
    Wired: WiredStep,
    BitClock: BitClockStep,
    el.Moment: MomentStep,
}


def leaf_step(leaf: Leaf, wants: Wants) -> LeafStep | None:
    """Give the step of a leaf, None if there is nothing to do; Unplanned if no step can read it."""
    make = _STEPS.get(type(leaf))
    step: LeafStep | None = None if make is None else make(leaf, wants)
    return None if step is None or step.idle else step
