"""Content that describes itself, drawn over all that its grammar can say, as encode takes it."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from narrowgate_codecs import layout as lay
from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.grammars.en13757 import value_leaf
from narrowgate_codecs.grammars.en13757_compact import weave_of
from narrowgate_codecs.grammars.en13757_heads import read_head
from narrowgate_codecs.sketch import Reader
from narrowgate_codecs.wired import Wired

Values = dict[str, Any]

_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 6: 6}
_DECIMALS = {0x9: 2, 0xA: 4, 0xB: 6, 0xC: 8, 0xE: 12}
_MEASURES = {
    **{vif: "volume_m3" for vif in range(0x10, 0x18)},
    **{vif: "flow_m3_per_h" for vif in range(0x38, 0x50)},
    **{vif: "temperature_c" for vif in range(0x58, 0x5C)},
    **{vif: "ambient_temperature_c" for vif in range(0x64, 0x68)},
}
_SPAN_S = 30 * 365 * 86_400
_OTHERS = (
    ("02fd17", 2),
    ("0c78", 4),
    ("02fd74", 2),
    ("326c", 2),
    ("01fd08", 1),
    ("0dff5f05", 5),
    ("1413", None),
)
_EXPONENTS = {"volume_m3": (0x10, -6), "temperature_c": (0x58, -3), "ambient_temperature_c": (0x64, -3)}


def en13757(rng: random.Random, shape: random.Random) -> list[Values]:
    """Draw M-Bus data records: a meter's time, measures of some storages, dates, profiles, a maker's own.

    Args:
        rng: draws what they say.
        shape: draws what there is.
    """
    records = [_time(rng, shape, 0)] if shape.random() < 0.7 else []
    for storage in range(shape.choice((1, 1, 2, 4))):
        records.extend(_storage(rng, shape, storage))
    for _ in range(shape.randrange(3)):
        records.append(_other(rng, shape))
    if shape.random() < 0.2:
        records.append({"head": "0f", "maker_data": _block(rng, shape).hex()})
    return records


def _storage(rng: random.Random, shape: random.Random, storage: int) -> list[Values]:
    made = []
    if storage and shape.random() < 0.8:
        made.append(_time(rng, shape, storage))
    vif = shape.choice((0x13, 0x13, 0x13, shape.choice(list(_MEASURES))))
    coding = shape.choice((*_INTEGERS, *_DECIMALS, 5))
    made.append(_measure(rng, shape, storage, coding, vif))
    counts_both_ways = made[-1]["head"].endswith(f"{vif:02x}")
    if (
        storage
        and vif in range(0x10, 0x18)
        and counts_both_ways
        and coding in (3, 4)
        and shape.random() < 0.5
    ):
        made.append(_profile(rng, shape, storage, vif))
    return made


def _block(rng: random.Random, shape: random.Random) -> bytes:
    """Draw a maker's own bytes: parts as B Meters tells them, or what nobody knows."""
    if shape.random() < 0.3:
        return b"\x02" + rng.randbytes(shape.randrange(1, 9))
    told, parts = 0, b""
    for bit, width in ((0, 1), (7, 3), (2, 4), (4, 37)):
        if shape.random() < 0.5:
            told, parts = told | 1 << bit, parts + rng.randbytes(width)
    return bytes([told]) + parts


def _dif(coding: int, storage: int, function: int = 0) -> str:
    dif = coding | function << 4 | (storage & 1) << 6
    return f"{dif:02x}" if storage < 2 else f"{dif | 0x80:02x}{storage >> 1:02x}"


def _time(rng: random.Random, shape: random.Random, storage: int) -> Values:
    coding = shape.choice((4, 6)) if storage == 0 else shape.choice((2, 4))
    span_s = rng.randrange(_SPAN_S)
    time = datetime(2005, 1, 1) + timedelta(seconds=span_s)  # noqa: DTZ001 - such a clock has no zone
    time = time.replace(second=0) if coding == 4 else time
    time = time.replace(hour=0, minute=0, second=0) if coding == 2 else time
    vif = "6c" if coding == 2 else "6d"
    return {"head": _dif(coding, storage) + vif, "time": None if rng.random() < 0.05 and coding > 2 else time}


