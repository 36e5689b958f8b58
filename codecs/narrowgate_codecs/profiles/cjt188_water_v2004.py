"""Water meters that speak CJ/T 188, bare over NB-IoT or behind a tunnel's ASCII prefix.

Source: CJ/T 188-2004 (household meter data transmission), frame layout and table of units, confirmed by
published frames of several makers; the identifiers that CJ/T 188-2018 adds as in shiyuecamus/ng-gateway:

    [CTRL:& 16 digits] [FE ..] 68 T AA AA AA AA AA AA AA C L  DD DD S ..  CS 16
    T   type: 10-19 water, AA any        A  address, packed decimal, last digits first
    C   control: 01 read, 03 address, 04 write, 09 key, 15 set address, 16 set register; b7 set: the reply,
        b6 set as well: an abnormal one
    L   bytes from D to the last one before CS     CS  sum of everything from 68 up to here
    D   what it is about; the edition of 2004 sends its high byte first, that of 2018 its low one
    S   serial
    reply 81 to 901F:
        VV VV VV VV U   volume, packed decimal, low digits first; U 2C: 0.01 m3, 29: 1 L
        VV VV VV VV U   the same on the settlement day
        ss mm hh DD MM YY CC    clock without zone; one maker sends it as CC YY MM DD hh mm ss
        B1 B2           B1 b0-1 valve 00 open, 01 closed, 11 fault; b2 battery low; B2 is the maker's own
    D120-D12B, 2018 also D200-D2FF    VV VV VV VV U, the volume on the last settlement day, the one before ..
    2018: D300-D3FF, D400-D4FF        the clock of the last, the last but one .. frozen record, VV VV VV VV U,
                                      FF FF FF FF U flow, U 35: 0.0001 m3/h, TT TT TT temperature [0.01 Cel],
                                      PP PP PP pressure in hundredths
    907F clock, 8102 prices, 8103 settlement day, 8104 reading day, 8105 purchases
    write A017 valve (55 open, 99 close), A015 clock, A016 register, A011 settlement day, A012 reading day;
    with control 15: A018 address

* A register of F nibbles or of nothing but nines is no number: null, whatever its unit says.
* A clock that is no calendar time, or lies before the norm, was never set: reception dates the reading and
  `clock_unsynchronised` is true. A frozen record whose clock was never set is said, and is no reading.
* A volume of a settlement day has no date in the frame: it is said, and is no reading.
* The unit of a frozen record's pressure is not in the frame: it is said, and is no reading.
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
from narrowgate_codecs.orders import Answer, Arg, Identity, Number, Order
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.commands import CommandKind
from narrowgate_schema.words import Family, Reason

_WATER_TYPES = (*range(0x10, 0x1A), 0xAA)
_COUNTS_IN_M3 = ((0x2C, 100), (0x29, 1000))
_COUNTS_IN_M3_PER_H = ((0x35, 10_000), (0x32, 10_000_000))


_SETTLED = (*range(0xD120, 0xD12C), *range(0xD200, 0xD300))
_FROZEN = tuple(range(0xD300, 0xD500))
_KNOWN = (
    *(0x901F, 0x907F, 0x810A, 0x8102, 0x8103, 0x8104, 0x8105),
    *(0xA011, 0xA012, 0xA015, 0xA016, 0xA017, 0xA018),
    *_SETTLED,
    *_FROZEN,
)


def _swapped(identifier: int) -> int:
    return identifier >> 8 | identifier << 8 & 0xFF00


def _both(*identifiers: int) -> tuple[int, ...]:
    """Give identifiers as the editions of 2004 and of 2018 send them; one of two meanings is the former's."""
    return (*identifiers, *(_swapped(one) for one in identifiers if _swapped(one) not in _KNOWN))


_CURRENT = _both(0x901F)
_VALVE = _both(0xA017)
_SWAPPED = tuple((_swapped(one), one) for one in _KNOWN if _swapped(one) not in _KNOWN)

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

_ORDERS = ("s m h D M Y C", "C Y M D h m s")
_CURRENT_DATA = (
    _SERIAL,
    Bcd("volume_m3", 4, "little", per=Units("volume_unit", _COUNTS_IN_M3)),
    Code("volume_unit", 1, default=0x2C),
    Bcd("settlement_volume_m3", 4, "little", per=Units("settlement_unit", _COUNTS_IN_M3), default=0),
    Code("settlement_unit", 1, default=0x2C),
    Clock("clock", _ORDERS, earliest_year=2004),
    _STATUS,
)

