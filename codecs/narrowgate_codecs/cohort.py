"""What the plan carries along: the frames of a batch that have taken the same choices so far.

A place is an int while it is the same in all frames, else an array; so a batch of equal frames is read by
strides and one of mixed frames by gathers, through the same code.
Rule 1: rows that are not plainly sound are marked for the row engine, which alone says what they mean.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.known import Key
from narrowgate_codecs.wire import Bytes, Places, Wire, dtype_of, pieces_of

NO_PORT = -1
"""Stands in a column of ports where the transport captured none."""
_FEW = 16
"""Numbers that are compared one after the other, which is quicker than numpy.isin."""
_MOST = 1 << 16
"""Rows of which the numbers are kept ready."""
_TRUTH = np.dtype(np.bool_)
Place: TypeAlias = int | Places
Mask: TypeAlias = NDArray[np.bool_]


def _kept(values: NDArray[Any]) -> NDArray[Any]:
    values.flags.writeable = False
    return values


_EVERY, _EVERYWHERE = _kept(np.arange(_MOST)), _kept(np.ones(_MOST, _TRUTH))


def every(count: int) -> Places:
    """Give the numbers of so many rows; nobody writes to them."""
    rows: Places = _EVERY[:count] if count <= _MOST else np.arange(count)
    return rows


def everywhere(count: int) -> Mask:
    """Give a mask of so many rows that holds for all of them; nobody writes to it."""
    told: Mask = _EVERYWHERE[:count] if count <= _MOST else np.ones(count, _TRUTH)
    return told


@dataclass(slots=True)
class Column:
    """What an element says in every row of a level."""

    values: NDArray[Any]
    """(n,) or, for bytes, (n, width)."""
    said: Mask | None
    """(n,) Where it says something; None: everywhere."""


@dataclass(slots=True)
class Level:
    """The names of one depth: the frames' own, or those of the records in them."""

    wire: Wire
    starts: Places
    """(n,) First byte of each row on the wire."""
    odd: Mask
    """(n,) Rows that the row engine must read."""
    stride: int | None = None
    """[byte] from row to row, where it is the same throughout."""
    parent: "Level | None" = None
    owners: Places | None = None
    """(n,) Row of the parent that each row stands in."""
    index: Places | None = None
    """(n,) Place of each row among those of its owner."""
    stops: Places | None = None
    """(n,) [byte] that each row took, where its own content says so; only while items are measured."""
    case: "int | NDArray[np.int16]" = 0
    """(n,) Number of the innermost case taken; an int while all rows took the same."""
    ports: Places | None = None
    """(n,) Message types that the transport captured, NO_PORT for none; None: none for all."""
    keys: Sequence[Key] | None = field(default=None, repr=False)
    """(n,) The keys of each frame's device; None: no device has one."""
    facts: dict[str, Places] = field(default_factory=dict)
    """(n,) What earlier frames announced, by name; NO_FACT where none has."""
    recall: Callable[[int, str], bytes | None] | None = None
    """Gives what is known of a row's device under a name; None: nothing is of any."""
    asking: tuple[Places, ...] = ()
    """Rows that asked so."""
    announced: tuple[tuple[Places, list[tuple[str, bytes]]], ...] = ()
    """Rows, and what they announce by name."""
    columns: dict[str, Column] = field(default_factory=dict)
    put_off: "tuple[tuple[Any, Cohort], ...]" = ()
    """Steps that read their regions' ends when all rows are parted, for all that came to them at once."""
    lists: "dict[str, list[Level]]" = field(default_factory=dict)
    """By name; one level for each part of the rows that has such a list."""

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.starts)

    def first(self, some: Mask) -> "Level":
        """Give the first of some rows as a level of its own, of which nothing is read yet."""
        at = int(some.argmax())
        one = slice(at, at + 1)
        ports = None if self.ports is None else self.ports[one]
        keys = None if self.keys is None else self.keys[one]
        return Level(self.wire, self.starts[one], np.zeros(1, np.bool_), self.stride, ports=ports, keys=keys)

    def is_all(self, case: int) -> bool:
        """Give whether all rows took a case and need no row engine."""
        return isinstance(self.case, int) and self.case == case and not any_in(self.odd)

    def sound(self, case: int) -> Places:
        """Give the rows that took a case and need no row engine."""
        if isinstance(self.case, int):
            if self.case != case:
                return np.zeros(0, np.int64)
            if not any_in(self.odd):
                return every(len(self.starts))
            taken = ~self.odd
        else:
            taken = (self.case == case) & ~self.odd
        return taken.nonzero()[0]


