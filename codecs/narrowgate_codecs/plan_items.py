"""The plan's items of no fixed width: where each one ends is found first, then all are read in one go.

Finding follows only what shapes an item (its lengths, masks and choices), an item a round for all rows at
once; reading then takes the items of all rounds together.
"""

from dataclasses import dataclass

import numpy as np

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.cohort import Cohort, Level, Mask, Place, all_in, any_in
from narrowgate_codecs.plan_lists import all_places, counted, level_of, tell
from narrowgate_codecs.plan_regions import Steps, follow
from narrowgate_codecs.varints import varint_items
from narrowgate_codecs.wire import Places


class Land:
    """The end of an item: notes how many bytes it took."""

    def run(self, cohort: Cohort) -> None:
        """Note each row's place."""
        stops = cohort.level.stops
        if stops is None:
            raise TypeError("only the level of items that are measured has stops")
        stops[slice(None) if cohort.rows is None else cohort.rows] = cohort.at


def measured(steps: Steps, cohort: Cohort, rows: Places, at: Places, end: Places) -> Places:
    """Give the bytes that items take, (m,); below zero for one that cannot be followed to its end.

    Args:
        steps: what shapes an item, up to its Land.
        cohort: the rows that the items stand in.
        rows: (m,) rows of the cohort, an item each.
        at: (m,) where the items begin, within the row.
        end: (m,) where their region ends, within the row.
    """
    level = level_of(cohort, rows, at)
    level.stops = np.full(len(rows), -1)
    follow(steps, Cohort(level, level.starts, 0, end - at))
    return level.stops


@dataclass(slots=True)
class _Found:
    """The items of one round."""

    owners: Places
    at: Places
    room: Places
    """(m,) [byte] from the item's first byte to the end of its region."""


class ItemSteps:
    """The same fields several times, each time as wide as their own choices make them."""

    shortest = 1
    """[byte] of an item: one without a byte would never end."""

    def __init__(self, element: lay.Array, steps: Steps, measure: Steps, least: int) -> None:
        """Take what reads an item (nothing: the items are only passed over) and what shapes one."""
        self.name, self.count, self.least = element.name, element.count, least
        self.steps, self.measure = steps, measure
        sized = [field for field in element.fields if not isinstance(field, (el.Scaled, el.Moment))]
        is_run = bool(sized) and all(isinstance(field, el.Varint) for field in sized)
        self.numbers = len(sized) if is_run and element.count is not None else 0
        """Numbers of an item that is nothing else: where each one begins needs no walk."""

    def run(self, cohort: Cohort) -> None:
        """Read the items; drop the rows with one that cannot be read."""
        if cohort.trace is not None:
            cohort.trace.is_broken = True
        counts = self.counts(cohort)
        if not cohort.count:
            return
        left = None if counts is None else all_places(counts, cohort)
        if self.numbers and left is not None:
            self._run(cohort, left)
            return
        found, stops, odd = self._walk(cohort, left)
        if found and self.steps:
            self._read(found, cohort)
        cohort.at = stops
        cohort.drop(odd)

    def _run(self, cohort: Cohort, counts: Places) -> None:
        """Read items that are nothing but numbers: where each of them begins is known at once."""
        level, owners = varint_items(cohort, counts, self.numbers)
        if not self.steps or not level.count:
            return
        self.told(cohort, level, owners)
        room = (cohort.starts + cohort.end)[owners] - level.starts
        follow(self.steps, Cohort(level, level.starts, 0, room))
        tell(cohort, self.name, level)

    def counts(self, cohort: Cohort) -> Place | None:
        """Give how many items there are, None: up to the end; drop the rows too short for so many."""
        return None if self.count is None else counted(cohort, self.count, self.least)

    def told(self, cohort: Cohort, level: Level, owners: Places) -> None:
        """Say what items say without a byte of their own."""

    def _walk(self, cohort: Cohort, left: Places | None) -> tuple[list[_Found], Places, Mask]:
        """Find the items, a round for the n-th item of all rows."""
        odd, stops = np.zeros(cohort.count, np.bool_), all_places(cohort.at, cohort).copy()
        rows, at, end = np.arange(cohort.count), stops.copy(), all_places(cohort.end, cohort)
        found: list[_Found] = []
        going = at < end if left is None else left > 0
        while any_in(going):
            if not all_in(going):
                left_over = going.nonzero()[0]
                rows, at, end = rows.take(left_over), at.take(left_over), end.take(left_over)
            sizes = measured(self.measure, cohort, rows, at, end)
            good = sizes >= self.shortest
            if not all_in(good):
                odd[rows[~good]] = True
                kept = good.nonzero()[0]
                rows, at, end, sizes = rows.take(kept), at.take(kept), end.take(kept), sizes.take(kept)
            found.append(_Found(rows, at, end - at))
            at = at + sizes
            stops[rows] = at
            if left is None:
                going = at < end
            else:
                left[rows] -= 1
                going = left[rows] > 0
        return found, stops, odd

    def _read(self, found: list[_Found], cohort: Cohort) -> None:
        owners = np.concatenate([one.owners for one in found])
        if not len(owners):
            return
        level: Level = level_of(cohort, owners, np.concatenate([one.at for one in found]))
        level.index = np.repeat(np.arange(len(found)), [len(one.owners) for one in found])
        room = np.concatenate([one.room for one in found])
        self.told(cohort, level, owners)
        follow(self.steps, Cohort(level, level.starts, 0, room))
        tell(cohort, self.name, level)
