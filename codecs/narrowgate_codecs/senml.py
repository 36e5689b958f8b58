"""SenML in CBOR, walked: which records a pack has, base values resolved (RFC 8428, 4.1, 4.6 and 6).

    pack    array of records          record  map: label → item
    -2 bn   base name                  0 n    name, appended to the base name
    -3 bt   base time [s]              1 u    unit
    -4 bu   base unit                  2 v    number         3 vs  text
    -5 bv   base value                 4 vb   truth          8 vd  bytes
    -6 bs   base sum, -1 bver version  5 s    sum            6 t   time [s], added to the base time

Base values hold from their record on. Times below 2**28 count from reception. Labels that are text are passed
over unless they end with _, which says that they must be understood; `vlo` is an object link (OMA LwM2M 1.1).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal, TypeAlias

from narrowgate_codecs import cbor
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_schema.words import Reason

BASE_VERSION, BASE_NAME, BASE_TIME, BASE_UNIT, BASE_VALUE, BASE_SUM = -1, -2, -3, -4, -5, -6
NAME, UNIT, NUMBER, TEXT, TRUTH, SUM, TIME, UPDATE, DATA = range(9)
LINK = "vlo"
RELATIVE_S = 1 << 28
"""Times below count from reception [s]."""
LONGEST_NAME = 255
_KNOWN_VERSION = 10
_DATA_AT = 99
"""Beside the labels: where the item of the bytes stands."""
_ARRAY, _MAP = 0x80, 0xA0
WIDTHS = (0,) * 24 + (1, 2, 4, 8) + (0,) * 4
"""Bytes behind the first of a CBOR head, by its low five bits."""
_NUMBERS = (BASE_VERSION, BASE_TIME, BASE_VALUE, BASE_SUM, NUMBER, SUM, TIME, UPDATE)
_TEXTS = (BASE_NAME, BASE_UNIT, NAME, UNIT, TEXT, LINK)
_KINDS: dict[int | str, Any] = {label: (int, float) for label in _NUMBERS}
_KINDS |= {label: str for label in _TEXTS}
_KINDS |= {TRUTH: bool, DATA: bytes}

Shape: TypeAlias = Literal["number", "text", "boolean", "opaque", "link", "sum", "nothing"]
_SHAPES: tuple[tuple[int | str, Shape], ...] = (
    (NUMBER, "number"),
    (TEXT, "text"),
    (TRUTH, "boolean"),
    (DATA, "opaque"),
    (LINK, "link"),
    (SUM, "sum"),
)


@dataclass(frozen=True, slots=True)
class Record:
    """One record, resolved."""

    name: str
    unit: str
    time_s: float
    """[s since 1970 UTC], or from reception if it is below RELATIVE_S; 0.0: none was said."""
    shape: Shape
    value: Any
    start: int
    """[byte] from the frame's first."""
    stop: int
    """[byte], exclusive."""
    data_at: int = 0
    """[byte] Where the item of its bytes stands, if it has some."""


@dataclass(slots=True)
class _Base:
    """What holds from a record on."""

    said: dict[int | str, Any] = field(default_factory=dict)

    def keep(self, own: dict[int | str, Any]) -> None:
        """Take over what holds from here on."""
        self.said.update({label: own[label] for label in range(BASE_SUM, 0) if label in own})

    def resolved(self, own: dict[int | str, Any], start: int, stop: int) -> Record:
        """Give a record with what the base adds to it."""
        base = self.said
        name = base.get(BASE_NAME, "") + own.get(NAME, "")
        if len(name) > LONGEST_NAME:
            raise FrameRefused(Reason.LENGTH, f"byte {start}: a name of {len(name)} characters")
        unit = own.get(UNIT, base.get(BASE_UNIT, ""))
        time_s = float(base.get(BASE_TIME, 0)) + float(own.get(TIME, 0))
        shape: Shape = next((shape for label, shape in _SHAPES if label in own), "nothing")
        value = next((own[label] for label, _ in _SHAPES if label in own), None)
        if shape == "number" and BASE_VALUE in base:
            value = base[BASE_VALUE] + value
        if shape == "sum":
            value = base.get(BASE_SUM, 0) + value
        return Record(name, unit, time_s, shape, value, start, stop, own.get(_DATA_AT, 0))


