"""CBOR data items, read one by one and bounded (RFC 8949): what SenML needs of it.

Nothing is allocated by what a head announces: a string ends with the frame, an item is read by walking it, a
nesting deeper than MOST_NESTED is refused before it is followed. Tags are passed over but for decimal
fractions, which RFC 8428 (6) allows where a number stands.
"""

import struct
from dataclasses import dataclass
from typing import Any, TypeAlias

from narrowgate_codecs.refusal import FrameRefused
from narrowgate_schema.words import Reason

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
BREAK = 0xFF
MOST_NESTED = 8
_MOST_TAGS = 4
_MOST_EXPONENT = 30
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_WORDS = {20: False, 21: True, 22: None, 23: None}
_DECIMAL_FRACTION = 4


class Other:
    """Stands for an item that is neither number, string, truth nor null."""


OTHER = Other()
Item: TypeAlias = int | float | str | bytes | bool | Other | None


@dataclass(frozen=True, slots=True)
class Head:
    """The first bytes of an item."""

    major: int
    info: int
    argument: int | None
    """None: of indefinite length, or a break."""
    after: int
    """First byte behind the head."""


def head(frame: bytes, at: int, end: int) -> Head:
    """Read a head.

    Raises:
        FrameRefused: `length` if it is cut, `model` for one that CBOR does not have.
    """
    if at >= end:
        raise FrameRefused(Reason.LENGTH, f"byte {at}: an item is wanted, nothing is left")
    major, info = frame[at] >> 5, frame[at] & 0x1F
    if info < 24:
        return Head(major, info, info, at + 1)
    if info < 28:
        width = 1 << info - 24
        if width > end - at - 1:
            raise FrameRefused(Reason.LENGTH, f"byte {at}: {width} bytes wanted, {end - at - 1} left")
        return Head(major, info, int.from_bytes(frame[at + 1 : at + 1 + width]), at + 1 + width)
    if info == 31 and major not in (UNSIGNED, NEGATIVE, TAG):
        return Head(major, info, None, at + 1)
    raise FrameRefused(Reason.MODEL, f"byte {at}: {frame[at]:02X} is no CBOR item")


def item(frame: bytes, at: int, end: int) -> tuple[Item, int]:
    """Read an item; give it and the first byte behind it.

    Raises:
        FrameRefused: `length` if it is cut, `model` if it is no CBOR or nested too deeply, `sanity` for text
            that is none.
    """
    fraction = False
    for _ in range(_MOST_TAGS):
        first = head(frame, at, end)
        if first.major != TAG:
            return (_fraction if fraction else _item)(frame, at, end, first)
        fraction = first.argument == _DECIMAL_FRACTION
        at = first.after
    raise FrameRefused(Reason.MODEL, f"byte {at}: more than {_MOST_TAGS - 1} tags of one item")


def _item(frame: bytes, at: int, end: int, first: Head) -> tuple[Item, int]:
    match first.major:
        case 0 | 1 if first.argument is not None:
            return (first.argument if first.major == UNSIGNED else -1 - first.argument), first.after
        case 2 | 3:
            return _string(frame, end, first)
        case 7:
            return _simple(frame, at, first)
    return OTHER, skip(frame, at, end)


def _string(frame: bytes, end: int, first: Head) -> tuple[str | bytes, int]:
    chunks, at = [], first.after
    if first.argument is not None:
        chunks, at = [_chunk(frame, end, first)], first.after + first.argument
    else:
        while (part := head(frame, at, end)).argument is not None or part.major != SIMPLE:
            if part.major != first.major or part.argument is None:
                raise FrameRefused(Reason.MODEL, f"byte {at}: no piece of a string")
            chunks.append(_chunk(frame, end, part))
            at = part.after + part.argument
        at = part.after
    whole = b"".join(chunks)
    return (whole if first.major == BYTES else text_of(whole, first.after)), at


def _chunk(frame: bytes, end: int, first: Head) -> bytes:
    size = first.argument or 0
    if size > end - first.after:
        raise FrameRefused(
            Reason.LENGTH, f"byte {first.after}: a string of {size} bytes, {end - first.after} left"
        )
    return frame[first.after : first.after + size]


def text_of(raw: bytes, at: int) -> str:
    """Give UTF-8 text; FrameRefused, `sanity`, if it is none."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise FrameRefused(Reason.SANITY, f"byte {at}: no UTF-8 text") from None


def _simple(frame: bytes, at: int, first: Head) -> tuple[Item, int]:
    if first.info in _FLOATS:
        (number,) = struct.unpack_from(_FLOATS[first.info], frame, at + 1)
        return float(number), first.after
    if first.info in _WORDS:
        return _WORDS[first.info], first.after
    if first.argument is None:
        raise FrameRefused(Reason.MODEL, f"byte {at}: a break where an item is wanted")
    return OTHER, first.after


def _fraction(frame: bytes, at: int, end: int, first: Head) -> tuple[Item, int]:
    """Read [exponent, mantissa]; what is none says nothing."""
    if first.major != ARRAY or first.argument != 2:
        return OTHER, skip(frame, at, end)
    exponent, behind = _plain(frame, first.after, end)
    mantissa, behind = _plain(frame, behind, end)
    if not isinstance(exponent, int) or not isinstance(mantissa, int) or abs(exponent) > _MOST_EXPONENT:
        return OTHER, behind
    return (mantissa * 10**exponent if exponent >= 0 else mantissa / 10**-exponent), behind


def _plain(frame: bytes, at: int, end: int) -> tuple[Any, int]:
    """Read an item that has no tags of its own."""
    first = head(frame, at, end)
    return _item(frame, at, end, first) if first.major != TAG else (OTHER, skip(frame, at, end))


def skip(frame: bytes, at: int, end: int) -> int:
    """Give the first byte behind an item, whatever is in it.

    Raises:
        FrameRefused: `length` if it is cut, `model` if it is no CBOR or nested deeper than MOST_NESTED.
    """
    wanted: list[int | None] = [1]
    """Items still wanted at each level; None: up to a break."""
    while wanted:
        first = head(frame, at, end)
        at = first.after
        if first.major == SIMPLE and first.argument is None:
            if wanted.pop() is not None:
                raise FrameRefused(Reason.MODEL, f"byte {at - 1}: a break where an item is wanted")
            _settle(wanted)
            continue
        if first.major in (BYTES, TEXT) and first.argument is not None:
            at += len(_chunk(frame, end, first))
        inside = _inside(first)
        if inside == 0:
            _settle(wanted)
            continue
        wanted.append(inside)
        if len(wanted) > MOST_NESTED:
            raise FrameRefused(Reason.MODEL, f"byte {at - 1}: nested deeper than {MOST_NESTED} levels")
    return at


def _inside(first: Head) -> int | None:
    """Give how many items stand inside one; None: up to a break."""
    if first.major in (ARRAY, MAP):
        return None if first.argument is None else first.argument * (1 if first.major == ARRAY else 2)
    if first.major in (BYTES, TEXT) and first.argument is None:
        return None
    return 1 if first.major == TAG else 0


def _settle(wanted: list[int | None]) -> None:
    """Count an item as read, and the ones that it completes."""
    while wanted:
        left = wanted[-1]
        if left is None:
            return
        wanted[-1] = left - 1
        if left > 1:
            return
        wanted.pop()
