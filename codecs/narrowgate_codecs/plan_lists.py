"""The plan's lists: records and arrays become rows of a level of their own; the mirror of lists.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import layout as lay
from narrowgate_codecs.cohort import Cohort, Level, Mask, Place, all_in, any_in
from narrowgate_codecs.plan_choices import runs_of
from narrowgate_codecs.plan_leaves import EXACT, LeafStep, raw_name
from narrowgate_codecs.plan_regions import Steps, enough, follow
from narrowgate_codecs.wire import Places

_NONE = -1


@dataclass(frozen=True, slots=True)
class Kind:
    """One case of a record list."""

    number: int
    codes: tuple[int, ...]
    steps: Steps
    width: int
    """[byte] behind the tag, the least where the record goes on to the end of the region."""
    to_end: bool
    measure: Callable[[Cohort, Places, Places, Places], Places] | None = None
    """Gives the bytes of records whose content says how many, of (cohort, rows, at, end); None: `width`."""


class Tags:
    """From a tag to the place of its kind in the list of kinds; _NONE for an unknown tag."""

    def __init__(self, kinds: Sequence[Kind], width: int) -> None:
        self.pairs = [(code, at) for at, kind in enumerate(kinds) for code in kind.codes]
        self.table = np.full(1 << 8 * width, _NONE, np.int16) if width <= 2 else None
        if self.table is not None:
            for code, at in self.pairs:
                self.table[code] = at

    def of(self, tags: NDArray[np.int64]) -> NDArray[np.int16]:
        """Give the kinds' places, (m,)."""
        if self.table is not None:
            return self.table[tags]
        kinds = np.full(len(tags), _NONE, np.int16)
        for code, at in self.pairs:
            kinds[tags == code] = at
        return kinds


@dataclass(slots=True)
class _Found:
    """The records of one round: the n-th of every row that has one."""

    owners: Places
    """(m,) Rows of the cohort."""
    at: Places
    """(m,) First byte behind the tag, within the row."""
    sizes: Places
    """(m,) [byte] behind the tag."""
    room: Places
    """(m,) [byte] from there to the end of the region."""
    kinds: NDArray[np.int16]


