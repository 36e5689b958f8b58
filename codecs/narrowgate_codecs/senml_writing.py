"""From values to SenML in CBOR: items in the fewest bytes, records of a pack with what holds said once."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from narrowgate_codecs import senml


@dataclass(frozen=True, slots=True)
class Told:
    """A record by its whole name."""

    name: str
    time_s: int | float
    pairs: tuple[bytes, ...]
    """Its unit and its value."""


@dataclass(slots=True)
class Pack:
    """Records as they are written: what holds from one on is not said again."""

    records: list[bytes] = field(default_factory=list)
    base: str = ""
    time_s: int | float = 0

    def add(self, base: str, name: str, time_s: int | float, pairs: Iterable[bytes]) -> None:
        """Add a record of a base name and a name behind it."""
        head = []
        if base != self.base:
            head.append(pair(senml.BASE_NAME, base))
        if time_s != self.time_s:
            head.append(pair(senml.BASE_TIME, time_s))
        self.base, self.time_s = base, time_s
        named = [pair(senml.NAME, name)] if name else []
        self.records.append(record([*head, *named, *pairs]))

    def tell(self, told: Told) -> None:
        """Add a record by its whole name."""
        self.add(told.name, "", told.time_s, told.pairs)

    def written(self) -> bytes:
        """Give the pack."""
        return packed(self.records)


def packed(records: list[bytes]) -> bytes:
    """Give an array of records; where there is none one that says nothing, for it is known by its records."""
    records = records or [record([])]
    return _head(4, len(records)) + b"".join(records)


def record(pairs: list[bytes]) -> bytes:
    """Give a record of labels and what they say."""
    return _head(5, len(pairs)) + b"".join(pairs)


def value_pair(value: Any) -> bytes:
    """Give a label and a value of its kind; two numbers are a link."""
    match value:
        case bool():
            return pair(senml.TRUTH, value)
        case str():
            return pair(senml.TEXT, value)
        case bytes():
            return pair(senml.DATA, value)
        case tuple():
            return item(senml.LINK) + item(f"{value[0]}:{value[1]}")
    return pair(senml.NUMBER, value)


def pair(label: int | str, value: Any) -> bytes:
    """Give a label and what it says."""
    return item(label) + item(value)


def item(value: Any) -> bytes:
    """Give a value of CBOR."""
    match value:
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return next(
                bytes([first]) + struct.pack(form, value)
                for first, form in ((0xF9, ">e"), (0xFA, ">f"), (0xFB, ">d"))
                if form == ">d" or exact(form, value)
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


def exact(form: str, value: float) -> bool:
    """Give whether a shorter float says a number exactly."""
    try:
        return value != value or struct.unpack(form, struct.pack(form, value))[0] == value
    except OverflowError:
        return False
