"""The row engine: levels, the regions in them, and switches.

The contexts that construct passes along are ours: a Scope while parsing, a Wanted while building.
"""

from collections.abc import Mapping, Sequence
from io import SEEK_END
from typing import Any

import construct as c

from narrowgate_codecs import layout as lay
from narrowgate_codecs.leaves import integer
from narrowgate_codecs.raws import wrong
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scope import Scope, Wanted
from narrowgate_schema.words import Reason

_CHOSEN = 4.0
"""[bit] What a code that one of a few cases takes speaks for the layout."""


class Fields(c.Construct):  # type: ignore[misc]  # construct is untyped
    """Elements one after the other, all in the scope they are met in."""

    def __init__(self, members: Sequence[Any]) -> None:
        super().__init__()
        self.members = members

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        for member in self.members:
            member._parse(stream, scope, path)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        for member in self.members:
            member._build(obj, stream, wanted, path)
        return obj


def read_region(fields: Any, stream: Any, scope: Scope, start: int, stop: int) -> None:
    """Read a region that the fields must fill exactly, its envelope before the inside of its regions."""
    stream.seek(start)
    scope.end = stop
    fields._parsereport(stream, scope, "")
    left = stop - stream.tell()
    if left:
        raise FrameRefused(Reason.LENGTH, f"{scope.place}{left} bytes too many from byte {stop - left}")
    read_inside(stream, scope)


def read_inside(stream: Any, scope: Scope) -> None:
    """Check the codes read so far, then read the regions whose extents are known."""
    scope.check_codes()
    pending, scope.pending = scope.pending, []
    for inner, start, stop in pending:
        read_region(inner, stream, scope, start, stop)


class SizedConstruct(c.Construct):  # type: ignore[misc]
    """A length and as many bytes; the length is believed only as far as the region goes."""

    def __init__(self, element: lay.Sized, fields: Fields) -> None:
        super().__init__()
        self.element, self.fields = element, fields
        self.length = integer(element.width, element.order, signed=False)
        self.width = element.width

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        size = self._size(stream, scope, path)
        start = stream.tell()
        if not 0 <= size <= scope.end - start:
            raise FrameRefused(
                Reason.LENGTH,
                f"{scope.place}length {size} at byte {start - self.width}, {scope.end - start} bytes left",
            )
        if self.element.mark is not None:
            scope.marks[self.element.mark] = start
        scope.glimpse("length", start - self.width, start, 8 * self.width)
        scope.pending.append((self.fields, start, start + size))
        stream.seek(start + size)

    def _size(self, stream: Any, scope: Scope, path: str) -> int:
        """Read the length, its repetition where there is one, and the bytes behind it."""
        element, start = self.element, stream.tell()
        scope.need("length", start, element.head)
        sent = stream.read(self.width)
        if element.again and stream.read(element.head - self.width) != sent + element.again:
            raise FrameRefused(
                Reason.MODEL,
                f"{scope.place}length at byte {start} is not repeated before {element.again.hex()}",
            )
        size: int = self.length.parse(sent) - (self.width if element.counts_itself else 0)
        return size if element.is_believed else scope.end - stream.tell()

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        element, at = self.element, stream.tell()
        stream.write(bytes(element.head))
        if element.mark is not None:
            wanted.marks[element.mark] = stream.tell()
        self.fields._build(obj, stream, wanted, path)
        counted = element.width if element.counts_itself else 0
        write_size(self.length, at, element.head, stream, wanted, counted)
        if element.again:
            sent = stream.getvalue()[at : at + self.width]
            stream.seek(at + self.width)
            stream.write(sent + element.again)
            stream.seek(0, SEEK_END)
        return obj


class FrameTooLongError(ValueError):
    """What is to be sent is longer than its length can say."""


def write_size(length: Any, at: int, width: int, stream: Any, wanted: Wanted, counted: int = 0) -> None:
    """Write, into the room of a width [byte] left for it, the length of what was written since, and more."""
    size, end = stream.tell() - at - width + counted, stream.tell()
    if size >= 1 << 8 * length.sizeof():
        raise FrameTooLongError(f"{wanted.place}{size} bytes do not fit a length of {length.sizeof()} bytes")
    stream.seek(at)
    length._build(size, stream, wanted, "")
    stream.seek(end)