def is_senml(frame: bytes, start: int, stop: int) -> bool:
    """Give whether a region opens like a pack: an array, and a map in it.

    TLV that opens so would be a resource of several instances numbered 160 to 191, which no known object has.
    """
    if stop <= start or frame[start] & 0xE0 != _ARRAY:
        return False
    after = start + 1 + WIDTHS[frame[start] & 0x1F]
    return after < stop and frame[after] & 0xE0 == _MAP


def records(frame: bytes, start: int, stop: int, at_most: int) -> Iterator[Record | FrameRefused]:
    """Give the records of a region; a refusal in the place of one that says the impossible.

    Args:
        frame: the whole frame.
        start: first byte of the region.
        stop: its end.
        at_most: records that are read.

    Raises:
        FrameRefused: `length` for a pack that is cut, too long or has too many records, `model` for one that
            is none or needs more than RFC 8428 to be understood. What was given before holds.
    """
    first, base = cbor.head(frame, start, stop), _Base()
    left, at, count = first.argument, first.after, 0
    while left is None or left > 0:
        if left is None and at < stop and frame[at] == cbor.BREAK:
            at += 1
            break
        count += 1
        if count > at_most:
            raise FrameRefused(Reason.LENGTH, f"byte {at}: more than {at_most} records")
        own, faults, after = _record(frame, at, stop)
        base.keep(own)
        yield faults[0] if faults else base.resolved(own, at, after)
        at, left = after, None if left is None else left - 1
    if at != stop:
        raise FrameRefused(Reason.LENGTH, f"{stop - at} bytes too many from byte {at}")


def _record(frame: bytes, at: int, stop: int) -> tuple[dict[int | str, Any], list[FrameRefused], int]:
    """Read a map; give what it says, what is wrong with what it says, and the first byte behind it."""
    first = cbor.head(frame, at, stop)
    if first.major != cbor.MAP:
        raise FrameRefused(Reason.MODEL, f"byte {at}: a record is wanted, {frame[at]:02X} is none")
    own: dict[int | str, Any] = {}
    faults: list[FrameRefused] = []
    left, at = first.argument, first.after
    while left is None or left > 0:
        if left is None and at < stop and frame[at] == cbor.BREAK:
            at += 1
            break
        label, behind = cbor.item(frame, at, stop)
        try:
            value, after = cbor.item(frame, behind, stop)
            _put(own, label, value, behind)
        except FrameRefused as refused:
            if refused.reason is not Reason.SANITY:
                raise
            faults.append(refused)
            after = cbor.skip(frame, behind, stop)
        if label == DATA:
            own[_DATA_AT] = behind
        at, left = after, None if left is None else left - 1
    return own, faults, at


def _put(own: dict[int | str, Any], label: cbor.Item, value: cbor.Item, at: int) -> None:
    """Keep what a label says; refuse what it cannot say."""
    if isinstance(label, bool) or not isinstance(label, (int, str)):
        raise FrameRefused(Reason.MODEL, f"byte {at}: no label of a record")
    if isinstance(label, str) and label.endswith("_"):
        raise FrameRefused(Reason.MODEL, f"byte {at}: label {label[:LONGEST_NAME]!r} must be understood")
    if label == BASE_VERSION and isinstance(value, int) and value > _KNOWN_VERSION:
        raise FrameRefused(Reason.MODEL, f"byte {at}: SenML version {value}, {_KNOWN_VERSION} is known")
    kind = _KINDS.get(label)
    if kind is None:
        return
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool) or not _fits(value):
        raise FrameRefused(Reason.SANITY, f"byte {at}: no value of label {label}")
    own[label] = value


def _fits(value: Any) -> bool:
    """Give whether a number is not infinite; NaN is said as it is, and means no data."""
    return not isinstance(value, float) or isfinite(value) or value != value