@dataclass(slots=True)
class Trace:
    """What a batch of one layout was found to have: its shaping bytes and its leaves, by their places."""

    fixed: dict[int, int] = field(default_factory=dict)
    """Bytes that shape the frame, each with the bits of it that do."""
    leaves: list[tuple[int, Any]] = field(default_factory=list)
    """(place, step) of what must be read whatever the layout."""
    marks: dict[str, Place] = field(default_factory=dict)
    is_broken: bool = False
    """True if the rows turned out to differ, or have lists of their own."""

    def fix(self, at: Place, bits: bytes) -> None:
        """Note bytes that shape the frame: which bits of each do."""
        if isinstance(at, int):
            for place, mask in enumerate(bits, at):
                self.fixed[place] = self.fixed.get(place, 0) | mask
        else:
            self.is_broken = True

    def read(self, at: Place, leaf: Any) -> None:
        """Note a leaf; one whose bytes shape the frame is fixed as well."""
        if not isinstance(at, int):
            self.is_broken = True
            return
        if leaf.shaping:
            self.fix(at, leaf.shaping)
        if not leaf.is_shape:
            self.leaves.append((at, leaf))


@dataclass(slots=True)
class Cohort:
    """Rows of a level, where they are read and where their region ends; places are within the row."""

    level: Level
    starts: Places
    at: Place
    end: Place
    rows: Places | None = None
    """(m,) Rows of the level; None: all of them."""
    marks: dict[str, Place] = field(default_factory=dict)
    pending: list[tuple[Any, Place, Place]] = field(default_factory=list)
    """Regions whose extent is known and whose inside is not yet read: (steps, start, stop)."""
    trace: Trace | None = None

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.starts)

    def window(self, dtype: str, offset: int) -> NDArray[Any]:
        """Give the integer that stands `offset` bytes on, (m,)."""
        window, at = self.level.wire.window(dtype), self.at
        if self.rows is None and self.level.stride is not None and isinstance(at, int):
            first = int(self.starts[0]) + at + offset
            return window[first : first + (self.count - 1) * self.level.stride + 1 : self.level.stride]
        gathered: NDArray[Any] = window[self.starts + (at + offset)]
        return gathered

    def integer(self, width: int, order: str, offset: int, *, signed: bool = False) -> NDArray[Any]:
        """Give an integer of 1 to 8 bytes, (m,); odd widths as int64."""
        dtype = dtype_of(width, order, signed=signed)
        if dtype is not None:
            return self.window(dtype, offset)
        whole = np.zeros(self.count, np.int64)
        for piece, at, shift in pieces_of(width, order):
            whole |= self.window(piece, offset + at).astype(np.int64) << shift
        return whole - ((whole >> (8 * width - 1)) << 8 * width) if signed else whole

    def bytes(self, width: int, offset: int) -> Bytes:
        """Give bytes as they stand, (m, width); what lies behind the wire's end is not what stands there."""
        at = self.starts + (self.at + offset)
        return self.level.wire.data.take(at[:, None] + np.arange(width), mode="clip")

    def spans(self, start: int, stop: int) -> Bytes | None:
        """Give a span of every frame, (n, width), as a view; None where frames do not stand back to back."""
        stride = self.level.stride
        if self.rows is not None or stride is None:
            return None
        first = int(self.starts[0])
        frames = self.level.wire.data[first : first + self.count * stride].reshape(self.count, stride)
        return frames[:, start:stop]

    def doubt(self, odd: Mask) -> None:
        """Mark rows for the row engine that can still be followed: their places are right."""
        if not any_in(odd):
            return
        if self.rows is None:
            self.level.odd |= odd
        else:
            self.level.odd[self.rows[odd]] = True

    def drop(self, gone: "Mask | bool") -> None:
        """Mark rows for the row engine and follow them no further."""
        if isinstance(gone, bool):
            if gone:
                self.doubt(np.ones(self.count, np.bool_))
                self._narrow(np.zeros(0, np.int64))
        elif any_in(gone):
            self.doubt(gone)
            self._narrow((~gone).nonzero()[0])

    def pick(self, chosen: Mask | Places) -> "Cohort":
        """Give the cohort of some of the rows: those that a mask says, or those at places, ascending."""
        marks, pending = self.marks.copy(), self.pending.copy()
        sub = Cohort(self.level, self.starts, self.at, self.end, self.rows, marks, pending, self.trace)
        kept: Places = (
            chosen.nonzero()[0] if chosen.dtype == np.bool_ else chosen.astype(np.int64, copy=False)
        )
        sub._narrow(kept)
        return sub

    def _narrow(self, kept: Places) -> None:
        if self.trace is not None:
            self.trace.is_broken = True
        self.rows = kept if self.rows is None else self.rows.take(kept)
        self.starts = self.starts.take(kept)
        self.at, self.end = _at(self.at, kept), _at(self.end, kept)
        if self.marks:
            self.marks = {name: _at(place, kept) for name, place in self.marks.items()}
        if self.pending:
            self.pending = [(steps, _at(start, kept), _at(stop, kept)) for steps, start, stop in self.pending]

    def enter(self, case: int) -> None:
        """Note that the rows took a case."""
        level = self.level
        if self.rows is None:
            level.case = case
            return
        if isinstance(level.case, int):
            level.case = np.full(level.count, level.case, np.int16)
        level.case[self.rows] = case

    def say(self, name: str, values: NDArray[Any], said: Mask | None = None) -> None:
        """Keep what an element says under its name."""
        level = self.level
        if self.rows is None:
            level.columns[name] = Column(values, said)
            return
        column = level.columns.get(name)
        if column is None:
            count = len(level.starts)
            dtype = values.dtype if values.dtype.isnative else values.dtype.newbyteorder("=")
            empty = np.zeros(count if values.ndim == 1 else (count, *values.shape[1:]), dtype)
            column = level.columns[name] = Column(empty, np.zeros(count, np.bool_))
        elif column.values.dtype is not values.dtype and not np.can_cast(values.dtype, column.values.dtype):
            column.values = column.values.astype(np.promote_types(column.values.dtype, values.dtype))
        column.values[self.rows] = values
        if column.said is not None:
            column.said[self.rows] = True if said is None else said

    def heard(self, name: str) -> NDArray[Any]:
        """Give what an earlier element of this level or of one around it said, (m,)."""
        level, rows = self.level, self.rows
        while name not in level.columns and level.parent is not None and level.owners is not None:
            rows = level.owners if rows is None else level.owners[rows]
            level = level.parent
        values = level.columns[name].values
        return values if rows is None else values[rows]


def _at(place: Place, kept: Places) -> Place:
    return place if isinstance(place, int) else place.take(kept)


def settled(values: NDArray[Any]) -> Place:
    """Give the one value that all rows share as an int, else the rows' values."""
    first = int(values[0])
    return first if all_in(values == first) else values.astype(np.int64)


def any_of(told: "Mask | bool") -> bool:
    """Give whether it is so anywhere."""
    return told if isinstance(told, bool) else any_in(told)


def any_in(told: Mask) -> bool:
    """Give whether it is so anywhere: a search among bytes, which numpy has no set-up for."""
    return 1 in told.tobytes()


def all_in(told: Mask) -> bool:
    """Give whether it is so everywhere, as any_in does."""
    return 0 not in told.tobytes()


def one_of(values: NDArray[Any], these: Sequence[int]) -> Mask:
    """Give where values are one of some."""
    if not 0 < len(these) <= _FEW:
        return np.isin(values, these)
    told: Mask = values == these[0]
    for other in these[1:]:
        told |= values == other
    return told
