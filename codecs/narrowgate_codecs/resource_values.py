"""From what a record of TLV or SenML carries to the raw value of its resource."""

import struct
from typing import Any

from narrowgate_codecs import cbor, senml
from narrowgate_codecs import elements as el
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.resources import Kind, Resource
from narrowgate_codecs.scope import Said
from narrowgate_schema.words import Reason

WIDTHS: dict[Kind, tuple[int, ...]] = {
    "float": (4, 8),
    "integer": (1, 2, 4, 8),
    "time": (1, 2, 4, 8),
    "boolean": (1,),
    "link": (4,),
}
"""Bytes that a TLV value of a kind can have; any for the others."""
_FLOATS = {4: ">f", 8: ">d"}
_EXACT = 1 << 53
LATEST_S = 1 << 36
"""A time past it is as good as none: it is said as never set."""


def fits(kind: Kind, width: int) -> bool:
    """Give whether a TLV value of so many bytes can be of a kind."""
    return width in WIDTHS.get(kind, (width,))


def of_tlv(resource: Resource, value: bytes, at: int) -> Any:
    """Give the raw value of a resource.

    Raises:
        FrameRefused: `length` for a width that its kind does not have, `sanity` for a truth that is neither 0
            nor 1, an integer that nothing counts up to, and text that is none.
    """
    kind = resource.kind
    if not fits(kind, len(value)):
        raise FrameRefused(Reason.LENGTH, f"byte {at}: {resource.name}: {len(value)} bytes are no {kind}")
    match kind:
        case "float":
            (number,) = struct.unpack(_FLOATS[len(value)], value)
            return float(number) / resource.per
        case "integer" | "time":
            return _whole(resource, int.from_bytes(value, signed=True), at)
        case "boolean":
            if value[0] > 1:
                raise FrameRefused(Reason.SANITY, f"byte {at}: {resource.name}: {value[0]} is no truth")
            return value[0]
        case "link":
            return f"{int.from_bytes(value[:2])}:{int.from_bytes(value[2:])}".encode()
        case "text":
            cbor.text_of(value, at)
    return value


def of_senml(resource: Resource, record: senml.Record) -> Any:
    """Give the raw value of a resource; FrameRefused, `sanity`, for a value of another kind or unit."""
    kind, value = resource.kind, record.value
    right = record.shape == ("number" if kind in ("float", "integer", "time") else kind)
    if right and kind in ("integer", "time"):
        right = isinstance(value, int) or value.is_integer()
    if not right:
        raise FrameRefused(Reason.SANITY, f"byte {record.start}: {resource.name}: no {kind}")
    if resource.unit and record.unit not in ("", resource.unit):
        told = f"in {record.unit}, {resource.unit} is its unit"
        raise FrameRefused(Reason.SANITY, f"byte {record.start}: {resource.name}: {told}")
    match kind:
        case "float":
            return float(value) / resource.per
        case "integer" | "time":
            return _whole(resource, int(value), record.start)
        case "boolean":
            return int(value)
        case "opaque":
            return value
    return value.encode()


def _whole(resource: Resource, number: int, at: int) -> int:
    """Give a number that float64 can say; of a time none that leaves the years a clock can have."""
    if resource.kind == "time":
        return number if 0 <= number < LATEST_S else 0
    if abs(number) > _EXACT:
        raise FrameRefused(Reason.SANITY, f"byte {at}: {resource.name}: {number} is past {_EXACT}")
    return number


def other_of(record: senml.Record) -> list[Said]:
    """Give what a record says that stands for no known resource, under names for its kind."""
    start, stop = record.start, record.stop
    said = [Said(el.Utf8("name"), record.name.encode(), start, stop)]
    if record.unit:
        said.append(Said(el.Utf8("unit"), record.unit.encode(), start, stop))
    if record.time_s:
        said.append(Said(el.Float("time_s", 8), record.time_s, start, stop))
    leaf, raw = _other_value(record)
    return [*said, Said(leaf, raw, start, stop)]


def _other_value(record: senml.Record) -> tuple[Any, Any]:
    value = record.value
    match record.shape:
        case "text" | "link":
            return el.Utf8(record.shape), value.encode()
        case "boolean":
            return el.Named("truth", 1, ((0, False), (1, True))), int(value)
        case "opaque":
            return el.Rest("data"), value
    name = "sum" if record.shape == "sum" else "value"
    return (el.Int(name, 8), value) if isinstance(value, int) else (el.Float(name, 8), value)
