"""The row engine, leaves and silent elements, read and written over construct's own types."""

from io import BytesIO
from typing import Any, Protocol

import construct as c

from narrowgate_codecs import elements as el
from narrowgate_codecs.layout import Leaf
from narrowgate_codecs.raws import raw_of
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scope import Said, Scope, Wanted
from narrowgate_schema.words import Reason

_FORMATS = {1: "B", 2: "H", 4: "L", 8: "Q"}


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def write(self, data: bytes, /) -> int: ...
    def tell(self) -> int: ...
    def seek(self, at: int, /) -> int: ...
    def getvalue(self) -> bytes: ...


def integer(width: int, order: el.Order, *, signed: bool) -> Any:
    """Give construct's integer of a width [byte]."""
    if width in _FORMATS:
        letter = _FORMATS[width]
        return c.FormatField(">" if order == "big" else "<", letter.lower() if signed else letter)
    return c.BytesInteger(width, signed=signed, swapped=order == "little")


def raw_construct(element: Leaf) -> Any:
    """Give construct's own reader of a leaf's raw value; None for Rest, whose width is the region's."""
    match element:
        case el.Int():
            return integer(element.width, element.order, signed=element.signed)
        case el.Code() | el.Bits():
            return integer(element.width, element.order, signed=False)
        case el.Named():
            return integer(element.width, "big", signed=False)
        case el.Clock():
            return c.Bytes(clock_width(element))
        case el.Bcd() | el.Hex() | el.Text():
            return c.Bytes(element.width)
    return None


def clock_width(element: el.Clock) -> int:
    """Give the bytes a clock takes: one a letter of its order."""
    return len(element.orders[0].split())


class LeafConstruct(c.Construct):  # type: ignore[misc]  # construct is untyped
    """Keeps a leaf's raw value under its name in the scope."""

    def __init__(self, element: Leaf) -> None:
        super().__init__()
        self.element = element
        self.inner = raw_construct(element)
        self.width = None if self.inner is None else self.inner.sizeof()

    def _parse(self, stream: _Stream, scope: Scope, path: str) -> None:
        element, start = self.element, stream.tell()
        if self.width is None:
            raw: Any = stream.read(scope.end - start)
        else:
            scope.need(element.name, start, self.width)
            raw = self.inner._parsereport(stream, scope, path)
        if isinstance(element, el.Text) and not (raw.isascii() and str(raw, "ascii").isprintable()):
            raise FrameRefused(Reason.MODEL, f"{scope.at(element.name)}: no printable text")
        scope.raw[element.name] = raw
        scope.said.append(Said(element, raw, start, stream.tell()))

    def _build(self, obj: Any, stream: _Stream, wanted: Wanted, path: str) -> Any:
        raw = raw_of(self.element, wanted)
        if isinstance(raw, int):
            wanted.sent[self.element.name] = raw
        if self.width is None:
            stream.write(raw)
        else:
            self.inner._build(raw, stream, wanted, path)
        return obj


class ConstConstruct(c.Construct):  # type: ignore[misc]
    """Bytes that are always the same."""

    def __init__(self, element: el.Const) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: _Stream, scope: Scope, path: str) -> None:
        value, start = self.element.value, stream.tell()
        left = scope.end - start
        got = stream.read(min(len(value), left))
        if got != value[: len(got)]:
            raise FrameRefused(
                self.element.reason,
                f"{scope.place}byte {start}: {got.hex()} where {value.hex()} is constant",
            )
        if len(got) < len(value):
            raise FrameRefused(
                Reason.LENGTH, f"{scope.place}byte {start}: {len(value)} bytes wanted, {left} left"
            )

    def _build(self, obj: Any, stream: _Stream, wanted: Wanted, path: str) -> Any:
        stream.write(self.element.value)
        return obj


class FillerConstruct(c.Construct):  # type: ignore[misc]
    """A bounded run of one byte; what follows a longer run is read as the next element."""

    def __init__(self, element: el.Filler) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: _Stream, scope: Scope, path: str) -> None:
        start = stream.tell()
        ahead = stream.read(min(self.element.at_most, scope.end - start))
        run = len(ahead) - len(ahead.lstrip(bytes([self.element.byte])))
        stream.seek(start + run)

    def _build(self, obj: Any, stream: _Stream, wanted: Wanted, path: str) -> Any:
        return obj


class MarkConstruct(c.Construct):  # type: ignore[misc]
    """Remembers a place."""

    def __init__(self, element: el.Mark) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: _Stream, scope: Scope, path: str) -> None:
        scope.marks[self.element.name] = stream.tell()

    def _build(self, obj: Any, stream: _Stream, wanted: Wanted, path: str) -> Any:
        wanted.marks[self.element.name] = stream.tell()
        return obj


class CheckConstruct(c.Construct):  # type: ignore[misc]
    """One byte that must follow from the bytes since a mark."""

    def __init__(self, element: el.Check) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: _Stream, scope: Scope, path: str) -> None:
        start = stream.tell()
        scope.need("check sum", start, 1)
        right = check_byte(self.element, scope.frame[scope.marks[self.element.since] : start])
        got = stream.read(1)[0]
        if got != right:
            raise FrameRefused(
                Reason.INTEGRITY, f"{scope.place}check sum {got:02X} at byte {start}, {right:02X} is right"
            )

    def _build(self, obj: Any, stream: BytesIO, wanted: Wanted, path: str) -> Any:
        span = stream.getvalue()[wanted.marks[self.element.since] :]
        stream.write(bytes([check_byte(self.element, span)]))
        return obj


def check_byte(element: el.Check, span: bytes) -> int:
    """Give the right check byte of a span."""
    if element.kind == "xor8":
        folded = 0
        for byte in span:
            folded ^= byte
        return folded
    total = sum(span) & 0xFF
    return total ^ 0xFF if element.kind == "sum8_inverted" else total
