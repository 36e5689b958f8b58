"""From a device's name to its slot, for a batch at once: a hash table that lies in mapped memory.

The table holds slots at the places that the names' hashes give, the next free one where that is taken (open
addressing, linear probing), at most half full. The names themselves stay in the devices' table:
a slot is given only if its name is byte for byte the one asked for.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

NONE = -1
"""The slot of an unknown device, the asset row where there is no asset, a free place of the index."""
_WORD = 8
_AT_ONCE, _FEW = 4, 512
"""Places of the table that are looked at together for few names: hardly one is beyond these.

For many names a look costs more than a round does: they are looked for place by place.
"""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)

Bytes = NDArray[np.uint8]


class Names:
    """Names by slot, as bytes of one width."""

    def __init__(self, names: pa.Array) -> None:
        """Take (n,) strings; a null is nobody's name."""
        self._texts = _Texts.of(names)
        longest = int(self._texts.lengths.max(initial=0))
        self.width = -(-longest // _WORD) * _WORD
        self.count = len(names)
        """The slots, those without a device included."""

    def named(self) -> NDArray[np.int32]:
        """Give the slots that have a name."""
        return np.flatnonzero(self._texts.lengths > 0).astype(np.int32)

    def at(self, slots: NDArray[np.int32]) -> Bytes:
        """Give names, (n, width), filled up with zeros."""
        return self._texts.padded(slots, self.width)

    def words_at(self, slots: NDArray[np.int32]) -> NDArray[np.uint64]:
        """Give the same as words, (n, width / 8)."""
        return self._texts.words(slots, self.width)


class NameIndex:
    """Finds slots by name."""

    def __init__(self, names: Names, places: NDArray[np.int32]) -> None:
        """Take the names and a table that `places_of` made of them.

        Raises:
            ValueError: the table's length is no power of two.
        """
        if len(places) == 0 or len(places) & (len(places) - 1):
            raise ValueError(f"a table of {len(places)} places")
        self._names = names
        self._places = places

    def find(self, names: Sequence[str | None]) -> NDArray[np.int32]:
        """Give the slot of each name, (n,); -1 where it is nobody's, or None."""
        found = np.full(len(names), NONE, np.int32)
        if len(names) == 0:
            return found
        asked, width = _Texts.of(_encoded(names)), self._names.width
        fits = np.flatnonzero(asked.lengths <= width)
        found[fits] = self.find_encoded(asked.padded(fits, width), asked.lengths[fits])
        return found

    def find_encoded(self, names: Bytes, lengths: NDArray[np.integer]) -> NDArray[np.int32]:
        """Give the slot of each name, (n,); -1 as in `find`.

        Args:
            names: (n, any width) in UTF-8, filled up with zeros.
            lengths: (n,) [B].
        """
        found, width = np.full(len(lengths), NONE, np.int32), self._names.width
        if len(found) == 0 or width == 0:
            return found
        open_rows: NDArray[np.intp] = np.flatnonzero((lengths > 0) & (lengths <= width))
        wanted = np.zeros((len(open_rows), width), np.uint8)
        held = min(width, names.shape[1])
        wanted[:, :held] = names[open_rows, :held]
        # A zero byte inside a name would look like the filling behind a shorter one.
        whole = np.count_nonzero(wanted, axis=1) == lengths[open_rows]
        open_rows, wanted = open_rows[whole], wanted[whole]
        places = _first_places(wanted, len(self._places))
        # A damaged table can cost an answer; it can neither give a wrong one nor hold the search for ever.
        step = _AT_ONCE if len(open_rows) <= _FEW else 1
        for begin in range(0, len(self._places), step):
            if len(open_rows) == 0:
                break
            ahead = (places[:, None] + np.arange(begin, begin + step)) & (len(self._places) - 1)
            slots, is_open = self._looked_up(ahead, wanted)
            found[open_rows] = slots
            open_rows, wanted, places = open_rows[is_open], wanted[is_open], places[is_open]
        return found

    def _looked_up(
        self, ahead: NDArray[np.int64], wanted: Bytes
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Look at some places for each name, (n, k): give its slot, and whether it may be further on."""
        held = self._places[ahead]
        is_taken = (held >= 0) & (held < self._names.count)
        rows, columns = np.nonzero(is_taken)
        slots = held[rows, columns]
        same = np.flatnonzero((self._names.words_at(slots) == _words(wanted)[rows]).all(axis=1))
        found = np.full(len(ahead), NONE, np.int32)
        found[rows[same]] = slots[same]
        return found, is_taken.all(axis=1) & (found == NONE)


def places_of(names: Names) -> NDArray[np.int32]:
    """Give the table of some names: slots, and -1 in free places; a power of two, twice the names or more."""
    slots = names.named()
    size = 1 << max(1, (2 * len(slots) - 1).bit_length())
    table = np.full(size, NONE, np.int32)
    places = _first_places(names.at(slots), size)
    while len(slots):
        is_free = table[places] == NONE
        # Of several that want one free place the last one written has it; the others look on.
        table[places[is_free]] = slots[is_free]
        is_left = table[places] != slots
        slots, places = slots[is_left], (places[is_left] + 1) & (size - 1)
    return table


def _first_places(names: Bytes, size: int) -> NDArray[np.int64]:
    """Give where each name, (n, width), is looked for first."""
    words = _words(names)
    mixed = np.full(len(names), words.shape[1], np.uint64)
    for column in range(words.shape[1]):
        mixed = (mixed ^ words[:, column]) * _MULTIPLIER
        mixed ^= mixed >> _SHIFT
    return (mixed & np.uint64(size - 1)).astype(np.int64)


@lru_cache(maxsize=8)
def _masks(width: int) -> NDArray[np.uint64]:
    """Give what keeps the first bytes of words, (width + 1, width / 8), by how many bytes there are."""
    columns = np.arange(width)
    kept = np.where(columns < np.arange(width + 1)[:, None], np.uint8(0xFF), np.uint8(0))
    return _words(kept)


def _words(names: Bytes) -> NDArray[np.uint64]:
    """Give (n, width) bytes as words; the width is a multiple of a word's."""
    return np.ascontiguousarray(names).view("<u8").reshape(len(names), names.shape[1] // _WORD)


class _Texts:
    """Strings as bytes of n rows, anywhere in an array."""

    def __init__(self, flat: Bytes, starts: NDArray[np.integer], lengths: NDArray[np.integer]) -> None:
        self._bytes = flat
        self._starts = starts
        self.lengths = lengths

    @classmethod
    def of(cls, texts: pa.Array) -> "_Texts":
        """Give the buffers of a string array."""
        _, offsets, data = texts.buffers()
        edges = np.frombuffer(offsets, np.int32, len(texts) + 1, texts.offset * 4) if len(texts) else _NOTHING
        flat = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
        return cls(flat, edges[:-1], np.diff(edges))

    def words(self, rows: NDArray[np.integer], width: int) -> NDArray[np.uint64]:
        """Give what `padded` does as words, read a word at a time where nothing lies beyond the end."""
        starts, lengths = self._starts[rows].astype(np.int64), self.lengths[rows]
        if len(rows) == 0 or starts.max() + width > len(self._bytes):
            return _words(self.padded(rows, width))
        # A view that begins at every byte: words need not be aligned.
        every = np.ndarray(len(self._bytes) - _WORD + 1, "<u8", buffer=self._bytes, strides=(1,))
        words: NDArray[np.uint64] = (
            every[starts[:, None] + np.arange(0, width, _WORD)] & _masks(width)[lengths]
        )
        return words

    def padded(self, rows: NDArray[np.integer], width: int) -> Bytes:
        """Give texts of at most `width` bytes, (n, width), filled up with zeros."""
        if width == 0 or len(rows) == 0 or len(self._bytes) == 0:
            return np.zeros((len(rows), width), np.uint8)
        column = np.arange(width)
        places = np.minimum(self._starts[rows][:, None] + column, len(self._bytes) - 1)
        return np.where(column < self.lengths[rows][:, None], self._bytes[places], np.uint8(0))


_NOTHING = np.zeros(1, np.int32)


def _encoded(names: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(names, pa.string())
    except UnicodeEncodeError:
        # Half of a surrogate pair: no registry has such a name.
        return pa.array(
            [name if name is not None and name.isascii() else None for name in names], pa.string()
        )