def _measure(rng: random.Random, shape: random.Random, storage: int, coding: int, vif: int) -> Values:
    name = _MEASURES[vif]
    way = shape.choice(("", "", "", "3b", "3c")) if name == "volume_m3" else ""
    shown = f"{vif | 0x80:02x}{way}" if way else f"{vif:02x}"
    values: Values = {"head": _dif(coding, storage) + shown}
    return {**values, name: _value(rng, coding, vif, name)}


def _value(rng: random.Random, coding: int, vif: int, name: str) -> float | None:
    if coding == 5:
        return rng.uniform(-1000.0, 1000.0)
    if rng.random() < 0.03:
        return None
    if coding in _DECIMALS:
        count = rng.randrange(-(10 ** (_DECIMALS[coding] - 1)) + 1, 10 ** _DECIMALS[coding])
    else:
        count = rng.randrange(1 - (1 << 8 * coding - 1), 1 << 8 * coding - 1)
    return count * _factor(vif, name)


def _factor(vif: int, name: str) -> float:
    if name in _EXPONENTS:
        first, exponent = _EXPONENTS[name]
        return float(10.0 ** (vif - first + exponent))
    first, exponent, times = {7: (0x38, -6, 1), 8: (0x40, -7, 60), 9: (0x48, -9, 3600)}[vif >> 3]
    return float(times * 10.0 ** (vif - first + exponent))


def _profile(rng: random.Random, shape: random.Random, storage: int, vif: int) -> Values:
    mode, unit, width = shape.randrange(1, 4), shape.randrange(4), shape.choice((1, 2))
    spacing = shape.choice((1, 1, 15, 60, 0xFE))
    count = shape.randrange(1, 13)
    control = mode << 6 | unit << 4 | width
    data = bytes([control, spacing]) + rng.randbytes(count * width)
    return {"head": f"{_dif(0xD, storage)}{vif | 0x80:02x}13{len(data):02x}", "data": data.hex()}


def _other(rng: random.Random, shape: random.Random) -> Values:
    head, width = shape.choice(_OTHERS)
    if width is None:
        return {"head": head, "volume_m3": rng.randrange(1 << 31) / 1000}
    if head == "326c":
        return {"head": head, "time": None}
    return {"head": head, "data": rng.randbytes(width).hex()}


def bit_clock(field: BitClock, rng: random.Random) -> datetime | None:
    """Draw a local time that bits can say."""
    if rng.random() < 0.05:
        return None
    time = datetime(2005, 1, 1) + timedelta(seconds=rng.randrange(_SPAN_S))  # noqa: DTZ001 - no zone
    told = {letter for letter, _, _, _ in field.pieces}
    return time.replace(
        hour=time.hour if "h" in told else 0,
        minute=time.minute if "m" in told else 0,
        second=time.second if "s" in told else 0,
    )


def _of_format(rng: random.Random, heads: str) -> list[Values]:
    """Draw what records with some heads say, their values of fixed width."""
    content, at, records = weave_of(bytes.fromhex(heads)).content, 0, list[Values]()
    while at < len(content):
        head = read_head(Reader(content), at)
        _, leaf = value_leaf(head)
        shown: Values = {"head": content[at : head.value].hex()}
        records.append(shown if leaf is None else {**shown, leaf.name: _any_of(leaf, rng)})
        at = head.stop
    return records


def _any_of(leaf: lay.Leaf, rng: random.Random) -> Any:
    if isinstance(leaf, BitClock):
        return bit_clock(leaf, rng)
    if isinstance(leaf, Wired):
        return rng.randrange(1 - (1 << 8 * leaf.width - 1), 1 << 8 * leaf.width - 1) * leaf.times / leaf.per
    return rng.randbytes(getattr(leaf, "width", 0)).hex()


DRAWN: dict[str, Callable[[random.Random, random.Random], list[Values]]] = {"en13757": en13757}
SHAPES = 256
"""Layouts that one sender draws contents of: those of a fleet, not one a frame."""


def drawn(field: lay.Described, rng: random.Random, first: int) -> list[Values]:
    """Draw what a Described says under its name, in one of SHAPES layouts from the first on."""
    shape = random.Random(first + rng.randrange(SHAPES))
    if field.is_compact:
        return _of_format(rng, str(shape.choice(field.table)[1]))
    return DRAWN[field.grammar](rng, shape)
