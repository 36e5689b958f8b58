"""Learned layouts by number, as tables that a whole batch looks into at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.learned import COLUMNS, Learned, RunSpot
from narrowgate_codecs.wire import Places, Wire

NONE = -1
"""No layout."""


def spread(first: Places, widths: Places) -> tuple[Places, Places]:
    """Give, for rows that have some entries of a table each, the row and the entry of each of them.

    Args:
        first: (n,) first entry of each row.
        widths: (n,) how many entries each row has.

    Returns:
        (m,) rows, ascending, and (m,) entries.
    """
    owners = np.repeat(np.arange(len(widths)), widths)
    return owners, np.arange(len(owners)) + np.repeat(first - (widths.cumsum() - widths), widths)


@dataclass(slots=True)
class Parts:
    """Tables of some layouts, back to back."""

    table: NDArray[Any]
    """(.., k)"""
    first: Places
    """(layouts,) where a layout's own entries begin."""
    widths: Places
    """(layouts,) how many they are."""

    def of(self, numbers: Places) -> tuple[Places, Places]:
        """Give, for contents of some layouts, (n,), the content and the entry of all their entries."""
        return spread(self.first[numbers], self.widths[numbers])


def _parts(tables: list[NDArray[Any]], empty: NDArray[Any]) -> Parts:
    widths = np.array([table.shape[-1] for table in tables], np.int64)
    return Parts(np.concatenate([empty, *tables], axis=-1), widths.cumsum() - widths, widths)


@dataclass(slots=True)
class Lists:
    """A list of all layouts."""

    counts: Places
    """(layouts,) items."""
    spots: Parts
    runs: dict[int, tuple[RunSpot, ...]]
    """By layout, of those that have some."""


_NO_WORDS: NDArray[Any] = np.zeros((2, 0), np.uint64)
_NO_SPOTS: NDArray[Any] = np.zeros((COLUMNS, 0), np.int64)


class Shelf:
    """Layouts by number; numbers of layouts taken away are given anew."""

    def __init__(self) -> None:
        self.layouts: list[Learned | None] = []
        self._free: list[int] = []
        self._shapes: Parts | None = None
        self._says: Parts | None = None
        self._lists: dict[str, Lists] = {}

    def put(self, layout: Learned) -> int:
        """Take a layout, give its number."""
        self._forget()
        if self._free:
            number = self._free.pop()
            self.layouts[number] = layout
            return number
        self.layouts.append(layout)
        return len(self.layouts) - 1

    def take(self, number: int) -> None:
        """Take a layout away."""
        self._forget()
        self.layouts[number] = None
        self._free.append(number)

    def __getitem__(self, number: int) -> Learned:
        """Give a layout that is there."""
        layout = self.layouts[number]
        if layout is None:
            raise KeyError(number)
        return layout

    @property
    def count(self) -> int:
        """The number of layouts."""
        return len(self.layouts) - len(self._free)

    def fit(self, wire: Wire, starts: Places, numbers: Places) -> NDArray[np.bool_]:
        """Give which contents agree with their layouts, (n,), in every byte that shapes them.

        Args:
            wire: the bytes.
            starts: (n,) first byte of each content.
            numbers: (n,) of a layout of its length each.
        """
        if self._shapes is None:
            words = [np.zeros((2, 1), np.uint64) if one is None else one.words for one in self.layouts]
            self._shapes = _parts(words, _NO_WORDS)
        shapes = self._shapes
        widths = shapes.widths[numbers]
        owners, entries = spread(shapes.first[numbers], widths)
        firsts = widths.cumsum() - widths
        at = starts[owners] + 8 * (np.arange(len(owners)) - firsts[owners])
        mask, shape = shapes.table
        same = wire.window("<u8")[at] & mask[entries] == shape[entries]
        fits: NDArray[np.bool_] = np.logical_and.reduceat(same, firsts) if len(same) else same
        return fits

    @property
    def says(self) -> Parts:
        """Where leaves of the scope around stand, (COLUMNS, k)."""
        if self._says is None:
            self._says = _parts([_NO_SPOTS if one is None else one.says for one in self.layouts], _NO_SPOTS)
        return self._says

    def lists(self, name: str) -> Lists:
        """Give a list of all layouts; one that does not have it has no items."""
        if name not in self._lists:
            own = [None if one is None else one.lists.get(name) for one in self.layouts]
            self._lists[name] = Lists(
                np.array([0 if one is None else one.count for one in own], np.int64),
                _parts([_NO_SPOTS if one is None else one.spots for one in own], _NO_SPOTS),
                {number: one.runs for number, one in enumerate(own) if one is not None and one.runs},
            )
        return self._lists[name]

    def _forget(self) -> None:
        self._shapes = self._says = None
        self._lists.clear()
