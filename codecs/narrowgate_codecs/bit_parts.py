"""Bits of one integer: what its parts say."""

from dataclasses import replace

from narrowgate_codecs import elements as el
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scope import Scope, part_code
from narrowgate_schema.words import Reason

_BITS = 8


def parts_of(element: el.Bits, raw: int, scope: Scope) -> dict[str, object]:
    """Give the whole as hex and each part by name; FrameRefused for a code that stands for nothing."""
    values: dict[str, object] = {element.name: f"{raw:0{2 * element.width}x}"}
    for part in element.parts:
        values[part.name] = _part(part, raw, scope)
    for part in element.parts:
        if part.void_by is not None and values[part.void_by]:
            values[part.name] = None
    return values


def _part(part: el.Part, raw: int, scope: Scope) -> object:
    code = part_code(part, raw)
    if part.numbers:
        return part.numbers[code] if code < len(part.numbers) else None
    if part.words:
        for known, word in part.words:
            if code == known:
                return word
        if part.is_closed:
            raise FrameRefused(Reason.SANITY, f"{scope.at(part.name)}: {code} stands for nothing")
        return part.otherwise
    if code in part.null:
        return None
    if part.size == 1:
        return bool(code)
    return code if part.per == 1 else code / part.per


def parts_said(element: el.Bits, raw: int) -> dict[str, object]:
    """Give what the parts of whole bits say; {} where one stands for nothing."""
    try:
        return parts_of(element, raw, Scope(b"", 0))
    except FrameRefused:
        return {}


def bytes_of(element: el.Bits) -> list[tuple[int, el.Bits]]:
    """Give the same bits byte by byte, and where each byte stands; as they are where a part needs several."""
    places = {part.name: _places(element, part) for part in element.parts}
    sole = all(len(found) == 1 for found in places.values())
    if element.width == 1 or not sole or len(places) < len(element.parts):
        return [(0, element)]
    return [(place, _byte(element, place, places)) for place in sorted(set().union(*places.values()))]


def _places(element: el.Bits, part: el.Part) -> set[int]:
    """Give the bytes that a part is read from, what makes it void included."""
    needed = [part, *(one for one in element.parts if one.name == part.void_by)]
    taken = {bit // _BITS for one in needed for bit in range(one.at, one.at + one.size)}
    return {element.width - 1 - byte if element.order == "big" else byte for byte in taken}


def _byte(element: el.Bits, place: int, places: dict[str, set[int]]) -> el.Bits:
    parts = (part for part in element.parts if place in places[part.name])
    return replace(element, width=1, parts=tuple(replace(part, at=part.at % _BITS) for part in parts))
