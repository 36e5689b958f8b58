"""The closed vocabulary, first half: the elements that stand for bytes of a frame.

Rule 1: an element is data. It holds numbers, words and other elements, never a callable, so that a compiler
can walk a profile without running it.
Rule 2: every element with a name says a value under that name, unit in the name; a name is a contract.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from narrowgate_schema.words import Reason

Order: TypeAlias = Literal["big", "little"]
Word: TypeAlias = str | bool


@dataclass(frozen=True, slots=True)
class Units:
    """How many raw counts make one unit, looked up by a code that the frame carries."""

    by: str
    """Name of the Code in the same scope, before or after the number."""
    table: tuple[tuple[int, int], ...]
    """(code, counts in one unit); the first is what encode sends unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Int:
    """A binary integer; its value is (raw + plus) / per, an int where per is 1."""

    name: str
    width: int
    """[byte]"""
    order: Order = "big"
    signed: bool = False
    per: int = 1
    """Raw counts in one unit of the value."""
    plus: int = 0
    """Counts added to the raw ones before they are divided: a scale that does not begin at zero."""
    null: tuple[int, ...] = ()
    """Raw values that say nothing (null), whatever the limits; the first is what encode sends for None."""
    limits: tuple[float, float] | None = None
    """Least and greatest value a sound device can send [unit of the value]; outside: `sanity`."""
    default: float | None = None
    """What encode sends if no value is given; None: one must be given."""


VARINT_BYTES = 5
"""[byte] of the longest Varint: 35 bits."""


@dataclass(frozen=True, slots=True)
class Varint:
    """A number as wide as it needs to be: seven bits a byte, low ones first, the top bit: it goes on."""

    name: str
    per: int = 1
    """Raw counts in one unit of the value."""
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Float:
    """A binary floating-point number of 2, 4 or 8 bytes; infinite or no number is no data (null)."""

    name: str
    width: int
    """[byte]"""
    order: Order = "big"
    limits: tuple[float, float] | None = None
    """Least and greatest value a sound device can send [unit of the value]; outside: `sanity`."""
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Bcd:
    """A number in packed decimal digits; a digit above 9, or nothing but nines, is no data (null)."""

    name: str
    width: int
    """[byte]"""
    order: Order = "big"
    per: int | Units = 1
    default: float | None = None
    signed: bool = False
    """A leading F is a minus sign, as in M-Bus."""


@dataclass(frozen=True, slots=True)
class Code:
    """An integer that chooses, not measures; its value is upper-case hex, as the documents print it."""

    name: str
    width: int
    """[byte]"""
    order: Order = "big"
    accepts: tuple[int, ...] | None = None
    """The codes of this layout; another one is refused as `model`, after the check sum. None: any."""
    aliases: tuple[tuple[int, int], ...] = ()
    """(sent, meant): other spellings, such as swapped bytes; the value is the code that is meant."""
    default: int | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """An integer that stands for a word or a truth."""

    name: str
    width: int
    """[byte]"""
    words: tuple[tuple[int, Word], ...]
    otherwise: Word | None = None
    """The word of every other code; None: another code is refused as `sanity`."""
    default: Word | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Some bits of a Bits element; one bit without words is a truth, more are a number."""

    name: str
    at: int
    """Lowest bit, counted from the least significant one."""
    size: int = 1
    """[bit]"""
    words: tuple[tuple[int, Word], ...] = ()
    """Codes to words; a code that is missing here says nothing (null)."""
    otherwise: Word | None = None
    """The word of every code that `words` misses; None: it says nothing."""
    numbers: tuple[float | None, ...] = ()
    """What the codes 0, 1, 2 .. stand for where they do not count evenly; a code past the last, or one that
    stands for None, says nothing (null)."""
    per: int = 1
    """Raw counts in one unit of the value, of a part without words and numbers."""
    null: tuple[int, ...] = ()
    """Codes that say nothing (null), of a part without words and numbers; encode sends the first for None."""
    void_by: str | None = None
    """Name of a part that, while true, makes this one say nothing."""
    default: Word | float | None = None
    is_closed: bool = False
    """True: a code that `words` misses is refused as `sanity`."""


@dataclass(frozen=True, slots=True)
class Bits:
    """An integer cut into parts; bits that no part names are not looked at."""

    name: str
    """Says the whole integer as hex, so that vendor bits are not lost."""
    width: int
    """[byte]"""
    parts: tuple[Part, ...]
    order: Order = "big"


@dataclass(frozen=True, slots=True)
class Hex:
    """Bytes shown as hex digits: an identity, or bytes whose meaning is not documented."""

    name: str
    width: int
    """[byte]"""
    order: Order = "big"
    """'little': the first byte on the wire is printed last."""
    default: str | None = None
    is_secret: bool = False
    """True: a key. It is never shown: its value is only that one is set; encode takes its digits."""


@dataclass(frozen=True, slots=True)
class Rest:
    """All bytes up to the end of the region, as hex; none is legal."""

    name: str


@dataclass(frozen=True, slots=True)
class Numeral:
    """An identity in packed decimal digits, such as an IMEI; what is no such digit is refused as `model`."""

    name: str
    width: int
    """[byte]"""
    lead: str = ""
    """Hex digits before it that are always the same and are not said."""


HIDDEN = "set"
"""What a secret says."""

HEXADECIMAL = 16
"""The base of digits that go on to F."""


@dataclass(frozen=True, slots=True)
class Digits:
    """A number spelled in ASCII, a byte a digit; what spells none is refused as `sanity`."""

    name: str
    width: int
    """[byte]"""
    base: int = 10
    """10 or 16."""
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Scaled:
    """No byte: a number of the frame scaled by another one, null where that one is zero or unknown."""

    name: str
    of: str
    """Name of an earlier number, taken raw."""
    by: str
    """Name of the earlier number or code that scales it, taken raw."""
    factors: tuple[tuple[int, int], ...] = ()
    """(code, factor): what each code multiplies with; (): the number is divided by `by` itself."""
    per: int = 1
    """What the result is divided by."""


@dataclass(frozen=True, slots=True)
class Moment:
    """No byte: the instant in UTC that earlier numbers of the frame make; what is no time is null."""

    name: str
    year: str
    """Name of an earlier number, as are the others."""
    month: str
    day: str
    hour: str | None = None
    since: int = 2000
    """What the year's number is added to."""
    earliest_year: int = 2001
    """An instant before it was never set, as is one after 2099."""


