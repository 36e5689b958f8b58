"""LwM2M TLV, walked: which resources stand where (OMA LwM2M Technical Specification 1.0, 6.4.3).

    K I L [id] [length] value     K b7-6: 00 object instance, 01 resource instance, 10 resource with several
                                  instances, 11 resource; I b5: the id has two bytes, else one;
                                  L b4-3: bytes of the length, 0: it stands in b2-0

An object instance holds resources, a resource with several instances holds those; nothing holds more, so
there is nothing to recurse into. Every header takes two bytes at least, so a walk ends with the frame.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from narrowgate_codecs.refusal import FrameRefused
from narrowgate_schema.words import Reason

INSTANCE, ITEM, SEVERAL, VALUE = range(4)


@dataclass(frozen=True, slots=True)
class Entry:
    """One value: of a resource, or of one instance of it."""

    instance: int
    """Of the object; 0 where the frame names none."""
    resource: int
    at: int | None
    """Instance of the resource; None for one that has no instances."""
    start: int
    """[byte] from the frame's first."""
    stop: int
    """[byte], exclusive."""


def entries(frame: bytes, start: int, stop: int, at_most: int) -> Iterator[Entry]:
    """Give the values of a region in the order of the wire.

    Args:
        frame: the whole frame.
        start: first byte of the region.
        stop: its end.
        at_most: headers that are read.

    Raises:
        FrameRefused: `length` for a header or value that is cut or too many of them, `model` for one that
            stands where it cannot. What was given before holds.
    """
    at, instance, resource = start, 0, 0
    instance_stop = several_stop = None
    headers = 0
    if start == stop:
        raise FrameRefused(Reason.LENGTH, "no resource in the frame")
    while at < stop or several_stop is not None or instance_stop is not None:
        if at == several_stop:
            several_stop = None
        elif at == instance_stop:
            instance_stop, instance = None, 0
        else:
            headers += 1
            if headers > at_most:
                raise FrameRefused(Reason.LENGTH, f"byte {at}: more than {at_most} records")
            end = next(edge for edge in (several_stop, instance_stop, stop) if edge is not None)
            kind, number, behind, after = _header(frame, at, end)
            _check(kind, at, inside_several=several_stop is not None, inside=instance_stop is not None)
            at = behind
            if kind == INSTANCE:
                instance, instance_stop = number, after
            elif kind == SEVERAL:
                resource, several_stop = number, after
            else:
                is_item = kind == ITEM
                yield Entry(
                    instance, resource if is_item else number, number if is_item else None, behind, after
                )
                at = after


def _check(kind: int, at: int, *, inside_several: bool, inside: bool) -> None:
    """Refuse what stands where it cannot."""
    if kind == INSTANCE and (inside or inside_several):
        raise FrameRefused(Reason.MODEL, f"byte {at}: an object instance inside another record")
    if (kind == ITEM) is not inside_several:
        where = "inside" if inside_several else "outside"
        raise FrameRefused(Reason.MODEL, f"byte {at}: no such record {where} a resource of several instances")


def _header(frame: bytes, at: int, end: int) -> tuple[int, int, int, int]:
    """Give kind, id, first byte behind the header and the value's end."""
    first = frame[at]
    id_width, length_width = 2 if first & 0x20 else 1, first >> 3 & 3
    behind = at + 1 + id_width + length_width
    if behind > end:
        raise FrameRefused(Reason.LENGTH, f"byte {at}: a header of {behind - at} bytes, {end - at} left")
    number = int.from_bytes(frame[at + 1 : at + 1 + id_width])
    length = int.from_bytes(frame[at + 1 + id_width : behind]) if length_width else first & 7
    if length > end - behind:
        raise FrameRefused(Reason.LENGTH, f"byte {at}: a value of {length} bytes, {end - behind} left")
    return first >> 6, number, behind, behind + length


def header(kind: int, number: int, length: int) -> bytes:
    """Give a header.

    Raises:
        ValueError: an id of more than two bytes or a length of more than three.
    """
    if not 0 <= number < 1 << 16 or length >= 1 << 24:
        raise ValueError(f"id {number} or length {length} does not fit")
    id_width = 1 if number < 256 else 2
    length_width = 0 if length < 8 else (length.bit_length() + 7) // 8
    first = kind << 6 | (id_width - 1) << 5 | length_width << 3 | (0 if length_width else length)
    return (
        bytes([first]) + number.to_bytes(id_width) + (length.to_bytes(length_width) if length_width else b"")
    )
