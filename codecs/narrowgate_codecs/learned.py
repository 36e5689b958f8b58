"""Layouts that were learned of content that describes itself: what shapes it and where its leaves stand.

A layout is learned by walking one content; it fits another of the same length if the two agree in every byte
that the walk looked at.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import layout as lay
from narrowgate_codecs.bit_clocks import BitClock, Shift
from narrowgate_codecs.layout import Leaf
from narrowgate_codecs.plan_leaves import LeafStep, Wants
from narrowgate_codecs.plan_words import leaf_step
from narrowgate_codecs.sketch import At, Item, OrderedReader, Run, Sketch
from narrowgate_codecs.wire import Places
from narrowgate_codecs.wired import Wired

Words = NDArray[np.uint64]

GIVEN = 3
"""Numbers given along with a leaf at most: the factors of a number, the shift of a clock."""
COLUMNS = 3 + GIVEN


def _nowhere() -> Places:
    return np.zeros((COLUMNS, 0), np.int64)


@dataclass(frozen=True, slots=True)
class Kind:
    """Leaves that are read together: the same but for what is given along."""

    number: int
    """Stands for it in tables."""
    step: LeafStep
    given: int
    """How many numbers are given along."""
    coding: int
    """Stands for the coding that it shares with numbers of other names, or for itself."""
    name: int
    """Stands for its name."""


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

    content: bytes
    """The one that it was learned from."""
    order: list[int]
    """[byte] The places that shape the content, as the walk came to them."""
    values: bytes
    """What stands there."""
    words: Words
    """(2, w) Bits that shape the content, and what they are."""
    says: Places = field(default_factory=_nowhere)
    """(COLUMNS, k) Where leaves stand: kind, item, place [byte] within the content, numbers given along."""
    lists: dict[str, ListLayout] = field(default_factory=dict)
    announces: list[tuple[str, bytes]] = field(default_factory=list)
    """What contents of this layout announce, by name."""
    is_sound: bool = True
    """False: contents of this layout are the row engine's."""

    @property
    def size(self) -> int:
        """Length of the contents [byte]."""
        return len(self.content)


def shape_of(content: bytes, reader: OrderedReader) -> Learned:
    """Give the layout of a content that was walked, without what it says: its contents are no plan's."""
    values = bytes(content[at] for at in reader.order)
    mask = words_of(bytes(reader.looked))
    words = np.stack([mask, words_of(content) & mask])
    return Learned(content, reader.order, values, words, is_sound=False)


def words_of(content: bytes) -> Words:
    """Give bytes as machine words, zeros behind them; one word at least."""
    return np.frombuffer(content + bytes(-len(content) % 8 if content else 8), "<u8")


class Compiler:
    """From a sketch to a layout that a plan reads; kinds are shared by all layouts of a plan."""

    def __init__(self, wants: Wants) -> None:
        self._wants = wants
        self._kinds: dict[Leaf, Kind | None] = {}
        self.kinds: list[Kind] = []
        """By number."""
        self._codings: dict[Leaf, int] = {}
        self._names: dict[str, int] = {}

    def learned(self, content: bytes, reader: OrderedReader, sketch: Sketch) -> Learned:
        """Give the layout; Unplanned if it has a leaf that only the row engine can read."""
        made = shape_of(content, reader)
        made.lists = {
            name: self._list(sketch.lists.get(name, ()), sketch.runs.get(name, ()))
            for name in dict.fromkeys((*sketch.lists, *sketch.runs))
            if name in self._wants.lists
        }
        made.says = self._spots([(0, said) for said in sketch.says])
        made.announces, made.is_sound = sketch.announces, True
        return made

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
            self._kinds[leaf] = None if step is None else self._new(leaf, step, given)
        return self._kinds[leaf]

    def _new(self, leaf: Leaf, step: LeafStep, given: int) -> Kind:
        coding: Leaf = replace(leaf, name="") if isinstance(leaf, Wired) else leaf
        number = self._codings.setdefault(coding, len(self._codings))
        name = self._names.setdefault(lay.names_of(leaf)[0], len(self._names))
        kind = Kind(len(self.kinds), step, given, number, name)
        self.kinds.append(kind)
        return kind

    @property
    def codings(self) -> Places:
        """The coding of each kind."""
        return np.array([kind.coding for kind in self.kinds], np.int64)

    @property
    def names(self) -> Places:
        """The name of each kind."""
        return np.array([kind.name for kind in self.kinds], np.int64)


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