@dataclass(frozen=True, slots=True)
class Text:
    """Printable ASCII of a fixed width, or all of it up to the end of the region; none is legal there."""

    name: str
    width: int | None = None
    """[byte]; None: up to the end."""
    is_padded: bool = False
    """True: zero bytes behind it fill its width and are not said."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A calendar time in packed digits without a zone; what is no time is null, never 1970.

    Makers disagree about the byte order. Every order that gives a time is a candidate; the nearest to the
    instant of reception is meant, and the first order where that instant is unknown.
    """

    name: str
    orders: tuple[str, ...]
    """One letter a byte: s m h D M Y (year of the century) C (century), in the order of the wire."""
    earliest_year: int
    """A clock before it was never set."""
    zone: str | None = None
    """The zone of a clock that runs in one wherever the device stands; None: the city's."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """An instant counted from an epoch; its value is ISO 8601 in UTC, null for one before `earliest_year`."""

    name: str
    width: int
    """[byte]"""
    earliest_year: int
    """An instant before it was never set, as is one after 2099."""
    order: Order = "big"
    epoch_s: int = 0
    """The epoch's own instant [s since 1970 UTC]; 946684800 is the year 2000."""
    per_s: int = 1
    """Counts in a second: 1, 1000 for milliseconds."""


@dataclass(frozen=True, slots=True)
class Port:
    """No byte: the message type that the transport captured, from a LoRaWAN port, a path or a topic.

    A Switch goes by it like by a Code. It stands in the frame's own scope, not in a list's item.
    """

    name: str = "port"
    default: int | None = None
    """What a frame is taken for that came without one; None: such a frame is refused as `model`."""


@dataclass(frozen=True, slots=True)
class Implied:
    """No byte: what a message says by being sent at all, as an alarm without content does."""

    name: str
    value: Word


@dataclass(frozen=True, slots=True)
class Fact:
    """No byte: a number that an earlier frame of the device announced (Profile.learns).

    Where none has, it says nothing (null), a When holds for none of its values, and a Switch takes its
    default or, without one, refuses the frame as `context_missing`. It stands in the frame's own scope.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Left:
    """No byte: how many bytes of the region are left from here on, for messages told apart by length.

    A Switch or a When goes by it; a length without a case is refused as `length`.
    """

    name: str = "left"


@dataclass(frozen=True, slots=True)
class Const:
    """Bytes that are always the same."""

    value: bytes
    reason: Reason = Reason.MODEL
    """What the frame is refused for if they differ."""


@dataclass(frozen=True, slots=True)
class Filler:
    """A bounded run of one byte that means nothing."""

    byte: int
    at_most: int


@dataclass(frozen=True, slots=True)
class Mark:
    """No byte: the place from which a check sum counts."""

    name: str


CheckKind: TypeAlias = Literal[
    "sum8",
    "sum8_inverted",
    "xor8",
    "crc16_arc",
    "crc16_modbus",
    "crc16_xmodem",
    "crc16_ccitt_false",
    "crc16_kermit",
    "crc16_x25",
    "crc16_en13757",
]


@dataclass(frozen=True, slots=True)
class Check:
    """A check sum over everything from a mark up to here; another value is refused as `integrity`."""

    kind: CheckKind
    since: str
    order: Order = "big"
    """In which a cyclic code's two bytes travel."""
    start: int = 0
    """What a sum or a combination of bytes starts from; a cyclic code's start is part of its kind."""

    @property
    def width(self) -> int:
        """The bytes of the check sum itself."""
        return 2 if self.kind.startswith("crc16") else 1


@dataclass(frozen=True, slots=True)
class Utf8:
    """Text of the width of its region; bytes that are none were refused where they were read."""

    name: str
