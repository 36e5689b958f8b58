"""Layouts that were met before: the plan of frames that agree in length and in every choice.

A batch of one layout needs none of the plan's steps that find places: where its bytes equal the layout's own
in all that shapes the frame, every leaf stands where it stood before. What is kept is bounded and is kept
only from the second batch of a length on, so that nobody fills it with layouts that are never seen again; a
layout that is forgotten costs its batches the plan's usual steps, no more.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from narrowgate_codecs.aligned import Aligned, ByteStep, Spot, Spots, is_byte
from narrowgate_codecs.cohort import Level, Place, Trace, everywhere
from narrowgate_codecs.plan_words import PortStep

LENGTHS = 64
"""Lengths and ports of which layouts are kept, the last ones met."""
EACH = 4
"""Layouts of one length and port."""

_ALL = 0xFF
"""All bits of a byte."""

Key: TypeAlias = tuple[int, int]
"""Length [byte] and captured port."""


class _Fixed(NamedTuple):
    """Bytes that shape the frame, side by side, and what stands there."""

    place: int
    """Of the first one, within the frame."""
    shape: bytes
    bits: bytes | None
    """From every byte to those of its bits that count; None: all do."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What all frames of a layout share, and where their leaves stand."""

    length: int
    """[byte]"""
    fixed: tuple["_Fixed", ...]
    """Bytes that shape the frame."""
    leaves: tuple[tuple[int, Any], ...]
    spots: Spots
    """What is read of its frames."""
    marks: dict[str, Place]
    case: int
    traced: tuple[tuple[int, Any], ...]
    """What its leaves are, by which it is told from others."""
    hears_port: bool
    """True where a leaf looks at the captured port itself."""

    def is_same(self, other: "Layout") -> bool:
        """Give whether another layout, met by another way, says the same of the same bytes."""
        return (
            self.length == other.length
            and self.case == other.case
            and self.traced == other.traced
            and self.marks == other.marks
            and self.fixed == other.fixed
        )

    def fits(self, frames: Aligned) -> bool:
        """Give whether all frames have this layout."""
        count = frames.count
        for fixed in self.fixed:
            read = frames.joined(len(fixed.shape), fixed.place)
            if (read if fixed.bits is None else read.translate(fixed.bits)) != fixed.shape * count:
                return False
        return True

    def read(self, frames: Aligned) -> None:
        """Read the leaves."""
        frames.marks = self.marks
        for offset, leaf in self.leaves:
            leaf.run(frames, offset)
        frames.level.case = self.case


class Layouts:
    """The layouts of one plan that were met before."""

    def __init__(self, carried: Mapping[int, frozenset[str]]) -> None:
        """Take the names whose values readings carry, by the number of the message."""
        self._met: OrderedDict[Key, int] = OrderedDict()
        self._kept: OrderedDict[Key, list[Layout]] = OrderedDict()
        self._carried = carried
        self._quick: dict[tuple[Any, int], ByteStep] = {}
        """The quickest step for each of the plan's own in a case, which layouts have in common."""

    def known(self, frames: Aligned, key: Key) -> Layout | None:
        """Give the layout of frames of one length and port, back to back; None if it is not known."""
        for layout in self._kept.get(key, ()):
            frames.see(layout.spots)
            if layout.fits(frames):
                self._kept.move_to_end(key)
                return layout
        return None

    def wants(self, key: Key) -> bool:
        """Give whether a batch of one length should be traced: the second one, the fourth, the eighth ..."""
        met = self._met.pop(key, 0) + 1
        self._met[key] = met
        while len(self._met) > LENGTHS:
            self._met.popitem(last=False)
        return met > 1 and met & (met - 1) == 0 and len(self._kept.get(key, ())) < EACH

    def keep(self, level: Level, key: Key, trace: Trace) -> None:
        """Keep the layout that a batch was found to have, if it has one."""
        if trace.is_broken or not isinstance(level.case, int):
            return
        first = int(level.starts[0])
        shape = level.wire.data[first : first + key[0]].tobytes()
        fixed = tuple(_fixed(shape, places, mask) for places, mask in _runs(trace.fixed))
        read = ((offset, self._quickened(leaf, level.case)) for offset, leaf in trace.leaves)
        leaves = tuple((offset, leaf) for offset, leaf in read if not leaf.idle)
        traced = tuple((offset, getattr(leaf, "leaf", leaf)) for offset, leaf in trace.leaves)
        hears_port = any(isinstance(leaf, PortStep) for _, leaf in leaves)
        own = Layout(
            key[0], fixed, leaves, Spots(key[0], ()), dict(trace.marks), level.case, traced, hears_port
        )
        layout = replace(own, spots=_spots(own, level))
        known = (one for layouts in self._kept.values() for one in layouts)
        # One that another port's frames have is the same object, so that it is known at a glance.
        layout = next((one for one in known if one.is_same(layout)), layout)
        self._kept.setdefault(key, []).append(layout)
        while len(self._kept) > LENGTHS:
            self._kept.popitem(last=False)

    def _quickened(self, leaf: Any, case: int) -> Any:
        if not is_byte(leaf):
            return leaf
        if (leaf, case) not in self._quick:
            carried = self._carried.get(case, frozenset())
            self._quick[leaf, case] = ByteStep(leaf, lambda name: name in carried or not name.isidentifier())
        return self._quick[leaf, case]

    @property
    def count(self) -> int:
        """The number of layouts kept."""
        return sum(len(layouts) for layouts in self._kept.values())


def _spots(layout: Layout, level: Level) -> Spots:
    """Give what is read of a layout's frames, found out by reading one once more."""
    frames = Aligned(level.first(everywhere(1)), layout.length)
    found: list[Spot] = []
    frames.found = found
    layout.fits(frames)
    layout.read(frames)
    return Spots(layout.length, found)


def _runs(fixed: dict[int, int]) -> Iterator[tuple[range, int]]:
    """Give the places of neighbours of which all bits shape the frame, and each other place alone."""
    places = iter(sorted(fixed))
    run = range(0)
    for place in places:
        if fixed[place] == _ALL and place == run.stop and run:
            run = range(run.start, place + 1)
            continue
        if run:
            yield run, _ALL
        run = range(place, place + 1) if fixed[place] == _ALL else range(0)
        if not run:
            yield range(place, place + 1), fixed[place]
    if run:
        yield run, _ALL


def _fixed(shape: bytes, places: range, mask: int) -> _Fixed:
    bits = None if mask == _ALL else bytes(one & mask for one in range(_ALL + 1))
    own = shape[places.start : places.stop]
    return _Fixed(places.start, own if bits is None else own.translate(bits), bits)
