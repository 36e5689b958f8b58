"""The plan's structure: stretches of fixed width, and what makes a frame's shape; the mirror of regions.py.

Steps follow each other over a cohort. A step that parts the cohort hands the steps behind it to each part, so
frames that chose differently go on apart and frames that chose alike stay together, however long they are.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeAlias

import numpy as np

from narrowgate_codecs import layout as lay
from narrowgate_codecs.cohort import Cohort, Mask, Place, Trace, all_in, any_in, any_of, settled
from narrowgate_codecs.plan_leaves import LeafStep
from narrowgate_codecs.plan_texts import TextStep
from narrowgate_codecs.wire import Places

_LOOK = 32
"""[byte] of a run that are looked at together."""


class Step(Protocol):
    """Carries a cohort on; a step that parts it has `part` instead of doing all in `run`."""

    def run(self, cohort: Cohort) -> None:
        """Read, judge, move the cohort's place."""
        ...


Steps: TypeAlias = tuple["Step | Parting", ...]


class Parting:
    """Parts a cohort by what its rows choose.

    It is no abstract class: whether a step is one is asked at every step, and those answer slowly.
    """

    def part(self, cohort: Cohort) -> Iterator[tuple[Steps, Cohort]]:
        """Give each part with the steps of its choice; without a choice all rows, and no step more."""
        yield (), cohort


def follow(steps: Steps, cohort: Cohort) -> None:
    """Carry a cohort through steps."""
    for at, step in enumerate(steps):
        if not len(cohort.starts):
            return
        if isinstance(step, Parting):
            for inner, part in step.part(cohort):
                follow((*inner, *steps[at + 1 :]), part)
            return
        step.run(cohort)


def enough(cohort: Cohort, width: int) -> None:
    """Drop the rows whose region ends before `width` bytes more."""
    cohort.drop(cohort.end - cohort.at < width)


class Stretch:
    """Elements of fixed width, back to back: one look at the room for all of them."""

    def __init__(self, width: int, leaves: Sequence[tuple[int, LeafStep]]) -> None:
        self.width, self.leaves = width, tuple(leaves)

    def run(self, cohort: Cohort) -> None:
        """Read every leaf that has something to do."""
        if self.width:
            enough(cohort, self.width)
        if not len(cohort.starts):
            return
        trace = cohort.trace
        for offset, leaf in self.leaves:
            leaf.run(cohort, offset)
            if trace is not None:
                trace.read(cohort.at + offset, leaf)
        cohort.at = cohort.at + self.width


class ToEnd:
    """Everything up to the end of the region."""

    def run(self, cohort: Cohort) -> None:
        """Go to the end."""
        cohort.at = cohort.end


class TextToEnd:
    """Printable ASCII up to the end of the region."""

    def run(self, cohort: Cohort) -> None:
        """Doubt the rows with a byte that is no text, and go to the end."""
        starts = cohort.starts + cohort.at
        widths = np.broadcast_to(cohort.end - np.asarray(cohort.at), starts.shape)
        firsts = np.cumsum(widths) - widths
        rows = np.repeat(np.arange(len(widths)), widths)
        read = cohort.level.wire.data[(starts - firsts)[rows] + np.arange(len(rows))]
        odd = np.zeros(len(widths), np.bool_)
        odd[rows[(read < 0x20) | (read > 0x7E)]] = True
        cohort.doubt(odd)
        if cohort.trace is not None and isinstance(cohort.at, int) and isinstance(cohort.end, int):
            cohort.trace.read(cohort.at, TextStep(cohort.end - cohort.at))
        elif cohort.trace is not None:
            cohort.trace.is_broken = True
        cohort.at = cohort.end


class Skip:
    """A bounded run of one byte."""

    def __init__(self, byte: int, at_most: int) -> None:
        self.byte, self.at_most = byte, at_most

    def run(self, cohort: Cohort) -> None:
        """Go past the run."""
        first = cohort.at
        going = self._goes_on(cohort)
        if any_in(going):
            self._pass(cohort, going.nonzero()[0])
        if cohort.trace is not None:
            self._trace(cohort.trace, first, cohort)

    def _pass(self, cohort: Cohort, rows: Places) -> None:
        """Move the places of rows behind their runs, some bytes of all of them at a time."""
        at = np.zeros(cohort.count, np.int64) + cohort.at
        end = np.zeros(cohort.count, np.int64) + cohort.end
        passed = 0
        while len(rows) and passed < self.at_most:
            width = min(_LOOK, self.at_most - passed)
            ahead = np.arange(width)
            places = (cohort.starts + at).take(rows)[:, None] + ahead
            same = cohort.level.wire.data.take(places, mode="clip") == self.byte
            same &= ahead < (end - at).take(rows)[:, None]
            runs = np.where(same.all(axis=1), width, same.argmin(axis=1))
            at[rows] += runs
            passed += width
            rows = rows[runs == width]
        cohort.at = settled(at) if isinstance(cohort.at, int) else at

    def _trace(self, trace: Trace, first: Place, cohort: Cohort) -> None:
        """Fix the run and the byte that ends it."""
        if isinstance(first, int) and isinstance(cohort.at, int) and isinstance(cohort.end, int):
            trace.fix(first, b"\xff" * (min(cohort.at + 1, cohort.end) - first))
        else:
            trace.is_broken = True

    def _goes_on(self, cohort: Cohort) -> Mask:
        inside = cohort.window("u1", 0) == self.byte
        told: Mask = inside & (cohort.at < cohort.end)
        return told


