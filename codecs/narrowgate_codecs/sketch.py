"""What is learned of content that describes itself: which bytes shape it and where its leaves stand.

Rule 1: a grammar looks at content through a Reader only, and the Reader remembers every byte that was looked
at. So contents of one length that agree in those bytes have one sketch, whatever their other bytes say: the
proof that a sketch fits a whole batch is a comparison of bytes.
Rule 2: a grammar never looks at a value, only at what says where values stand and how they are coded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from narrowgate_codecs.elements import Order
from narrowgate_codecs.layout import Leaf
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.wired import Wired
from narrowgate_schema.words import Reason


@dataclass(frozen=True, slots=True)
class At:
    """A leaf and where it stands."""

    leaf: Leaf
    at: int
    """[byte] within the content."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list."""

    leaves: tuple[At, ...]
    kind: str | None = None
    """What its values call it."""


@dataclass(frozen=True, slots=True)
class Run:
    """Numbers told as differences from a number that stands elsewhere: items of a list with a clock each."""

    base: At
    """The Wired that the first difference is taken from."""
    first: int
    """[byte] Place of the first difference."""
    steps: tuple[At, ...]
    """The item's clock for each difference, a BitClock with the item's own shift; as many as differences."""
    difference: Wired
    """How a difference is coded; its name is the item's, its factor the base's."""
    sign: int
    """1: each number is the one before it plus its difference; -1: minus it."""


@dataclass(slots=True)
class Sketch:
    """What contents of one length and shape say."""

    says: list[At] = field(default_factory=list)
    """What goes into the scope the content stands in; a name stands here once."""
    lists: dict[str, list[Item]] = field(default_factory=dict)
    runs: dict[str, list[Run]] = field(default_factory=dict)
    """By list; the items of runs follow the list's own."""
    faults: list[FrameRefused] = field(default_factory=list)
    """Parts that were refused while others stay good; contents with such parts are read by row."""
    announces: list[tuple[str, bytes]] = field(default_factory=list)
    """What later frames of the device may need to know, by name; of bytes that were looked at."""


class Reader:
    """Content as a grammar sees it: every byte that it looks at becomes part of the shape."""

    def __init__(self, content: bytes, place: str = "") -> None:
        """Take the content, and where it stands as a refusal prints it."""
        self._content, self.size, self.place = content, len(content), place
        self.looked = bytearray(len(content))
        """(size) FF where a byte was looked at."""

    def need(self, at: int, width: int) -> None:
        """Refuse as `length` if the content ends before.

        Raises:
            FrameRefused: `length`.
        """
        if at + width > self.size:
            left = max(0, self.size - at)
            raise FrameRefused(Reason.LENGTH, f"{self.place}: {width} bytes wanted at byte {at}, {left} left")

    def byte(self, at: int) -> int:
        """Look at a byte; FrameRefused as `length` behind the end."""
        self.need(at, 1)
        self.looked[at] = 0xFF
        return self._content[at]

    def bytes(self, at: int, width: int) -> bytes:
        """Look at bytes; FrameRefused as `length` if they reach past the end."""
        self.need(at, width)
        self.looked[at : at + width] = b"\xff" * width
        return self._content[at : at + width]

    def number(self, at: int, width: int, order: Order = "big") -> int:
        """Look at an integer; FrameRefused as `length` if it reaches past the end."""
        return int.from_bytes(self.bytes(at, width), order)


class OrderedReader(Reader):
    """A Reader that remembers in which order it came to the bytes."""

    def __init__(self, content: bytes) -> None:
        """Take the content."""
        super().__init__(content)
        self.order: list[int] = []
        """[byte] The places looked at, each once."""

    def byte(self, at: int) -> int:
        """Look at a byte; FrameRefused as `length` behind the end."""
        self.need(at, 1)
        self._come_to(at, 1)
        return super().byte(at)

    def bytes(self, at: int, width: int) -> bytes:
        """Look at bytes; FrameRefused as `length` if they reach past the end."""
        self.need(at, width)
        self._come_to(at, width)
        return super().bytes(at, width)

    def _come_to(self, at: int, width: int) -> None:
        self.order += [place for place in range(at, at + width) if not self.looked[place]]


def refused(reason: Reason, place: str, what: str) -> FrameRefused:
    """Give the one form of a grammar's refusals."""
    return FrameRefused(reason, f"{place}: {what}")


def names_said(says: Sequence[At]) -> set[str]:
    """Give the names of leaves."""
    return {said.leaf.name for said in says}
