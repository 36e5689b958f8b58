"""Registration, element by element: what one cannot be, whatever stands around it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.grammars import GRAMMARS
from narrowgate_codecs.resources import TIMESTAMP, all_of
from narrowgate_codecs.sums import Sum
from narrowgate_codecs.wired import Wired
from narrowgate_schema.declared import Dtype

_NUMBERS = (el.Int, el.Varint, el.Code, el.Named, el.Port, el.Left, el.Fact)
_MOST_DIGITS = 13
"""As many hexadecimal ones as float64 tells apart."""
_LONGEST_COUNTED = 4
"""[byte] of lengths, tags and differences: four count further than any frame."""


def fault_of(field: lay.Element | el.Part) -> str | None:
    """Say why an element cannot work; None if it can."""
    width = getattr(field, "width", None)
    if width is not None and not 1 <= width <= 255 and not isinstance(field, lay.Deltas):
        return f"a width of {width} bytes; 1 to 255 is possible"
    for kind, look in _LOOKS:
        if isinstance(field, kind):
            return look(field)
    return None


def _float(field: el.Float) -> str | None:
    return None if field.width in (2, 4, 8) else f"a float of {field.width} bytes; 2, 4 or 8 is possible"


def _bits(field: el.Bits) -> str | None:
    for part in field.parts:
        if part.at < 0 or part.size < 1 or part.at + part.size > 8 * field.width:
            return f"{part.name} is not within its {8 * field.width} bits"
        if part.numbers and part.words:
            return f"{part.name} stands for words and for numbers"
        if part.otherwise is not None and (part.is_closed or not part.words):
            return f"{part.name}: a word for every other code, but closed or without words"
        if part.is_closed and not (part.words and part.size <= 16):
            return f"{part.name}: closed, but not over words of 1 to 16 bits"
    names = [part.name for part in field.parts]
    missing = [part.void_by for part in field.parts if part.void_by is not None and part.void_by not in names]
    return f"{missing[0]} is no part of it" if missing else None


def _epoch(field: el.Epoch) -> str | None:
    if field.per_s < 1:
        return f"{field.per_s} counts in a second"
    epoch_year = datetime.fromtimestamp(field.epoch_s, UTC).year
    if not max(1970, epoch_year) < field.earliest_year < 2100:
        return f"earliest_year {field.earliest_year} is not after the epoch's year, or past 2099"
    return None


def _clock(field: el.Clock) -> str | None:
    if not 1970 <= field.earliest_year < 2100:
        return f"earliest_year {field.earliest_year}; 1970 to 2099 is possible"
    for order in field.orders:
        letters = order.split()
        if sorted(letters) not in (sorted("YMDhms"), sorted("CYMDhms")):
            return f"order {order!r} is not of s m h D M Y and C, each once"
        if len(letters) != len(field.orders[0].split()):
            return f"order {order!r} has another width than the first"
    if field.zone is not None and field.zone not in available_timezones():
        return f"zone {field.zone!r} is not of the time zone database"
    return None if field.orders else "a clock without an order"


def _check(field: el.Check) -> str | None:
    if not 0 <= field.start <= 255:
        return f"start {field.start}; 0 to 255 is possible"
    return "a cyclic code starts as its kind says" if field.width == 2 and field.start else None


def _digits(field: el.Digits) -> str | None:
    if field.base not in (10, el.HEXADECIMAL):
        return f"digits of base {field.base}; 10 or 16 is possible"
    return None if field.width <= _MOST_DIGITS else f"{field.width} digits; {_MOST_DIGITS} are possible"


def _numeral(field: el.Numeral) -> str | None:
    if any(digit not in "0123456789abcdef" for digit in field.lead) or len(field.lead) >= 2 * field.width:
        return f"lead {field.lead!r}; fewer hex digits than it is wide are possible"
    return None


def _scaled(field: el.Scaled) -> str | None:
    codes = [code for code, _ in field.factors]
    if field.per < 1 or len(codes) != len(set(codes)) or any(not 0 <= code < 1 << 16 for code in codes):
        return "per is 1 or more, and each code of 0 to FFFF has one factor"
    return None if all(factor > 0 for _, factor in field.factors) else "a factor is more than zero"


def _lead(field: lay.Lead) -> str | None:
    if field.mask is not None and len(field.mask) != len(field.marker):
        return "the mask is as long as the marker"
    return None


def _wired(field: Wired) -> str | None:
    widths = (2, 4, 8) if field.coding == "float" else tuple(range(1, 9))
    if field.width not in widths:
        return f"a {field.coding} of {field.width} bytes"
    return None if field.times > 0 and field.per > 0 else "a factor that is not above 0"


def _bit_clock(field: BitClock) -> str | None:
    if not 1 <= field.width <= 8:
        return f"a clock of {field.width} bytes"
    for letter, at, size, weight in field.pieces:
        if letter not in "YMDhms" or at < 0 or size < 1 or at + size > 8 * field.width or weight < 1:
            return f"piece {letter!r} is no Y M D h m s within its {8 * field.width} bits"
    return None


def _described(field: lay.Described) -> str | None:
    known = ", ".join(GRAMMARS)
    return None if field.grammar in GRAMMARS else f"grammar {field.grammar!r}: one of {known} is possible"


def _deltas(field: lay.Deltas) -> str | None:
    if not field.width and (field.count is None or field.signed):
        return "differences of no fixed width are counted, and have no sign"
    if not 0 <= field.bits <= 8 * field.width or (field.bits and field.signed):
        return f"{field.bits} bits of {field.width} bytes; bits that count have no sign"
    return _counted(field)


def _sum(field: Sum) -> str | None:
    if not field.of or field.per < 1 or (field.is_whole and field.per > 1):
        return "a sum of nothing, by a divisor that is not above 0, or whole and divided"
    return None


def _moment(field: el.Moment) -> str | None:
    if not max(1970, field.since) < field.earliest_year < 2100:
        return (
            f"earliest_year {field.earliest_year} is not after the year 1970 or the first one, or past 2099"
        )
    return None


def _counted(field: lay.Sized | lay.Deltas) -> str | None:
    if not 0 <= field.width <= _LONGEST_COUNTED:
        return f"a width of {field.width} bytes; 1 to {_LONGEST_COUNTED} is possible"
    return None


def _encrypted(field: lay.Encrypted) -> str | None:
    if bool(field.opens_with) == (field.crc is not None):
        return "plain text is known either by how it opens or by its check sum"
    if field.crc is not None and not field.crc.startswith("crc16"):
        return f"a check sum of two bytes is wanted, {field.crc} has one"
    if field.cipher == "prios" and (field.blocks is not None or field.derived_from or field.crc is not None):
        return "what is scrambled has neither blocks nor a derived key nor a check sum"
    return None if 0 <= field.filler <= 255 else f"filler {field.filler} is no byte"


def _when(field: lay.When) -> str | None:
    return None if field.are else "no value is named"


def _tail(field: lay.Tail) -> str | None:
    return f"at_least {field.at_least}; 1 is the least" if field.at_least < 1 else None


def _records(field: lay.Records) -> str | None:
    if not 1 <= field.tag_width <= _LONGEST_COUNTED or not 0 <= field.length_width <= _LONGEST_COUNTED:
        return f"tags and lengths of 1 to {_LONGEST_COUNTED} bytes are possible"
    if any(not case.when for case in field.cases):
        return "a case has no tag"
    if field.default is not None and not field.length_width:
        return "records of any other tag need lengths"
    if field.short_bits and (field.tag_width, field.length_width, field.short_bits < 8) != (1, 1, True):
        return "short heads stand beside tags and lengths of a byte"
    return None


def _resources(field: lay.Resources) -> str | None:
    numbers = [one.id for one in all_of(field)]
    if not (field.objects or field.inner) or len(numbers) != len(set(numbers)):
        return "objects are wanted, each once"
    for one in all_of(field):
        ids = [resource.id for resource in one.resources]
        names = [resource.name for resource in one.resources]
        if len(ids) != len(set(ids)) or len(names) != len(set(names)) or TIMESTAMP in ids:
            return f"object {one.id}: a resource stands there twice, or its {TIMESTAMP} does"
        if any(
            resource.per < 1 or (resource.per > 1 and resource.kind != "float") for resource in one.resources
        ):
            return f"object {one.id}: only floats have units of the wire"
    return None


_LOOKS: tuple[tuple[type, Callable[[Any], str | None]], ...] = (
    (el.Float, _float),
    (el.Bits, _bits),
    (el.Epoch, _epoch),
    (el.Clock, _clock),
    (el.Check, _check),
    (el.Numeral, _numeral),
    (el.Digits, _digits),
    (el.Scaled, _scaled),
    (Sum, _sum),
    (lay.Lead, _lead),
    (lay.Sized, _counted),
    (lay.Deltas, _deltas),
    (el.Moment, _moment),
    (lay.Records, _records),
    (lay.When, _when),
    (lay.Encrypted, _encrypted),
    (lay.Tail, _tail),
    (lay.Described, _described),
    (Wired, _wired),
    (BitClock, _bit_clock),
    (lay.Resources, _resources),
)


def every(fields: tuple[lay.Element, ...]) -> list[lay.Element]:
    """Give the elements and all inside them, each before its own."""
    found: list[lay.Element] = []
    _gather(fields, found)
    return found


def _gather(fields: tuple[lay.Element, ...], found: list[lay.Element]) -> None:
    for field in fields:
        found.append(field)
        if type(field) not in lay.CHILDLESS:
            _gather(lay.children(field), found)


def is_number(fields: tuple[lay.Element, ...], name: str) -> bool:
    """Give whether everything of a name is a raw number that a choice or a count can look at."""
    for field in every(fields):
        named = isinstance(field, lay.LEAVES) and getattr(field, "name", None) == name
        if named and not isinstance(field, _NUMBERS):
            return False
    return True


def width_of(fields: tuple[lay.Element, ...], name: str) -> int:
    """Give the bytes that the elements of a name travel as; 0 if that differs or depends on the frame."""
    found = [field for field in every(fields) if getattr(field, "name", None) == name]
    widths = {getattr(field, "width", None) or 0 for field in found}
    return widths.pop() if len(widths) == 1 else 0


def may_be_null(fields: tuple[lay.Element, ...], name: str) -> bool:
    """Give whether a number of a name has raw values that say nothing."""
    return any(
        isinstance(field, el.Int) and field.name == name and bool(field.null) for field in every(fields)
    )


def dtypes_of(fields: tuple[lay.Element, ...], name: str) -> set[Dtype]:
    """Give the kinds of value that a name says, anywhere in a declaration."""
    found: set[Dtype] = set()
    for field in every(fields):
        if isinstance(field, el.Bits):
            found.update(_part(part) for part in field.parts if part.name == name)
        elif isinstance(field, lay.Channels) and field.channel == name:
            found.add("int64")
        elif isinstance(field, lay.Deltas) and field.item == name:
            found.add("int64" if field.per == 1 else "float64")
        elif getattr(field, "name", None) == name:
            found.add(_dtype(field))
    return found


def _part(part: el.Part) -> Dtype:
    if part.numbers:
        return "float64"
    if part.words:
        other = [] if part.otherwise is None else [part.otherwise]
        return _words([*(word for _, word in part.words), *other])
    if part.size == 1:
        return "bool"
    return "int64" if part.per == 1 else "float64"


def _words(words: list[el.Word]) -> Dtype:
    return "bool" if all(isinstance(word, bool) for word in words) else "string"


def _dtype(field: lay.Element) -> Dtype:
    match field:
        case el.Int() | el.Bcd() | el.Varint():
            return "int64" if field.per == 1 else "float64"
        case el.Implied():
            return _words([field.value])
        case el.Port() | el.Left() | el.Fact() | el.Digits() | Sum(is_whole=True):
            return "int64"
        case el.Float() | el.Scaled() | Sum() | Wired():
            return "float64"
        case el.Named():
            return _words(
                [
                    *(word for _, word in field.words),
                    *([field.otherwise] if field.otherwise is not None else []),
                ]
            )
    return "string"
