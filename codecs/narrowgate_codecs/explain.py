"""One frame, explained: which bytes say what, which check sums are right, and what it is refused for."""

from collections.abc import Iterator
from dataclasses import dataclass

from narrowgate_codecs import elements as el
from narrowgate_codecs.encode import frame_of
from narrowgate_codecs.known import NOTHING, Known
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.registry import PROFILES
from narrowgate_codecs.scope import Glimpse, Said, Scope, part_code
from narrowgate_codecs.transforms import sent_place
from narrowgate_codecs.values import Value, speak, values_of
from narrowgate_schema.fields import FIELDS, fields_of


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a frame says, or that only holds it together."""

    start: int
    """[byte] First byte in the frame as it came."""
    stop: int
    """[byte], exclusive; the same as `start` where no byte stands for it."""
    field: str
    raw: str
    """The bytes as hex, after check sums of blocks are out and keys are in; of bits their number, of a secret
    nothing."""
    value: Value
    unit: str
    """Of the reading field it is carried into, or of the field of its name."""
    note: str = ""
    """Of a check sum whether it is right, and what would be; of a value why it is refused."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one frame says, byte by byte."""

    profile: str
    message: str | None
    """None where the frame was refused before it was known."""
    lines: tuple[Line, ...]
    """In the order of the bytes."""
    refused: tuple[FrameRefused, ...]
    """Why the frame, or records of it, give no reading; (): they do."""


def explain(profile: str, payload: bytes, direction: Direction = "up", known: Known = NOTHING) -> Explanation:
    """Explain a frame as one of a profile; a refused one as far as it was read.

    Raises:
        KeyError: there is no such profile.
    """
    seen: list[Glimpse] = []
    scope = Scope(payload, len(payload), known=known, glimpses=seen)
    refused: list[FrameRefused] = []
    try:
        frame_of(profile, direction).read_into(scope)
        speak(scope)
    except FrameRefused as error:
        refused.append(error)
    units = _units(PROFILES[profile])
    lines = [*_spoken(scope, units), *(_glimpsed(one, payload) for one in seen if one.stop > one.start)]
    moved = [_moved(line, scope.blocks_at) for line in lines]
    moved.sort(key=lambda line: (line.start, -line.stop))
    message = scope.case or (None if refused else PROFILES[profile].single_message)
    return Explanation(profile, message, tuple(moved), (*refused, *scope.faults))


def _units(profile: Profile) -> dict[str, str]:
    """Give the units of declared names."""
    units = {field.name: field.unit for field in FIELDS}
    known = {field.name: field.unit for field in fields_of(profile.family)}
    carried = {carry.name: known[carry.field] for reading in profile.readings for carry in reading.carries}
    return units | carried


def _spoken(scope: Scope, units: dict[str, str]) -> Iterator[Line]:
    for said in scope.said:
        yield from _lines(said, scope, units)
    for items in scope.lists.values():
        for item in items:
            yield from _spoken(item, units)


def _lines(said: Said, scope: Scope, units: dict[str, str]) -> Iterator[Line]:
    """Give the lines of an element: one, or for bits one for all of them and one for each part."""
    raw, note = "" if _is_secret(said) else scope.frame[said.start : said.stop].hex(), ""
    values: dict[str, Value] = {}
    try:
        values = values_of(said, scope)
    except FrameRefused as refused:
        note = refused.detail
    name = said.element.name
    yield Line(said.start, said.stop, scope.at(name), raw, values.get(name), units.get(name, ""), note)
    for part in said.element.parts if isinstance(said.element, el.Bits) else ():
        code = f"{part_code(part, said.raw):0{part.size}b}"
        value = values.get(part.name)
        yield Line(said.start, said.stop, scope.at(part.name), f"0b{code}", value, units.get(part.name, ""))


def _is_secret(said: Said) -> bool:
    return isinstance(said.element, el.Hex) and said.element.is_secret


def _glimpsed(one: Glimpse, payload: bytes) -> Line:
    raw = payload[one.start : one.stop]
    value: Value = None
    note = ""
    if one.right is not None:
        value = "right" if raw == one.right else "wrong"
        note = "" if raw == one.right else f"{one.right.hex()} is right"
    return Line(one.start, one.stop, one.name, raw.hex(), value, "", note)


def _moved(line: Line, blocks_at: int | None) -> Line:
    """Give a line with its place in the frame as it came, check sums of blocks and all."""
    if blocks_at is None or line.start < blocks_at or line.field.endswith("check sum"):
        return line
    start = blocks_at + sent_place(line.start - blocks_at)
    stop = start if line.stop == line.start else blocks_at + sent_place(line.stop - 1 - blocks_at) + 1
    return Line(start, stop, line.field, line.raw, line.value, line.unit, line.note)
