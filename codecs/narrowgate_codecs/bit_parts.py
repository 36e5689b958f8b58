"""Bits of one integer: what its parts say."""

from narrowgate_codecs import elements as el
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scope import Scope, part_code
from narrowgate_schema.words import Reason


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
