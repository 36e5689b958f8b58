"""From items to bytes: resources as TLV or as SenML in CBOR, each number in the fewest bytes that hold it."""

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from narrowgate_codecs import elements as el
from narrowgate_codecs import resources as res
from narrowgate_codecs import senml, tlv
from narrowgate_codecs.layout import names_of
from narrowgate_codecs.lists import list_of, pass_on
from narrowgate_codecs.raws import raw_of, wrong
from narrowgate_codecs.resource_items import path_of
from narrowgate_codecs.scope import Wanted
from narrowgate_codecs.senml_writing import Pack, Told, exact, packed, pair, record, value_pair

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OTHERS: dict[str, tuple[int | str, Any]] = {
    "value": (senml.NUMBER, None),
    "sum": (senml.SUM, None),
    "truth": (senml.TRUTH, el.Named("truth", 1, ((0, False), (1, True)))),
    "text": (senml.TEXT, el.Utf8("text")),
    "link": (senml.LINK, el.Utf8("link")),
    "data": (senml.DATA, el.Rest("data")),
}
"""What stands for no known resource: the label of each kind, and the element that says it."""
_OWN = ("instance", "time", "object", "after_reception_s")

Found = tuple[int, res.Resource, Any]
"""Object, resource, value."""


def write(element: res.Resources, inner: Any, wanted: Wanted) -> bytes:
    """Give the bytes of a frame's items.

    The values are `form` (tlv, senml_cbor), for TLV `object`, and the list of items as decode says them; an
    item of TLV is of one object. Without `object` each name means the first object that has it. `frames` are
    what opaque values hold: they are sent as the container's data where no item has `data` of its own.

    Raises:
        ValueError: a value that is missing, unknown or of the wrong kind; items of several instants in TLV.
    """
    form = raw_of(res.FORM, wanted) if "form" in wanted.values else 0
    number = raw_of(res.OBJECT, wanted) if "object" in wanted.values else None
    items = list_of(element.name, wanted)
    inside = list_of(res.FRAMES, wanted) if element.inner else []
    frames = [_built(inner, one, at, wanted) for at, one in enumerate(inside)]
    if not element.objects:
        told = [_other(one, at, wanted) for at, one in enumerate(list_of(res.OTHERS, wanted))]
        return _encoded(frames, list_of(res.FRAMES, wanted), told, wanted)
    named = [(at, one) for at, one in enumerate(inside) if "name" in one]
    if frames and not named and not any("data" in item for item in items):
        items = [*items, {"data": [{"at": at, "data": frame.hex()} for at, frame in enumerate(frames)]}]
    others = list_of(res.OTHERS, wanted)
    found = [
        list(
            _found(
                element,
                number,
                Wanted(item, {}, f"{wanted.place}{element.name}[{at}].", around=wanted),
                is_tlv=not form,
            )
        )
        for at, item in enumerate(items)
    ]
    if form:
        between = [
            (at, Told(str(one["name"]), _time(one, at), (pair(senml.DATA, frames[at]),))) for at, one in named
        ]
        return _senml(items, found, between, [_other(one, at, wanted) for at, one in enumerate(others)])
    wanted.sent["port"] = next((one[0] for item in found for one in item), number or element.objects[0].id)
    return _tlv(items, found, [_foreign(one, at, wanted) for at, one in enumerate(others)])


def _built(inner: Any, values: Mapping[str, object], at: int, wanted: Wanted) -> bytes:
    """Give the bytes of one of the frames inside."""
    stream = BytesIO()
    own = Wanted(values, wanted.fixed, f"{wanted.place}{res.FRAMES}[{at}].", {"record", "name", *_OWN})
    inner._build(None, stream, own, "")
    pass_on(own, wanted)
    return stream.getvalue()


