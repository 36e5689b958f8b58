"""The closed vocabulary, second half: the elements that hold other elements.

Law of precedence: a level is read from left to right, its regions (Sized, Body) only as extents; then what is
left over is refused, then codes outside their set, and only then the inside of the regions is read. So the
envelope speaks before its content: a damaged length or check sum is never reported as an odd model.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from narrowgate_codecs import elements as el
from narrowgate_codecs.bit_clocks import BitClock, Shift
from narrowgate_codecs.elements import Order
from narrowgate_codecs.resources import FRAMES, Object, Resource, leaves_of
from narrowgate_codecs.resources import Resources as Resources
from narrowgate_codecs.sums import Sum
from narrowgate_codecs.wired import Wired


@dataclass(frozen=True, slots=True)
class Lead:
    """Elements that are there only if the frame goes on with the marker."""

    marker: bytes
    fields: tuple["Element", ...]
    mask: bytes | None = None
    """The bits of the marker's bytes that are compared; None: all."""
    is_first: bool = False
    """True: the marker is the beginning of the first element; False: it stands before it."""


@dataclass(frozen=True, slots=True)
class Tail:
    """Elements that are there only if the region has bytes left; encode sends them if one is given."""

    fields: tuple["Element", ...]
    at_least: int = 1
    """[byte] that must be left for them to be there."""


@dataclass(frozen=True, slots=True)
class When:
    """Elements that are there only if an earlier number says so: a bit of a mask, a version, a port."""

    on: str
    """Name of an earlier Int, Code, Named, Part, Port or Left, of the same item or of what is around it."""
    are: tuple[int, ...]
    """Its raw values for which the elements are there."""
    fields: tuple["Element", ...]
    other: bool = False
    """True: they are there for every other value."""


@dataclass(frozen=True, slots=True)
class Sized:
    """A length in bytes, then exactly that many bytes that hold the fields."""

    width: int
    """[byte] of the length itself."""
    fields: tuple["Element", ...]
    order: Order = "big"
    again: bytes = b""
    """If given, the length is sent once more, then these bytes, before what it counts: 68 L L 68 of M-Bus."""
    mark: str | None = None
    """Name of a mark at the first byte it counts, for a check sum behind it."""
    counts_itself: bool = False
    """True: the length counts its own bytes, too."""
    is_believed: bool = True
    """False: the bytes go on to the region's end whatever the length says; encode sends the right one."""

    @property
    def head(self) -> int:
        """The bytes before what the length counts."""
        return self.width if not self.again else 2 * self.width + len(self.again)


@dataclass(frozen=True, slots=True)
class Body:
    """Everything up to `leave` bytes before the end of the region."""

    leave: int
    """[byte]"""
    fields: tuple["Element", ...]


@dataclass(frozen=True, slots=True)
class FormatA:
    """Everything up to the end of the region: a frame of format A (EN 13757-4), each block with a check sum.

    Its first byte counts the bytes behind it without the check sums. Where the region holds just these bytes
    and the check sums, they are verified and taken out, and a wrong one is refused as `integrity`; any other
    region is taken as it is, for many radio modules take them out themselves. The fields see the first byte,
    which encode makes.
    """

    fields: tuple["Element", ...]


@dataclass(frozen=True, slots=True)
class Encrypted:
    """Everything up to the end of the region, encrypted with the device's AES-128 key.

    The key comes from the caller (Context.keys); of two the one that fits is taken. No key is refused as
    `key_missing`, a wrong one as `integrity`: so plain text must begin with something to know it by. It
    stands in the frame's own level. Padding is left to the fields.
    """

    cipher: Literal["aes_cbc", "aes_ctr", "prios"]
    """prios: the scrambling of Diehl's modules, which any key of eight bytes undoes."""
    first: tuple[str | bytes, ...]
    """What the chain or the count begins with, 16 bytes, of prios 12: constants, and names of earlier
    elements for the bytes that they travel as."""
    fields: tuple["Element", ...]
    opens_with: bytes = b""
    """What right plain text begins with; the fields see it, too."""
    crc: el.CheckKind | None = None
    """The cyclic code of all that follows it, low byte first, that right plain text begins with; the fields
    begin behind it."""
    blocks: str | None = None
    """Name of an earlier number: how many blocks of 16 bytes are encrypted; what is behind them travels
    plain. None: everything is encrypted."""
    derived_from: tuple[str | bytes, ...] = ()
    """16 bytes, as in `first`, of which CMAC makes the key with the device's own; (): that one itself."""
    may_be_plain: bool = False
    """True: a region that looks like right plain text was decrypted on its way, and is read as it is."""
    filler: int = 0x2F
    """The byte that encode fills the last block with."""
    keys: tuple[bytes, ...] = ()
    """Public keys that the maker gave all devices, for one that has no key of its own."""


