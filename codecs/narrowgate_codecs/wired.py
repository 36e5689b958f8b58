"""Numbers whose coding and unit a frame states itself, as M-Bus records and TLV values do.

One element stands for all codings of a name: a batch of frames that say it in a dozen ways is read a coding
at a time, the factor being a column like any other.
"""

from dataclasses import dataclass
from math import isfinite
from struct import pack, unpack
from typing import Literal, TypeAlias

from narrowgate_codecs.elements import Order

Coding: TypeAlias = Literal["integer", "decimal", "float"]
_FLOATS = {2: "e", 4: "f", 8: "d"}


@dataclass(frozen=True, slots=True)
class Wired:
    """A number as it is wired: raw * times / per, always a float."""

    name: str
    width: int = 4
    """[byte] 1 to 8."""
    coding: Coding = "integer"
    """integer; decimal: packed digits, a leading F is a minus, any other digit above 9 says nothing; float:
    of 2, 4 or 8 bytes, infinite or no number says nothing."""
    order: Order = "little"
    signed: bool = True
    void: int | None = None
    """The integer that says nothing (null)."""
    times: int = 1
    per: int = 1


def wired_value(leaf: Wired, raw: bytes) -> float | None:
    """Give the number that bytes say; None if they say nothing."""
    if leaf.coding == "float":
        (number,) = unpack(_format(leaf), raw)
        return number * leaf.times / leaf.per if isfinite(number) else None
    count = wired_count(leaf, raw)
    return None if count is None else float(count) * leaf.times / leaf.per


def wired_count(leaf: Wired, raw: bytes) -> int | None:
    """Give the count that an integer's or a decimal's bytes say; None if they say nothing."""
    if leaf.coding == "integer":
        count = int.from_bytes(raw, leaf.order, signed=leaf.signed)
        return None if count == leaf.void else count
    digits = (raw[::-1] if leaf.order == "little" else raw).hex()
    sign, digits = (-1, digits[1:]) if digits[0] == "f" else (1, digits)
    return sign * int(digits) if digits.isdecimal() else None


def _format(leaf: Wired) -> str:
    return ("<" if leaf.order == "little" else ">") + _FLOATS[leaf.width]


def wired_bytes(leaf: Wired, value: float | None) -> bytes:
    """Give the bytes that say a number, None for one that cannot be said.

    Raises:
        OverflowError: the coding has no room for the number, or no way to say nothing.
    """
    if leaf.coding == "float":
        number = float("nan") if value is None else value * leaf.per / leaf.times
        return pack(_format(leaf), number)
    if value is None:
        return _nothing(leaf)
    count = round(value * leaf.per / leaf.times)
    if leaf.coding == "integer":
        return count.to_bytes(leaf.width, leaf.order, signed=leaf.signed)
    shown = f"f{-count:0{2 * leaf.width - 1}d}" if count < 0 else f"{count:0{2 * leaf.width}d}"
    if len(shown) > 2 * leaf.width:
        raise OverflowError(f"{count} does not fit {2 * leaf.width} digits")
    digits = bytes.fromhex(shown)
    return digits[::-1] if leaf.order == "little" else digits


def _nothing(leaf: Wired) -> bytes:
    if leaf.coding == "decimal":
        return b"\xee" * leaf.width
    if leaf.void is None:
        raise OverflowError("a number is wanted")
    return leaf.void.to_bytes(leaf.width, leaf.order, signed=leaf.signed)
