"""The plan's reading of content that describes itself; the mirror of described.py.

Contents are told apart by the bytes that shape them: the few bytes in which learned layouts of their length
differ lead to the one that they can be of, and one comparison of machine words proves it, for all contents of
a batch at once. Then every kind of leaf is read once, in all layouts that have it. Contents whose layout may
not be learned any more in this batch are left to the row engine.
"""

from collections.abc import Iterator

import numpy as np

from narrowgate_codecs import layout as lay
from narrowgate_codecs.cohort import Cohort, Level, all_in
from narrowgate_codecs.grammars import GRAMMARS
from narrowgate_codecs.learned import Compiler, Learned, RunSpot, shape_of
from narrowgate_codecs.plan_leaves import Unplanned, Wants
from narrowgate_codecs.plan_lists import all_places, tell
from narrowgate_codecs.plan_spots import read_kind, read_spots
from narrowgate_codecs.plan_stated import counts_of
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.shelf import NONE, Shelf
from narrowgate_codecs.sketch import OrderedReader
from narrowgate_codecs.told_apart import Layouts
from narrowgate_codecs.wire import Places
from narrowgate_codecs.wired import Wired

SHARE = 8
"""One layout may be learned for so many contents of a batch, and a few in any batch."""
FEW = 16


class DescribedSteps:
    """Reads content up to the end of the region."""

    weight = 0
    """It holds nothing that is put off: it is read last."""

    def __init__(self, element: lay.Described, wants: Wants) -> None:
        self.element, self.grammar = element, GRAMMARS[element.grammar]
        self.wants, self.compiler, self.layouts = wants, Compiler(wants), Layouts()

    @property
    def shelf(self) -> Shelf:
        """The layouts by number."""
        return self.layouts.shelf

    def run(self, cohort: Cohort) -> None:
        """Put the reading off until all frames have come to their content, by whichever header."""
        if cohort.trace is not None:
            cohort.trace.is_broken = True
        level, rows = cohort.level, cohort.rows
        whole = Cohort(level, cohort.starts, cohort.at, cohort.end, rows)
        cohort.at = cohort.end
        if level.parent is None:
            level.put_off = (*level.put_off, (self, whole))
        else:
            self.finish(whole)

    def finish(self, cohort: Cohort) -> None:
        """Read what is wanted; drop the rows whose layout is not learned."""
        numbers = self._told(cohort)
        known = numbers != NONE
        if not all_in(known):
            cohort.drop(~known)
            numbers = numbers[known]
        if len(numbers):
            shelf = self.shelf
            used = np.unique(numbers).tolist()
            layouts = {number: shelf[number] for number in used}
            if cohort.level.parent is None:
                self._announce(cohort, numbers, layouts)
            self._say(cohort, numbers, layouts)
            for name in dict.fromkeys(name for layout in layouts.values() for name in layout.lists):
                self._list(cohort, name, numbers)
        self._end()

    def _end(self) -> None:
        """Let go of what is too much, now that no number is needed any more."""
        self.layouts.end()

    def _announce(self, cohort: Cohort, numbers: Places, layouts: dict[int, Learned]) -> None:
        """Keep what the frames' own contents announce."""
        told = {number: layout.announces for number, layout in layouts.items() if layout.announces}
        for number, announces in told.items():
            rows = (numbers == number).nonzero()[0]
            told_by = rows if cohort.rows is None else cohort.rows[rows]
            cohort.level.announced = (*cohort.level.announced, (told_by, announces))

    def _told(self, cohort: Cohort) -> Places:
        """Give the layout of each content, (n,); NONE where it is not learned, or not sound."""
        layouts = self.layouts
        layouts.begin()
        starts = cohort.starts + cohort.at
        sizes: Places = np.broadcast_to(cohort.end - cohort.at, cohort.count)
        numbers = layouts.find(cohort.level.wire, starts, sizes)
        unknown = (numbers == NONE).nonzero()[0]
        if len(unknown):
            self._learn(cohort, unknown, starts, sizes, numbers)
        return numbers if layouts.all_sound else np.where(layouts.sound(numbers), numbers, NONE)

    def _learn(self, cohort: Cohort, unknown: Places, starts: Places, sizes: Places, numbers: Places) -> None:
        """Number the contents of new layouts, as many as may be learned in one batch."""
        budget, data = FEW + cohort.count // SHARE, cohort.level.wire.data
        for size, some in _by_size(sizes[unknown]):
            rows = unknown[some]
            words = cohort.level.wire.window("<u8")[starts[rows][:, None] + np.arange(0, max(size, 1), 8)]
            while len(rows):
                if not budget:
                    return
                budget -= 1
                first = int(starts[rows[0]])
                learned = self._learned(data[first : first + size].tobytes())
                fits = ((words & learned.words[0]) == learned.words[1]).all(axis=1)
                numbers[rows[fits]] = self.layouts.keep(learned)
                rows, words = rows[~fits], words[~fits]

    def _learned(self, content: bytes) -> Learned:
        """Give the layout of one content; it is none of ours if not all its parts are, or it has no plan."""
        reader = OrderedReader(content)
        try:
            sketch = self.grammar.sketch(reader, self.element)
            if not sketch.faults:
                return self.compiler.learned(content, reader, sketch)
        except (FrameRefused, Unplanned):
            pass
        return shape_of(content, reader)

    def _say(self, cohort: Cohort, numbers: Places, layouts: dict[int, Learned]) -> None:
        if len(layouts) == 1:
            # One layout for all: the rows stay as they are, and with them strides.
            (layout,) = layouts.values()
            for number, _, place, *given in layout.says.T.tolist():
                kind = self.compiler.kinds[number]
                read_kind(kind, cohort, place, given[: kind.given])
            return
        owners, entries = self.shelf.says.of(numbers)
        rows = owners if cohort.rows is None else cohort.rows[owners]
        starts = (cohort.starts + cohort.at)[owners]
        read_spots(self.compiler, cohort.level, starts, rows, self.shelf.says.table[:, entries])

    def _list(self, cohort: Cohort, name: str, numbers: Places) -> None:
        """Read a list's items, of all layouts that have it, as rows of a level of their own."""
        lists = self.shelf.lists(name)
        counts = lists.counts[numbers]
        if not counts.any():
            return
        heads = counts.cumsum() - counts
        owners = np.repeat(np.arange(len(counts)), counts)
        level = Level(
            cohort.level.wire,
            (cohort.starts + cohort.at)[owners],
            np.zeros(len(owners), np.bool_),
            parent=cohort.level,
            owners=owners if cohort.rows is None else cohort.rows[owners],
        )
        level.index = np.arange(len(owners)) - heads[owners]
        which, entries = lists.spots.of(numbers)
        spots = lists.spots.table[:, entries]
        rows = heads[which] + spots[1]
        read_spots(self.compiler, level, level.starts[rows], rows, spots)
        for number, runs in lists.runs.items():
            firsts = heads[numbers == number]
            for spot in runs if len(firsts) else ():
                self._run(level, firsts + spot.item, spot)
        tell(cohort, name, level)

    def _run(self, level: Level, rows: Places, spot: RunSpot) -> None:
        """Read a run of differences: summed up from the base, row by row of the block.

        Args:
            level: the items'.
            rows: (n,) the run's first item in each content.
            spot: the run.
        """
        run, count = spot.run, len(rows)
        base = run.base.leaf
        if run.difference.name not in self.wants.values or not isinstance(base, Wired):
            return
        start, said = counts_of(base, Cohort(level, level.starts[rows], run.base.at, 0, rows))
        items = (rows[:, None] + np.arange(spot.count)).ravel()
        at = np.tile(run.first + run.difference.width * np.arange(spot.count), count)
        steps, told = counts_of(run.difference, Cohort(level, level.starts[items], at, 0, items))
        shape = (count, spot.count)
        sums = start[:, None] + run.sign * np.cumsum(np.where(told, steps, 0).reshape(shape), axis=1)
        good = (said[:, None] & np.logical_and.accumulate(told.reshape(shape), axis=1)).ravel()
        values = np.where(good, sums.ravel().astype(np.float64) * base.times / base.per, 0.0)
        Cohort(level, level.starts[items], 0, 0, items).say(run.difference.name, values, good)


