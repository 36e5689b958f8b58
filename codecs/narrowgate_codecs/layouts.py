"""Layouts that were met before: the plan of frames that agree in length and in every choice.

A batch of one layout needs none of the plan's steps that find places: where its bytes equal the layout's own
in all that shapes the frame, every leaf stands where it stood before. What is kept is bounded and is kept
only from the second batch of a length on, so that nobody fills it with layouts that are never seen again; a
layout that is forgotten costs its batches the plan's usual steps, no more.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from narrowgate_codecs.aligned import Aligned, quickened
from narrowgate_codecs.cohort import Level, Place, Trace
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
    """A byte that shapes the frame, and what stands there."""

    place: int
    """Within the frame."""
    byte: bytes
    bits: bytes | None
    """From every byte to those of its bits that count; None: all do."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What all frames of a layout share, and where their leaves stand."""

    fixed: tuple["_Fixed", ...]
    """Bytes that shape the frame."""
    leaves: tuple[tuple[int, Any], ...]
    marks: dict[str, Place]
    case: int
    traced: tuple[tuple[int, Any], ...]
    """What its leaves are, by which it is told from others."""
    hears_port: bool
    """True where a leaf looks at the captured port itself."""

    def is_same(self, other: "Layout") -> bool:
        """Give whether another layout, met by another way, says the same of the same bytes."""
        return (
            self.case == other.case
            and self.traced == other.traced
            and self.marks == other.marks
            and self.fixed == other.fixed
        )

    def fits(self, frames: Aligned) -> bool:
        """Give whether all frames have this layout."""
        count = frames.count
        for fixed in self.fixed:
            read = frames.column(fixed.place)
            if (read if fixed.bits is None else read.translate(fixed.bits)) != fixed.byte * count:
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

    def __init__(self) -> None:
        self._met: OrderedDict[Key, int] = OrderedDict()
        self._kept: OrderedDict[Key, list[Layout]] = OrderedDict()

    def find(self, frames: Aligned, keys: Sequence[Key]) -> Layout | None:
        """Give the layout of frames back to back; None if it is not known or they differ.

        Args:
            frames: all of one length.
            keys: one for each port that they came on.
        """
        found: Layout | None = None
        for key in keys:
            layout = self._find(frames, key)
            if layout is None or (found is not None and not layout.is_same(found)):
                return None
            found = found or layout
        return found

    def _find(self, frames: Aligned, key: Key) -> Layout | None:
        for layout in self._kept.get(key, ()):
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
        fixed = tuple(
            _fixed(place, int(level.wire.data[first + place]), mask)
            for place, mask in sorted(trace.fixed.items())
        )
        leaves = tuple((offset, quickened(leaf)) for offset, leaf in trace.leaves)
        traced = tuple((offset, getattr(leaf, "leaf", leaf)) for offset, leaf in trace.leaves)
        hears_port = any(isinstance(leaf, PortStep) for _, leaf in leaves)
        layout = Layout(fixed, leaves, dict(trace.marks), level.case, traced, hears_port)
        self._kept.setdefault(key, []).append(layout)
        while len(self._kept) > LENGTHS:
            self._kept.popitem(last=False)

    @property
    def count(self) -> int:
        """The number of layouts kept."""
        return sum(len(layouts) for layouts in self._kept.values())


def _fixed(place: int, byte: int, mask: int) -> _Fixed:
    bits = None if mask == _ALL else bytes(one & mask for one in range(_ALL + 1))
    return _Fixed(place, bytes([byte & mask]), bits)
