"""The row engine, leaves and silent elements, read and written over construct's own types."""

from io import BytesIO
from typing import Any, Protocol

import construct as c

from narrowgate_codecs import elements as el
from narrowgate_codecs.checksums import right_sum
from narrowgate_codecs.facts import number_of
from narrowgate_codecs.layout import Leaf
from narrowgate_codecs.raws import raw_of
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scope import Said, Scope, Wanted, part_code
from narrowgate_schema.words import Reason

_FORMATS = {1: "B", 2: "H", 4: "L", 8: "Q"}
_FLOATS = {2: "e", 4: "f", 8: "d"}


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
        case el.Float():
            return c.FormatField(">" if element.order == "big" else "<", _FLOATS[element.width])
        case el.Code() | el.Bits() | el.Epoch():
            return integer(element.width, element.order, signed=False)
        case el.Named():
            return integer(element.width, "big", signed=False)
    width = clock_width(element) if isinstance(element, el.Clock) else getattr(element, "width", None)
    return None if width is None else c.Bytes(width)


def clock_width(element: el.Clock) -> int:
    """Give the bytes a clock takes: one a letter of its order."""
    return len(element.orders[0].split())


def _is_text(element: el.Text, raw: bytes) -> bool:
    text = raw.rstrip(b"\0") if element.is_padded else raw
    return text.isascii() and str(text, "ascii").isprintable()


class LeafConstruct(c.Construct):  # type: ignore[misc]  # construct is untyped
    """Keeps a leaf's raw value under its name in the scope."""

    def __init__(self, element: Leaf) -> None:
        super().__init__()
        self.element = element
        self.inner = raw_construct(element)
        self.width = None if self.inner is None else self.inner.sizeof()

    def _parse(self, stream: _Stream, scope: Scope, path: str) -> None:
        element, start = self.element, stream.tell()
        stop = scope.end if self.width is None else start + self.width
        if self.width is None:
            raw: Any = stream.read(stop - start)
        else:
            if stop > scope.end:
                scope.need(element.name, start, self.width)
            raw = self.inner._parse(stream, scope, path)
        if isinstance(element, el.Text) and not _is_text(element, raw):
            raise FrameRefused(Reason.MODEL, f"{scope.at(element.name)}: no printable text")
        scope.raw[element.name] = raw
        scope.said.append(Said(element, raw, start, stop))

    def _build(self, obj: Any, stream: _Stream, wanted: Wanted, path: str) -> Any:
        raw = raw_of(self.element, wanted)
        if isinstance(raw, int):
            wanted.sent[self.element.name] = raw
        if isinstance(self.element, el.Bits):
            wanted.sent.update({part.name: part_code(part, raw) for part in self.element.parts})
        start = stream.tell()
        if self.width is None:
            stream.write(raw)
        else:
            self.inner._build(raw, stream, wanted, path)
        wanted.extents[self.element.name] = start, stream.tell()
        return obj


class PortConstruct(c.Construct):  # type: ignore[misc]
    """The captured message type, or what stands for a missing one."""

    def __init__(self, element: el.Port) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: _Stream, scope: Scope, path: str) -> None:
        element, start = self.element, stream.tell()
        port = element.default if scope.known.port is None else scope.known.port
        if port is None:
            raise FrameRefused(Reason.MODEL, f"{scope.at(element.name)}: none came with the frame")
        scope.raw[element.name] = port
        scope.said.append(Said(element, port, start, start))

    def _build(self, obj: Any, stream: _Stream, wanted: Wanted, path: str) -> Any:
        wanted.sent[self.element.name] = raw_of(self.element, wanted)
        return obj


class ImpliedConstruct(c.Construct):  # type: ignore[misc]
    """What the message itself says; no byte stands for it."""

    def __init__(self, element: el.Implied) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: _Stream, scope: Scope, path: str) -> None:
        start = stream.tell()
        scope.said.append(Said(self.element, None, start, start))

    def _build(self, obj: Any, stream: _Stream, wanted: Wanted, path: str) -> Any:
        return obj


class FactConstruct(c.Construct):  # type: ignore[misc]
    """A number that an earlier frame announced."""

    def __init__(self, element: el.Fact) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: _Stream, scope: Scope, path: str) -> None:
        start, name = stream.tell(), self.element.name
        number = scope.raw[name] = number_of(scope.known.facts.get(name))
        scope.said.append(Said(self.element, number, start, start))

    def _build(self, obj: Any, stream: _Stream, wanted: Wanted, path: str) -> Any:
        wanted.sent[self.element.name] = raw_of(self.element, wanted)
        return obj


class LeftConstruct(c.Construct):  # type: ignore[misc]
    """How many bytes of the region are left."""

    def __init__(self, element: el.Left) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: _Stream, scope: Scope, path: str) -> None:
        start = stream.tell()
        left = scope.raw[self.element.name] = scope.end - start
        scope.said.append(Said(self.element, left, start, start))

    def _build(self, obj: Any, stream: _Stream, wanted: Wanted, path: str) -> Any:
        wanted.sent[self.element.name] = raw_of(self.element, wanted)
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
        scope.glimpse("constant", start, start + len(value), 8 * len(value))

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
        if run:
            scope.glimpse("filler", start, start + run, 0)

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
    """A check sum that must follow from the bytes since a mark."""

    def __init__(self, element: el.Check) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: _Stream, scope: Scope, path: str) -> None:
        element, start = self.element, stream.tell()
        width = element.width
        scope.need("check sum", start, width)
        right = right_sum(element, scope.frame[scope.marks[element.since] : start])
        read = stream.read(width)
        scope.glimpse("check sum", start, start + width, 8 * width, right.to_bytes(width, element.order))
        if int.from_bytes(read, element.order) != right:
            shown = right.to_bytes(width, element.order).hex().upper()
            raise FrameRefused(
                Reason.INTEGRITY,
                f"{scope.place}check sum {read.hex().upper()} at byte {start}, {shown} is right",
            )

    def _build(self, obj: Any, stream: BytesIO, wanted: Wanted, path: str) -> Any:
        element = self.element
        span = stream.getvalue()[wanted.marks[element.since] :]
        stream.write(right_sum(element, span).to_bytes(element.width, element.order))
        return obj