def finish(level: Level) -> None:
    """Read what was put off, all that one step has to read together; what holds others comes before them."""
    while level.put_off:
        step = max((step for step, _ in level.put_off), key=lambda one: one.weight)
        cohorts = [cohort for one, cohort in level.put_off if one is step]
        level.put_off = tuple((one, cohort) for one, cohort in level.put_off if one is not step)
        step.finish(cohorts[0] if len(cohorts) == 1 else _joined(level, cohorts))


def _joined(level: Level, cohorts: list[Cohort]) -> Cohort:
    rows = np.concatenate([cohort.rows for cohort in cohorts if cohort.rows is not None])
    at = np.concatenate([all_places(cohort.at, cohort) for cohort in cohorts])
    end = np.concatenate([all_places(cohort.end, cohort) for cohort in cohorts])
    order = np.argsort(rows)
    rows = rows[order]
    return Cohort(level, level.starts[rows], at[order], end[order], rows)


def _by_size(sizes: Places) -> Iterator[tuple[int, Places]]:
    """Give each length that occurs, and the rows of it, ascending."""
    order = np.argsort(sizes, kind="stable")
    ordered = sizes[order]
    edges = np.flatnonzero(np.diff(ordered)) + 1
    for rows in np.split(order, edges):
        if len(rows):
            yield int(sizes[rows[0]]), rows