def _encoded(
    frames: list[bytes], given: Sequence[Mapping[str, Any]], others: Sequence[Told], wanted: Wanted
) -> bytes:
    """Give a pack of frames under names of their own; behind the first its encoder's version, if said."""
    has_version = any(name in wanted.values for name in names_of(res.VERSION))
    version = raw_of(res.VERSION, wanted)
    records: list[bytes] = []
    base: object = None
    base_time: int | float = 0
    for at, (frame, item) in enumerate(zip(frames, given, strict=True)):
        time, name = _time(item, at), item.get("name", base or "")
        pairs = [pair(senml.TIME, time - base_time)] if at and time != base_time else []
        if not at:
            pairs, base_time = [pair(senml.BASE_TIME, time)], time
        if name != base:
            pairs, base = [pair(senml.BASE_NAME, name), *pairs], name
        records.append(record([*pairs, pair(senml.DATA, frame)]))
        if not at and has_version:
            records.append(record([pair(senml.NAME, res.VERSION_NAME), pair(senml.NUMBER, version)]))
    for one in others:
        records.append(
            record([pair(senml.BASE_NAME, one.name), pair(senml.BASE_TIME, one.time_s), *one.pairs])
        )
    return packed(records)


def _found(element: res.Resources, number: int | None, inner: Wanted, *, is_tlv: bool) -> Iterator[Found]:
    """Give what an item says, with the object and resource that say it."""
    item = inner.values
    inner.used.update(_OWN)
    objects = [one for one in res.all_of(element) if number in (None, one.id)]
    for name in [name for name in item if name not in _OWN]:
        for one in objects:
            known = next((resource for resource in one.resources if resource.name == name), None)
            if known is not None:
                if is_tlv:
                    objects = [one]
                yield one.id, known, _raw(known, inner)
                break
    if is_tlv and "time" in item and objects:
        yield objects[0].id, res.STAMP, _raw(res.STAMP, inner)
    if inner.around is not None:
        pass_on(inner, inner.around)


def _raw(resource: res.Resource, wanted: Wanted) -> Any:
    """Give what is sent: a number, a bool, text or bytes; of a resource with instances [(at, that)]."""
    if not resource.many:
        return _one(resource, wanted)
    wanted.used.add(resource.name)
    return [
        (raw_of(res.AT, inner), _one(resource, inner))
        for inner in (Wanted(one, {}, wanted.place) for one in list_of(resource.name, wanted))
    ]


def _one(resource: res.Resource, wanted: Wanted) -> Any:
    if resource.kind == "link":
        return _link(resource, wanted)
    raw = raw_of(res.leaf_of(resource), wanted)
    match resource.kind:
        case "float":
            return raw * resource.per
        case "boolean":
            return bool(raw)
        case "text":
            return raw.decode()
    return raw


def _link(resource: res.Resource, wanted: Wanted) -> tuple[int, int]:
    value = wanted.values.get(resource.name)
    wanted.used.add(resource.name)
    parts = value.split(":") if isinstance(value, str) else []
    if len(parts) != 2 or not all(part.isdecimal() and int(part) < 1 << 16 for part in parts):
        raise wrong(resource.name, value, "a link such as 66:0 is wanted", wanted)
    return int(parts[0]), int(parts[1])


def _tlv(
    items: Sequence[Mapping[str, Any]], found: list[list[Found]], others: Sequence[tuple[int, bytes]]
) -> bytes:
    """Give TLV: bare resources for the only instance 0, else one object instance after the other."""
    bodies = [
        (_instance(item), b"".join(map(_tlv_record, one))) for item, one in zip(items, found, strict=True)
    ]
    bodies += others
    if {number for number, _ in bodies} == {0} and len(items) < 2:
        return b"".join(body for _, body in bodies)
    return b"".join(tlv.header(tlv.INSTANCE, number, len(body)) + body for number, body in bodies)


def _foreign(other: Mapping[str, Any], at: int, wanted: Wanted) -> tuple[int, bytes]:
    """Give the instance and the record of what stands for no known resource in TLV."""
    inner = Wanted(other, {}, f"{wanted.place}{res.OTHERS}[{at}].")
    path, data = path_of(raw_of(res.NAME, inner).decode()), raw_of(el.Rest("data"), inner)
    if path is None:
        raise wrong("name", other.get("name"), "a path such as /3424/0/1 is wanted", inner)
    if path.at is not None:
        data = tlv.header(tlv.ITEM, path.at, len(data)) + data
    kind = tlv.VALUE if path.at is None else tlv.SEVERAL
    pass_on(inner, wanted)
    return path.instance, tlv.header(kind, path.resource, len(data)) + data


