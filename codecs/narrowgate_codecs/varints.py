"""Numbers as wide as they need to be, seven bits a byte, low ones first, by row and by plan.

Where such numbers stand is found without walking: the bytes that end one are known for the whole wire, so the
n-th number from a place on ends at the n-th such byte.
"""

from collections.abc import Sequence
from typing import Any

import construct as c
import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.cohort import Cohort, Level, Mask, Place, any_in
from narrowgate_codecs.plan_leaves import LeafStep, Wants, raw_name
from narrowgate_codecs.plan_lists import all_places, level_of, say_sums, tell
from narrowgate_codecs.raws import raw_of
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scope import Said, Scope, Wanted
from narrowgate_codecs.wire import Places, Wire
from narrowgate_schema.words import Reason

LONGEST = el.VARINT_BYTES


def read_varint(stream: Any, scope: Scope, name: str) -> int:
    """Read a number from a stream.

    Raises:
        FrameRefused: `length` where the region ends before the number does, or it is longer than any is.
    """
    number, start = 0, stream.tell()
    for at in range(LONGEST):
        scope.need(name, start + at, 1)
        byte: int = stream.read(1)[0]
        number |= (byte & 0x7F) << 7 * at
        if byte < 0x80:
            return number
    raise FrameRefused(Reason.LENGTH, f"{scope.at(name)}: no end within {LONGEST} bytes from byte {start}")


def varint_bytes(number: int) -> bytes:
    """Give the bytes of a number that is not below zero."""
    made = bytearray()
    while number >= 0x80:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*made, number])


class VarintConstruct(c.Construct):  # type: ignore[misc]  # construct is untyped
    """Keeps a number under its name."""

    def __init__(self, element: el.Varint) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        element, start = self.element, stream.tell()
        number = read_varint(stream, scope, element.name)
        scope.raw[element.name] = number
        scope.said.append(Said(element, number, start, stream.tell()))

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        number = raw_of(self.element, wanted)
        wanted.sent[self.element.name] = number
        stream.write(varint_bytes(number))
        return obj


def ends_of(wire: Wire) -> tuple[Places, NDArray[np.int32]]:
    """Give where the numbers of a wire end, ascending, and for each of its bytes how many end before it."""
    if wire.ends is None:
        is_end = wire.data < 0x80
        before = np.cumsum(is_end, dtype=np.int32)
        before -= is_end
        wire.ends = is_end.nonzero()[0], before
    return wire.ends


def numbers_at(wire: Wire, starts: Places, stops: Places) -> tuple[NDArray[np.int64], Mask]:
    """Give the numbers between places of a wire, (m,), and which of them are no longer than one can be."""
    widths = stops - starts
    numbers = np.zeros(len(starts), np.int64)
    for at in range(min(LONGEST, int(widths.max(initial=0)))):
        byte = wire.data.take(starts + at, mode="clip").astype(np.int64)
        numbers |= np.where(at < widths, (byte & 0x7F) << 7 * at, 0)
    return numbers, widths <= LONGEST


def _break(cohort: Cohort) -> None:
    if cohort.trace is not None:
        cohort.trace.is_broken = True


class VarintStep:
    """One number."""

    def __init__(self, leaf: el.Varint, wants: Wants) -> None:
        self.leaf = leaf
        self.wanted, self.raw = leaf.name in wants.values, leaf.name in wants.raws

    def run(self, cohort: Cohort) -> None:
        """Keep the number; drop the rows whose region ends before it does."""
        _break(cohort)
        starts, stops, odd = _run_of(cohort, 1)
        if any_in(odd):
            cohort.drop(odd)
            starts, stops = starts[~odd], stops[~odd]
        if not cohort.count:
            return
        if self.wanted or self.raw:
            self._keep(cohort, *numbers_at(cohort.level.wire, starts, stops))
        cohort.at = stops - cohort.starts

    def _keep(self, cohort: Cohort, numbers: NDArray[np.int64], good: Mask) -> None:
        cohort.doubt(~good)
        if self.raw:
            cohort.say(raw_name(self.leaf.name), numbers)
        if self.wanted:
            cohort.say(self.leaf.name, numbers if self.leaf.per == 1 else numbers / self.leaf.per)


