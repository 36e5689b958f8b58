"""The learned layouts of one described content: which of them contents have, and which are kept.

Layouts are on trial until a later batch needs them again: layouts that hostile frames make up drive out each
other, not those that meters use. None is driven out amid a batch.
"""

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.learned import Learned
from narrowgate_codecs.shape_tree import ShapeTree
from narrowgate_codecs.shelf import NONE, Shelf
from narrowgate_codecs.wire import Places, Wire

PROVEN = 1024
"""Layouts kept that a second batch needed, the last ones used."""
TRIAL = 1024
"""Layouts kept that only one batch needed so far."""
EACH = 64
"""Layouts kept of one length."""


class Layouts:
    """The layouts of one described content that were learned; what is kept is bounded."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self._tree = ShapeTree(self.shelf.layouts)
        self._by_size: dict[int, set[int]] = {}
        self._crowded: set[int] = set()
        """Lengths of which a layout was learned in this batch."""
        self._unsound: set[int] = set()
        """Layouts whose contents are the row engine's."""
        self._batch = 0
        self._learned = np.zeros(1, np.int64)
        """(layouts,) the batch that a layout was learned in."""
        self._needed = np.zeros(1, np.int64)
        """(layouts,) the last batch that needed it; 0: it was taken away."""

    def begin(self) -> None:
        """Note that a batch begins."""
        self._batch += 1

    def find(self, wire: Wire, starts: Places, sizes: Places) -> Places:
        """Give the layout of each content, (n,); NONE where it is not known.

        Args:
            wire: the bytes.
            starts: (n,) first byte of each content.
            sizes: (n,) [byte].
        """
        numbers = self._tree.find(wire.data, starts, sizes)
        told = (numbers != NONE).nonzero()[0]
        wrong = told[~self.shelf.fit(wire, starts[told], numbers[told])]
        numbers[wrong] = NONE
        self._needed[numbers[numbers != NONE]] = self._batch
        return numbers

    @property
    def all_sound(self) -> bool:
        """Whether no layout is kept that only the row engine can read."""
        return not self._unsound

    def sound(self, numbers: Places) -> NDArray[np.bool_]:
        """Give which contents a plan can read, (n,), of the numbers of their layouts or NONE."""
        return ~np.isin(numbers, list(self._unsound))

    def of(self, size: int) -> list[Learned]:
        """Give the layouts of a length."""
        return [self.shelf[number] for number in sorted(self._by_size.get(size, ()))]

    def keep(self, layout: Learned) -> int:
        """Put a new layout on trial, give its number."""
        number = self.shelf.put(layout)
        self._tree.put(number)
        while number >= len(self._needed):
            self._learned = np.concatenate([self._learned, np.zeros_like(self._learned)])
            self._needed = np.concatenate([self._needed, np.zeros_like(self._needed)])
        self._learned[number] = self._needed[number] = self._batch
        self._by_size.setdefault(layout.size, set()).add(number)
        self._crowded.add(layout.size)
        if not layout.is_sound:
            self._unsound.add(number)
        return number

    def end(self) -> None:
        """Note that a batch ends: what is too much is forgotten, what was not needed for longest first."""
        if not self._crowded and self.count <= min(TRIAL, PROVEN):
            return
        for size in self._crowded:
            self._leave(np.array(sorted(self._by_size.get(size, ())), np.int64), EACH)
        self._crowded.clear()
        kept, is_proven = self._needed > 0, self._needed > self._learned
        self._leave((kept & is_proven).nonzero()[0], PROVEN)
        self._leave((kept & ~is_proven).nonzero()[0], TRIAL)

    def _leave(self, numbers: Places, most: int) -> None:
        """Forget all of some layouts but the last ones needed."""
        if len(numbers) > most:
            oldest = numbers[np.lexsort((self._learned[numbers], self._needed[numbers]))]
            for number in oldest[: len(numbers) - most].tolist():
                self._forget(number)

    def _forget(self, number: int) -> None:
        size = self.shelf[number].size
        self._tree.take(number)
        self.shelf.take(number)
        self._needed[number] = 0
        self._unsound.discard(number)
        same = self._by_size[size]
        same.discard(number)
        if not same:
            del self._by_size[size]

    @property
    def count(self) -> int:
        """The number of layouts kept."""
        return self.shelf.count