class BodyConstruct(c.Construct):  # type: ignore[misc]
    """Everything up to some bytes before the end of the region."""

    def __init__(self, element: lay.Body, fields: Fields) -> None:
        super().__init__()
        self.fields = fields
        self.leave = element.leave

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        start = stream.tell()
        scope.need("body", start, self.leave)
        stop = scope.end - self.leave
        scope.pending.append((self.fields, start, stop))
        stream.seek(stop)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        return self.fields._build(obj, stream, wanted, path)


class LeadConstruct(c.Construct):  # type: ignore[misc]
    """Fields that are there only behind their marker; encode sends them if one of their values is given."""

    def __init__(self, element: lay.Lead, fields: Fields) -> None:
        super().__init__()
        self.marker = element.marker
        self.mask = element.mask or b"\xff" * len(element.marker)
        self.is_first = element.is_first
        self.fields = fields
        self.names = {name for field in element.fields for name in lay.names_of(field)}

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        start = stream.tell()
        read = stream.read(min(len(self.marker), scope.end - start))
        there = len(read) == len(self.marker) and self._masked(read) == self.marker
        if self.is_first or not there:
            stream.seek(start)
        if there:
            if not self.is_first:
                scope.glimpse("marker", start, start + len(self.marker), 8 * len(self.marker))
            self.fields._parsereport(stream, scope, path)

    def _masked(self, read: bytes) -> bytes:
        return bytes(byte & bits for byte, bits in zip(read, self.mask, strict=True))

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        if any(wanted.values.get(name) is not None for name in self.names):
            stream.write(b"" if self.is_first else self.marker)
            self.fields._build(obj, stream, wanted, path)
        return obj


class TailConstruct(c.Construct):  # type: ignore[misc]
    """Fields that are there only if bytes are left."""

    def __init__(self, element: lay.Tail, fields: Fields) -> None:
        super().__init__()
        self.fields = fields
        self.at_least = element.at_least
        self.names = {name for field in element.fields for name in lay.names_of(field)}

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        if scope.end - stream.tell() >= self.at_least:
            self.fields._parsereport(stream, scope, path)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        if self.names & wanted.values.keys():
            self.fields._build(obj, stream, wanted, path)
        return obj


class WhenConstruct(c.Construct):  # type: ignore[misc]
    """Fields that are there only if an earlier number says so."""

    def __init__(self, element: lay.When, fields: Fields) -> None:
        super().__init__()
        self.on, self.are, self.other = element.on, frozenset(element.are), element.other
        self.fields = fields

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        if (scope.find(self.on) in self.are) != self.other:
            self.fields._parsereport(stream, scope, path)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        if (wanted.told(self.on) in self.are) != self.other:
            self.fields._build(obj, stream, wanted, path)
        return obj


class SwitchConstruct(c.Construct):  # type: ignore[misc]
    """Goes on as an earlier code says."""

    def __init__(self, element: lay.Switch, cases: Mapping[str, Fields]) -> None:
        super().__init__()
        self.on = element.on
        self.cases = {code: (case.name, cases[case.name]) for case in element.cases for code in case.when}
        name = None if element.default is None else element.default.name
        self.default = None if name is None else (name, cases[name])

    def _chosen(self, code: int) -> "tuple[str, Fields] | None":
        return self.cases.get(code, self.default)

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        code = scope.find(self.on)
        chosen = self._chosen(code)
        if chosen is None:
            raise scope.refuse_choice(self.on, code)
        scope.case = chosen[0]
        if self.default is None:
            scope.glimpse(f"choice by {self.on}", stream.tell(), stream.tell(), _CHOSEN)
        chosen[1]._parsereport(stream, scope, path)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        chosen = self._chosen(wanted.told(self.on))
        if chosen is None:
            raise wrong(self.on, wanted.told(self.on), "no message of this layout", wanted)
        return chosen[1]._build(obj, stream, wanted, path)