def _run_of(cohort: Cohort, counts: Place) -> tuple[Places, Places, Mask]:
    """Give where runs of numbers begin and end on the wire, (m,), and the rows too short for theirs."""
    ends, before = ends_of(cohort.level.wire)
    starts = cohort.starts + cohort.at
    last = before[starts] + counts - 1
    stops = np.where(np.asarray(counts) > 0, ends.take(last, mode="clip") + 1, starts)
    return starts, stops, (stops > cohort.starts + cohort.end) | (last >= len(ends))


def _counts(cohort: Cohort, count: int | str) -> Place:
    """Give how many numbers there are; drop the rows whose region has fewer bytes."""
    if isinstance(count, int):
        cohort.drop(cohort.end - cohort.at < count)
        return count
    announced = cohort.heard(raw_name(count))
    cohort.drop((announced > cohort.end - cohort.at) | (announced < 0))
    counts: Places = cohort.heard(raw_name(count)).astype(np.int64)
    return counts


def varint_items(cohort: Cohort, counts: Places, each: int) -> tuple[Level, Places]:
    """Give the level of items of some numbers each and the rows they stand in, (k,), and go past them.

    Drops the rows whose region ends before their items do.

    Args:
        cohort: the rows.
        counts: (m,) items of each row.
        each: numbers of an item.
    """
    starts, stops, odd = _run_of(cohort, counts * each)
    if any_in(odd):
        cohort.drop(odd)
        starts, stops, counts = starts[~odd], stops[~odd], counts[~odd]
    level, owners, _ = _items_of(cohort, starts, counts, each)
    cohort.at = stops - cohort.starts
    return level, owners


def _items_of(cohort: Cohort, starts: Places, counts: Places, each: int) -> tuple[Level, Places, Places]:
    """Give the level of items from places of the wire on, their rows, and the numbers they begin with."""
    owners = np.repeat(np.arange(cohort.count), counts)
    index = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    ends, before = ends_of(cohort.level.wire)
    number = before[starts][owners] + each * index
    begins = np.where(index == 0, starts[owners], ends.take(number - 1, mode="clip") + 1)
    level = level_of(cohort, owners, begins - cohort.starts[owners])
    level.index = index
    return level, owners, number


class VarintSpan:
    """A run of numbers that is only passed over."""

    def __init__(self, count: int | str) -> None:
        self.count = count

    def run(self, cohort: Cohort) -> None:
        """Go past the numbers; drop the rows whose region ends before they do."""
        _break(cohort)
        counts = _counts(cohort, self.count)
        if not cohort.count:
            return
        _, stops, odd = _run_of(cohort, counts)
        cohort.drop(odd)
        cohort.at = (stops[~odd] if any_in(odd) else stops) - cohort.starts


class VarintDeltaSteps:
    """Numbers told as differences of no fixed width."""

    def __init__(self, element: lay.Deltas, also: Sequence[LeafStep] = ()) -> None:
        """Take the element and what its items say beside."""
        if element.count is None:
            raise TypeError("differences of no fixed width are counted")
        self.element, self.count, self.also = element, element.count, also

    def run(self, cohort: Cohort) -> None:
        """Read as many differences as are declared or announced."""
        _break(cohort)
        counts = all_places(_counts(cohort, self.count), cohort)
        if not cohort.count:
            return
        starts, stops, odd = _run_of(cohort, counts)
        if any_in(odd):
            cohort.drop(odd)
            starts, stops, counts = starts[~odd], stops[~odd], counts[~odd]
        if any_in(counts > 0):
            self._read(cohort, starts, counts)
        cohort.at = stops - cohort.starts

    def _read(self, cohort: Cohort, starts: Places, counts: Places) -> None:
        wire = cohort.level.wire
        level, _, number = _items_of(cohort, starts, counts, 1)
        begins, (ends, _) = level.starts, ends_of(wire)
        read, good = numbers_at(wire, begins, ends[number] + 1)
        level.odd |= ~good
        say_sums(self.element, self.also, cohort, Cohort(level, level.starts, 0, 0), counts, read)
        tell(cohort, self.element.name, level)
