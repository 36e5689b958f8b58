"""Layouts that were learned of content that describes itself, and which of them a content has.

A layout is learned by walking one content; it fits another of the same length if the two agree in every byte
that the walk looked at. Layouts are on trial until a later batch needs them again: layouts that hostile
frames make up drive out each other, not those that meters use.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.bit_clocks import BitClock, Shift
from narrowgate_codecs.layout import Leaf
from narrowgate_codecs.plan_leaves import LeafStep, Wants
from narrowgate_codecs.plan_words import leaf_step
from narrowgate_codecs.sketch import At, Item, Run, Sketch
from narrowgate_codecs.wire import Places
from narrowgate_codecs.wired import Wired

Words = NDArray[np.uint64]

GIVEN = 3
"""Numbers given along with a leaf at most: the factors of a number, the shift of a clock."""
COLUMNS = 3 + GIVEN
PROVEN = 1024
"""Layouts kept that a second batch needed, the last ones used."""
TRIAL = 1024
"""Layouts kept that only one batch needed so far."""
EACH = 64
"""Layouts kept of one length."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Leaves that are read together: the same but for what is given along."""

    number: int
    """Stands for it in tables."""
    step: LeafStep
    given: int
    """How many numbers are given along."""


Params = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RunSpot:
    """Where a run of differences stands."""

    run: Run
    item: int
    """The first of its items."""
    count: int


@dataclass(frozen=True, slots=True)
class ListLayout:
    """A list of a layout."""

    count: int
    spots: Places
    """(COLUMNS, k) Where leaves stand, as in Learned.says."""
    runs: tuple[RunSpot, ...]


@dataclass(eq=False, slots=True)
class Learned:
    """The layout of contents of one length."""

    size: int
    mask: Words
    """(w,) Bits that shape the content."""
    shape: Words
    """(w,) What they are."""
    says: Places
    """(COLUMNS, k) Where leaves stand: kind, item, place [byte] within the content, numbers given along."""
    lists: dict[str, ListLayout]
    announces: list[tuple[str, bytes]]
    """What contents of this layout announce, by name."""
    batch: int = 0
    """The last batch that needed it."""


def words_of(content: bytes) -> Words:
    """Give bytes as machine words, zeros behind them."""
    return np.frombuffer(content + bytes(-len(content) % 8), "<u8")


class Compiler:
    """From a sketch to a layout that a plan reads; kinds are shared by all layouts of a plan."""

    def __init__(self, wants: Wants) -> None:
        self._wants = wants
        self._kinds: dict[Leaf, Kind | None] = {}
        self.kinds: list[Kind] = []
        """By number."""

    def learned(self, content: bytes, looked: bytes, sketch: Sketch) -> Learned:
        """Give the layout; Unplanned if it has a leaf that only the row engine can read."""
        mask = words_of(looked)
        lists = {
            name: self._list(sketch.lists.get(name, ()), sketch.runs.get(name, ()))
            for name in dict.fromkeys((*sketch.lists, *sketch.runs))
            if name in self._wants.lists
        }
        says = self._spots([(0, said) for said in sketch.says])
        return Learned(len(content), mask, words_of(content) & mask, says, lists, sketch.announces)

    def _list(self, items: "list[Item] | tuple[()]", runs: "list[Run] | tuple[()]") -> ListLayout:
        leaves = [(at, said) for at, item in enumerate(items) for said in item.leaves]
        count, spots = len(items), []
        for run in runs:
            spots.append(RunSpot(run, count, len(run.steps)))
            leaves.extend((count + step, clock) for step, clock in enumerate(run.steps))
            count += len(run.steps)
        return ListLayout(count, self._spots(leaves), tuple(spots))

    def _spots(self, leaves: list[tuple[int, At]]) -> Places:
        found = []
        for item, said in leaves:
            plain, params = _split(said.leaf)
            kind = self.kind(plain, len(params))
            if kind is not None:
                found.append((kind.number, item, said.at, *params, *(0,) * (GIVEN - len(params))))
        return np.array(found, np.int64).reshape(len(found), COLUMNS).T.copy()

    def kind(self, leaf: Leaf, given: int) -> Kind | None:
        """Give the kind of a leaf, None if nobody wants it; there are as many as a grammar has codings."""
        if leaf not in self._kinds:
            step = leaf_step(leaf, self._wants)
            kind = self._kinds[leaf] = None if step is None else Kind(len(self.kinds), step, given)
            if kind is not None:
                self.kinds.append(kind)
        return self._kinds[leaf]


def _split(leaf: Leaf) -> tuple[Leaf, Params]:
    """Give what leaves of one kind share, and what is this one's own."""
    if isinstance(leaf, Wired):
        return plain_number(leaf), (leaf.times, leaf.per)
    if isinstance(leaf, BitClock):
        shift = leaf.shift
        plain = BitClock(
            leaf.name, leaf.width, leaf.pieces, leaf.year, leaf.earliest_year, leaf.void, leaf.order
        )
        return plain if shift != Shift() else leaf, (shift.seconds, shift.days, shift.months)
    return leaf, ()


def plain_number(leaf: Wired) -> Wired:
    """Give a number of the same coding without a factor."""
    return Wired(leaf.name, leaf.width, leaf.coding, leaf.order, leaf.signed, leaf.void)


class Layouts:
    """The layouts of one described content that were learned, by its length; what is kept is bounded."""

    def __init__(self) -> None:
        self._by_size: dict[int, list[Learned]] = {}
        self._trial: OrderedDict[int, Learned] = OrderedDict()
        self._proven: OrderedDict[int, Learned] = OrderedDict()
        self._batch = 0

    def begin(self) -> None:
        """Note that a batch begins."""
        self._batch += 1

    def of(self, size: int) -> list[Learned]:
        """Give the layouts of a length, those needed last first."""
        return list(self._by_size.get(size, ()))

    def keep(self, layout: Learned) -> None:
        """Put a new layout on trial."""
        same = self._by_size.setdefault(layout.size, [])
        if len(same) >= EACH:
            self._forget(same[-1])
            same = self._by_size.setdefault(layout.size, [])
        same.insert(0, layout)
        layout.batch = self._batch
        self._trial[id(layout)] = layout
        if len(self._trial) > TRIAL:
            self._forget(next(iter(self._trial.values())))

    def needed(self, layout: Learned) -> None:
        """Note that a batch needs a layout: a later one than the first proves it."""
        key = id(layout)
        if key in self._proven:
            self._proven.move_to_end(key)
        elif key not in self._trial:
            self.keep(layout)  # forgotten while this batch was being told apart
        elif layout.batch != self._batch:
            del self._trial[key]
            self._proven[key] = layout
            if len(self._proven) > PROVEN:
                self._forget(next(iter(self._proven.values())))
        layout.batch = self._batch
        same = self._by_size[layout.size]
        if same[0] is not layout:
            same.remove(layout)
            same.insert(0, layout)

    def _forget(self, layout: Learned) -> None:
        self._trial.pop(id(layout), None)
        self._proven.pop(id(layout), None)
        same = self._by_size[layout.size]
        same.remove(layout)
        if not same:
            del self._by_size[layout.size]

    @property
    def count(self) -> int:
        """The number of layouts kept."""
        return len(self._trial) + len(self._proven)
