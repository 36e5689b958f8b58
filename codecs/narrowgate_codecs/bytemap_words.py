"""What an element of a declaration is, in words for people."""

from collections.abc import Callable
from datetime import UTC, datetime

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.sums import Sum
from narrowgate_codecs.wired import Wired


def _varint(field: el.Varint) -> str:
    scale = "" if field.per == 1 else f", 1/{field.per}"
    return f"number of seven bits a byte, low ones first{scale}"


def _moment(field: el.Moment) -> str:
    parts = [field.year, field.month, field.day, *([] if field.hour is None else [field.hour])]
    return f"instant of {', '.join(parts)}, years since {field.since}; no time: null"


def _sum(field: Sum) -> str:
    per = "" if field.per == 1 else f", 1/{field.per}"
    return " + ".join(name if weight == 1 else f"{weight} x {name}" for name, weight in field.of) + per


def _scaled(field: el.Scaled) -> str:
    per = "" if field.per == 1 else f" / {field.per}"
    if not field.factors:
        return f"{field.of} / {field.by}{per}; null where that is zero"
    table = ", ".join(f"{code:02X} {factor}" for code, factor in field.factors)
    return f"{field.of} x factor of {field.by}{per}: {table}; any other: null"


def null_of(null: tuple[int, ...], width: int) -> str:
    """Give the codes that say nothing, as digits."""
    codes = " or ".join(f"{code & (1 << 8 * width) - 1:0{2 * width}X}" for code in null)
    return f"; {codes}: null" if codes else ""


def runs_of(numbers: tuple[float | None, ...]) -> str:
    """Give what codes from 0 on stand for, even runs as their first and last."""
    runs: list[str] = []
    first = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or _step(numbers, at) != _step(numbers, first + 1):
            runs.append(_run(numbers, first, at - 1))
            first = at
    return ", ".join(runs)


def _step(numbers: tuple[float | None, ...], at: int) -> float | None:
    before, after = numbers[at - 1], numbers[at] if at < len(numbers) else None
    return None if before is None or after is None else after - before


def _run(numbers: tuple[float | None, ...], first: int, last: int) -> str:
    shown = ["null" if number is None else f"{number:g}" for number in (numbers[first], numbers[last])]
    codes = str(first) if first == last else f"{first} to {last}"
    return f"{codes}: {shown[0]}" if shown[0] == shown[1] else f"{codes}: {shown[0]} to {shown[1]}"


def words_of(words: tuple[tuple[int, el.Word], ...]) -> str:
    """Give codes and their words, those that follow each other together."""
    runs: list[tuple[int, int, el.Word]] = []
    for code, word in words:
        first, last, same = runs[-1] if runs else (code, code, word)
        if runs and code == last + 1 and word == same:
            runs[-1] = (first, code, word)
        else:
            runs.append((code, code, word))
    return ", ".join(f"{_span(first, last)} {str(word).lower()}" for first, last, word in runs)


def _span(first: int, last: int) -> str:
    return f"{first:02X}" if first == last else f"{first:02X} to {last:02X}"


def order_of(order: el.Order) -> str:
    """Give which byte comes first."""
    return "high byte first" if order == "big" else "low byte first"


def _int(field: el.Int) -> str:
    said = ["signed number" if field.signed else "number"]
    if field.width > 1:
        said.append(order_of(field.order))
    if field.plus:
        said.append(f"{field.plus:+d}")
    if field.per != 1:
        said.append(f"1/{field.per}")
    if field.limits is not None:
        said.append(f"{field.limits[0]:g} to {field.limits[1]:g}")
    return ", ".join(said) + null_of(field.null, field.width)


def _epoch(field: el.Epoch) -> str:
    unit = "s" if field.per_s == 1 else f"1/{field.per_s} s"
    since = datetime.fromtimestamp(field.epoch_s, UTC).date()
    return f"instant, {order_of(field.order)}, {unit} since {since}; before {field.earliest_year}: null"


def _bcd(field: el.Bcd) -> str:
    if isinstance(field.per, int):
        scale = "" if field.per == 1 else f", 1/{field.per}"
    else:
        table = ", ".join(f"1/{per} for {code:02X}" for code, per in field.per.table)
        scale = f", by {field.per.by}: {table}"
    return f"packed decimal, {order_of(field.order)}{scale}; no number: null"


def _clock(field: el.Clock) -> str:
    zone = "" if field.zone is None else f" of {field.zone}"
    return f"packed decimal clock {' or '.join(field.orders)}{zone}; no time: null"


def _code(field: el.Code) -> str:
    if field.accepts is None:
        return "code"
    return "one of " + " ".join(f"{code:02X}" for code in field.accepts)


def _named(field: el.Named) -> str:
    other = "" if field.otherwise is None else f", any other {field.otherwise}"
    return words_of(field.words) + other


def _hex(field: el.Hex) -> str:
    return "a key, never shown" if field.is_secret else f"bytes as hex, {order_of(field.order)}"


_WHAT: dict[type, Callable[..., str]] = {
    el.Int: _int,
    el.Float: lambda field: f"floating-point number, {order_of(field.order)}; no number: null",
    el.Epoch: _epoch,
    el.Bcd: _bcd,
    el.Code: _code,
    el.Named: _named,
    el.Bits: lambda field: f"bits, {order_of(field.order)}",
    el.Hex: lambda field: (
        "a key, never shown" if field.is_secret else f"bytes as hex, {order_of(field.order)}"
    ),
    el.Rest: lambda field: "everything up to the end, as hex",
    el.Text: lambda field: "ASCII" if field.width is not None else "everything up to the end, as ASCII",
    el.Clock: _clock,
    el.Implied: lambda field: f"always {str(field.value).lower()}, without a byte of its own",
    el.Port: lambda field: "captured port" + ("" if field.default is None else f", {field.default} if none"),
    el.Digits: lambda field: f"number in ASCII digits of base {field.base}",
    el.Numeral: lambda field: f"decimal digits{f' behind {field.lead.upper()}' if field.lead else ''}",
    el.Scaled: _scaled,
    Sum: _sum,
    el.Varint: _varint,
    el.Moment: _moment,
    el.Fact: lambda field: "announced by an earlier frame of the device; null if none has",
    el.Left: lambda field: "number of bytes left",
    Wired: lambda field: f"{field.coding}, {order_of(field.order)}, times {field.times}, 1/{field.per}",
    BitClock: lambda field: "local time in bits; no time: null",
    el.Const: lambda field: f"always {field.value.hex().upper()}",
    el.Filler: lambda field: f"up to {field.at_most} times {field.byte:02X}",
    el.Check: lambda field: f"check sum ({field.kind}) since {field.since}",
}


def what_of(field: lay.Element) -> str:
    """Give what an element is that holds no other."""
    return _WHAT[type(field)](field)
