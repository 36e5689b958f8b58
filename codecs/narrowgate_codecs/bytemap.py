"""A declaration as a table for people: which bytes say what."""

from collections.abc import Iterator
from dataclasses import dataclass

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.bytemap_words import null_of, order_of, runs_of, what_of, words_of
from narrowgate_codecs.resources import FRAMES, all_of
from narrowgate_codecs.sums import Sum


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
            yield MapLine(part, at, width, name, what_of(field))
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
            said = f"length of what follows, {order_of(field.length_order)}"
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
    words = f": {words_of(part.words)}{other}" if part.words else ""
    numbers = f": {runs_of(part.numbers)}" if part.numbers else ""
    per = "" if part.per == 1 else f", 1/{part.per}"
    return MapLine(
        where, at, field.width, part.name, f"{bits}{words}{numbers}{per}{null_of(part.null, field.width)}"
    )


def _sized(field: lay.Sized) -> str:
    again = f", sent again before {field.again.hex().upper()}" if field.again else ""
    doubt = "" if field.is_believed else ", not believed"
    return f"length of what follows, {order_of(field.order)}{again}{doubt}"


def _deltas(field: lay.Deltas) -> str:
    sign = "signed " if field.signed else ""
    step = f"{sign}difference of {field.width} bytes, {order_of(field.order)}"
    step = step if field.width else "difference of seven bits a byte, low ones first"
    times = "up to the end" if field.count is None else f"{field.count} times"
    return f"{times}: {step}, {field.towards} and {field.towards} from {field.base}"
