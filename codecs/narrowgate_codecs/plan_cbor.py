"""The plan's reading of CBOR items that SenML needs, all of a batch at once; the mirror of cbor.py.

The wire goes on for eight bytes behind its last frame: a head and its argument can be read wherever a row has
a byte left.
"""

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import cbor
from narrowgate_codecs.plan_leaves import EXACT
from narrowgate_codecs.wire import Places, Wire

NUMBER, TEXT, TRUTH, DATA, OTHER = 1, 2, 3, 4, 0
"""Kinds of items; OTHER is left to the row engine."""

_FALSE, _TRUE = 0xF4, 0xF5
_NO_WIDTH = -1
_MAJORS = np.arange(256) >> 5
_INFOS = np.arange(256) & 0x1F

WIDTHS = np.array([*([0] * 24), 1, 2, 4, 8, *([_NO_WIDTH] * 4)] * 8, np.int64)
"""Bytes of an item's argument by its first byte; -1 where it has none."""
STRINGS: NDArray[np.bool_] = (_MAJORS == cbor.TEXT) | (_MAJORS == cbor.BYTES)
"""Whether an item is a string, by its first byte."""

_KINDS = np.zeros(256, np.int8)
_KINDS[_MAJORS <= cbor.NEGATIVE] = NUMBER
_KINDS[_MAJORS == cbor.TEXT] = TEXT
_KINDS[_MAJORS == cbor.BYTES] = DATA
_KINDS[[_FALSE, _TRUE]] = TRUTH
_FLOATS = {0xF9: ">f2", 0xFA: ">f4", 0xFB: ">f8"}
_KINDS[list(_FLOATS)] = NUMBER
_KINDS[WIDTHS < 0] = OTHER
_ARGUMENTS = {0: "u1", 1: "u1", 2: ">u2", 4: ">u4", 8: ">u8"}


def values(
    wire: Wire, first: Places, at: Places, start: Places
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Give the kinds of items and, of numbers and truths, the numbers that they are.

    Args:
        wire: the bytes.
        first: (m,) the items' first bytes.
        at: (m,) where they stand.
        start: (m,) first byte behind the items' heads.
    """
    kinds = _KINDS[first]
    numbers = (first & 1).astype(np.float64)
    whole = _MAJORS[first] <= cbor.NEGATIVE
    for width, dtype in _ARGUMENTS.items():
        these = (whole & (WIDTHS[first] == width)).nonzero()[0]
        if len(these):
            read = wire.window(dtype)[at[these] + (width > 0)]
            if width == 8:
                kinds[these[read > EXACT]] = OTHER
            number = (read & 0x1F if width == 0 else read).astype(np.float64)
            numbers[these] = np.where(_MAJORS[first[these]] == cbor.NEGATIVE, -1.0 - number, number)
    for code, dtype in _FLOATS.items():
        these = (first == code).nonzero()[0]
        if len(these):
            with np.errstate(invalid="ignore"):  # a signalling NaN is no number like any other
                numbers[these] = wire.window(dtype)[at[these] + 1]
    return kinds, numbers