class ListSteps:
    """Tagged records: walked a record a round for all rows at once, read a kind at a time for all rounds."""

    def __init__(self, element: lay.Records, kinds: Sequence[Kind]) -> None:
        self.name, self.tag_width, self.at_most = element.name, element.tag_width, element.at_most
        self.kinds = tuple(kinds)
        self.tags = Tags(kinds, element.tag_width if element.escape is None else 2)
        self.short = (0xFF << 8 - element.short_bits) & 0xFF if element.short_bits else 0
        self.escape = -1 if element.escape is None else element.escape
        self.length_width, self.length_order = element.length_width, element.length_order
        self.other = next((at for at, kind in enumerate(kinds) if not kind.codes), _NONE)
        self.widths = np.array([kind.width for kind in kinds], np.int64)
        self.measured = [at for at, kind in enumerate(kinds) if kind.measure is not None]
        self.to_end = np.array([kind.to_end for kind in kinds], np.bool_)
        self.has_to_end = any_in(self.to_end)

    def run(self, cohort: Cohort) -> None:
        """Read the records up to the end of the region; drop the rows with one that cannot be read."""
        _break(cohort)
        found, odd = self._walk(cohort)
        if found:
            level = level_of(
                cohort,
                np.concatenate([one.owners for one in found]),
                np.concatenate([one.at for one in found]),
            )
            sizes = np.concatenate([one.sizes for one in found])
            level.index = np.repeat(np.arange(len(found)), [len(one.owners) for one in found])
            room = np.concatenate([one.room for one in found])
            kinds = np.concatenate([one.kinds for one in found])
            for number, rows in runs_of(kinds):
                kind = self.kinds[number]
                end: Place = sizes[rows] if kind.to_end or self.length_width else kind.width
                end = end if kind.measure is None else room[rows]
                part = Cohort(level, level.starts[rows], 0, end, rows)
                part.enter(kind.number)
                follow(kind.steps, part)
            tell(cohort, self.name, level)
        cohort.drop(odd)
        cohort.at = cohort.end

    def _walk(self, cohort: Cohort) -> tuple[list[_Found], Mask]:
        odd = np.zeros(cohort.count, np.bool_)
        rows, at, end = np.arange(cohort.count), all_places(cohort.at, cohort), all_places(cohort.end, cohort)
        found: list[_Found] = []
        going = at < end
        while any_in(going):
            if not all_in(going):
                left = going.nonzero()[0]
                rows, at, end = rows.take(left), at.take(left), end.take(left)
            if len(found) >= self.at_most:
                odd[rows] = True
                break
            reader = Cohort(cohort.level, cohort.starts[rows], at, end, rows)
            if self.short or self.escape >= 0:
                kinds, sizes, behind = self._packed(reader, at)
            else:
                kinds = self._kinds(reader.integer(self.tag_width, "big", 0))
                sizes, behind = self._sizes(reader, kinds, at, end)
            for number in self.measured:
                own = np.flatnonzero(kinds == number)
                measure = self.kinds[number].measure
                if len(own) and measure is not None:
                    sizes[own] = measure(cohort, rows[own], behind[own], end[own])
            at = behind + sizes
            good, room = (kinds != _NONE) & (at <= end) & (sizes >= 0), end - behind
            going = good & (at < end)
            if all_in(good):
                found.append(_Found(rows, behind, sizes, room, kinds))
                continue
            odd[rows[~good]] = True
            kept = good.nonzero()[0]
            found.append(_Found(*(one.take(kept) for one in (rows, behind, sizes, room, kinds))))
        return found, odd

    def _packed(self, reader: Cohort, at: Places) -> tuple[NDArray[np.int16], Places, Places]:
        """Give kinds, sizes and where the content begins, of heads of one to three bytes."""
        first, second, third = (reader.integer(1, "big", place).astype(np.int64) for place in range(3))
        is_short, is_long = first & self.short != 0, first == self.escape
        tags = np.where(is_short, first & self.short, np.where(is_long, first << 8 | second, first))
        sizes = np.where(is_short, first & ~self.short, np.where(is_long, third, second))
        return self._kinds(tags), sizes, at + np.where(is_short, 1, np.where(is_long, 3, 2))

    def _kinds(self, tags: NDArray[Any]) -> NDArray[np.int16]:
        kinds = self.tags.of(tags)
        return np.where(kinds == _NONE, np.int16(self.other), kinds) if self.other != _NONE else kinds

    def _sizes(
        self, reader: Cohort, kinds: NDArray[np.int16], at: Places, end: Places
    ) -> tuple[Places, Places]:
        """Give each record's size behind its head, and where that begins."""
        behind = at + self.tag_width
        if self.length_width:
            # A length cut by the frame's end is read from what follows; its record reaches past the end then.
            sizes = reader.integer(self.length_width, self.length_order, self.tag_width).astype(np.int64)
            return sizes, behind + self.length_width
        sizes = self.widths[kinds]
        if self.has_to_end:
            sizes = np.where(self.to_end[kinds], np.maximum(sizes, end - behind), sizes)
        return sizes, behind


class DeltaSteps:
    """Numbers told as differences: summed up from the base, forwards or backwards."""

    def __init__(self, element: lay.Deltas, also: Sequence[LeafStep] = ()) -> None:
        """Take the element and what its items say beside."""
        self.element, self.also = element, also

    def run(self, cohort: Cohort) -> None:
        """Read as many differences as are declared, announced, or fit."""
        _break(cohort)
        element = self.element
        room = (cohort.end - cohort.at) // element.width
        counts = room if element.count is None else counted(cohort, element.count, element.width)
        if not cohort.count:
            return
        level = _items(cohort, counts, element.width)
        if level.count:
            self._sum(cohort, level, all_places(counts, cohort))
            tell(cohort, element.name, level)
        cohort.at = cohort.at + counts * element.width

    def _sum(self, cohort: Cohort, level: Level, each: Places) -> None:
        element = self.element
        items = Cohort(level, level.starts, 0, element.width)
        read = items.integer(element.width, element.order, 0, signed=element.signed).astype(np.int64)
        if element.bits:
            read &= (1 << element.bits) - 1
        say_sums(element, self.also, cohort, items, each, read)


