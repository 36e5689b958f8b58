"""Which options of a request an uplink's listener knows, as tables by option number.

Numbers, lengths and repeatability are those of RFC 7252 (5.10), 7641, 7959, 7967 and 8613.
"""

from typing import NamedTuple

import numpy as np

URI_PATH, BLOCK1, NO_RESPONSE = 11, 27, 258


class _Known(NamedTuple):
    number: int
    shortest: int
    longest: int
    may_repeat: bool = False


_KNOWN = (
    _Known(3, 1, 255),  # Uri-Host: one server, whatever it is called
    _Known(6, 0, 3),  # Observe
    _Known(7, 0, 2),  # Uri-Port
    _Known(URI_PATH, 0, 255, may_repeat=True),
    _Known(12, 0, 2),  # Content-Format: what the bytes mean is the profile's
    _Known(14, 0, 4),  # Max-Age
    _Known(15, 0, 255, may_repeat=True),  # Uri-Query: says nothing here
    _Known(17, 0, 2),  # Accept: answers have no payload that could be of another format
    _Known(23, 0, 3),  # Block2
    _Known(BLOCK1, 0, 3),
    _Known(35, 1, 1034),  # Proxy-Uri
    _Known(39, 1, 255),  # Proxy-Scheme
    _Known(60, 0, 4),  # Size1
    _Known(NO_RESPONSE, 0, 1),
)
_BEYOND = max(known.number for known in _KNOWN) + 1
"""The row of the tables that stands for every number above."""

LAST_NUMBER = (1 << 16) - 1

IS_KNOWN = np.zeros(_BEYOND + 1, np.bool_)
MAY_REPEAT = np.ones(_BEYOND + 1, np.bool_)
SHORTEST = np.zeros(_BEYOND + 1, np.int64)
LONGEST = np.full(_BEYOND + 1, LAST_NUMBER, np.int64)
IS_PROXY = np.zeros(_BEYOND + 1, np.bool_)
IS_PROXY[[35, 39]] = True

for _option in _KNOWN:
    IS_KNOWN[_option.number] = True
    MAY_REPEAT[_option.number] = _option.may_repeat
    SHORTEST[_option.number], LONGEST[_option.number] = _option.shortest, _option.longest


def table_row(
    numbers: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Give the row of the tables for each option number."""
    return np.minimum(numbers, _BEYOND)
