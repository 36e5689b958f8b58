"""What of a frame its values do not say: where several bytes say one value, encode sends one of them.

A frame that is decoded and encoded again is the same, byte for byte, but for what stands in this list, which
follows from the declaration; decoded once more it says the same in any case.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.soundness import every
from narrowgate_codecs.wired import Wired

_EXACT_BYTES = 6
"""[byte] of the widest integer that float64 tells apart, whatever it is divided by."""


class Spelling(StrEnum):
    """Why several bytes say the same."""

    SECRET = "key"  # noqa: S105 - a reason
    """A key: it is never said, and so cannot be sent again."""
    TWICE = "twice"
    """What describes itself may say a name that a field has said: the last holds, the former is lost."""
    NOTHING = "nothing"
    """Several raw values say nothing: no number, no digits, no time, a clock that was never set."""
    WORD = "word"
    """Several codes stand for one word."""
    ALIAS = "alias"
    """A code has other spellings, such as swapped bytes."""
    ORDERS = "orders"
    """A clock is understood in several orders of its bytes."""
    COARSE = "coarse"
    """It has more digits than a number of double precision tells apart."""
    WIDE = "wide"
    """A number as wide as it needs to be may be wider."""
    UPPER_BITS = "upper_bits"
    """Bits beside it are not looked at."""
    PADDING = "padding"
    """Bytes that fill up are not said."""
    LENGTH = "length"
    """A length that is not believed."""
    MARKER = "marker"
    """Bits of a marker that are not compared."""
    TAGS = "tags"
    """Several tags lead to one record."""
    FREE_ORDER = "free_order"
    """What describes itself may come in any order and in several codings."""
    PLAIN = "plain"
    """What travels encrypted, or with check sums between, is also understood without."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """One element whose bytes its value does not say."""

    name: str
    """Of the element; of the list or the element around for what has no name, '' for the frame's own."""
    spelling: Spelling


BESIDE = frozenset(
    {
        Spelling.PADDING,
        Spelling.LENGTH,
        Spelling.MARKER,
        Spelling.TAGS,
        Spelling.FREE_ORDER,
        Spelling.WIDE,
        Spelling.UPPER_BITS,
        Spelling.PLAIN,
    }
)
"""Spellings of bytes that stand beside the raw values."""


def spellings_of(profile: Profile, direction: Direction) -> tuple[Spelled, ...]:
    """Give what the values of a profile's frames do not say, in the order of its declaration."""
    found = (each for field in every(profile.fields(direction)) for each in _spelled(field))
    return tuple(dict.fromkeys(found))


def _spelled(field: lay.Element) -> Iterator[Spelled]:
    kind = _KINDS.get(type(field))
    if kind is not None:
        yield from (Spelled(str(getattr(field, "name", "")), spelling) for spelling in kind(field))


def _int(field: el.Int) -> Iterator[Spelling]:
    if len(field.null) > 1:
        yield Spelling.NOTHING
    if field.width > _EXACT_BYTES and field.per != 1:
        yield Spelling.COARSE


def _bcd(field: el.Bcd) -> Iterator[Spelling]:
    yield Spelling.NOTHING
    if field.width > _EXACT_BYTES:
        yield Spelling.COARSE


def _named(field: el.Named) -> Iterator[Spelling]:
    words = [word for _, word in field.words]
    if field.otherwise is not None or len(set(map(repr, words))) < len(words):
        yield Spelling.WORD


def _code(field: el.Code) -> Iterator[Spelling]:
    if field.aliases:
        yield Spelling.ALIAS


def _hex(field: el.Hex) -> Iterator[Spelling]:
    if field.is_secret:
        yield Spelling.SECRET


def _text(field: el.Text) -> Iterator[Spelling]:
    if field.is_padded:
        yield Spelling.PADDING


def _clock(field: el.Clock) -> Iterator[Spelling]:
    yield Spelling.NOTHING
    if len(field.orders) > 1:
        yield Spelling.ORDERS


def _bit_clock(field: BitClock) -> Iterator[Spelling]:
    yield Spelling.NOTHING
    if sum(size for _, _, size, _ in field.pieces) + field.void.bit_count() < 8 * field.width:
        yield Spelling.UPPER_BITS


def _wired(field: Wired) -> Iterator[Spelling]:
    yield Spelling.NOTHING
    yield Spelling.COARSE


def _varint(field: el.Varint) -> Iterator[Spelling]:
    yield Spelling.WIDE


def _deltas(field: lay.Deltas) -> Iterator[Spelling]:
    if not field.width:
        yield Spelling.WIDE
    if field.bits:
        yield Spelling.UPPER_BITS


def _digits(field: el.Digits) -> Iterator[Spelling]:
    if field.base == el.HEXADECIMAL:
        yield Spelling.WORD  # small letters and capitals


def _sized(field: lay.Sized) -> Iterator[Spelling]:
    if not field.is_believed:
        yield Spelling.LENGTH


def _lead(field: lay.Lead) -> Iterator[Spelling]:
    if field.mask is not None and any(bits != 0xFF for bits in field.mask):
        yield Spelling.MARKER


def _records(field: lay.Records) -> Iterator[Spelling]:
    if any(len(case.when) > 1 for case in field.cases):
        yield Spelling.TAGS
    if field.short_bits:
        yield Spelling.LENGTH


def _encrypted(field: lay.Encrypted) -> Iterator[Spelling]:
    yield Spelling.PADDING
    if field.may_be_plain:
        yield Spelling.PLAIN


def _each(*spellings: Spelling) -> Callable[[Any], Iterable[Spelling]]:
    return lambda field: spellings


_KINDS: dict[type, Callable[[Any], Iterable[Spelling]]] = {
    el.Int: _int,
    el.Bcd: _bcd,
    el.Named: _named,
    el.Code: _code,
    el.Hex: _hex,
    el.Text: _text,
    el.Clock: _clock,
    BitClock: _bit_clock,
    Wired: _wired,
    el.Varint: _varint,
    el.Digits: _digits,
    el.Float: _each(Spelling.NOTHING),
    el.Epoch: _each(Spelling.NOTHING),
    el.Filler: _each(Spelling.PADDING),
    lay.Deltas: _deltas,
    lay.Sized: _sized,
    lay.Lead: _lead,
    lay.Records: _records,
    lay.Encrypted: _encrypted,
    lay.FormatA: _each(Spelling.PLAIN),
    lay.Described: _each(Spelling.NOTHING, Spelling.COARSE, Spelling.PADDING, Spelling.TWICE),
    lay.Resources: _each(Spelling.NOTHING, Spelling.FREE_ORDER),
}
