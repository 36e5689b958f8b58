"""From value to raw: what a leaf must send so that it says a wanted value; the mirror of values.py."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from narrowgate_codecs import elements as el
from narrowgate_codecs.bit_clocks import BitClock, bits_of
from narrowgate_codecs.bit_parts import parts_said
from narrowgate_codecs.digits import digits_raw
from narrowgate_codecs.facts import NO_FACT
from narrowgate_codecs.layout import Leaf
from narrowgate_codecs.scope import Wanted
from narrowgate_codecs.wired import Wired, wired_bytes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING: dict[str, object] = {}
_GREATEST = {2: 65504.0, 4: 3.4028234663852886e38, 8: 1.7976931348623157e308}


def raw_of(element: Leaf, wanted: Wanted) -> Any:
    """Give the raw value of a leaf: from the message's fixed codes, the wanted values or the default.

    Raises:
        ValueError: a value is missing, of the wrong kind or out of range; names the field, the value and
            the range.
    """
    if isinstance(element, el.Bits):
        return _bits(element, wanted)
    if element.name in wanted.fixed and element.name not in wanted.values:
        return wanted.fixed[element.name]
    value = _take(element.name, getattr(element, "default", None), wanted)
    return _RAWS[type(element)](element, value, wanted)


def wrong(name: str, value: object, right: str, wanted: Wanted) -> ValueError:
    """Give the one form of encode's refusals."""
    return ValueError(f"{wanted.place}{name}: {value!r}: {right}")


def _take(name: str, default: object, wanted: Wanted) -> object:
    if name in wanted.values:
        wanted.used.add(name)
        return wanted.values[name]
    return default


def _number(name: str, value: object, wanted: Wanted) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(name, value, "a number is wanted", wanted)
    if value != value or value in (float("inf"), float("-inf")):
        raise wrong(name, value, "a finite number is wanted", wanted)
    return value


def _integer(element: el.Int, value: object, wanted: Wanted) -> int:
    if value is None and element.null:
        return element.null[0]
    number = _number(element.name, value, wanted)
    bits = 8 * element.width
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if element.signed else (0, (1 << bits) - 1)
    count = round(number * element.per)
    raw = count - element.plus
    low, high = element.limits or ((least + element.plus) / element.per, (most + element.plus) / element.per)
    if not (least <= raw <= most and low <= count / element.per <= high):
        raise wrong(element.name, value, f"{low:.12g} to {high:.12g} is possible", wanted)
    if raw in element.null:
        raise wrong(element.name, value, "on the wire it says nothing; None does", wanted)
    return raw


def _varint(element: el.Varint, value: object, wanted: Wanted) -> int:
    raw = round(_number(element.name, value, wanted) * element.per)
    most = (1 << 7 * el.VARINT_BYTES) - 1
    if not 0 <= raw <= most:
        raise wrong(element.name, value, f"0 to {most / element.per:.12g} is possible", wanted)
    return raw


def _packed(element: el.Bcd, value: object, wanted: Wanted) -> bytes:
    if value is None:
        return b"\xff" * element.width
    number = _number(element.name, value, wanted)
    per = element.per if isinstance(element.per, int) else _per(element.per, wanted)
    # Nothing but nines is "no data" on the wire: it cannot be sent as a number.
    most = 10 ** (2 * element.width) - 2
    least = 1 - 10 ** (2 * element.width - 1) if element.signed else 0
    raw = round(number * per)
    if not least <= raw <= most:
        raise wrong(
            element.name, value, f"{least / per:.12g} to {most / per:.12g} or None is possible", wanted
        )
    shown = f"f{-raw:0{2 * element.width - 1}d}" if raw < 0 else f"{raw:0{2 * element.width}d}"
    digits = bytes.fromhex(shown)
    return digits[::-1] if element.order == "little" else digits


def _fact(element: el.Fact, value: object, wanted: Wanted) -> int:
    return NO_FACT if value is None else _whole(element, value, wanted)


def _whole(element: el.Port | el.Left | el.Fact, value: object, wanted: Wanted) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise wrong(element.name, value, f"a number of 0 to {(1 << 31) - 1} is wanted", wanted)
    return value


def _float(element: el.Float, value: object, wanted: Wanted) -> float:
    if value is None:
        return float("nan")
    number = float(_number(element.name, value, wanted))
    most = _GREATEST[element.width]
    low, high = element.limits or (-most, most)
    if not max(low, -most) <= number <= min(high, most):
        raise wrong(element.name, value, f"{low:.12g} to {high:.12g} is possible", wanted)
    return number


