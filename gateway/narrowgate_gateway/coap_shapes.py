"""Requests of one shape: the same options of the same lengths, so that reading one of them reads all.

Devices of one kind write their path alike, and only its letters and the payload differ. What is not as plain
as that, and a batch of several shapes, is walked row by row.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_URI_PATH, _CONTENT_FORMAT = 11, 12
_MARKER = 0xFF
_SHORT = 13
_LONGEST_SEGMENT, _LONGEST_FORMAT = 255, 2
_MOST_SEGMENTS = 8

Ints = NDArray[np.int64]


@dataclass(slots=True)
class Shape:
    """Where things stand in a request, counted from its first option."""

    heads: list[int]
    """The bytes that say how it is laid out: numbers, lengths, marker."""
    segments: list[tuple[int, int]]
    """Begin and length of each path segment."""
    payload_at: int = -1
    """-1 where there is none."""

    def is_of_all(self, flat: NDArray[np.uint8], begins: Ints, ends: Ints) -> bool:
        """Tell whether each of some requests is laid out so; the first one is."""
        lengths = ends - begins
        if self.payload_at < 0:
            if (lengths != lengths[0]).any():
                return False
        elif (lengths <= self.payload_at).any():
            return False
        heads = np.array(self.heads, np.int64)
        return bool((flat[begins[:, None] + heads] == flat[begins[0] + heads]).all())


def shape_of(request: bytes) -> Shape | None:
    """Give the shape of a request from its options on; None where it is not plain."""
    shape, at, number = Shape([], []), 0, 0
    while at < len(request):
        first = request[at]
        shape.heads.append(at)
        if first == _MARKER:
            shape.payload_at = at + 1
            return shape if at + 1 < len(request) else None
        length, begin = first & 15, at + 1
        if length == _SHORT and begin < len(request):
            shape.heads.append(begin)
            length, begin = _SHORT + request[begin], begin + 1
        delta, at = first >> 4, begin + length
        number += delta
        if at > len(request) or not _is_plain(shape, number, delta, length):
            return None
        if number == _URI_PATH:
            shape.segments.append((begin, length))
    return shape


def _is_plain(shape: Shape, number: int, delta: int, length: int) -> bool:
    """Tell whether an option is a path segment or the one format, and of a length that may be."""
    if number == _URI_PATH:
        return length <= _LONGEST_SEGMENT and len(shape.segments) < _MOST_SEGMENTS
    return number == _CONTENT_FORMAT and delta > 0 and length <= _LONGEST_FORMAT
