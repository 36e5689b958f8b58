"""Reading where frames of one layout stand back to back: an element is a stride over the batch.

What one byte says is looked up in tables that the byte's own step makes, once, by reading all 256 of them; so
there is one meaning, and a byte costs a translation of bytes instead of numpy's calls.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.cohort import Cohort, Column, Level, Mask, Place
from narrowgate_codecs.plan_numbers import IntStep
from narrowgate_codecs.plan_words import BitsStep, CodeStep, NamedStep
from narrowgate_codecs.wire import Bytes, Wire, kind_of

_BYTES = 256
_PAD = 8
_TRUTH, _BYTE = np.dtype(np.bool_), np.dtype(np.uint8)


Spot: TypeAlias = tuple[str | int, int]
"""What is read and where: a number by numpy's name or so many bytes, and its place within the frame."""


class Spots:
    """What is read of a layout, as the fields of one record: then a column is looked up, not made."""

    def __init__(self, length: int, found: Iterable[Spot]) -> None:
        """Take the frames' length [byte] and what is read of them."""
        self.names = {spot: str(at) for at, spot in enumerate(dict.fromkeys(found))}
        formats = [kind if isinstance(kind, str) else (np.uint8, (kind,)) for kind, _ in self.names]
        places = [place for _, place in self.names]
        self.dtype = np.dtype(
            {"names": [*self.names.values()], "formats": formats, "offsets": places, "itemsize": length}
        )


_NO_NAMES: dict[Spot, str] = {}
_NO_MARKS: dict[str, Place] = {}
_NOTHING: list[Any] = []
"""Frames of a known layout have no regions to be read later; leaves ask for none."""
_NO_RECORD: Any = np.zeros(0, _BYTE)


class Aligned(Cohort):
    """All rows of a level of which each begins where the one before it ends."""

    __slots__ = ("found", "names", "past", "record", "text", "width", "wire_first")

    def __init__(self, level: Level, length: int) -> None:
        """Take the level, of at least one row, and the frames' length [byte]."""
        self.level, self.starts, self.at, self.end = level, level.starts, 0, length
        self.rows, self.marks, self.pending, self.trace = None, _NO_MARKS, _NOTHING, None
        self.text, self.width = level.wire.text, length
        self.wire_first = int(level.starts[0])
        self.past = self.wire_first + (len(level.starts) - 1) * length + 1
        self.names, self.record = _NO_NAMES, _NO_RECORD
        self.found: list[Spot] | None = None
        """What was read that is no field of the record, where anybody wants to know."""

    def see(self, spots: Spots) -> None:
        """Take what will be read."""
        self.names = spots.names
        if self.names:
            self.record = np.frombuffer(self.text, spots.dtype, len(self.starts), self.wire_first)

    def window(self, dtype: str, offset: int) -> NDArray[Any]:
        """Give the integer that stands `offset` bytes on, (n,), as a view."""
        name = self.names.get((dtype, offset))
        if name is not None:
            numbers: NDArray[Any] = self.record[name]
            return numbers
        if self.found is not None:
            self.found.append((dtype, offset))
        return self._view((), kind_of(dtype), offset)

    def column(self, offset: int) -> bytes:
        """Give one byte of every frame."""
        return self.text[self.wire_first + offset : self.past + offset : self.width]

    def joined(self, width: int, offset: int) -> bytes:
        """Give some bytes of every frame, one frame after the other."""
        return self.column(offset) if width == 1 else self.bytes(width, offset).tobytes()

    def bytes(self, width: int, offset: int) -> Bytes:
        """Give bytes as they stand, (n, width), as a view."""
        name = self.names.get((width, offset))
        if name is not None:
            read: Bytes = self.record[name]
            return read
        if self.found is not None:
            self.found.append((width, offset))
        return self._view((width,), _BYTE, offset)

    def _view(self, inner: tuple[int, ...], kind: np.dtype[Any], offset: int) -> NDArray[Any]:
        shape, strides = (len(self.starts), *inner), (self.width, *(1 for _ in inner))
        return np.ndarray(shape, kind, self.level.wire.data, self.wire_first + offset, strides)

    def spans(self, start: int, stop: int) -> Bytes:
        """Give a span of every frame, (n, width), as a view."""
        return self.bytes(stop - start, start)

    def say(self, name: str, values: NDArray[Any], said: Mask | None = None) -> None:
        """Keep what an element says under its name."""
        self.level.columns[name] = Column(values, said)


class ByteStep:
    """A leaf of one byte, looked up."""

    shaping, is_shape = b"", False

    def __init__(
        self, step: "IntStep | BitsStep | CodeStep | NamedStep", heard: Callable[[str], bool]
    ) -> None:
        """Take the leaf's own step, which says what every byte means, and whether anybody hears a name."""
        self.leaf = step.leaf
        every = Level(Wire(np.arange(_BYTES + _PAD).astype(np.uint8)), np.arange(_BYTES), _none(), 1)
        step.run(Cohort(every, every.starts, 0, 1), 0)
        self.odd = every.odd.tobytes() if every.odd.any() else None
        self.says = [_Table(name, column) for name, column in every.columns.items() if heard(name)]
        self.idle = self.odd is None and not self.says

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


def is_byte(step: Any) -> bool:
    """Give whether a step reads one byte and looks at nothing else."""
    return isinstance(step, (IntStep, BitsStep, CodeStep, NamedStep)) and step.leaf.width == 1