def _epoch(element: el.Epoch, value: object, wanted: Wanted) -> int:
    if value is None:
        return 0
    instant = value
    if isinstance(value, str):
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            raise wrong(element.name, value, "an ISO 8601 instant is wanted", wanted) from None
    if not isinstance(instant, datetime) or instant.tzinfo is None:
        raise wrong(element.name, value, "an instant with zone, or None, is wanted", wanted)
    since_s = (instant - _EPOCH) / timedelta(seconds=1) - element.epoch_s
    raw = round(since_s * element.per_s)
    if not (element.earliest_year <= instant.year < 2100 and 0 <= raw < 1 << 8 * element.width):
        raise wrong(element.name, value, f"a year of {element.earliest_year} to 2099 is possible", wanted)
    return raw


def _per(units: el.Units, wanted: Wanted) -> int:
    given = wanted.values.get(units.by, units.table[0][0])
    code = _code(el.Code(units.by, 1), given, wanted)
    for known, per in units.table:
        if known == code:
            return per
    names = ", ".join(f"{known:02X}" for known, _ in units.table)
    raise wrong(units.by, given, f"one of {names} is possible", wanted)


def _code(element: el.Code, value: object, wanted: Wanted) -> int:
    most = (1 << 8 * element.width) - 1
    try:
        code = int(value, 16) if isinstance(value, str) else value
    except ValueError:
        code = None
    if not isinstance(code, int) or isinstance(code, bool) or not 0 <= code <= most:
        raise wrong(element.name, value, f"a code of 0 to {most:X} is wanted", wanted)
    if element.accepts is not None and code not in element.accepts:
        names = ", ".join(f"{known:02X}" for known in element.accepts)
        raise wrong(element.name, value, f"one of {names} is possible", wanted)
    return code


def _coded(name: str, words: Iterable[tuple[int, el.Word]], value: object, wanted: Wanted) -> int:
    words = tuple(words)
    for code, word in words:
        if value == word and type(value) is type(word):
            return code
    raise wrong(name, value, f"one of {', '.join(repr(word) for _, word in words)} is possible", wanted)


def _named(element: el.Named, value: object, wanted: Wanted) -> int:
    return _coded(element.name, _words(element), value, wanted)


def _bits(element: el.Bits, wanted: Wanted) -> int:
    raw, said = 0, _NOTHING
    if element.name in wanted.values:
        raw = int.from_bytes(_bytes(el.Hex(element.name, element.width), wanted.values[element.name], wanted))
        wanted.used.add(element.name)
        said = parts_said(element, raw)
    for part in element.parts:
        value = _take(part.name, _fixed(part, element, wanted), wanted)
        if part.name in said and said[part.name] == value and type(said[part.name]) is type(value):
            continue  # several codes may say it, and the whole has one of them
        if value is not None or (part.null and part.name in wanted.values):
            mask = (1 << part.size) - 1 << part.at
            raw = raw & ~mask | _part(part, value, wanted) << part.at
    return raw


def _fixed(part: el.Part, element: el.Bits, wanted: Wanted) -> el.Word | float | None:
    """Give what the message fixes a part to, else its default; none where the whole is given."""
    if part.name not in wanted.fixed:
        return None if element.name in wanted.values else part.default
    code = wanted.fixed[part.name]
    return dict(part.words)[code] if part.words else bool(code) if part.size == 1 else code


def _words(part: el.Part | el.Named) -> tuple[tuple[int, el.Word], ...]:
    """Give the words of codes; the word of all others is sent as the first of them."""
    if part.otherwise is None:
        return part.words
    known = dict(part.words)
    free = next(code for code in range(len(known) + 1) if code not in known)
    return (*part.words, (free, part.otherwise))


def _part(part: el.Part, value: object, wanted: Wanted) -> int:
    if part.numbers:
        return _counted(part, value, wanted)
    if part.words:
        return _coded(part.name, _words(part), value, wanted)
    if part.size == 1:
        return _coded(part.name, ((0, False), (1, True)), value, wanted)
    most = ((1 << part.size) - 1) / part.per
    return _integer(el.Int(part.name, 8, per=part.per, null=part.null, limits=(0, most)), value, wanted)


