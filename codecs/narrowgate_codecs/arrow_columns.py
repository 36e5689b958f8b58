"""Columns of numpy as Arrow arrays: values go over as they stand, and validity as one bit a row."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_codecs.cohort import Mask, all_in
from narrowgate_codecs.wire import Places

_SHORT = 1 << 16
_WORD = pa.string()


def array_of(values: NDArray[Any], known: Mask | None, dtype: pa.DataType) -> pa.Array:
    """Give a column that nobody writes to any more as an array, without a copy of its values.

    Args:
        values: (n,) in the machine's order, of the width that Arrow has for the type; truths as bytes.
        known: (n,) where they say something; None: everywhere.
        dtype: a number, a truth or an instant.
    """
    validity = None if known is None or all_in(known) else _bits(known)
    data = _bits(values) if dtype == pa.bool_() else pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(dtype, len(values), [validity, data])


def words_of(words: list[str], numbers: NDArray[np.int32], known: Mask | None) -> pa.Array:
    """Give the words that numbers stand for, null where they stand for none, (n,)."""
    if len(words) == 1 and (known is None or all_in(known)):
        return pa.repeat(pa.scalar(words[0], _WORD), len(numbers))
    return pa.array(words, _WORD).take(array_of(numbers, known, pa.int32()))


def _bits(told: NDArray[Any]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(told, bitorder="little"))


def stable_order(numbers: NDArray[Any], below: int) -> Places:
    """Give the order that sorts numbers from 0 up to a bound, equal ones as they stand.

    numpy sorts integers of two bytes by counting, many times quicker than wider ones.
    """
    order: Places = (numbers.astype(np.uint16) if below <= _SHORT else numbers).argsort(kind="stable")
    return order
