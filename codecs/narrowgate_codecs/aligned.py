"""Reading where frames of one layout stand back to back: an element is a stride over the batch.

What one byte says is looked up in tables that the byte's own step makes, once, by reading all 256 of them; so
there is one meaning, and a byte costs a translation of bytes instead of numpy's calls.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.cohort import Cohort, Column, Level, Mask
from narrowgate_codecs.plan_numbers import IntStep
from narrowgate_codecs.plan_words import BitsStep, CodeStep, NamedStep
from narrowgate_codecs.wire import Bytes, Wire, kind_of

_BYTES = 256
_PAD = 8
_TRUTH, _BYTE = np.dtype(np.bool_), np.dtype(np.uint8)


class Aligned(Cohort):
    """All rows of a level of which each begins where the one before it ends."""

    __slots__ = ("data", "first", "past", "shape", "stride", "strides", "text")

    def __init__(self, level: Level, length: int) -> None:
        """Take the level, of at least one row, and the frames' length [byte]."""
        self.level, self.starts, self.at, self.end = level, level.starts, 0, length
        self.rows, self.marks, self.pending, self.trace = None, {}, [], None
        self.first, self.stride = int(level.starts[0]), length
        self.past = self.first + (len(level.starts) - 1) * length + 1
        self.text, self.data = level.wire.text, level.wire.data
        self.shape, self.strides = level.starts.shape, (length,)

    def window(self, dtype: str, offset: int) -> NDArray[Any]:
        """Give the integer that stands `offset` bytes on, (n,), as a view."""
        return np.ndarray(self.shape, kind_of(dtype), self.data, self.first + offset, self.strides)

    def column(self, offset: int) -> bytes:
        """Give one byte of every frame."""
        return self.text[self.first + offset : self.past + offset : self.stride]

    def bytes(self, width: int, offset: int) -> Bytes:
        """Give bytes as they stand, (n, width), as a view."""
        shape, strides = (*self.shape, width), (*self.strides, 1)
        return np.ndarray(shape, _BYTE, self.data, self.first + offset, strides)

    def say(self, name: str, values: NDArray[Any], said: Mask | None = None) -> None:
        """Keep what an element says under its name."""
        self.level.columns[name] = Column(values, said)


class ByteStep:
    """A leaf of one byte, looked up."""

    idle, shaping, is_shape = False, b"", False

    def __init__(self, step: "IntStep | BitsStep | CodeStep | NamedStep") -> None:
        """Take the leaf's own step, which says what every byte means."""
        self.leaf = step.leaf
        every = Level(Wire(np.arange(_BYTES + _PAD).astype(np.uint8)), np.arange(_BYTES), _none(), 1)
        step.run(Cohort(every, every.starts, 0, 1), 0)
        self.odd = every.odd.tobytes() if every.odd.any() else None
        self.says = [_Table(name, column) for name, column in every.columns.items()]

    def run(self, cohort: Aligned, offset: int) -> None:
        """Say what the bytes mean; doubt the rows with one that means nothing."""
        read = cohort.column(offset)
        if self.odd is not None and 1 in (odd := read.translate(self.odd)):
            cohort.level.odd |= np.frombuffer(odd, _TRUTH)
        columns = cohort.level.columns
        for table in self.says:
            columns[table.name] = table.of(read)


class _Table:
    """What a byte says under one name."""

    __slots__ = ("by_byte", "dtype", "known", "name", "values")

    def __init__(self, name: str, column: Column) -> None:
        self.name, self.values, self.dtype = name, np.ascontiguousarray(column.values), column.values.dtype
        narrow = self.values.tobytes() if self.dtype.itemsize == 1 else None
        self.by_byte = narrow
        self.known = None if column.said is None or column.said.all() else column.said.tobytes()

    def of(self, read: bytes) -> Column:
        """Give what bytes say."""
        if self.by_byte is None:
            values = self.values.take(np.frombuffer(read, _BYTE))
        else:
            values = np.frombuffer(read.translate(self.by_byte), self.dtype)
        if self.known is None or 0 not in (known := read.translate(self.known)):
            return Column(values, None)
        return Column(values, np.frombuffer(known, _TRUTH))


def _none() -> Mask:
    return np.zeros(_BYTES, np.bool_)


def quickened(step: Any) -> Any:
    """Give the quickest step that says the same of frames of one layout."""
    if isinstance(step, (IntStep, BitsStep, CodeStep, NamedStep)) and step.leaf.width == 1:
        return ByteStep(step)
    return step
