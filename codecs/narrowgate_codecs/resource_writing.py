"""From items to bytes: resources as TLV or as SenML in CBOR, each number in the fewest bytes that hold it."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from narrowgate_codecs import resources as res
from narrowgate_codecs import senml, tlv
from narrowgate_codecs.lists import list_of, refuse_unused
from narrowgate_codecs.raws import raw_of, wrong
from narrowgate_codecs.scope import Wanted

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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
    frames = [_built(inner, one, wanted) for one in list_of(res.FRAMES, wanted)] if element.inner else []
    if not element.objects:
        return _encoded(frames, list_of(res.FRAMES, wanted), wanted)
    if frames and not any("data" in item for item in items):
        items = [*items, {"data": [{"at": at, "data": frame.hex()} for at, frame in enumerate(frames)]}]
    found = [
        list(_found(element, number, item, f"{wanted.place}{element.name}[{at}].", is_tlv=not form))
        for at, item in enumerate(items)
    ]
    if form:
        return _senml(items, found)
    wanted.sent["port"] = next((one[0] for item in found for one in item), number or element.objects[0].id)
    return _tlv(items, found)


def _built(inner: Any, values: Mapping[str, object], wanted: Wanted) -> bytes:
    """Give the bytes of one of the frames inside."""
    stream = BytesIO()
    own = Wanted(values, wanted.fixed, f"{wanted.place}{res.FRAMES}.", {"record", "name", *_OWN})
    inner._build(None, stream, own, "")
    refuse_unused(own)
    return stream.getvalue()


def _encoded(frames: list[bytes], given: Sequence[Mapping[str, Any]], wanted: Wanted) -> bytes:
    """Give a pack of frames under a name of their own, the version of its encoder behind the first."""
    version = raw_of(res.VERSION, wanted)
    records: list[bytes] = []
    base_time: int | float = 0
    for at, (frame, item) in enumerate(zip(frames, given, strict=True)):
        time = _time(item)
        pairs = [_pair(senml.TIME, time - base_time)] if at and time != base_time else []
        if not at:
            pairs = [_pair(senml.BASE_NAME, item.get("name", "")), _pair(senml.BASE_TIME, time)]
            base_time = time
        records.append(_record([*pairs, _pair(senml.DATA, frame)]))
        if not at:
            records.append(_record([_pair(senml.NAME, res.VERSION_NAME), _pair(senml.NUMBER, version)]))
    return _head(4, len(records)) + b"".join(records)


def _record(pairs: Sequence[bytes]) -> bytes:
    return _head(5, len(pairs)) + b"".join(pairs)


def _found(
    element: res.Resources, number: int | None, item: Mapping[str, Any], place: str, *, is_tlv: bool
) -> Iterator[Found]:
    """Give what an item says, with the object and resource that say it."""
    inner = Wanted(item, {}, place)
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
    if is_tlv and item.get("time") is not None and objects:
        yield objects[0].id, res.STAMP, _raw(res.STAMP, inner)
    refuse_unused(inner)


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


def _tlv(items: Sequence[Mapping[str, Any]], found: list[list[Found]]) -> bytes:
    """Give TLV: bare resources for the only instance 0, else one object instance after the other."""
    bodies = [
        (_instance(item), b"".join(map(_tlv_record, one))) for item, one in zip(items, found, strict=True)
    ]
    if len(bodies) == 1 and bodies[0][0] == 0:
        return bodies[0][1]
    return b"".join(tlv.header(tlv.INSTANCE, number, len(body)) + body for number, body in bodies)


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
            return struct.pack(">f" if _exact(">f", value) else ">d", value)
        case tuple():
            return struct.pack(">HH", *value)
    return value.encode() if isinstance(value, str) else bytes(value)


def _exact(form: str, value: float) -> bool:
    """Give whether a shorter float says a number exactly."""
    try:
        return value != value or struct.unpack(form, struct.pack(form, value))[0] == value
    except OverflowError:
        return False


def _senml(items: Sequence[Mapping[str, Any]], found: list[list[Found]]) -> bytes:
    """Give a pack: a base name where object or instance change, a base time where the instant does."""
    records: list[bytes] = []
    base = ""
    base_time: int | float = 0
    for item, said in zip(items, found, strict=True):
        time = _time(item)
        for number, resource, value in said:
            for tail, one in [(f"/{at}", one) for at, one in value] if resource.many else [("", value)]:
                pairs = []
                path = f"/{number}/{_instance(item)}/"
                if path != base:
                    pairs.append(_pair(senml.BASE_NAME, path))
                if time != base_time:
                    pairs.append(_pair(senml.BASE_TIME, time))
                base, base_time = path, time
                pairs += [_pair(senml.NAME, f"{resource.id}{tail}"), _value_pair(one)]
                records.append(_record(pairs))
    return _head(4, len(records)) + b"".join(records)


def _time(item: Mapping[str, Any]) -> int | float:
    """Give an item's instant [s since 1970 UTC], or its distance from reception [s]; 0 for neither."""
    instant = item.get("time")
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant)
    seconds = item.get("after_reception_s", 0)
    if isinstance(instant, datetime):
        seconds = (instant - _EPOCH) / timedelta(seconds=1)
    return int(seconds) if float(seconds).is_integer() else float(seconds)


def _value_pair(value: Any) -> bytes:
    match value:
        case bool():
            return _pair(senml.TRUTH, value)
        case str():
            return _pair(senml.TEXT, value)
        case bytes():
            return _pair(senml.DATA, value)
        case tuple():
            return _item(senml.LINK) + _item(f"{value[0]}:{value[1]}")
    return _pair(senml.NUMBER, value)


def _pair(label: int, value: Any) -> bytes:
    return _item(label) + _item(value)


def _item(value: Any) -> bytes:
    match value:
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return next(
                bytes([first]) + struct.pack(form, value)
                for first, form in ((0xF9, ">e"), (0xFA, ">f"), (0xFB, ">d"))
                if form == ">d" or _exact(form, value)
            )
        case str():
            return _head(3, len(value.encode())) + value.encode()
    return _head(2, len(value)) + bytes(value)


def _head(major: int, argument: int) -> bytes:
    """Give the head of an item in the fewest bytes."""
    if argument < 24:
        return bytes([major << 5 | argument])
    at = next(at for at in range(4) if argument < 1 << (8 << at))
    return bytes([major << 5 | 24 + at]) + argument.to_bytes(1 << at)