def say_sums(
    element: lay.Deltas,
    also: Sequence[LeafStep],
    cohort: Cohort,
    items: Cohort,
    each: Places,
    read: NDArray[np.int64],
) -> None:
    """Say the numbers that differences make, and what is worked out of them.

    Args:
        element: the list's.
        also: reads what items say beside.
        cohort: (n,) the rows that the items stand in.
        items: (m,) the items, row by row.
        each: (n,) items of each row.
        read: (m,) the differences.
    """
    run = np.cumsum(read)
    before = np.repeat((np.cumsum(each) - each)[each > 0], each[each > 0])
    sums = run - run[before] + read[before]
    base = np.repeat(cohort.heard(raw_name(element.base)).astype(np.int64), each)
    numbers = base + sums if element.towards == "later" else base - sums
    items.doubt(np.abs(numbers) > EXACT)
    items.say(raw_name(element.item), numbers)
    items.say(element.item, numbers if element.per == 1 else numbers.astype(np.float64) / element.per)
    for step in also:
        step.run(items, 0)


class Span:
    """Items of one width that are only passed over."""

    def __init__(self, count: int | str | None, width: int) -> None:
        self.count, self.width = count, width

    def run(self, cohort: Cohort) -> None:
        """Go past as many as are declared, announced, or fit."""
        counts = counted(cohort, self.count, self.width)
        if cohort.count:
            cohort.at = cohort.at + counts * self.width


class ArraySteps:
    """The same fields several times, all of one fixed width."""

    def __init__(self, element: lay.Array, steps: Steps, width: int) -> None:
        self.name, self.width, self.steps = element.name, width, steps
        self.count = element.count

    def run(self, cohort: Cohort) -> None:
        """Read as many items as are declared or announced; drop the rows too short for them."""
        counts = counted(cohort, self.count, self.width)
        if not cohort.count or (isinstance(counts, int) and counts == 0):
            return
        _break(cohort)
        level = _items(cohort, counts, self.width)
        if level.count:
            follow(self.steps, Cohort(level, level.starts, 0, self.width))
            tell(cohort, self.name, level)
        cohort.at = cohort.at + counts * self.width


def counted(cohort: Cohort, count: int | str | None, width: int) -> Place:
    """Give how many items of a width [byte] there are, None: as many as fill the region.

    Drops the rows too short for theirs, and those whose last item is cut.
    """
    if count is None:
        cohort.drop((cohort.end - cohort.at) % width != 0)
        return (cohort.end - cohort.at) // width
    if isinstance(count, int):
        enough(cohort, count * width)
        return count
    # Compared before it is multiplied: a hostile count allocates nothing.
    return counted_by(cohort, cohort.heard(raw_name(count)), width)


def counted_by(cohort: Cohort, announced: NDArray[Any], width: int) -> Places:
    """Give announced counts of items of at least a width [byte]; drop the rows too short for theirs."""
    odd = (announced > (cohort.end - cohort.at) // width) | (announced < 0)
    cohort.drop(odd)
    counts: Places = announced[~odd].astype(np.int64)
    return counts


def _items(cohort: Cohort, counts: Place, width: int) -> Level:
    """Give the level of items of one width, back to back."""
    each = all_places(counts, cohort)
    owners = np.repeat(np.arange(cohort.count), each)
    index = np.arange(len(owners)) - np.repeat(np.cumsum(each) - each, each)
    level = level_of(cohort, owners, all_places(cohort.at, cohort)[owners] + index * width)
    level.index = index
    return level


def all_places(place: Place, cohort: Cohort) -> Places:
    """Give a place of every row, (m,)."""
    return np.full(cohort.count, place, np.int64) if isinstance(place, int) else place


def level_of(cohort: Cohort, owners: Places, at: Places) -> Level:
    """Give the level of the items found, in the order of their rounds."""
    return Level(
        cohort.level.wire,
        cohort.starts[owners] + at,
        np.zeros(len(owners), np.bool_),
        parent=cohort.level,
        owners=owners if cohort.rows is None else cohort.rows[owners],
    )


def _break(cohort: Cohort) -> None:
    if cohort.trace is not None:
        cohort.trace.is_broken = True


def tell(cohort: Cohort, name: str, level: Level) -> None:
    """Hang the items under their frames; an item that is not plainly sound makes its frame odd."""
    if level.owners is not None and any_in(level.odd):
        cohort.level.odd[level.owners[level.odd]] = True
    cohort.level.lists.setdefault(name, []).append(level)
