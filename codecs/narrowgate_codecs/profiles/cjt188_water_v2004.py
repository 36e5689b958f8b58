"""Water meters that speak CJ/T 188-2004, bare over NB-IoT or behind a tunnel's ASCII prefix.

Source: CJ/T 188-2004 (household meter data transmission), frame layout and table of units, confirmed by
published frames of several makers:

    [CTRL:& 16 digits] [FE ..] 68 T AA AA AA AA AA AA AA C L  DD DD S ..  CS 16
    T   type: 10-19 water, AA any        A  address, packed decimal, last digits first
    C   control: 01 read, 03 address, 04 write; 81 83 84 their replies; b6 set: abnormal reply
    L   bytes from D to the last one before CS     CS  sum of everything from 68 up to here
    D   what it is about: 901F current data, 810A address, A017 valve; some makers swap its bytes
    S   serial
    reply 81 to 901F:
        VV VV VV VV U   volume, packed decimal, low digits first; U 2C: 0.01 m3, 29: 1 L
        VV VV VV VV U   the same on the settlement day
        ss mm hh DD MM YY CC    clock without zone; one maker sends it as CC YY MM DD hh mm ss
        B1 B2           B1 b0-1 valve 00 open, 01 closed, 11 fault; b2 battery low; B2 is the maker's own

* A register of F nibbles or of nothing but nines is no number: null, whatever its unit says.
* A clock that is no calendar time, or lies before the norm, was never set: reception dates the reading and
  `clock_unsynchronised` is true.
* One maker signals a low battery in B1 b5; it is not read, `status` keeps the bytes.
* The address is the whole of A; in some fleets its first four digits are the maker's code.
"""

from dataclasses import replace

from narrowgate_codecs.elements import (
    Bcd,
    Bits,
    Check,
    Clock,
    Code,
    Const,
    Filler,
    Hex,
    Int,
    Mark,
    Named,
    Part,
    Rest,
    Text,
    Units,
)
from narrowgate_codecs.layout import Case, Lead, Sized, Switch, Tail
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family, Reason

_WATER_TYPES = (*range(0x10, 0x1A), 0xAA)
_CURRENT = (0x901F, 0x1F90)
_VALVE = (0xA017, 0x17A0)
_SWAPPED = ((0x1F90, 0x901F), (0x0A81, 0x810A), (0x17A0, 0xA017))
_COUNTS_IN_M3 = ((0x2C, 100), (0x29, 1000))

_SERIAL = Int("serial", 1, default=0)
_IDENTIFIER = Code("data_identifier", 2, aliases=_SWAPPED)
_DATA = Rest("data")
_SERIAL_AND_DATA = Tail((_SERIAL, _DATA))

_STATUS = Bits(
    "status",
    2,
    (
        Part("valve", at=8, size=2, words=((0, "open"), (1, "closed"), (3, "fault")), default="open"),
        Part("battery_low", at=10, default=False),
    ),
)

_CURRENT_DATA = (
    _SERIAL,
    Bcd("volume_m3", 4, "little", per=Units("volume_unit", _COUNTS_IN_M3)),
    Code("volume_unit", 1, default=0x2C),
    Bcd("settlement_volume_m3", 4, "little", per=Units("settlement_unit", _COUNTS_IN_M3), default=0),
    Code("settlement_unit", 1, default=0x2C),
    Clock("clock", ("s m h D M Y C", "C Y M D h m s"), earliest_year=2004),
    _STATUS,
)

_READ_REPLY = (
    _IDENTIFIER,
    Switch(
        "data_identifier",
        (Case("current_data", _CURRENT, _CURRENT_DATA),),
        default=Case("other_data", (), (_SERIAL_AND_DATA,)),
    ),
)

_WRITE_REPLY = (
    _IDENTIFIER,
    Switch(
        "data_identifier",
        (Case("valve_reply", _VALVE, (_SERIAL, Tail((_STATUS,)))),),
        default=Case("other_write_reply", (), (_SERIAL_AND_DATA,)),
    ),
)

_VALVE_ORDER = Named("order", 1, ((0x55, "open"), (0x99, "close")))
_ADDRESS_REPLY = (_IDENTIFIER, _SERIAL, _DATA)
_ABNORMAL_REPLY = (_SERIAL, _DATA)


def _frame(control: Switch) -> tuple[Lead | Filler | Mark | Const | Code | Hex | Sized | Check, ...]:
    return (
        Lead(b"CTRL:&", (Text("tunnel_number", 16),)),
        Filler(0xFE, at_most=16),
        Mark("start"),
        Const(b"\x68"),
        Code("meter_type", 1, accepts=_WATER_TYPES, default=0x10),
        Hex("address", 7, "little"),
        Code("control", 1),
        Sized(1, (control,)),
        Check("sum8", since="start"),
        Const(b"\x16", Reason.INTEGRITY),
    )


_UP = _frame(
    Switch(
        "control",
        (
            Case("read_reply", (0x81,), _READ_REPLY),
            Case("address_reply", (0x83,), _ADDRESS_REPLY),
            Case("write_reply", (0x84,), _WRITE_REPLY),
            Case("abnormal_reply", (0xC1, 0xC3, 0xC4), _ABNORMAL_REPLY),
        ),
        default=Case("other", (), (_IDENTIFIER, _SERIAL_AND_DATA)),
    )
)

_DOWN = _frame(
    Switch(
        "control",
        (
            Case("read", (0x01,), (replace(_IDENTIFIER, default=0x901F), _SERIAL)),
            Case("read_address", (0x03,), (replace(_IDENTIFIER, default=0x810A), _SERIAL)),
            Case(
                "write",
                (0x04,),
                (
                    _IDENTIFIER,
                    Switch(
                        "data_identifier",
                        (Case("set_valve", _VALVE, (_SERIAL, _VALVE_ORDER)),),
                        default=Case("other_write", (), (_SERIAL_AND_DATA,)),
                    ),
                ),
            ),
        ),
        default=Case("other", (), (_IDENTIFIER, _SERIAL_AND_DATA)),
    )
)

PROFILE = Profile(
    name="cjt188_water_v2004",
    family=Family.WATER,
    device="Water meter after CJ/T 188-2004",
    source="CJ/T 188-2004, household meter data transmission",
    up=_UP,
    down=_DOWN,
    identity="address",
    key="clock",
    readings=(
        Reading(
            "current_data",
            clock="clock",
            carries=(Carry("volume_m3"), Carry("valve"), Carry("battery_low")),
        ),
        Reading("valve_reply", carries=(Carry("valve"), Carry("battery_low"))),
    ),
)
