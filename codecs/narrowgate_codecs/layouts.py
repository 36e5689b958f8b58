"""Layouts that were met before: the plan of frames that agree in length and in every choice.

A batch of one layout needs none of the plan's steps that find places: where its bytes equal the layout's own
in all that shapes the frame, every leaf stands where it stood before. What is kept is bounded and is kept
only from the second batch of a length on, so that nobody fills it with layouts that are never seen again; a
layout that is forgotten costs its batches the plan's usual steps, no more.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from narrowgate_codecs import elements as el
from narrowgate_codecs.cohort import Cohort, Level, Place, Trace, all_in, any_in
from narrowgate_codecs.plan_leaves import IntStep
from narrowgate_codecs.wire import Bytes, Places, dtype_of

LENGTHS = 64
"""Lengths and ports of which layouts are kept, the last ones met."""
EACH = 4
"""Layouts of one length and port."""

_TOGETHER, _MANY = 3, 256
"""Numbers that are read in one go at least, in so many frames at most."""
_NO_COUNT = 1 << 40
"""No number of four bytes."""

Key: TypeAlias = tuple[int, int]
"""Length [byte] and captured port."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What all frames of a layout share, and where their leaves stand."""

    places: Places
    """(k,) Bytes that shape the frame, within it."""
    shape: Bytes
    """(k,) What stands there."""
    leaves: tuple[tuple[int, Any], ...]
    numbers: "tuple[_Numbers, ...]"
    marks: dict[str, Place]
    case: int
    traced: tuple[tuple[int, Any], ...]
    """What its leaves are, by which it is told from others."""

    def is_same(self, other: "Layout") -> bool:
        """Give whether another layout, met by another way, says the same of the same bytes."""
        return (
            self.case == other.case
            and self.traced == other.traced
            and self.marks == other.marks
            and np.array_equal(self.places, other.places)
            and np.array_equal(self.shape, other.shape)
        )

    def fits(self, frames: Bytes) -> bool:
        """Give whether all frames, (n, length), have this layout."""
        return all_in(frames.take(self.places, axis=1) == self.shape)

    def read(self, level: Level, length: int) -> None:
        """Read the leaves."""
        cohort = Cohort(level, level.starts, 0, length, None, self.marks)
        for offset, leaf in self.leaves:
            leaf.run(cohort, offset)
        for numbers in self.numbers:
            numbers.run(cohort)
        level.case = self.case


class _Numbers:
    """Numbers of one width and order, read, judged and scaled in one go.

    That saves calls, which are what a small batch costs; a large one costs its bytes, and is read by strides.
    """

    def __init__(self, dtype: str, leaves: list[tuple[int, IntStep]]) -> None:
        self.leaves = leaves
        ints = [step.leaf for _, step in leaves]
        self.dtype = dtype
        self.names = [step.leaf.name if step.wanted else None for _, step in leaves]
        self.offsets = np.array([[offset] for offset, _ in leaves], np.int64)
        self.per = np.array([[float(leaf.per)] for leaf in ints])
        self.null = np.array([[leaf.null[0] if leaf.null else _NO_COUNT] for leaf in ints])
        self.has_nulls = [bool(leaf.null) for leaf in ints]
        self.some_null = any(self.has_nulls)
        self.low, self.high = (np.array([[_raw_limits(leaf)[end]] for leaf in ints]) for end in (0, 1))
        least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
        self.is_limited = [any_in(self.low > least), any_in(self.high < most)]
        # Compared as they travel: numbers of other kinds would be converted at every comparison.
        self.low, self.high = (np.clip(end, least, most).astype(dtype) for end in (self.low, self.high))

    def run(self, cohort: Cohort) -> None:
        """Keep the numbers that are wanted; doubt the rows with one out of its limits."""
        if cohort.count > _MANY:
            for offset, leaf in self.leaves:
                leaf.run(cohort, offset)
            return
        raw = cohort.level.wire.window(self.dtype)[cohort.starts + self.offsets]
        values = raw / self.per
        said = raw != self.null if self.some_null else None
        for is_limited, odd in zip(self.is_limited, (np.less, np.greater), strict=True):
            if is_limited:
                past = odd(raw, self.low if odd is np.less else self.high)
                past = past if said is None else past & said
                if any_in(past):
                    cohort.doubt(past.any(axis=0))
        for row, name in enumerate(self.names):
            if name is not None:
                known = said[row] if said is not None and self.has_nulls[row] else None
                cohort.say(name, values[row], None if known is None or all_in(known) else known)


def _raw_limits(leaf: el.Int) -> tuple[int, int]:
    """Give the least and the greatest raw value within the limits; counts are compared as construct does."""
    if leaf.limits is None:
        return -_NO_COUNT, _NO_COUNT
    low, high = (round(limit * leaf.per) for limit in leaf.limits)
    low = next(raw for raw in (low - 1, low, low + 1) if raw / leaf.per >= leaf.limits[0])
    high = next(raw for raw in (high + 1, high, high - 1) if raw / leaf.per <= leaf.limits[1])
    return low, high


class Layouts:
    """The layouts of one plan that were met before."""

    def __init__(self) -> None:
        self._met: OrderedDict[Key, int] = OrderedDict()
        self._kept: OrderedDict[Key, list[Layout]] = OrderedDict()

    def find(self, level: Level, keys: Sequence[Key]) -> Layout | None:
        """Give the layout of frames back to back; None if it is not known or they differ.

        Args:
            level: the frames, all of one length.
            keys: one for each port that they came on.
        """
        found: Layout | None = None
        for key in keys:
            layout = self._find(level, key)
            if layout is None or (found is not None and not layout.is_same(found)):
                return None
            found = found or layout
        return found

    def _find(self, level: Level, key: Key) -> Layout | None:
        length, _ = key
        for layout in self._kept.get(key, ()):
            first = int(level.starts[0])
            if layout.fits(level.wire.data[first : first + level.count * length].reshape(-1, length)):
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
        places = np.array(sorted(trace.fixed), np.int64)
        first = int(level.starts[0])
        shape: Bytes = level.wire.data[first + places].copy()
        plain: dict[str, list[tuple[int, IntStep]]] = {}
        leaves: list[tuple[int, Any]] = []
        for offset, leaf in trace.leaves:
            dtype = _plain_dtype(leaf)
            if dtype is None:
                leaves.append((offset, leaf))
            else:
                plain.setdefault(dtype, []).append((offset, leaf))
        traced = tuple((offset, getattr(leaf, "leaf", leaf)) for offset, leaf in trace.leaves)
        leaves += [one for steps in plain.values() if len(steps) < _TOGETHER for one in steps]
        numbers = tuple(_Numbers(dtype, steps) for dtype, steps in plain.items() if len(steps) >= _TOGETHER)
        layout = Layout(places, shape, tuple(leaves), numbers, dict(trace.marks), level.case, traced)
        self._kept.setdefault(key, []).append(layout)
        while len(self._kept) > LENGTHS:
            self._kept.popitem(last=False)

    @property
    def count(self) -> int:
        """The number of layouts kept."""
        return sum(len(layouts) for layouts in self._kept.values())


def _plain_dtype(leaf: Any) -> str | None:
    """Give numpy's name of a number that nothing else looks at; None for others."""
    if not isinstance(leaf, IntStep) or leaf.raw:
        return None
    if leaf.leaf.width > 4 or leaf.leaf.plus or len(leaf.leaf.null) > 1:
        return None
    return dtype_of(leaf.leaf.width, leaf.leaf.order, signed=leaf.leaf.signed)
