"""The heads of M-Bus data records: what a record's DIF, DIFE, VIF and VIFE say of its value.

Source: EN 13757-3:2018, clause 6 (data information block DIB, value information block VIB):

    DIF   x.......  a DIFE follows      .x......  lowest bit of the storage number
          ..xx....  0 now, 1 greatest, 2 least, 3 while in error     ....xxxx  coding of the value
    DIFE  x.......  another follows     .x......  bit of the subunit
          ..xx....  two bits of the tariff           ....xxxx  four bits of the storage number
    VIF   x.......  a VIFE follows      FB, FD  the unit is in the first VIFE     7C, FC  text names the unit
 codings 0 none 1 2 3 4 6 7 integers of 1 2 3 4 6 8 bytes 5 float 9 A B C E 2 4 6 8 12 digits D variable
    0F, 1F   the rest is the maker's own     2F  nothing
"""

from dataclasses import dataclass
from typing import Literal

from narrowgate_codecs.sketch import Reader, refused
from narrowgate_codecs.wired import Coding, Wired
from narrowgate_schema.words import Reason

Form = Literal["number", "text", "bytes", "nothing"]
CHAIN = 10
"""DIFE and VIFE of one record at most."""
EXTENSIONS = (0xFB, 0xFD, 0xEF)
"""VIF whose unit stands in the first VIFE."""
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 6: 6, 7: 8}
_DECIMALS = {0x9: 1, 0xA: 2, 0xB: 3, 0xC: 4, 0xE: 6}


@dataclass(frozen=True, slots=True)
class Head:
    """One record: what its head says, and where its value stands."""

    at: int
    """[byte] of the DIF within the content."""
    until: int
    """[byte] behind the VIB."""
    value: int
    """[byte] where the value begins, behind the length of a variable one."""
    stop: int
    """[byte] behind the value."""
    form: Form
    coding: Coding
    function: int
    storage: int
    tariff: int
    subunit: int
    vif: int
    """The VIF without its extension bit; of FB and FD the first VIFE, FB and FD in front: FD17."""
    modifiers: tuple[int, ...]
    """The VIFE behind it, without extension bits."""
    is_own: bool
    """True if the maker gives the value its meaning."""

    @property
    def width(self) -> int:
        """The value's bytes."""
        return self.stop - self.value


@dataclass(frozen=True, slots=True)
class Dib:
    """A data information block."""

    until: int
    code: int
    """The coding's nibble."""
    function: int
    storage: int
    tariff: int
    subunit: int


@dataclass(frozen=True, slots=True)
class Vib:
    """A value information block."""

    until: int
    vif: int
    modifiers: tuple[int, ...]
    is_own: bool


def read_dib(reader: Reader, at: int) -> Dib:
    """Read DIF and DIFE; FrameRefused as `length` if the content ends in them, `model` if they never end."""
    dif = reader.byte(at)
    storage, tariff, subunit, shift, more, until = dif >> 6 & 1, 0, 0, 0, dif & 0x80, at + 1
    while more:
        if shift == CHAIN:
            raise refused(Reason.MODEL, reader.place, f"more than {CHAIN} DIFE at byte {at}")
        dife = reader.byte(until)
        storage |= (dife & 0x0F) << 1 + 4 * shift
        tariff |= (dife >> 4 & 3) << 2 * shift
        subunit |= (dife >> 6 & 1) << shift
        shift, more, until = shift + 1, dife & 0x80, until + 1
    return Dib(until, dif & 0x0F, dif >> 4 & 3, storage, tariff, subunit)


def read_vib(reader: Reader, at: int) -> Vib:
    """Read VIF and VIFE; FrameRefused as `length` if the content ends in them, `model` if they never end."""
    first = reader.byte(at)
    until = at + 1
    if first & 0x7F == 0x7C:
        until += 1 + reader.byte(until)
    chain: list[int] = []
    more = first & 0x80
    while more:
        if len(chain) == CHAIN:
            raise refused(Reason.MODEL, reader.place, f"more than {CHAIN} VIFE at byte {at}")
        vife = reader.byte(until)
        chain.append(vife & 0x7F)
        more, until = vife & 0x80, until + 1
    reader.need(at, until - at)
    own = first & 0x7F == 0x7F or 0x7F in chain
    if first in EXTENSIONS:
        return Vib(until, first << 8 | chain[0], tuple(chain[1:]), own)
    return Vib(until, first & 0x7F, tuple(chain), own)


def read_head(reader: Reader, at: int) -> Head:
    """Read a record's head and where its value stands; FrameRefused if it reaches past the end."""
    dib = read_dib(reader, at)
    vib = read_vib(reader, dib.until)
    form, coding, value, width = _value(reader, dib.code, vib.until)
    reader.need(value, width)
    return Head(
        at,
        vib.until,
        value,
        value + width,
        form,
        coding,
        dib.function,
        dib.storage,
        dib.tariff,
        dib.subunit,
        vib.vif,
        vib.modifiers,
        vib.is_own,
    )


def width_of(code: int) -> int | None:
    """Give the bytes that a value of a coding always takes; None if it has no width of its own."""
    if code in (0, 8):
        return 0
    return 4 if code == 5 else {**_INTEGERS, **_DECIMALS}.get(code)


def _value(reader: Reader, code: int, at: int) -> tuple[Form, Coding, int, int]:
    """Give the form, the coding, the place and the width of a value."""
    if code in _INTEGERS:
        return "number", "integer", at, _INTEGERS[code]
    if code in _DECIMALS:
        return "number", "decimal", at, _DECIMALS[code]
    if code == 5:
        return "number", "float", at, 4
    if code == 0xD:
        form, coding, width = _variable(reader, at)
        return form, coding, at + 1, width
    if code in (0, 8):
        return "nothing", "integer", at, 0
    raise refused(Reason.MODEL, reader.place, f"DIF of coding {code:X} before byte {at}")


def _variable(reader: Reader, at: int) -> tuple[Form, Coding, int]:
    """Give what a length byte says: text, digits, bytes or a number (EN 13757-3, LVAR)."""
    length = reader.byte(at)
    if length < 0xC0:
        return "text", "integer", length
    if length < 0xCA:
        return "number" if length - 0xC0 in range(1, 9) else "bytes", "decimal", length - 0xC0
    if 0xE0 <= length < 0xF0:
        return "number" if length - 0xE0 in range(1, 9) else "bytes", "integer", length - 0xE0
    if 0xF0 <= length < 0xF5:
        return "bytes", "integer", 4 * (length - 0xEC)
    if length in (0xF5, 0xF6):
        return "bytes", "integer", 48 if length == 0xF5 else 64
    raise refused(Reason.MODEL, reader.place, f"length {length:02X} at byte {at}")


def number(head: Head, name: str, times: int, per: int) -> Wired:
    """Give the leaf of a record's number; the least negative integer means that there is none."""
    void = -(1 << 8 * head.width - 1) if head.coding == "integer" else None
    return Wired(name, head.width, head.coding, "little", True, void, times, per)
