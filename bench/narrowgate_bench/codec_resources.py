"""Resources to send: whatever an LwM2M device of a profile can report, as TLV or as SenML in CBOR."""

import random
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from narrowgate_codecs.resources import Kind, Object, Resource, Resources, all_of

Values = dict[str, Any]

_FIRST = datetime(2015, 1, 1, tzinfo=UTC)
_SPAN_S = 80 * 365 * 86_400
_SHARE = 0.4
_WIDTHS = (7, 15, 31, 52)


def drawn_resources(field: Resources, rng: random.Random, most: int) -> Values:
    """Draw the values of a frame: one object as TLV, or items of several objects and instants as SenML.

    Args:
        field: the declaration.
        rng: where chance comes from.
        most: resources of a frame.
    """
    if not field.objects:
        return {"encoder": f"{rng.choice(field.versions):04x}"}
    count = rng.choice((1, 1, 1, 1, 2, 3))
    is_tlv = rng.random() < 0.5
    one = rng.choice(all_of(field))
    objects = [one] if is_tlv else list(field.objects[: rng.randint(1, 3)])
    items = [_item(objects, rng, max(1, most // count)) for _ in range(count)]
    if is_tlv:
        for at, item in enumerate(items):
            item["instance"] = str(at) if at else ""
        return {"form": "tlv", "object": one.id, field.name: items}
    for item in items:
        item["instance"] = rng.choice(("", "", "", "1", "17"))
        if rng.random() < 0.2:
            item.pop("time", None)
            item["after_reception_s"] = rng.choice((-86_400, -1, -0.25, 3600))
    return {"form": "senml_cbor", field.name: items}


def drawn_record(field: Resources, rng: random.Random) -> Values:
    """Draw what a record says beside its opaque value: a name and an instant, where it has them."""
    if field.objects:
        return {}
    instant = _FIRST + timedelta(seconds=rng.randrange(_SPAN_S))
    return {"name": f"{rng.randrange(10**8):08d}", "time": instant.isoformat()}


def _item(objects: list[Object], rng: random.Random, most: int) -> Values:
    known = {resource.name: resource for one in objects for resource in one.resources}
    chosen = rng.sample(list(known.values()), min(len(known), rng.randint(1, most)))
    item = {resource.name: _drawn(resource, rng) for resource in chosen}
    if rng.random() < _SHARE:
        item["time"] = (_FIRST + timedelta(seconds=rng.randrange(_SPAN_S))).isoformat()
    return item


def _drawn(resource: Resource, rng: random.Random) -> Any:
    if not resource.many:
        return _value(resource, rng)
    return [{"at": at, resource.name: _value(resource, rng)} for at in range(rng.randint(1, 3))]


def _value(resource: Resource, rng: random.Random) -> Any:
    return _DRAWN[resource.kind](resource, rng)


def _integer(resource: Resource, rng: random.Random) -> int:
    low, high = resource.limits or (-(1 << 7), 1 << rng.choice(_WIDTHS))
    return rng.randint(int(low), int(high))


def _text(resource: Resource, rng: random.Random) -> str:
    return "".join(chr(rng.randrange(0x20, 0x7F)) for _ in range(rng.randrange(24)))


def _float(resource: Resource, rng: random.Random) -> float | None:
    """Draw a number that takes two, four or eight bytes, or none."""
    if rng.random() < 0.03:
        return None
    low, high = resource.limits or (-1000.0, 100_000.0)
    number = rng.uniform(low, high)
    kind = rng.randrange(4)
    if kind == 0:
        return float(round(number)) if low <= round(number) <= high else number
    if kind == 3:
        return number
    (shorter,) = struct.unpack(">f", struct.pack(">f", number))
    return float(min(high, max(low, shorter / resource.per if resource.per > 1 else shorter)))


_DRAWN: dict[Kind, Callable[[Resource, random.Random], Any]] = {
    "float": _float,
    "integer": _integer,
    "boolean": lambda resource, rng: rng.random() < 0.5,
    "time": lambda resource, rng: (_FIRST + timedelta(seconds=rng.randrange(_SPAN_S))).isoformat(),
    "opaque": lambda resource, rng: rng.randbytes(rng.randrange(40)).hex(),
    "link": lambda resource, rng: f"{rng.randrange(1 << 16)}:{rng.randrange(1 << 16)}",
    "text": _text,
}
