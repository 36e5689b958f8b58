"""Diehl Izar radio modules (makers HYD, DME, SAP) on wireless M-Bus: PRIOS telegrams.

Source: published telegrams and their public analysis (wmbusmeters). A telegram of the maker's own:

    L C MM  AAAAAA  CI  b s t u   by PRIOS: 4B VVVV WWWW DD ..
    A  SAP: identity, version, type; the others: version, type, identity
    b  b0-3 seconds between telegrams, 4 times a power of two  b7 general alarm
    s  b0-4 battery left [half a year] b5 blocked b6 there was a leak b7 there is a leak
    t  b7 flows back b6 underflow b5 overflow b4 under water b3 b2 sensor tampered with, now and before
       b1 b0 mechanically tampered with, now and before     u  unknown
    V  volume [L], W volume of the day D, a date of EN 13757-3

* Some telegrams have 16 bytes more, of unknown meaning.
* Two keys of the maker open all telegrams of devices that have no key of their own.
* Only the first byte shows that a text is right: of wrong keys one in 256 opens something.
* The volume of the day D is a row of the series `history`. The telegram's own row is dated by reception.
"""

from narrowgate_codecs.bit_clocks import date_g
from narrowgate_codecs.elements import Bits, Code, Const, Hex, Int, Part
from narrowgate_codecs.layout import Case, Element, Encrypted, FormatA, Sized, Switch, Tail
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family, Reason

_KEYS = (bytes.fromhex("39bc8a10e66d83f8"), bytes.fromhex("51728910e66d83f8"))
_HALF_YEARS = tuple(count / 2 for count in range(32))
_TAMPERED = tuple((code, bool(code & 0b1010)) for code in range(16))
_SAP = 0x4C30

_IDENTITY = Hex("identity", 4, "little")
_VERSION, _TYPE = Int("version", 1, default=0), Int("type", 1, default=7)
_PLAIN: tuple[Element, ...] = (
    Code("ci", 1, accepts=tuple(range(0xA0, 0xA8)), default=0xA2),
    Bits(
        "state",
        3,
        (
            Part("general_alarm", 23),
            Part("period_power", 16, 4),
            Part("leak", 15),
            Part("was_leaking", 14),
            Part("is_blocked", 13),
            Part("battery_left_y", 8, 5, numbers=_HALF_YEARS),
            Part("reverse_flow", 7),
            Part("underflow", 6),
            Part("overflow", 5),
            Part("is_under_water", 4),
            Part("tamper", 0, 4, _TAMPERED),
        ),
    ),
    Hex("unknown", 1, default="13"),
)
_CONTENT: tuple[Element, ...] = (
    Const(b"\x4b", Reason.INTEGRITY),
    Int("volume_m3", 4, "little", per=1000),
    Int("past_m3", 4, "little", per=1000),
    date_g("past_day"),
    Tail((Hex("more", 16),), 16),
)


def _telegram(*address: Element) -> tuple[Element, ...]:
    names = tuple(element.name for element in address)  # type: ignore[union-attr]  # all of them have one
    seed = ("maker", *names, "ci", "state")
    return (*address, *_PLAIN, Encrypted("prios", seed, _CONTENT, b"\x4b", keys=_KEYS))


_MESSAGES = ("standard", "swapped")
_CARRIES = (Carry("volume_m3"), Carry("leak"), Carry("reverse_flow"), Carry("tamper"))

PROFILE = Profile(
    name="diehl_izar_v1",
    family=Family.WATER,
    device="Diehl Izar radio module",
    source="published telegrams and their public analysis",
    up=(
        FormatA(
            (
                Sized(
                    1,
                    (
                        Int("control", 1, default=0x44),
                        Code("maker", 2, "little"),
                        Switch(
                            "maker",
                            (
                                Case("standard", (_SAP,), _telegram(_IDENTITY, _VERSION, _TYPE)),
                                Case("swapped", (0x2324, 0x11A5), _telegram(_VERSION, _TYPE, _IDENTITY)),
                            ),
                        ),
                    ),
                    is_believed=False,
                ),
            )
        ),
    ),
    down=(),
    identity="identity",
    readings=tuple(
        reading
        for message in _MESSAGES
        for reading in (
            Reading(message, _CARRIES),
            Reading(
                message, (Carry("volume_m3", "past_m3"),), clock="past_day", only_dated=True, series="history"
            ),
        )
    ),
)
