"""Apator AT-WMBUS-16-2 radio modules (maker APA, version 5) on wireless M-Bus.

Source: the registers' sizes as read in the public analysis of wmbusmeters. A telegram as in
`en13757_wmbus_water_v1`; behind the header, all of it encrypted:

    2F 2F 0F  TTTT EEE  then registers: R V..
    T  the module's own time, its coding is not published     E  faults
    10 VVVV  volume [L], low byte first     7n ..  n + 1 volumes of the past, undated, behind a byte
    other numbers  of fixed sizes           FF, 2F  nothing
    CC  CRC-16 of EN 13757 from 0F on; told, not verified: receivers put bytes of their own behind it

* A register of unknown number or a cut one ends the registers: the ones before it stay.
"""

from narrowgate_codecs.elements import Const, Hex, Int
from narrowgate_codecs.layout import Body, Case, Records
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.en13757 import MESSAGES, telegram
from narrowgate_schema.words import Family

_SIZES = {
    1: (0xA2, 0xA5, 0xA9, 0xAF),
    2: (0x11, 0x41, 0x43, 0xA7, 0xA8, 0xAA, 0xAB, 0xAC, 0xAD, 0xB4),
    3: (0x01, 0x44, 0xA6, *range(0xB6, 0xC8), 0xD0, 0xD3),
    4: (0x00, 0x42, 0xA0, 0xA1, 0xA4, 0xF0),
    5: (0xB0,),
    6: (0x40, 0x8B, 0x8C),
    7: (0x8E, 0xA3),
    8: (0xB1, 0xB3),
    9: (0x8A,),
    10: (*range(0x80, 0x85), 0x86, 0x87),
    11: (0x85, 0x88, 0x8F),
    16: (0xB2, 0xB5),
}
"""Registers by their size [byte]."""

_REGISTERS = Records(
    "registers",
    tag_width=1,
    cases=(
        Case("volume", (0x10,), (Int("volume_m3", 4, "little", per=1000),)),
        *(Case(f"past_{n + 1}", (0x70 | n,), (Hex("past", 4 * n + 5),)) for n in range(16)),
        *(Case(f"own_{size}", numbers, (Hex("data", size),)) for size, numbers in _SIZES.items()),
        Case("padding", (0xFF, 0x2F), ()),
    ),
)

PROFILE = Profile(
    name="apator_162_v5",
    family=Family.WATER,
    device="Apator AT-WMBUS-16-2 radio module",
    source="EN 13757-4/-7; registers by the analysis of wmbusmeters",
    up=telegram(
        (
            Const(b"\x0f"),
            Hex("own_time", 4),
            Hex("faults", 3, "little"),
            Body(2, (_REGISTERS,)),
            Hex("own_check", 2, default="ffff"),
        )
    ),
    down=(),
    identity="identity",
    readings=tuple(Reading(message, (Carry("volume_m3"),), records="registers") for message in MESSAGES),
)