_SETTLED_DATA = (
    _SERIAL,
    Bcd("settlement_volume_m3", 4, "little", per=Units("settlement_unit", _COUNTS_IN_M3)),
    Code("settlement_unit", 1, default=0x2C),
)
_FROZEN_DATA = (
    _SERIAL,
    Clock("frozen_at", _ORDERS, earliest_year=2004),
    Bcd("frozen_volume_m3", 4, "little", per=Units("frozen_unit", _COUNTS_IN_M3)),
    Code("frozen_unit", 1, default=0x2C),
    Bcd("flow_m3_per_h", 4, "little", per=Units("flow_unit", _COUNTS_IN_M3_PER_H)),
    Code("flow_unit", 1, default=0x35),
    Bcd("temperature_c", 3, "little", per=100),
    Bcd("pressure", 3, "little", per=100),
)
_PRICES = (
    _SERIAL,
    Bcd("price_1", 3, "little", per=100),
    Bcd("volume_1", 3, "little"),
    Bcd("price_2", 3, "little", per=100),
    Bcd("volume_2", 3, "little"),
    Bcd("price_3", 3, "little", per=100),
)
_PURCHASES = (
    _SERIAL,
    Bcd("purchase", 1),
    Bcd("bought", 4, "little", per=100),
    Bcd("bought_in_all", 4, "little", per=100),
    Bcd("credit", 4, "little", per=100),
    _STATUS,
)

_READ_REPLY = (
    _IDENTIFIER,
    Switch(
        "data_identifier",
        (
            Case("current_data", _CURRENT, _CURRENT_DATA),
            Case("settled_data", _both(*_SETTLED), _SETTLED_DATA),
            Case("frozen_data", _both(*_FROZEN), _FROZEN_DATA),
            Case("clock_data", _both(0x907F), (_SERIAL, Clock("clock", _ORDERS, earliest_year=2004))),
            Case("prices", _both(0x8102), _PRICES),
            Case("settlement_day", _both(0x8103), (_SERIAL, Bcd("settlement_day", 1))),
            Case("reading_day", _both(0x8104), (_SERIAL, Bcd("reading_day", 1))),
            Case("purchases", _both(0x8105), _PURCHASES),
        ),
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

_SET_CLOCK = (_SERIAL, Clock("clock", _ORDERS, earliest_year=2004))
_SET_REGISTER = (
    _SERIAL,
    Bcd("volume_m3", 4, "little", per=Units("volume_unit", _COUNTS_IN_M3)),
    Code("volume_unit", 1, default=0x2C),
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
            Case("abnormal_reply", (0xC1, 0xC3, 0xC4, 0xC9, 0xD5, 0xD6), _ABNORMAL_REPLY),
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
                "set_address",
                (0x15,),
                (replace(_IDENTIFIER, default=0xA018), _SERIAL, Hex("new_address", 7, "little")),
            ),
            Case(
                "write",
                (0x04,),
                (
                    _IDENTIFIER,
                    Switch(
                        "data_identifier",
                        (
                            Case("set_valve", _VALVE, (_SERIAL, _VALVE_ORDER)),
                            Case("set_clock", _both(0xA015), _SET_CLOCK),
                            Case("set_register", _both(0xA016), _SET_REGISTER),
                            Case("set_settlement_day", _both(0xA011), (_SERIAL, Bcd("settlement_day", 1))),
                            Case("set_reading_day", _both(0xA012), (_SERIAL, Bcd("reading_day", 1))),
                        ),
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
    device="Water meter after CJ/T 188-2004 or CJ/T 188-2018",
    source="CJ/T 188-2004 and 188-2018, household meter data transmission",
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
        Reading(
            "frozen_data",
            clock="frozen_at",
            carries=(
                Carry("volume_m3", "frozen_volume_m3"),
                Carry("flow_m3_per_h"),
                Carry("temperature_c"),
            ),
            only_dated=True,
        ),
        Reading("purchases", carries=(Carry("valve"), Carry("battery_low"))),
        Reading("valve_reply", carries=(Carry("valve"), Carry("battery_low"))),
    ),
    orders=(
        Order(
            CommandKind.VALVE,
            "set_valve",
            (
                ("address", Identity()),
                ("serial", Number()),
                ("order", Arg("is_open", words=((True, "open"), (False, "close")))),
            ),
            answer=Answer("valve_reply", number="serial"),
        ),
    ),
)
