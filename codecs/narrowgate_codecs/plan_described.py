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
from narrowgate_codecs.learned import Compiler, Kind, Layouts, Learned, ListLayout, RunSpot, Spot
from narrowgate_codecs.plan_leaves import Unplanned, Wants
from narrowgate_codecs.plan_lists import tell
from narrowgate_codecs.plan_stated import counts_of
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.sketch import Reader
from narrowgate_codecs.wire import Places
from narrowgate_codecs.wired import Wired

SHARE = 8
"""One layout may be learned for so many contents of a batch, and a few in any batch."""
FEW = 16


@dataclass(slots=True)
class _Part:
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
        """Read what is wanted; drop the rows whose layout is not learned."""
        if cohort.trace is not None:
            cohort.trace.is_broken = True
        parts, known = self._parts(cohort)
        if not known.all():
            renumbered = np.cumsum(known) - 1
            cohort.drop(~known)
            for part in parts:
                part.rows = renumbered[part.rows]
        if parts:
            self._say(cohort, parts)
            for name in dict.fromkeys(name for part in parts for name in part.layout.lists):
                self._list(cohort, name, [part for part in parts if name in part.layout.lists])
        cohort.at = cohort.end

    def _parts(self, cohort: Cohort) -> tuple[list[_Part], NDArray[np.bool_]]:
        self.layouts.begin()
        self.budget = FEW + cohort.count // SHARE
        starts = cohort.starts + cohort.at
        sizes = np.broadcast_to(cohort.end - cohort.at, cohort.count)
        parts: list[_Part] = []
        for size, rows in _by_size(sizes):
            parts.extend(self._of_size(cohort.level, starts, int(size), rows))
        known = np.zeros(cohort.count, np.bool_)
        for part in parts:
            known[part.rows] = True
        return parts, known

    def _of_size(self, level: Level, starts: Places, size: int, rows: Places) -> Iterator[_Part]:
        """Give the parts of the contents of one length."""
        words = level.wire.window("<u8")[starts[rows][:, None] + np.arange(0, size, 8)]
        for layout in self.layouts.of(size):
            fits = ((words & layout.mask) == layout.shape).all(axis=1)
            if fits.any():
                self.layouts.needed(layout)
                yield _Part(layout, rows[fits])
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
                yield _Part(learned, rows[fits])
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

    def _say(self, cohort: Cohort, parts: list[_Part]) -> None:
        found: dict[int, list[tuple[Spot, Places]]] = {}
        for part in parts:
            for spot in part.layout.says:
                found.setdefault(id(spot.kind), []).append((spot, part.rows))
        for spots in found.values():
            kind = spots[0][0].kind
            if len(parts) == 1:
                # One layout for all: the rows stay as they are, and with them strides.
                spot = spots[0][0]
                _read(kind, cohort, int(spot.places[0]), [int(given[0]) for given in spot.params])
                continue
            rows = np.concatenate([rows for _, rows in spots])
            counts = [len(rows) for _, rows in spots]
            at = np.repeat(np.concatenate([spot.places for spot, _ in spots]), counts)
            if not isinstance(cohort.at, int):
                at = at + cohort.at[rows]
            params = [
                np.repeat(np.concatenate([spot.params[which] for spot, _ in spots]), counts)
                for which in range(len(spots[0][0].params))
            ]
            level_rows = rows if cohort.rows is None else cohort.rows[rows]
            base = cohort.at if isinstance(cohort.at, int) else 0
            sub = Cohort(cohort.level, cohort.starts[rows], at + base, 0, level_rows)
            _read(kind, sub, 0, params)

    def _list(self, cohort: Cohort, name: str, parts: list[_Part]) -> None:
        """Read a list's items, of all layouts that have it, as rows of a level of their own."""
        lists = [part.layout.lists[name] for part in parts]
        sizes = [len(part.rows) * one.count for part, one in zip(parts, lists, strict=True)]
        if not sum(sizes):
            return
        owners = np.concatenate(
            [np.repeat(part.rows, one.count) for part, one in zip(parts, lists, strict=True)]
        )
        level = Level(
            cohort.level.wire,
            (cohort.starts + cohort.at)[owners],
            np.zeros(len(owners), np.bool_),
            parent=cohort.level,
            owners=owners if cohort.rows is None else cohort.rows[owners],
        )
        counts = [(one.count, len(part.rows)) for part, one in zip(parts, lists, strict=True)]
        level.index = np.concatenate([np.tile(np.arange(items), contents) for items, contents in counts])
        blocks = _blocks(parts, lists, sizes)
        _read_items(level, blocks)
        for first, count, one in blocks:
            for spot in one.runs:
                self._run(level, first, count, one.count, spot)
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


def _by_size(sizes: Places) -> Iterator[tuple[int, Places]]:
    """Give each length that occurs, and the rows of it, ascending."""
    order = np.argsort(sizes, kind="stable")
    ordered = sizes[order]
    edges = np.flatnonzero(np.diff(ordered)) + 1
    for rows in np.split(order, edges):
        if len(rows):
            yield int(sizes[rows[0]]), rows


def _blocks(
    parts: list[_Part], lists: list[ListLayout], sizes: list[int]
) -> list[tuple[int, int, ListLayout]]:
    """Give each part's first item, its number of contents and its list."""
    firsts = np.cumsum([0, *sizes[:-1]]).tolist()
    return [(first, len(part.rows), one) for first, part, one in zip(firsts, parts, lists, strict=True)]


def _read_items(level: Level, blocks: list[tuple[int, int, ListLayout]]) -> None:
    found: dict[int, list[tuple[Spot, Places]]] = {}
    for first, count, one in blocks:
        heads = first + one.count * np.arange(count)
        for spot in one.spots:
            found.setdefault(id(spot.kind), []).append((spot, heads))
    for spots in found.values():
        rows = np.concatenate([(heads[:, None] + spot.items).ravel() for spot, heads in spots])
        at = np.concatenate([np.tile(spot.places, len(heads)) for spot, heads in spots])
        params = [
            np.concatenate([np.tile(spot.params[which], len(heads)) for spot, heads in spots])
            for which in range(len(spots[0][0].params))
        ]
        _read(spots[0][0].kind, Cohort(level, level.starts[rows], at, 0, rows), 0, params)


def _read(kind: Kind, cohort: Cohort, offset: int, params: list[Any]) -> None:
    """Read leaves of a kind, each by what is given along."""
    if params:
        kind.step.run_by(cohort, offset, *params)  # type: ignore[attr-defined]  # kinds with params have it
    else:
        kind.step.run(cohort, offset)
