"""The plan's names of SenML records: which ones occur in a batch, and which of them each record has."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.plan_senml import Records
from narrowgate_codecs.wire import Places, Wire

Words = list[NDArray[np.uint64]]

_LONGEST = 24
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_SALTS = tuple(np.uint64(salt) for salt in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93))
_SPREAD = np.uint64(0xBF58476D1CE4E5B9)
_MOST_BITS, _FEWEST_BITS = 16, 8
_SPARE_BITS = 3
"""A table has so many times the places that its names could need."""


def names(wire: Wire, records: Records) -> tuple[list[str | None], Places]:
    """Give the names that occur, and which of them each record has, (m,).

    A name that is no ASCII, or long, is None: the row engine reads such a row.
    """
    number = np.zeros(len(records.rows), np.int64)
    found: list[str | None] = [None]
    words = _words(wire, records)
    blob = wire.data.tobytes()
    left = ((records.base_width <= _LONGEST) & (records.name_width <= _LONGEST)).nonzero()[0]
    for same, first, which in _rounds(words, left):
        number[same] = which + len(found)
        found += _texts(blob, records, first)
    return found, number


def _rounds(words: Words, left: Places) -> Iterator[tuple[Places, Places, Places]]:
    """Give records of equal names: the records, the first ones of each name, and which of those it is."""
    for salt in _SALTS:
        if not len(left):
            return
        bits = min(max(len(left).bit_length() + _SPARE_BITS, _FEWEST_BITS), _MOST_BITS)
        key = _key(words, left, salt, bits)
        table = np.zeros(1 << bits, np.int64)
        table[key[::-1]] = left[::-1]
        first = table[key]
        same = np.ones(len(left), np.bool_)
        for word in words:
            same &= word[left] == word[first]
        used, which = _numbered(key[same], 1 << bits)
        yield left[same], table[used], which
        left = left[~same]
    # Names that fell together three times: few, or made to.
    for one in left.tolist():
        yield np.array([one]), np.array([one]), np.zeros(1, np.int64)


def _numbered(key: Places, below: int) -> tuple[Places, Places]:
    """Give the keys that occur, and which of them each is."""
    number = np.zeros(below, np.int64)
    number[key] = 1
    used = number.nonzero()[0]
    number[used] = np.arange(len(used))
    return used, number[key]


def _key(words: Words, left: Places, salt: np.uint64, bits: int) -> Places:
    mixed = np.full(len(left), salt, np.uint64)
    for word in words:
        mixed = (mixed ^ word[left]) * _SPREAD
        mixed ^= mixed >> np.uint64(29)
    key: Places = (mixed * salt >> np.uint64(64 - bits)).astype(np.int64)
    return key


def _words(wire: Wire, records: Records) -> Words:
    """Give the bytes of names as integers, zeros behind them, and the widths."""
    window = wire.window("<u8")
    words = [(records.base_width << 8 | records.name_width).astype(np.uint64)]
    for at, width in ((records.base_at, records.base_width), (records.name_at, records.name_width)):
        most = min(_LONGEST, int(width.max(initial=0)))
        for done in range(0, most, 8):
            bits = np.clip(8 * (width - done), 0, 64)
            shorter = (np.uint64(1) << (bits % 64).astype(np.uint64)) - np.uint64(1)
            mask: NDArray[np.uint64] = np.where(bits == 64, _ALL, shorter)
            words.append(window[np.minimum(at + done, len(window) - 1)] & mask)
    return words


def _texts(blob: bytes, records: Records, some: Places) -> list[str | None]:
    """Give the names of some records; None for one that is no ASCII."""
    base, name = records.base_at[some], records.name_at[some]
    base_end, name_end = base + records.base_width[some], name + records.name_width[some]
    edges = zip(base.tolist(), base_end.tolist(), name.tolist(), name_end.tolist(), strict=True)
    whole = [blob[at:stop] + blob[first:last] for at, stop, first, last in edges]
    return [text.decode("ascii") if text.isascii() else None for text in whole]
