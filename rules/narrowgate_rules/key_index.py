"""From (device, series) to its slot, for a batch at once: a hash table that grows.

Names of up to MOST_BYTES bytes lie in columns of eight bytes each, so that a name costs what it is long and
no Python object. The table holds slots at the places that the hashes give, the next free one where that is
taken (open addressing, linear probing), at most half full; a slot is given only if its key is byte for byte
the one asked for. Longer names are rare and lie in a dictionary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_rules.columns import Indices

Key = tuple[str, str]
Words = NDArray[np.uint64]

MOST_BYTES = 64
_WORD = 8
_NONE = -1
_LONG = 2**32 - 1
"""Length of a key that lies in the dictionary."""
_LEFT = np.array([(1 << 8 * length) - 1 for length in range(_WORD + 1)], np.uint64)
"""What is left of a word of which so many bytes count."""
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True)
class Texts:
    """Texts as words of eight bytes, zeros behind the end."""

    lengths: NDArray[np.int64]
    """(n,) [byte]."""
    words: list[Words]
    """(n,) each; as many as the longest text of no more than MOST_BYTES needs."""

    @classmethod
    def of(cls, texts: pa.Array) -> "Texts":
        """Take (n,) strings, none of them null."""
        _, offsets, data = texts.buffers()
        edges = (
            np.frombuffer(offsets, np.int32, len(texts) + 1, texts.offset * 4)
            if len(texts)
            else np.zeros(1, np.int32)
        ).astype(np.int64)
        lengths = np.diff(edges)
        longest = int(lengths.max(initial=0))
        if not longest:
            return cls(lengths, [])
        begin, end = int(edges[0]), int(edges[-1])
        padded = np.zeros(end - begin + _WORD, np.uint8)
        padded[: end - begin] = np.frombuffer(data, np.uint8, end - begin, begin)
        windows: Words = np.ndarray((len(padded) - _WORD + 1,), "<u8", padded, strides=(1,))
        starts = edges[:-1] - begin
        count = -(-min(longest, MOST_BYTES) // _WORD)
        return cls(lengths, [_word(windows, starts, lengths, at * _WORD) for at in range(count)])


class KeyIndex:
    """Keys by slot, and slots by key."""

    def __init__(self) -> None:
        self._count = 0
        self._device: list[Words] = []
        self._series: list[Words] = []
        self._length = np.zeros(0, np.uint32)
        self._places = np.full(2, _NONE, np.int32)
        self._long: dict[Key, int] = {}
        self._long_keys: dict[int, Key] = {}

    def __len__(self) -> int:
        """Give the number of keys."""
        return self._count

    def find(self, device: pa.Array, series: pa.Array) -> Indices:
        """Give each key's slot, (n,); -1 where it is not known."""
        asked = _Asked(device, series)
        found = np.full(len(device), _NONE, np.intp)
        rows, places = asked.rows, asked.first_places(len(self._places))
        while len(rows):
            slots = self._places[places]
            is_taken = slots != _NONE
            if not is_taken.all():
                rows, places, slots = rows[is_taken], places[is_taken], slots[is_taken]
            is_found = self._equal(asked, rows, slots)
            if is_found.all():
                found[rows] = slots
                break
            found[rows[is_found]] = slots[is_found]
            rows, places = rows[~is_found], (places[~is_found] + 1) & (len(self._places) - 1)
        for row in asked.long_rows.tolist():
            found[row] = self._long.get((device[row].as_py(), series[row].as_py()), _NONE)
        return found

    def add(self, device: pa.Array, series: pa.Array) -> None:
        """Take in keys that are new and differ; their slots follow the last one."""
        asked = _Asked(device, series)
        first, self._count = self._count, self._count + len(device)
        self._length = _grown(self._length, self._count)
        self._length[first : self._count] = asked.length
        for kept, given in ((self._device, asked.device.words), (self._series, asked.series.words)):
            kept += [np.zeros(len(self._length), np.uint64) for _ in range(len(given) - len(kept))]
            kept[:] = [_grown(column, self._count) for column in kept]
            for column, words in zip(kept, given, strict=False):
                column[first : self._count] = words
        for row in asked.long_rows.tolist():
            key = (device[row].as_py(), series[row].as_py())
            self._long[key], self._long_keys[first + row] = first + row, key
        if 2 * self._count > len(self._places):
            self._places = np.full(1 << (4 * self._count - 1).bit_length(), _NONE, np.int32)
            self._settle(np.flatnonzero(self._length[: self._count] != _LONG))
        else:
            self._settle(first + asked.rows)

    def key(self, slot: int) -> Key:
        """Give the device and series of a slot."""
        if slot in self._long_keys:
            return self._long_keys[slot]
        device, series = divmod(int(self._length[slot]), 256)
        return _text(self._device, slot, device), _text(self._series, slot, series)

    def texts(self) -> tuple[pa.Array, pa.Array]:
        """Give devices and series by slot."""
        if self._long_keys:
            keys = [self.key(slot) for slot in range(self._count)]
            return pa.array([d for d, _ in keys], pa.string()), pa.array([s for _, s in keys], pa.string())
        lengths = self._length[: self._count]
        return _strings(self._device, lengths // 256), _strings(self._series, lengths % 256)

    def _settle(self, slots: Indices) -> None:
        """Enter slots into the table of places."""
        columns = [[words[slots] for words in side] for side in (self._device, self._series)]
        mask = len(self._places) - 1
        places = _hashed(columns[0], columns[1], self._length[slots]) & np.uint64(mask)
        at = places.astype(np.intp)
        waiting = slots.astype(np.int32)
        while len(waiting):
            is_free = self._places[at] == _NONE
            # Of several that want one free place the last one written has it; the others look on.
            self._places[at[is_free]] = waiting[is_free]
            is_left = self._places[at] != waiting
            waiting, at = waiting[is_left], (at[is_left] + 1) & mask

    def _equal(self, asked: "_Asked", rows: Indices, slots: NDArray[np.int32]) -> NDArray[np.bool_]:
        whole = len(rows) == len(asked.length)
        same: NDArray[np.bool_] = self._length[slots] == (asked.length if whole else asked.length[rows])
        for kept, given in ((self._device, asked.device.words), (self._series, asked.series.words)):
            # Equal lengths: what has no word here has zeros there.
            for column, words in zip(kept, given, strict=False):
                same &= column[slots] == (words if whole else words[rows])
        return same


class _Asked:
    """The keys of some rows."""

    def __init__(self, device: pa.Array, series: pa.Array) -> None:
        self.device, self.series = Texts.of(device), Texts.of(series)
        self.length = (self.device.lengths * 256 + self.series.lengths).astype(np.uint32)
        is_long = (self.device.lengths > MOST_BYTES) | (self.series.lengths > MOST_BYTES)
        self.length[is_long] = _LONG
        self.long_rows = np.flatnonzero(is_long)
        self.rows: Indices = np.flatnonzero(~is_long) if len(self.long_rows) else np.arange(len(device))

    def first_places(self, size: int) -> Indices:
        """Give where each key that is not long is looked for first."""
        hashed = _hashed(self.device.words, self.series.words, self.length) & np.uint64(size - 1)
        places: Indices = hashed.astype(np.intp)
        return places[self.rows] if len(self.long_rows) else places


def _word(windows: Words, starts: NDArray[np.int64], lengths: NDArray[np.int64], at: int) -> Words:
    left = np.clip(lengths - at, 0, _WORD)
    words: Words = windows[np.minimum(starts + at, len(windows) - 1)]
    return words & _LEFT[left]


def _hashed(device: Sequence[Words], series: Sequence[Words], length: NDArray[np.uint32]) -> Words:
    """Mix keys; words of nothing but zeros change nothing, so that a key's hash never changes."""
    mixed: Words = length.astype(np.uint64)
    for first, words in ((1, device), (1 + MOST_BYTES // _WORD, series)):
        for at, column in enumerate(words):
            mixed += (column ^ (column >> np.uint64(32))) * _multiplier(first + at)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[0]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[1]
    return mixed ^ (mixed >> np.uint64(31))


def _multiplier(at: int) -> np.uint64:
    return np.uint64(int(_ODD) * (2 * at + 1) & (2**64 - 1))


def _grown(column: NDArray[Any], size: int) -> NDArray[Any]:
    if size <= len(column):
        return column
    grown = np.zeros(max(size, 2 * len(column), 64), column.dtype)
    grown[: len(column)] = column
    return grown


def _text(words: Sequence[Words], slot: int, length: int) -> str:
    return b"".join(int(column[slot]).to_bytes(_WORD, "little") for column in words)[:length].decode()


def _strings(words: Sequence[Words], lengths: NDArray[np.uint32]) -> pa.Array:
    """Make strings of words, (n,)."""
    count = len(lengths)
    if not words or not count:
        return pa.array([""] * count, pa.string())
    laid = np.stack([column[:count] for column in words], axis=1).astype("<u8").view(np.uint8)
    data = laid[np.arange(laid.shape[1]) < lengths[:, None]]
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))