@dataclass(frozen=True, slots=True)
class Case:
    """One of a switch: the innermost case taken names the message."""

    name: str
    when: tuple[int, ...]
    """Values of the switch's element; the first is what encode sends."""
    fields: tuple["Element", ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """Goes on as an earlier Code or Named of the same frame says; no case and no default: `model`."""

    on: str
    cases: tuple[Case, ...]
    default: Case | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """Records back to back up to the end of the region, each led by its tag.

    A record that cannot be read ends the list: the good ones before it stay. One that is well formed but
    says the impossible is refused alone.
    """

    name: str
    tag_width: int
    """[byte]"""
    cases: tuple[Case, ...]
    at_most: int = 256
    """What follows more records than that is refused as `length`: a frame's memory stays in proportion."""
    length_width: int = 0
    """[byte] of the length that follows each tag; 0: the records carry none.

    With a length a record is a region of its own: one that cannot be read is refused alone as well.
    """
    length_order: Order = "big"
    default: Case | None = None
    """What a record of any other tag is, where there are lengths; it says its tag. None: it is refused."""
    short_bits: int = 0
    """Top bits of the first byte: if one of them is set they are the tag, and the other bits the length."""
    escape: int | None = None
    """A first byte that makes the tag two bytes long, itself included."""


@dataclass(frozen=True, slots=True)
class Array:
    """The same fields several times; the count is fixed or stands in an earlier Int.

    Without a count they go on to the end of the region, and one that cannot be read ends the list: the good
    ones before it stay.
    """

    name: str
    count: int | str | None
    fields: tuple["Element", ...]


@dataclass(frozen=True, slots=True)
class Channels:
    """The same fields once for every bit that is set in an earlier number, low bits first."""

    name: str
    mask: str
    """Name of the earlier number."""
    channel: str
    """Name under which each item says its bit's place, counted from 1."""
    fields: tuple["Element", ...]


@dataclass(frozen=True, slots=True)
class Deltas:
    """A list of numbers told as differences from a number that stands before: meters' compact histories.

    Each item says the number itself, not the difference, under `item`.
    """

    name: str
    item: str
    base: str
    """Name of an earlier Int: the number that the first difference is added to or taken from."""
    width: int
    """[byte] of each difference; 0: each as wide as a Varint needs to be."""
    count: int | str | None = None
    """How many; the name of an earlier Int that says it; None: as many as fit into the region."""
    order: Order = "big"
    signed: bool = False
    towards: Literal["later", "earlier"] = "later"
    """later: each number is the one before it plus its difference; earlier: minus it."""
    per: int = 1
    """Raw counts in one unit, as in the base."""
    bits: int = 0
    """Lowest bits of each difference that count, where others stand for something else; 0: all."""
    also: tuple[el.Scaled, ...] = ()
    """What each item says beside, worked out of its number."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that content which describes itself can say."""

    name: str
    says: "tuple[Leaf, ...]"
    """What its items can say, one leaf a name: its kind of value, not its place."""


@dataclass(frozen=True, slots=True)
class Described:
    """Content that describes itself, up to the end of the region: its layout is learned from its own bytes.

    A grammar finds the leaves; what it looked at is the content's shape. Everything is told as a list under
    `name`, in the grammar's own words; what the profile cares for is said in the scope around and in lists.
    """

    name: str
    grammar: str
    """A name of grammars.GRAMMARS."""
    says: "tuple[Leaf, ...]"
    """What it can say in the scope around, one leaf a name: its kind of value, not its place."""
    lists: tuple[Listed, ...] = ()
    table: tuple[tuple[int | str, ...], ...] = ()
    """What the grammar must know of the device; its own docstring tells."""
    is_compact: bool = False
    """True: what describes it was left out: an earlier frame of the device has it (en13757_compact.py)."""
    announces: bool = False
    """True: later frames may leave out what describes it."""


Leaf: TypeAlias = (
    el.Int
    | el.Float
    | el.Epoch
    | el.Bcd
    | el.Code
    | el.Named
    | el.Bits
    | el.Hex
    | el.Rest
    | el.Text
    | el.Clock
    | el.Port
    | el.Left
    | el.Fact
    | el.Implied
    | el.Numeral
    | el.Digits
    | el.Scaled
    | Sum
    | Wired
    | BitClock
    | el.Varint
    | el.Moment
    | el.Utf8
)
"""What says a value; Utf8 only inside Resources."""
Silent: TypeAlias = el.Const | el.Filler | el.Mark | el.Check
"""What is only checked."""
Holder: TypeAlias = (
    Lead
    | Tail
    | When
    | Sized
    | Body
    | FormatA
    | Encrypted
    | Switch
    | Records
    | Array
    | Channels
    | Deltas
    | Described
    | Resources
)
Element: TypeAlias = Leaf | Silent | Holder

LEAVES: tuple[type, ...] = tuple(kind for kind in get_args(Leaf) if kind is not el.Utf8)
SILENT: tuple[type, ...] = (el.Const, el.Filler, el.Mark, el.Check)
CHILDLESS = frozenset((*get_args(Leaf), *SILENT))
"""What nothing stands in."""
REGIONS = (Sized, Body, FormatA, Encrypted)
"""What is read after the level it stands in."""
OPTIONAL = (Lead, Tail, When)
"""What may be there or not."""
LISTS = (Records, Array, Channels, Deltas, Resources)
"""What says a list under its name."""
HOLDERS: tuple[type, ...] = (*OPTIONAL, *REGIONS, Switch, *LISTS, Described)
PARTS: tuple[type, ...] = (el.Units, el.Part, Case, Listed, Shift, Object, Resource)
"""What only stands inside another element."""

Direction: TypeAlias = Literal["up", "down"]


def cases_of(element: Switch | Records) -> tuple[Case, ...]:
    """Give the cases of an element, the default last."""
    return element.cases if element.default is None else (*element.cases, element.default)


def children(element: Element) -> tuple["Element", ...]:
    """Give the elements directly inside one, those of every case included; () for a leaf."""
    if isinstance(element, (Switch, Records)):
        return tuple(field for case in cases_of(element) for field in case.fields)
    if isinstance(element, (*OPTIONAL, *REGIONS, Array, Channels)):
        return element.fields
    if isinstance(element, Described):
        return (*element.says, *(leaf for listed in element.lists for leaf in listed.says))
    if isinstance(element, Deltas):
        return element.also
    return (*leaves_of(element), *element.inner) if isinstance(element, Resources) else ()


def names_of(element: Element) -> tuple[str, ...]:
    """Give the names that an element says in its own scope, parts of bits included."""
    if isinstance(element, Resources) and element.inner:
        return (element.name, FRAMES)
    if isinstance(element, LISTS):
        return (element.name,)
    if isinstance(element, Described):
        said = tuple(name for leaf in element.says for name in names_of(leaf))
        return (element.name, *said, *(listed.name for listed in element.lists))
    if isinstance(element, el.Bits):
        return (element.name, *(part.name for part in element.parts))
    if isinstance(element, LEAVES):
        return (element.name,)  # type: ignore[union-attr]  # LEAVES is Leaf without Utf8, as a tuple
    return tuple(name for child in children(element) for name in names_of(child))


def find_case(fields: tuple[Element, ...], message: str) -> dict[str, int] | None:
    """Give the codes that lead to a message through the switches, or None if there is no such message."""
    for field in fields:
        if isinstance(field, Switch):
            for case in cases_of(field):
                fixed = {field.on: case.when[0]} if case.when else {}
                inner = {} if case.name == message else find_case(case.fields, message)
                if inner is not None:
                    return {**fixed, **inner}
        elif isinstance(field, (*OPTIONAL, *REGIONS)):
            inner = find_case(field.fields, message)
            if inner is not None:
                return inner
    return None


def messages_of(fields: tuple[Element, ...]) -> tuple[str, ...]:
    """Give the names of the messages that the switches lead to, in declared order, each once."""
    names: list[str] = []
    for field in fields:
        if isinstance(field, Switch):
            for case in cases_of(field):
                names.extend(messages_of(case.fields) or (case.name,))
        elif isinstance(field, (*OPTIONAL, *REGIONS)):
            names.extend(messages_of(field.fields))
    return tuple(dict.fromkeys(names))
