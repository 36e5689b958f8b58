"""The bytes of a batch, one frame after the other, and the integers that stand in them.

Rule 1: memory follows the bytes that came in. Nothing is padded to the longest frame, so one frame of 64 KB
among short ones costs 64 KB.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

_PAD = 8
"""Bytes behind the last frame: a read of up to eight bytes at any place of a frame stays inside."""
_BEHIND, _BYTE = bytes(_PAD), np.dtype(np.uint8)
_PIECES = (4, 2, 1)
_FEW = 256
"""Frames of a batch so small that where they start takes longer to work out than to keep."""


class Wire:
    """The packed bytes of frames, read at any byte without a copy."""

    def __init__(self, data: Bytes, *, is_own: bool = False, text: bytes | None = None) -> None:
        """Take the bytes, the last eight of which are of no frame, and whether they are nobody else's.

        Args:
            data: the bytes.
            is_own: nobody else has them.
            text: the same bytes as Python has them, if it has.
        """
        self.data, self.is_own = data, is_own
        self.alike: Places | None = None
        """The lengths of the frames, where they were found to be all the same, back to back."""
        self.ends: tuple[Places, NDArray[np.int32]] | None = None
        """Places of the bytes that end a Varint, and how many stand before each byte, once asked for."""
        self._windows: dict[str, NDArray[Any]] = {"u1": data}
        self._text = text

    @property
    def text(self) -> bytes:
        """The same bytes as Python has them; they are copied once where they are not kept so anyway."""
        if self._text is None:
            self._text = self.data.tobytes()
        return self._text

    def window(self, dtype: str) -> NDArray[Any]:
        """Give the integers that start at every byte, as a view (size - width + 1,)."""
        window = self._windows.get(dtype)
        if window is None:
            kind = kind_of(dtype)
            window = np.ndarray((max(0, self.data.size - kind.itemsize + 1),), kind, self.data, 0, (1,))
            self._windows[dtype] = window
        return window


@cache
def kind_of(dtype: str) -> np.dtype[Any]:
    """Give numpy's description of the numbers that it has a name for."""
    return np.dtype(dtype)


def packed(payloads: Sequence[bytes]) -> tuple[Wire, Places, Places]:
    """Give the wire of payloads, where each starts in it, and how long each is [byte]."""
    joined = b"".join(payloads) + _BEHIND
    wire = Wire(np.frombuffer(joined, _BYTE), text=joined)
    each, count = list(map(len, payloads)), len(payloads)
    if count and each.count(each[0]) == count:
        # Counting equal lengths is far quicker than making numbers of them one by one.
        starts, lengths = (_alike if count <= _FEW else _alike.__wrapped__)(count, each[0])
        wire.alike = lengths
        return wire, starts, lengths
    lengths = _lengths(each)
    return wire, lengths.cumsum() - lengths, lengths


@lru_cache(maxsize=64)
def _alike(count: int, length: int) -> tuple[Places, Places]:
    """Give where frames of one length start, back to back, and their lengths; nobody writes to them."""
    starts, lengths = np.arange(count) * length, np.empty(count, np.int64)
    lengths.fill(length)
    starts.flags.writeable = lengths.flags.writeable = False
    return starts, lengths


def _lengths(each: list[int]) -> Places:
    """Give numbers as a column; those that are bytes are made in one go."""
    try:
        return np.frombuffer(bytes(each), np.uint8).astype(np.int64)
    except ValueError:
        return np.array(each, np.int64)


def packed_column(payloads: pa.Array) -> tuple[Wire, Places, Places]:
    """Give the same of an Arrow column of binary."""
    _, offsets, data = payloads.buffers()
    if len(payloads) == 0 or offsets is None or data is None:
        return packed(payloads.to_pylist())
    edges = np.frombuffer(offsets, np.int32, len(payloads) + 1, 4 * payloads.offset).astype(np.int64)
    first, last = int(edges[0]), int(edges[-1])
    own = np.zeros(last - first + _PAD, np.uint8)
    own[: last - first] = np.frombuffer(data, np.uint8, last - first, first)
    return Wire(own), edges[:-1] - first, np.diff(edges)


def part_of(
    wire: Wire, starts: Places, lengths: Places, first: int, stop: int
) -> tuple[Wire, Places, Places]:
    """Give a run of a wire's frames as a wire of its own, without a copy.

    Args:
        wire: the bytes.
        starts: (n,) where each frame starts, back to back.
        lengths: (n,) [byte].
        first: the first frame of the run; there is one.
        stop: the frame behind the last one.
    """
    if first == 0 and stop == len(starts):
        return wire, starts, lengths
    begin = int(starts[first])
    end = int(starts[stop - 1] + lengths[stop - 1])
    return Wire(wire.data[begin : end + _PAD]), starts[first:stop] - begin, lengths[first:stop]


@cache
def dtype_of(width: int, order: str, *, signed: bool = False) -> str | None:
    """Give numpy's name of an integer; None if it has none of that width [byte]."""
    if width not in (1, 2, 4, 8):
        return None
    kind = "i" if signed else "u"
    return f"{kind}1" if width == 1 else f"{'>' if order == 'big' else '<'}{kind}{width}"


@cache
def pieces_of(width: int, order: str) -> tuple[tuple[str, int, int], ...]:
    """Give an odd width's parts: dtype, place [byte] and how far each is shifted [bit]."""
    parts: list[tuple[str, int, int]] = []
    at = 0
    while at < width:
        piece = next(piece for piece in _PIECES if piece <= width - at)
        shift = width - at - piece if order == "big" else at
        parts.append((dtype_of(piece, order) or "u1", at, 8 * shift))
        at += piece
    return tuple(parts)