class Note:
    """Remembers a place."""

    idle, shaping, is_shape = False, b"", True

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the place under the mark's name."""
        cohort.marks[self.name] = cohort.at + offset
        if cohort.trace is not None:
            cohort.trace.marks[self.name] = cohort.at + offset


class Sizing:
    """A length and as many bytes, read after the level they stand in."""

    def __init__(self, element: lay.Sized, inside: Steps) -> None:
        self.element, self.inside = element, inside

    def run(self, cohort: Cohort) -> None:
        """Keep the region's extent; drop the rows whose length runs past their region."""
        element = self.element
        enough(cohort, element.head)
        if element.again and cohort.count:
            self._repeated(cohort)
        if not cohort.count:
            return
        start = cohort.at + element.head
        if element.is_believed:
            counted = element.width if element.counts_itself else 0
            stop: Place = start + settled(cohort.integer(element.width, element.order, 0)) - counted
            if cohort.trace is not None:
                cohort.trace.fix(cohort.at, b"\xff" * element.head)
        else:
            stop = cohort.end
        if element.mark is not None:
            cohort.marks[element.mark] = start
            if cohort.trace is not None:
                cohort.trace.marks[element.mark] = start
        cohort.pending.append((self.inside, start, stop))
        cohort.at = stop
        # A length of eight bytes can leave int64: below zero is past the end, too.
        cohort.drop((cohort.at > cohort.end) | (cohort.at < start))

    def _repeated(self, cohort: Cohort) -> None:
        """Drop the rows that do not repeat their length before the bytes that follow it."""
        element = self.element
        head = cohort.bytes(element.head, 0)
        width = element.width
        same = (head[:, :width] == head[:, width : 2 * width]).all(axis=1)
        same &= (head[:, 2 * width :] == np.frombuffer(element.again, np.uint8)).all(axis=1)
        cohort.drop(~same)


class Bodily:
    """Everything up to some bytes before the end of the region."""

    def __init__(self, element: lay.Body, inside: Steps) -> None:
        self.leave, self.inside = element.leave, inside

    def run(self, cohort: Cohort) -> None:
        """Keep the region's extent."""
        enough(cohort, self.leave)
        stop = cohort.end - self.leave
        cohort.pending.append((self.inside, cohort.at, stop))
        cohort.at = stop


class Close:
    """The end of a level: nothing may be left over, then the inside of its regions is read."""

    def __init__(self, *, exact: bool) -> None:
        self.exact = exact

    def run(self, cohort: Cohort) -> None:
        """Drop rows with bytes left over, then follow the regions."""
        if self.exact:
            cohort.drop(cohort.at != cohort.end)
        if not cohort.pending:
            return
        pending, cohort.pending = cohort.pending, []
        for inside, start, stop in pending:
            marks = dict(cohort.marks)
            region = Cohort(cohort.level, cohort.starts, start, stop, cohort.rows, marks, [], cohort.trace)
            follow(inside, region)


class Maybe(Parting):
    """Steps for the rows that go on with a marker, or, without one, for those with bytes left."""

    def __init__(self, marker: bytes, inside: Steps, mask: bytes | None = None, *, at_least: int = 1) -> None:
        self.least = max(at_least, len(marker))
        self.marker, self.inside = np.frombuffer(marker, np.uint8), inside
        self.mask = np.frombuffer(mask or b"\xff" * len(marker), np.uint8)

    def part(self, cohort: Cohort) -> Iterator[tuple[Steps, Cohort]]:
        """Give the rows that have it, then those that have not."""
        there: Mask | bool = cohort.end - cohort.at >= self.least
        if len(self.marker) and any_of(there):
            read = cohort.bytes(len(self.marker), 0) & self.mask
            there = (read == self.marker).all(axis=1) & there
        if isinstance(there, bool) or all_in(there) or not any_in(there):
            if cohort.trace is not None:
                self._trace(cohort.trace, cohort)
            yield (self.inside if any_of(there) else ()), cohort
            return
        yield self.inside, cohort.pick(there)
        yield (), cohort.pick(~there)

    def _trace(self, trace: Trace, cohort: Cohort) -> None:
        """Fix the marker, or as much as shows that it is another one."""
        if not (isinstance(cohort.at, int) and isinstance(cohort.end, int)):
            trace.is_broken = True
            return
        room = min(len(self.marker), cohort.end - cohort.at)
        same = cohort.bytes(room, 0)[0] & self.mask[:room] == self.marker[:room]
        told = room if all_in(same) else int(np.argmin(same)) + 1
        trace.fix(cohort.at, self.mask[:told].tobytes())
