"""The plan's reading of content whose heads were left out; the mirror of grammars/en13757_compact.py.

Contents whose devices agree on the heads of one signature are of one layout, and are woven together.
"""

from collections.abc import Iterator

import numpy as np

from narrowgate_codecs import layout as lay
from narrowgate_codecs.checksums import strided_sums
from narrowgate_codecs.cohort import Cohort, Level
from narrowgate_codecs.grammars.en13757_compact import (
    CRC,
    FILLER,
    PREFIX,
    SUM,
    fact_name,
    family_formats,
    weave_of,
)
from narrowgate_codecs.learned import Learned
from narrowgate_codecs.plan_described import DescribedSteps
from narrowgate_codecs.plan_leaves import Unplanned, Wants
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.shelf import NONE, Shelf
from narrowgate_codecs.sketch import OrderedReader
from narrowgate_codecs.wire import Bytes, Places

KEPT = 1024
"""Layouts kept."""


class CompactSteps(DescribedSteps):
    """Reads content without its heads up to the end of the region."""

    def __init__(self, element: lay.Described, wants: Wants) -> None:
        super().__init__(element, wants)
        self.family = family_formats(element.table)
        self.made: dict[bytes, int] = {}
        """By heads: the number of their layout; NONE where only the row engine can say what they are."""
        self.kept = Shelf()

    @property
    def shelf(self) -> Shelf:
        """The layouts by number."""
        return self.kept

    def _told(self, cohort: Cohort) -> Places:
        starts = cohort.starts + cohort.at
        sizes = np.broadcast_to(cohort.end - cohort.at, cohort.count)
        numbers = np.full(cohort.count, NONE, np.int64)
        for heads, rows in self._by_heads(cohort, starts, sizes):
            number = self._number(heads)
            if number != NONE:
                numbers[self._sound(cohort.level, heads, starts, rows, sizes)] = number
        return numbers

    def _end(self) -> None:
        if len(self.made) > KEPT:
            self.made.clear()
            self.kept = Shelf()

    def _by_heads(self, cohort: Cohort, starts: Places, sizes: Places) -> Iterator[tuple[bytes, Places]]:
        """Give the rows that go by the same heads; those whose heads nobody knows are left out."""
        level = cohort.level
        level_rows = np.arange(cohort.count) if cohort.rows is None else cohort.rows
        level.asking = (*level.asking, level_rows)
        signatures = np.where(sizes >= PREFIX, level.wire.window("<u2")[starts].astype(np.int64), -1)
        recall = level.recall
        if recall is None:
            for signature in np.unique(signatures).tolist():
                if signature in self.family:
                    yield self.family[signature], (signatures == signature).nonzero()[0]
            return
        found: dict[bytes, list[int]] = {}
        for row in (signatures >= 0).nonzero()[0].tolist():
            signature = int(signatures[row])
            heads = recall(int(level_rows[row]), fact_name(signature)) or self.family.get(signature)
            if heads is not None:
                found.setdefault(heads, []).append(row)
        for heads, rows in found.items():
            yield heads, np.array(rows, np.int64)

    def _sound(self, level: Level, heads: bytes, starts: Places, rows: Places, sizes: Places) -> Places:
        """Give the rows whose size and check sum are right."""
        weave = weave_of(heads)
        data = level.wire.data
        rows = rows[sizes[rows] >= weave.size]
        behind = np.arange(weave.size, sizes[rows].max(initial=weave.size))
        filled = data.take(starts[rows][:, None] + behind, mode="clip") == FILLER[0]
        rows = rows[(filled | (behind >= sizes[rows][:, None])).all(axis=1)]
        values = data[starts[rows][:, None] + np.maximum(weave.places, 0)]
        full: Bytes = np.where(weave.places < 0, np.frombuffer(weave.content, np.uint8), values)
        sent = level.wire.window("<u2")[starts[rows] + SUM]
        return rows[strided_sums(CRC, np.ascontiguousarray(full)) == sent] if len(rows) else rows

    def _number(self, heads: bytes) -> int:
        """Give the number of the layout behind heads; NONE if only the row engine can say what they are."""
        if heads not in self.made:
            layout = self._compiled(heads)
            self.made[heads] = NONE if layout is None else self.kept.put(layout)
        return self.made[heads]

    def _compiled(self, heads: bytes) -> Learned | None:
        try:
            weave = weave_of(heads)
            reader = OrderedReader(weave.content)
            sketch = self.grammar.sketch(reader, self.element)
            values = np.frombuffer(bytes(reader.looked), np.uint8)[weave.places >= 0]
            if sketch.faults or any(sketch.runs.values()) or values.any():
                return None
            learned = self.compiler.learned(weave.content, reader, sketch)
        except (FrameRefused, Unplanned):
            return None
        for spots in (learned.says, *(one.spots for one in learned.lists.values())):
            spots[2] = weave.places[spots[2]]
        # A head is told by the row engine only; no reading carries one.
        return None if any((one[2] < 0).any() for one in _spots(learned)) else learned


def _spots(learned: Learned) -> list[Places]:
    return [learned.says, *(one.spots for one in learned.lists.values())]
