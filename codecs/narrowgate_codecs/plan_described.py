"""The plan's reading of content that describes itself; the mirror of described.py.

Contents are told apart by length, then by the bytes that shape them: a layout learned from one content is
proven on all others of its length by one comparison of machine words. Then every kind of leaf is read once,
in all layouts that have it. Contents whose layout may not be learned any more in this batch are left to the
row engine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import layout as lay
from narrowgate_codecs.cohort import Cohort, Level
from narrowgate_codecs.grammars import GRAMMARS
from narrowgate_codecs.learned import Compiler, Kind, Layouts, Learned, RunSpot
from narrowgate_codecs.plan_leaves import Unplanned, Wants
from narrowgate_codecs.plan_lists import all_places, tell
from narrowgate_codecs.plan_stated import counts_of
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.sketch import Reader
from narrowgate_codecs.wire import Places
from narrowgate_codecs.wired import Wired

SHARE = 8
"""One layout may be learned for so many contents of a batch, and a few in any batch."""
FEW = 16


@dataclass(slots=True)
class Part:
    """Contents of one layout."""

    layout: Learned
    rows: Places
    """(r,) Rows of the cohort, ascending."""


class DescribedSteps:
    """Reads content up to the end of the region."""

    def __init__(self, element: lay.Described, wants: Wants) -> None:
        self.element, self.grammar = element, GRAMMARS[element.grammar]
        self.wants, self.compiler, self.layouts = wants, Compiler(wants), Layouts()

    def run(self, cohort: Cohort) -> None:
        """Put the reading off until all frames have come to their content, by whichever header."""
        if cohort.trace is not None:
            cohort.trace.is_broken = True
        level, rows = cohort.level, cohort.rows
        whole = Cohort(level, cohort.starts, cohort.at, cohort.end, rows)
        cohort.at = cohort.end
        if level.parent is None:
            level.put_off.append((self, whole))
        else:
            self.finish(whole)

    def finish(self, cohort: Cohort) -> None:
        """Read what is wanted; drop the rows whose layout is not learned."""
        parts, known = self._parts(cohort)
        if not known.all():
            renumbered = np.cumsum(known) - 1
            cohort.drop(~known)
            for part in parts:
                part.rows = renumbered[part.rows]
        if parts:
            self._announce(cohort, parts)
            self._say(cohort, parts)
            for name in dict.fromkeys(name for part in parts for name in part.layout.lists):
                self._list(cohort, name, [part for part in parts if name in part.layout.lists])

    def _announce(self, cohort: Cohort, parts: list[Part]) -> None:
        """Keep what the frames' own contents announce."""
        for part in parts:
            if part.layout.announces and cohort.level.parent is None:
                rows = part.rows if cohort.rows is None else cohort.rows[part.rows]
                cohort.level.announced.append((rows, part.layout.announces))

    def _parts(self, cohort: Cohort) -> tuple[list[Part], NDArray[np.bool_]]:
        self.layouts.begin()
        self.budget = FEW + cohort.count // SHARE
        starts = cohort.starts + cohort.at
        sizes = np.broadcast_to(cohort.end - cohort.at, cohort.count)
        parts: list[Part] = []
        for size, rows in _by_size(sizes):
            parts.extend(self._of_size(cohort.level, starts, int(size), rows))
        known = np.zeros(cohort.count, np.bool_)
        for part in parts:
            known[part.rows] = True
        return parts, known

    def _of_size(self, level: Level, starts: Places, size: int, rows: Places) -> Iterator[Part]:
        """Give the parts of the contents of one length."""
        words = level.wire.window("<u8")[starts[rows][:, None] + np.arange(0, size, 8)]
        for layout in self.layouts.of(size):
            fits = ((words & layout.mask) == layout.shape).all(axis=1)
            if fits.any():
                self.layouts.needed(layout)
                yield Part(layout, rows[fits])
                rows, words = rows[~fits], words[~fits]
                if not len(rows):
                    return
        while len(rows) and self.budget > 0:
            self.budget -= 1
            first = int(starts[rows[0]])
            learned = self._learned(level.wire.data[first : first + size].tobytes())
            fits = np.zeros(len(rows), np.bool_)
            fits[0] = True
            if learned is not None:
                fits = ((words & learned.mask) == learned.shape).all(axis=1)
                self.layouts.keep(learned)
                yield Part(learned, rows[fits])
            rows, words = rows[~fits], words[~fits]

    def _learned(self, content: bytes) -> Learned | None:
        """Give the layout of one content; None if it is not sound in all its parts, or has no plan."""
        reader = Reader(content)
        try:
            sketch = self.grammar.sketch(reader, self.element)
            if sketch.faults:
                return None
            return self.compiler.learned(content, bytes(reader.looked), sketch)
        except (FrameRefused, Unplanned):
            return None

    def _say(self, cohort: Cohort, parts: list[Part]) -> None:
        if len(parts) == 1:
            # One layout for all: the rows stay as they are, and with them strides.
            for number, _, place, *given in parts[0].layout.says.T.tolist():
                kind = self.compiler.kinds[number]
                _read(kind, cohort, place, given[: kind.given])
            return
        rows = np.concatenate([part.rows for part in parts])
        for kind, owners, spots in self._kinds_of(parts, [part.layout.says for part in parts]):
            own = rows[owners]
            at = spots[2] + (cohort.at if isinstance(cohort.at, int) else cohort.at[own])
            level_rows = own if cohort.rows is None else cohort.rows[own]
            sub = Cohort(cohort.level, cohort.starts[own], at, 0, level_rows)
            _read(kind, sub, 0, list(spots[3 : 3 + kind.given]))

    def _kinds_of(self, parts: list[Part], tables: list[Places]) -> Iterator[tuple[Kind, Places, Places]]:
        """Give each kind with the contents that have it, numbered part by part, and where, (COLUMNS, m)."""
        contents = [len(part.rows) for part in parts]
        widths = np.repeat([table.shape[1] for table in tables], contents)
        firsts = np.repeat(np.cumsum([0, *(table.shape[1] for table in tables[:-1])]), contents)
        owners = np.repeat(np.arange(len(widths)), widths)
        entries = np.arange(len(owners)) + np.repeat(firsts - (np.cumsum(widths) - widths), widths)
        table = np.concatenate(tables, axis=1)
        kinds = table[0][entries]
        order = np.argsort(kinds, kind="stable")
        edges = np.flatnonzero(np.diff(kinds[order])) + 1
        for chosen in np.split(order, edges):
            if len(chosen):
                yield self.compiler.kinds[int(kinds[chosen[0]])], owners[chosen], table[:, entries[chosen]]

    def _list(self, cohort: Cohort, name: str, parts: list[Part]) -> None:
        """Read a list's items, of all layouts that have it, as rows of a level of their own."""
        lists = [part.layout.lists[name] for part in parts]
        contents = [len(part.rows) for part in parts]
        counts = np.repeat([one.count for one in lists], contents)
        if not counts.sum():
            return
        heads = np.cumsum(counts) - counts
        owners = np.repeat(np.concatenate([part.rows for part in parts]), counts)
        level = Level(
            cohort.level.wire,
            (cohort.starts + cohort.at)[owners],
            np.zeros(len(owners), np.bool_),
            parent=cohort.level,
            owners=owners if cohort.rows is None else cohort.rows[owners],
        )
        level.index = np.arange(len(owners)) - np.repeat(heads, counts)
        for kind, which, spots in self._kinds_of(parts, [one.spots for one in lists]):
            rows = heads[which] + spots[1]
            sub = Cohort(level, level.starts[rows], spots[2], 0, rows)
            _read(kind, sub, 0, list(spots[3 : 3 + kind.given]))
        first = 0
        for one, count in zip(lists, contents, strict=True):
            for spot in one.runs:
                self._run(level, int(heads[first]), count, one.count, spot)
            first += count
        tell(cohort, name, level)

    def _run(self, level: Level, first: int, count: int, width: int, spot: RunSpot) -> None:
        """Read a run of differences: summed up from the base, row by row of the block."""
        run = spot.run
        base = run.base.leaf
        if run.difference.name not in self.wants.values or not isinstance(base, Wired):
            return
        rows = first + np.arange(count) * width + spot.item
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
    """Read what was put off, all that one step has to read together; what that puts off comes after it."""
    while level.put_off:
        found: dict[int, tuple[Any, list[Cohort]]] = {}
        for step, cohort in level.put_off:
            found.setdefault(id(step), (step, []))[1].append(cohort)
        level.put_off = []
        for step, cohorts in found.values():
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


def _read(kind: Kind, cohort: Cohort, offset: int, params: list[Any]) -> None:
    """Read leaves of a kind, each by what is given along."""
    if params:
        kind.step.run_by(cohort, offset, *params)  # type: ignore[attr-defined]  # kinds with params have it
    else:
        kind.step.run(cohort, offset)
