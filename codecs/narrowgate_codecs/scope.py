"""What the row engine carries along one frame: what was said so far and what is still to be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from narrowgate_codecs.elements import Bits, Code, Fact, Left, Numeral, Part, Port
from narrowgate_codecs.known import NOTHING, Keys, Known
from narrowgate_codecs.layout import Leaf
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_schema.words import Reason


def part_code(part: Part, raw: int) -> int:
    """Give the number that a part's bits make."""
    return raw >> part.at & (1 << part.size) - 1


@dataclass(slots=True)
class Said:
    """One element's raw value and its place in the frame."""

    element: Leaf
    raw: Any
    """int for binary elements, bytes for the others."""
    start: int
    """[byte] from the frame's first."""
    stop: int
    """[byte], exclusive."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Bytes that say no value: what is constant, counts, leads or proves."""

    name: str
    start: int
    """[byte] from the frame's first."""
    stop: int
    """[byte], exclusive."""
    bits: float
    """How much it speaks for the layout: the number of coins that would have to fall so by chance."""
    right: bytes | None = None
    """Of a check sum: what is right."""


@dataclass(slots=True)
class Scope:
    """The names of one level: the frame's own, or those of one record in it."""

    frame: bytes
    end: int
    """[byte] where the region that is being read ends."""
    place: str = ""
    parent: "Scope | None" = None
    case: str | None = None
    """Name of the innermost case taken: the message, or the record's kind."""
    said: list[Said] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    lists: dict[str, "list[Scope]"] = field(default_factory=dict)
    pending: list[tuple[Any, int, int]] = field(default_factory=list)
    """Regions whose extent is known and whose inside is not yet read: (construct, start, stop)."""
    faults: list[FrameRefused] = field(default_factory=list)
    """Records of this scope's lists that could not be read."""
    known: Known = NOTHING
    """What is known beside the bytes; only the frame's own scope has it."""
    glimpses: list[Glimpse] | None = None
    """Takes what says no value, for whoever explains a frame; None: nobody does."""
    learned: list[tuple[str, bytes]] = field(default_factory=list)
    """What the frame announces beside its profile's `learns`, by name."""
    blocks_at: int | None = None
    """[byte] where a frame of format A begins whose check sums were taken out; None: there is none."""

    def __post_init__(self) -> None:
        """Let an item's glimpses go where its frame's go."""
        if self.parent is not None:
            self.glimpses = self.parent.glimpses

    def glimpse(self, name: str, start: int, stop: int, bits: float, right: bytes | None = None) -> None:
        """Note bytes that say no value."""
        if self.glimpses is not None:
            self.glimpses.append(Glimpse(f"{self.place}{name}", start, stop, bits, right))

    def find(self, name: str) -> Any:
        """Give an earlier raw value of this scope or of one around it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.raw:
                return scope.raw[name]
            for said in scope.said:
                if isinstance(said.element, Bits):
                    for part in said.element.parts:
                        if part.name == name:
                            return part_code(part, said.raw)
            scope = scope.parent
        raise KeyError(name)

    def told(self, name: str) -> Any:
        """Give the same, or None where nothing said it."""
        try:
            return self.find(name)
        except KeyError:
            return None

    def sent_bytes(self, name: str) -> bytes:
        """Give the bytes that an earlier element of this scope travelled as."""
        for said in self.said:
            if said.element.name == name:
                return self.frame[said.start : said.stop]
        raise KeyError(name)

    def refuse_choice(self, name: str, code: int) -> FrameRefused:
        """Give the refusal of a code without a case: ports and lengths in decimal, other codes in hex."""
        scope: Scope | None = self
        while scope is not None:
            for said in scope.said:
                if isinstance(said.element, Port) and said.element.name == name:
                    return FrameRefused(Reason.MODEL, f"{self.at(name)}: {code} is no message of this layout")
                if isinstance(said.element, Fact) and said.element.name == name:
                    return _unknown(f"{self.at(name)}: ", code)
                if isinstance(said.element, Left) and said.element.name == name:
                    detail = f"{self.at(name)}: no message of this layout has {code} bytes from here on"
                    return FrameRefused(Reason.LENGTH, detail)
            scope = scope.parent
        return FrameRefused(Reason.MODEL, f"{self.at(name)}: {code:X} is no message of this layout")

    def at(self, name: str) -> str:
        """Give the place of a name, as a refusal prints it."""
        return f"{self.place}{name}"

    def need(self, name: str, start: int, width: int) -> None:
        """Refuse as `length` if the region ends before `width` bytes more."""
        left = self.end - start
        if left < width:
            raise FrameRefused(
                Reason.LENGTH, f"{self.at(name)}: {width} bytes wanted at byte {start}, {left} left"
            )

    def check_codes(self) -> None:
        """Refuse as `model` a code outside its declared set."""
        for said in self.said:
            element = said.element
            if isinstance(element, Code) and element.accepts is not None and said.raw not in element.accepts:
                shown = f"{said.raw:0{2 * element.width}X}"
                raise FrameRefused(Reason.MODEL, f"{self.at(element.name)}: {shown} is not of this layout")
            if isinstance(element, Numeral) and not _is_numeral(element, said.raw):
                raise FrameRefused(Reason.MODEL, f"{self.at(element.name)}: {said.raw.hex()} is no number")


def _is_numeral(element: Numeral, raw: bytes) -> bool:
    digits = raw.hex()
    return digits.startswith(element.lead) and digits[len(element.lead) :].isdecimal()


def _unknown(place: str, code: int) -> FrameRefused:
    if code < 0:
        return FrameRefused(Reason.CONTEXT_MISSING, f"{place}no earlier frame of the device has announced it")
    return FrameRefused(Reason.MODEL, f"{place}{code} is none of this layout")


@dataclass(slots=True)
class Wanted:
    """The values that encode was given, the codes its message fixes, and which of them were used."""

    values: Mapping[str, object]
    fixed: Mapping[str, int]
    place: str = ""
    used: set[str] = field(default_factory=set)
    sent: dict[str, int] = field(default_factory=dict)
    """Raw numbers sent so far, by name: what a switch or a count looks at."""
    marks: dict[str, int] = field(default_factory=dict)
    around: "Wanted | None" = None
    keys: Keys = field(default=(), repr=False)
    unsaid: list[tuple["Wanted", str]] = field(default_factory=list)
    """What items inside were given and no element took: item and name."""
    facts: dict[str, bytes] = field(default_factory=dict)
    """What must be known of the device for the frame to be read, by name."""
    extents: dict[str, tuple[int, int]] = field(default_factory=dict)
    """[byte] where each element was written, by name: first and behind the last."""

    def told(self, name: str) -> int:
        """Give a raw number sent earlier, of this message or item or of what is around it."""
        if name in self.sent or self.around is None:
            return self.sent[name]
        return self.around.told(name)

    def extent(self, name: str) -> tuple[int, int]:
        """Give where an element of this message was written."""
        return self.extents[name]

    def leftover(self) -> list[str]:
        """Give the names that no element took."""
        return sorted(set(self.values) - self.used)