def _counted(part: el.Part, value: object, wanted: Wanted) -> int:
    number = _number(part.name, value, wanted)
    if number not in part.numbers:
        known = ", ".join(f"{one:g}" for one in part.numbers if one is not None)
        raise wrong(part.name, value, f"one of {known} is possible", wanted)
    return part.numbers.index(number)


def _bytes(element: el.Hex | el.Rest, value: object, wanted: Wanted) -> bytes:
    if value is None and isinstance(element, el.Rest):
        return b""
    width = element.width if isinstance(element, el.Hex) else None
    right = "hex digits are wanted" if width is None else f"{2 * width} hex digits are wanted"
    try:
        raw = bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        raw = None
    if raw is None or (width is not None and len(raw) != width):
        raise wrong(element.name, value, right, wanted)
    return raw[::-1] if isinstance(element, el.Hex) and element.order == "little" else raw


def _numeral(element: el.Numeral, value: object, wanted: Wanted) -> bytes:
    wide = 2 * element.width - len(element.lead)
    if not (isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) == wide):
        raise wrong(element.name, value, f"{wide} decimal digits are wanted", wanted)
    return bytes.fromhex(element.lead + value)


def _digits(element: el.Digits, value: object, wanted: Wanted) -> bytes:
    most = element.base**element.width - 1
    return digits_raw(element, _integer(el.Int(element.name, 8, limits=(0, most)), value, wanted))


def _ascii(element: el.Text, value: object, wanted: Wanted) -> bytes:
    width = element.width
    if isinstance(value, str) and element.is_padded:
        value = value.ljust(width or 0, "\0")
    if not isinstance(value, str) or not value.isascii() or len(value) != (width or len(value)):
        many = "" if width is None else f"{width} "
        raise wrong(element.name, value, f"{many}ASCII characters are wanted", wanted)
    return value.encode("ascii")


def _utf8(element: el.Utf8, value: object, wanted: Wanted) -> bytes:
    if not isinstance(value, str):
        raise wrong(element.name, value, "text is wanted", wanted)
    return value.encode("utf-8")


def _clock(element: el.Clock, value: object, wanted: Wanted) -> bytes:
    letters = element.orders[0].split()
    if value is None:
        return bytes(len(letters))
    if isinstance(value, str):
        value = _parsed(element, value, wanted)
    if not isinstance(value, datetime) or value.tzinfo is not None:
        raise wrong(element.name, value, "a local datetime without zone, or None, is wanted", wanted)
    if not element.earliest_year <= value.year < 2100:
        raise wrong(element.name, value, f"a year of {element.earliest_year} to 2099 is possible", wanted)
    part = {"s": value.second, "m": value.minute, "h": value.hour, "D": value.day, "M": value.month}
    part |= {"Y": value.year % 100, "C": value.year // 100}
    return bytes.fromhex("".join(f"{part[letter]:02d}" for letter in letters))


def _bit_clock(element: BitClock, value: object, wanted: Wanted) -> bytes:
    if isinstance(value, str):
        value = _parsed(element, value, wanted)
    if value is not None and (not isinstance(value, datetime) or value.tzinfo is not None):
        raise wrong(element.name, value, "a local datetime without zone, or None, is wanted", wanted)
    try:
        return bits_of(element, value)
    except OverflowError as error:
        raise wrong(element.name, value, str(error), wanted) from None


def _wired(element: Wired, value: object, wanted: Wanted) -> bytes:
    number = None if value is None else _number(element.name, value, wanted)
    try:
        return wired_bytes(element, number)
    except OverflowError as error:
        raise wrong(element.name, value, str(error), wanted) from None


def _parsed(element: el.Clock | BitClock, text: str, wanted: Wanted) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise wrong(element.name, text, "an ISO 8601 local time is wanted", wanted) from None


_RAWS: dict[type, Callable[..., Any]] = {
    el.Int: _integer,
    el.Float: _float,
    el.Epoch: _epoch,
    el.Bcd: _packed,
    el.Code: _code,
    el.Named: _named,
    el.Hex: _bytes,
    el.Rest: _bytes,
    el.Text: _ascii,
    el.Numeral: _numeral,
    el.Digits: _digits,
    el.Varint: _varint,
    el.Clock: _clock,
    el.Port: _whole,
    el.Left: _whole,
    el.Fact: _fact,
    Wired: _wired,
    BitClock: _bit_clock,
    el.Utf8: _utf8,
}
