"""A declaration as a table for people: which bytes say what."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.resources import FRAMES, all_of
from narrowgate_codecs.sums import Sum
from narrowgate_codecs.wired import Wired


@dataclass(frozen=True, slots=True)
class MapLine:
    """One element of a frame."""

    part: str
    """The message or record it belongs to; '' for what all messages have."""
    at: int | None
    """First byte, counted from the frame's or the record's first; None where it depends on the frame."""
    width: int | None
    """[byte]; None where it depends on the frame."""
    name: str
    what: str


def byte_map(fields: tuple[lay.Element, ...]) -> list[MapLine]:
    """Give the elements of a declaration in order, cases one after the other."""
    return list(_walk(fields, "", 0))


def _walk(fields: tuple[lay.Element, ...], part: str, at: int | None) -> Iterator[MapLine]:
    for field in fields:
        width = _width(field)
        if isinstance(field, lay.Described):
            yield from _described(field, part, at)
        elif isinstance(field, lay.Resources):
            yield from _resources(field, part, at)
        elif isinstance(field, lay.Holder):
            yield from _hold(field, part, at)
        elif not isinstance(field, el.Mark):
            name = getattr(field, "name", "")
            yield MapLine(part, at, width, name, _WHAT[type(field)](field))
        if isinstance(field, el.Bits):
            yield from (_bits_line(field, bits, part, at) for bits in field.parts)
        at = None if at is None or width is None else at + width


def _hold(field: lay.Holder, part: str, at: int | None) -> Iterator[MapLine]:
    match field:
        case lay.Lead() | lay.When() | lay.Tail():
            yield from _optional(field, part, at)
        case lay.Sized() | lay.Body() | lay.FormatA() | lay.Encrypted():
            yield from _region(field, part, at)
        case lay.Switch() | lay.Records():
            for case in lay.cases_of(field):
                yield from _case(field, case, part, at)
        case lay.Array() | lay.Channels() | lay.Deltas():
            yield from _list(field, part, at)
        case lay.Body():
            yield from _walk(field.fields, part, at)


def _list(field: lay.Array | lay.Channels | lay.Deltas, part: str, at: int | None) -> Iterator[MapLine]:
    match field:
        case lay.Array():
            times = "up to the end" if field.count is None else f"{field.count} times"
            yield MapLine(part, at, None, field.name, f"{times}:")
            yield from _walk(field.fields, f"{part}.{field.name}", 0)
        case lay.Channels():
            yield MapLine(part, at, None, field.name, f"for every bit of {field.mask}, as {field.channel}:")
            yield from _walk(field.fields, f"{part}.{field.name}", 0)
        case lay.Deltas():
            yield MapLine(part, at, None, field.name, _deltas(field))
            yield from _walk(field.also, f"{part}.{field.name}", None)


def _resources(field: lay.Resources, part: str, at: int | None) -> Iterator[MapLine]:
    inner = f"{part}.{field.name}" if part else field.name
    what = "LwM2M TLV, or SenML in CBOR if it opens with an array and a map in it"
    if not field.objects:
        what = "SenML in CBOR: an array of maps"
    yield MapLine(part, at, None, field.name, what)
    for one in all_of(field):
        for resource in one.resources:
            scale = "" if resource.per == 1 else f", 1/{resource.per}"
            many = ", several" if resource.many else ""
            path = f"/{one.id}/*/{resource.id}"
            yield MapLine(inner, None, None, resource.name, f"{path}: {resource.kind}{scale}{many}")
    if field.inner:
        yield MapLine(part, None, None, FRAMES, "each opaque value:")
        yield from _walk(field.inner, f"{part}.{FRAMES}" if part else FRAMES, 0)


def _optional(field: lay.Lead | lay.When | lay.Tail, part: str, at: int | None) -> Iterator[MapLine]:
    if isinstance(field, lay.Lead):
        skip = 0 if field.is_first else len(field.marker)
        yield MapLine(part, at, skip, "", _lead(field))
        at = None if at is None else at + skip
    elif isinstance(field, lay.When):
        yield MapLine(part, at, 0, "", _when(field))
    elif field.at_least > 1:
        yield MapLine(part, at, 0, "", f"if at least {field.at_least} bytes are left")
    yield from _walk(field.fields, part, at)


def _described(field: lay.Described, part: str, at: int | None) -> Iterator[MapLine]:
    """Give the lines of content that states the places of its values itself."""
    yield MapLine(part, at, None, field.name, f"up to the end: describes itself ({field.grammar})")
    for inner, leaves in ((part, field.says), *((one.name, one.says) for one in field.lists)):
        for leaf in leaves:
            what = "local time" if isinstance(leaf, BitClock) else "as it is coded"
            yield MapLine(inner, None, None, leaf.name, what)


def _case(field: lay.Switch | lay.Records, case: lay.Case, part: str, at: int | None) -> Iterator[MapLine]:
    inner = f"{part}.{case.name}" if part else case.name
    codes = " ".join(f"{code:02X}" for code in case.when[:4]) + (" .." if len(case.when) > 4 else "")
    if isinstance(field, lay.Records):
        if field.short_bits:
            short = f"; tags of {field.short_bits} bits stand beside their length in one byte"
            yield MapLine(inner, 0, None, "tag", f"{codes or 'any other'}{short}")
            yield from _walk(case.fields, inner, None)
            return
        yield MapLine(inner, 0, field.tag_width, "tag", codes or "any other")
        if field.length_width:
            said = f"length of what follows, {_order(field.length_order)}"
            yield MapLine(inner, field.tag_width, field.length_width, "", said)
        yield from _walk(case.fields, inner, field.tag_width + field.length_width)
    else:
        yield MapLine(inner, at, 0, "", f"if {field.on} is {codes}" if codes else f"any other {field.on}")
        yield from _walk(case.fields, inner, at)


def _when(field: lay.When) -> str:
    codes = " or ".join(f"{code:02X}" for code in field.are)
    return f"if {field.on} is {'not ' if field.other else ''}{codes}"


def _region(
    field: lay.Sized | lay.Body | lay.FormatA | lay.Encrypted, part: str, at: int | None
) -> Iterator[MapLine]:
    inside = at
    match field:
        case lay.Sized():
            yield MapLine(part, at, field.head, "", _sized(field))
            inside = None if at is None else at + field.head
        case lay.FormatA():
            yield MapLine(part, at, None, "", "format A: a check sum behind each block, if they are there")
        case lay.Encrypted():
            yield MapLine(part, at, None, "", _encrypted(field))
            inside = None
    yield from _walk(field.fields, part, inside)


def _encrypted(field: lay.Encrypted) -> str:
    way = {"aes_cbc": "AES-128-CBC", "aes_ctr": "AES-128-CTR", "prios": "scrambled by PRIOS"}[field.cipher]
    blocks = "" if field.blocks is None else f", {field.blocks} blocks"
    begins = field.opens_with.hex().upper() if field.crc is None else field.crc
    plain = ", or decrypted already" if field.may_be_plain else ""
    return f"{way}{blocks}, plain text begins with {begins}{plain}"


def _lead(field: lay.Lead) -> str:
    masked = "" if field.mask is None else f" under {field.mask.hex().upper()}"
    return f"{field.marker!r}{masked}, if there"


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


def _width(field: lay.Element) -> int | None:
    match field:
        case el.Mark() | el.Port() | el.Left() | el.Fact() | el.Implied() | el.Scaled() | el.Moment() | Sum():
            return 0
        case el.Const():
            return len(field.value)
        case el.Clock():
            return len(field.orders[0].split())
    return getattr(field, "width", None) if isinstance(field, (*lay.LEAVES, el.Check)) else None


def _bits_line(field: el.Bits, part: el.Part, where: str, at: int | None) -> MapLine:
    top = part.at + part.size - 1
    bits = f"bit {part.at}" if part.size == 1 else f"bits {part.at} to {top}"
    other = "" if part.otherwise is None else f", any other {str(part.otherwise).lower()}"
    words = f": {_words(part.words)}{other}" if part.words else ""
    numbers = f": {_runs(part.numbers)}" if part.numbers else ""
    per = "" if part.per == 1 else f", 1/{part.per}"
    return MapLine(
        where, at, field.width, part.name, f"{bits}{words}{numbers}{per}{_null(part.null, field.width)}"
    )


def _null(null: tuple[int, ...], width: int) -> str:
    codes = " or ".join(f"{code & (1 << 8 * width) - 1:0{2 * width}X}" for code in null)
    return f"; {codes}: null" if codes else ""


def _runs(numbers: tuple[float | None, ...]) -> str:
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


def _words(words: tuple[tuple[int, el.Word], ...]) -> str:
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


def _order(order: el.Order) -> str:
    return "high byte first" if order == "big" else "low byte first"


def _int(field: el.Int) -> str:
    said = ["signed number" if field.signed else "number"]
    if field.width > 1:
        said.append(_order(field.order))
    if field.plus:
        said.append(f"{field.plus:+d}")
    if field.per != 1:
        said.append(f"1/{field.per}")
    if field.limits is not None:
        said.append(f"{field.limits[0]:g} to {field.limits[1]:g}")
    return ", ".join(said) + _null(field.null, field.width)


def _sized(field: lay.Sized) -> str:
    again = f", sent again before {field.again.hex().upper()}" if field.again else ""
    doubt = "" if field.is_believed else ", not believed"
    return f"length of what follows, {_order(field.order)}{again}{doubt}"


def _deltas(field: lay.Deltas) -> str:
    sign = "signed " if field.signed else ""
    step = f"{sign}difference of {field.width} bytes, {_order(field.order)}"
    step = step if field.width else "difference of seven bits a byte, low ones first"
    times = "up to the end" if field.count is None else f"{field.count} times"
    return f"{times}: {step}, {field.towards} and {field.towards} from {field.base}"


def _epoch(field: el.Epoch) -> str:
    unit = "s" if field.per_s == 1 else f"1/{field.per_s} s"
    since = datetime.fromtimestamp(field.epoch_s, UTC).date()
    return f"instant, {_order(field.order)}, {unit} since {since}; before {field.earliest_year}: null"


def _bcd(field: el.Bcd) -> str:
    if isinstance(field.per, int):
        scale = "" if field.per == 1 else f", 1/{field.per}"
    else:
        table = ", ".join(f"1/{per} for {code:02X}" for code, per in field.per.table)
        scale = f", by {field.per.by}: {table}"
    return f"packed decimal, {_order(field.order)}{scale}; no number: null"


def _clock(field: el.Clock) -> str:
    zone = "" if field.zone is None else f" of {field.zone}"
    return f"packed decimal clock {' or '.join(field.orders)}{zone}; no time: null"


def _code(field: el.Code) -> str:
    if field.accepts is None:
        return "code"
    return "one of " + " ".join(f"{code:02X}" for code in field.accepts)


def _named(field: el.Named) -> str:
    other = "" if field.otherwise is None else f", any other {field.otherwise}"
    return _words(field.words) + other


_WHAT: dict[type, Callable[..., str]] = {
    el.Int: _int,
    el.Float: lambda field: f"floating-point number, {_order(field.order)}; no number: null",
    el.Epoch: _epoch,
    el.Bcd: _bcd,
    el.Code: _code,
    el.Named: _named,
    el.Bits: lambda field: f"bits, {_order(field.order)}",
    el.Hex: lambda field: "a key, never shown" if field.is_secret else f"bytes as hex, {_order(field.order)}",
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
    Wired: lambda field: f"{field.coding}, {_order(field.order)}, times {field.times}, 1/{field.per}",
    BitClock: lambda field: "local time in bits; no time: null",
    el.Const: lambda field: f"always {field.value.hex().upper()}",
    el.Filler: lambda field: f"up to {field.at_most} times {field.byte:02X}",
    el.Check: lambda field: f"check sum ({field.kind}) since {field.since}",
}
