"""From raw to value: what an element's bytes say under its name."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from math import isfinite

from narrowgate_codecs import elements as el
from narrowgate_codecs.bit_clocks import BitClock, local_time
from narrowgate_codecs.bit_parts import parts_of
from narrowgate_codecs.digits import digits_value
from narrowgate_codecs.facts import NO_FACT
from narrowgate_codecs.moments import moment_value
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scaled import scaled_value, sum_value
from narrowgate_codecs.scope import Said, Scope
from narrowgate_codecs.sums import Sum
from narrowgate_codecs.wired import Wired, wired_value
from narrowgate_schema.words import Reason

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Value = object
"""int, float, str, bool, None, or a list of dicts of them: what JSON can carry."""


def speak(scope: Scope) -> dict[str, Value]:
    """Give every value of a scope by its declared name; lists of records as lists of dicts.

    Raises:
        FrameRefused: `sanity` for a value outside its limits or words, `model` for an unknown unit code.
            A record that says such a thing is left out of its list and its refusal goes to `scope.faults`.
    """
    values: dict[str, Value] = {}
    for said in scope.said:
        element = said.element
        if isinstance(element, el.Bits):
            values.update(parts_of(element, said.raw, scope))
        else:
            values[element.name] = _VALUES[type(element)](element, said.raw, scope)
    for name, inner in scope.lists.items():
        values[name] = [spoken for one in inner if (spoken := _speak_record(one, scope)) is not None]
    return values


def value_of(said: Said, scope: Scope) -> Value:
    """Give what one element other than Bits says; FrameRefused as speak."""
    return _VALUES[type(said.element)](said.element, said.raw, scope)


def values_of(said: Said, scope: Scope) -> dict[str, Value]:
    """Give what one element says, by name: several values for bits. FrameRefused as `speak`."""
    if isinstance(said.element, el.Bits):
        return parts_of(said.element, said.raw, scope)
    return {said.element.name: value_of(said, scope)}


def _speak_record(record: Scope, around: Scope) -> dict[str, Value] | None:
    try:
        values = speak(record)
    except FrameRefused as refused:
        around.faults.append(refused)
        return None
    around.faults.extend(record.faults)
    return values if record.case is None else {"record": record.case, **values}


def _code(element: el.Code, raw: int, scope: Scope) -> str:
    meant = _meant(element).get(raw, raw) if element.aliases else raw
    return f"{meant:0{2 * element.width}X}"


_aliases: dict[int, tuple[el.Code, dict[int, int]]] = {}
"""By element and its identity: as many as there are declared, and no long list to hash."""


def _meant(element: el.Code) -> dict[int, int]:
    known = _aliases.get(id(element))
    if known is None or known[0] is not element:
        known = _aliases[id(element)] = (element, dict(element.aliases))
    return known[1]


def _text(element: el.Text, raw: bytes, scope: Scope) -> str:
    return str(raw.rstrip(b"\0") if element.is_padded else raw, "ascii")


def _utf8(element: el.Utf8, raw: bytes, scope: Scope) -> str:
    return raw.decode("utf-8")


def _clock(element: el.Clock, raw: bytes, scope: Scope) -> str | None:
    found = calendar_times(element, raw)
    return found[0].isoformat() if found else None


def _bit_clock(element: BitClock, raw: bytes, scope: Scope) -> str | None:
    time = local_time(element, raw)
    if time is None:
        return None
    return (time + timedelta(seconds=element.shift.seconds)).isoformat()


def _wired(element: Wired, raw: bytes, scope: Scope) -> float | None:
    return wired_value(element, raw)


def _hex(element: el.Hex | el.Rest, raw: bytes, scope: Scope) -> str:
    if isinstance(element, el.Rest):
        return raw.hex()
    return el.HIDDEN if element.is_secret else (raw[::-1] if element.order == "little" else raw).hex()


def _implied(element: el.Implied, raw: None, scope: Scope) -> el.Word:
    return element.value


def _fact(element: el.Fact, raw: int, scope: Scope) -> int | None:
    return None if raw == NO_FACT else raw


def _whole(element: el.Port | el.Left, raw: int, scope: Scope) -> int:
    return raw


def _numeral(element: el.Numeral, raw: bytes, scope: Scope) -> str:
    return raw.hex()[len(element.lead) :]


def _number(element: el.Int, raw: int, scope: Scope) -> int | float | None:
    if raw in element.null:
        return None
    count = raw + element.plus
    return _within(element, count if element.per == 1 else count / element.per, scope)


def _varint(element: el.Varint, raw: int, scope: Scope) -> int | float:
    return raw if element.per == 1 else raw / element.per


def _float(element: el.Float, raw: float, scope: Scope) -> float | None:
    return _within(element, raw, scope) if isfinite(raw) else None


def _epoch(element: el.Epoch, raw: int, scope: Scope) -> str | None:
    instant_us = epoch_us(element, raw)
    if instant_us is None:
        return None
    return (_EPOCH + timedelta(microseconds=instant_us)).isoformat().replace("+00:00", "Z")


def epoch_us(element: el.Epoch, raw: int) -> int | None:
    """Give the instant that a count means [us since 1970 UTC]; None if it was never set."""
    instant_us = element.epoch_s * 1_000_000 + raw * 1_000_000 // element.per_s
    return instant_us if year_us(element.earliest_year) <= instant_us < year_us(2100) else None


@lru_cache(maxsize=64)
def year_us(year: int) -> int:
    """Give the instant at which a year begins [us since 1970 UTC]."""
    return (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def _within(element: el.Int | el.Float, value: float, scope: Scope) -> int | float:
    if element.limits is not None and not element.limits[0] <= value <= element.limits[1]:
        low, high = element.limits
        raise FrameRefused(Reason.SANITY, f"{scope.at(element.name)}: {value} is outside {low:g} to {high:g}")
    return value


def _digits(element: el.Bcd, raw: bytes) -> int | None:
    """Give the number that packed digits spell; None for digits above 9 and for nothing but nines."""
    digits = (raw[::-1] if element.order == "little" else raw).hex()
    if element.signed and digits[0] == "f":
        return -int(digits[1:]) if digits[1:].isdecimal() else None
    if not digits.isdecimal() or digits.count("9") == len(digits):
        return None
    return int(digits)


def _decimal(element: el.Bcd, raw: bytes, scope: Scope) -> int | float | None:
    count = _digits(element, raw)
    if count is None or element.per == 1:
        return count
    if isinstance(element.per, int):
        return count / element.per
    code = scope.find(element.per.by)
    for known, per in element.per.table:
        if code == known:
            return count / per
    raise FrameRefused(
        Reason.MODEL, f"{scope.at(element.name)}: {element.per.by} {code:02X} is no unit of it"
    )


def _word(element: el.Named, raw: int, scope: Scope) -> Value:
    for code, word in element.words:
        if raw == code:
            return word
    if element.otherwise is None:
        raise FrameRefused(Reason.SANITY, f"{scope.at(element.name)}: {raw} stands for nothing")
    return element.otherwise


def calendar_times(element: el.Clock, raw: bytes) -> list[datetime]:
    """Give the local times that the digits can mean, in the order of the declared orders; [] for none."""
    digits = raw.hex()
    if not digits.isdecimal():
        return []
    found: list[datetime] = []
    for order in element.orders:
        time = _calendar_time(digits, _places(order), element.earliest_year)
        if time is not None and time not in found:
            found.append(time)
    return found


@cache
def _places(order: str) -> tuple[int | None, ...]:
    """Give where the digits of century, year, month, day, hour, minute and second begin."""
    letters = order.split()
    return tuple(2 * letters.index(letter) if letter in letters else None for letter in "CYMDhms")


def _calendar_time(digits: str, places: tuple[int | None, ...], earliest_year: int) -> datetime | None:
    century, *rest = (20 if at is None else int(digits[at : at + 2]) for at in places[:2])
    year = century * 100 + rest[0]
    # No meter outlives the century it was made in; 8020 is a byte order read wrongly.
    if not earliest_year <= year < 2100:
        return None
    month, day, hour, minute, second = (int(digits[at : at + 2]) for at in places[2:] if at is not None)
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None


_VALUES: dict[type, Callable[..., Value]] = {
    el.Int: _number,
    el.Float: _float,
    el.Epoch: _epoch,
    el.Bcd: _decimal,
    el.Code: _code,
    el.Named: _word,
    el.Hex: _hex,
    el.Rest: _hex,
    el.Text: _text,
    el.Clock: _clock,
    el.Port: _whole,
    el.Left: _whole,
    el.Fact: _fact,
    el.Implied: _implied,
    el.Numeral: _numeral,
    el.Digits: digits_value,
    el.Scaled: scaled_value,
    Sum: sum_value,
    Wired: _wired,
    BitClock: _bit_clock,
    el.Varint: _varint,
    el.Moment: moment_value,
    el.Utf8: _utf8,
}