def _instance(item: Mapping[str, Any]) -> int:
    return int(item.get("instance") or 0)


def _tlv_record(found: Found) -> bytes:
    _, resource, value = found
    if not resource.many:
        body = _tlv_value(value)
        return tlv.header(tlv.VALUE, resource.id, len(body)) + body
    bodies = [(at, _tlv_value(one)) for at, one in value]
    inside = b"".join(tlv.header(tlv.ITEM, at, len(body)) + body for at, body in bodies)
    return tlv.header(tlv.SEVERAL, resource.id, len(inside)) + inside


def _tlv_value(value: Any) -> bytes:
    match value:
        case bool():
            return bytes([value])
        case int():
            width = next(
                (width for width in (1, 2, 4) if -1 << 8 * width - 1 <= value < 1 << 8 * width - 1), 8
            )
            return value.to_bytes(width, signed=True)
        case float():
            return struct.pack(">f" if exact(">f", value) else ">d", value)
        case tuple():
            return struct.pack(">HH", *value)
    return value.encode() if isinstance(value, str) else bytes(value)


def _senml(
    items: Sequence[Mapping[str, Any]],
    found: list[list[Found]],
    between: Sequence[tuple[int, Told]],
    others: Sequence[Told],
) -> bytes:
    """Give a pack: a base name where object or instance change, a base time where the instant does.

    Args:
        items: what was given.
        found: what each of them says.
        between: named records of bytes, and how many bytes of items come before each.
        others: what stands for no known resource.
    """
    pack, frames, waiting = Pack(), 0, list(between)
    for at, (item, said) in enumerate(zip(items, found, strict=True)):
        time = _time(item, at)
        for number, resource, value in said:
            for tail, one in [(f"/{at}", one) for at, one in value] if resource.many else [("", value)]:
                while resource.kind == "opaque" and waiting and waiting[0][0] <= frames:
                    pack.tell(waiting.pop(0)[1])
                    frames += 1
                frames += resource.kind == "opaque"
                pack.add(f"/{number}/{_instance(item)}/", f"{resource.id}{tail}", time, [value_pair(one)])
    for told in [*(told for _, told in waiting), *others]:
        pack.tell(told)
    return pack.written()


def _other(other: Mapping[str, Any], at: int, wanted: Wanted) -> Told:
    """Give what stands for no known resource in SenML."""
    inner = Wanted(other, {}, f"{wanted.place}{res.OTHERS}[{at}].", {"name", "unit", "time_s"})
    unit = [pair(senml.UNIT, other["unit"])] if "unit" in other else []
    kind = next((kind for kind in _OTHERS if kind in other), None)
    if kind is None:
        raise wrong("name", other.get("name"), f"one of {', '.join(_OTHERS)} is wanted beside it", inner)
    label, leaf = _OTHERS[kind]
    raw: Any = raw_of(leaf, inner) if leaf is not None else math.nan if other[kind] is None else other[kind]
    inner.used.add(kind)
    value = bool(raw) if kind == "truth" else raw.decode() if kind in ("text", "link") else raw
    pass_on(inner, wanted)
    time_s = other.get("time_s", 0)
    time_s = int(time_s) if float(time_s).is_integer() else time_s
    return Told(str(other.get("name", "")), time_s, (*unit, pair(label, value)))


def _time(item: Mapping[str, Any], at: int) -> int | float:
    """Give an item's instant [s since 1970 UTC], or its distance from reception [s]; 0 for neither.

    One that was never set is sent as an instant that no clock can have, each item of a pack as its own.
    """
    instant = item.get("time")
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant)
    seconds = senml.RELATIVE_S + at if "time" in item else item.get("after_reception_s", 0)
    if isinstance(instant, datetime):
        seconds = (instant - _EPOCH) / timedelta(seconds=1)
    return int(seconds) if float(seconds).is_integer() else float(seconds)
