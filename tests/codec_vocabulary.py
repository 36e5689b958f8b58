"""A device that nobody builds: it says everything that declarations can say."""

from codec_ported import PORTED, UNPORTED
from narrowgate_codecs.elements import (
    Bcd,
    Bits,
    Check,
    CheckKind,
    Clock,
    Code,
    Const,
    Digits,
    Epoch,
    Float,
    Hex,
    Implied,
    Int,
    Left,
    Mark,
    Named,
    Numeral,
    Part,
    Rest,
    Scaled,
    Text,
    Units,
)
from narrowgate_codecs.layout import Array, Body, Case, Deltas, Element, Lead, Records, Sized, Switch, Tail
from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_schema.words import Family

YEAR_2000_S = 946_684_800
_TRUTH = ((0, False), (1, True))

_FLOATS = (
    Float("battery_v", 2, "little"),
    Float("pressure_bar", 4, limits=(-1.0, 40.0)),
    Float("flow_m3_per_h", 8, "little"),
)
_FORWARDS = (
    Epoch("logged_at", 4, 2001, epoch_s=YEAR_2000_S),
    Int("log_m3", 4, "little", per=1000),
    Int("count", 1),
    Deltas("history", "volume_m3", "log_m3", 2, count="count", order="little", per=1000),
)
_BACKWARDS = (
    Epoch("logged_at_ms", 8, 2015, per_s=1000),
    Int("newest", 3, signed=True),
    Deltas("past", "volume_m3", "newest", 1, signed=True, towards="earlier"),
)
_REPEATS = (
    Bits("head", 2, (Part("many", 4, 3), Part("leak", 0), Part("is_dated", 9)), "little"),
    Array(
        "stored",
        "many",
        (Int("total_m3", 5, "little", per=100), Epoch("stored_at", 4, 2015), Hex("spare", 1)),
    ),
    Switch("is_dated", (Case("dated", (1,), (Int("day", 1, limits=(1, 31)),)), Case("undated", (0,), ()))),
)
_TLV = (
    Records(
        "records",
        1,
        (
            Case("temperature", (0x01, 0x11), (Int("temperature_c", 2, "little", signed=True, per=10),)),
            Case(
                "flags", (0x02,), (Bits("bits", 1, (Part("burst", 3), Part("tamper", 1, void_by="burst"))),)
            ),
            Case("valve", (0x03,), (Named("valve", 1, ((0, "open"), (1, "closed"))), Rest("more"))),
            Case("inner", (0x04,), (Int("size", 1), Tail((Int("rssi_dbm", 1, signed=True),)))),
        ),
        length_width=1,
        default=Case("other", (), (Rest("data"),)),
    ),
)
_DECIMALS = (
    Text("number", 4),
    Code("unit", 1, default=1),
    Bcd("volume_m3", 6, "little", per=Units("unit", ((1, 1000), (2, 100))), signed=True),
    Bcd("temperature_c", 3, per=10, signed=True),
    Clock("clock", ("C Y M D h m s",), earliest_year=2010),
    Named("empty_pipe", 2, _TRUTH, otherwise=False),
)
_PULSES = (
    Numeral("imei", 8, lead="f"),
    Lead(b"\xf0", (Numeral("imsi", 8, lead="f"),), mask=b"\xf0", is_first=True),
    Const(b"\x0c"),
    Int("pulses_per_litre", 2),
    Code("coefficient", 1),
    Int("pulses", 4, signed=True),
    Scaled("pulsed_m3", "pulses", "pulses_per_litre", per=1000),
    Array(
        "samples",
        None,
        (
            Int("sampled_pulses", 4),
            Epoch("sampled_at", 4, 2015),
            Scaled("sampled_m3", "sampled_pulses", "coefficient", ((0x80, 1), (0x81, 5)), per=1000),
        ),
    ),
)

_SCALES = (
    Int("battery_v", 1, per=250, plus=625),
    Int("temperature_c", 1, per=2, plus=20, signed=True, limits=(-30.0, 70.0)),
    Int("ecl", 2, "little", plus=-3),
    Bits(
        "code",
        1,
        (
            Part("leak", 0),
            Part("is_moving", 6),
            Part("sensor_fault", 7),
            Part("freeze", 4, 2, words=((1, False), (0, False)), otherwise=True),
            Part("pressure_bar", 1, 3, numbers=(0.0, 0.5, None, 4.0), void_by="leak"),
            Part("flow_m3_per_h", 4, 2, numbers=(1.0, 10.0, 100.0, 1000.0, 9.0)),
        ),
    ),
    Clock("local", ("Y M D h m s",), earliest_year=2010, zone="Asia/Shanghai"),
    Implied("tamper", True),
    Implied("valve", "closed"),
    Sized(1, (Text("maker"),)),
    Digits("newest_l", 6),
    Digits("cell_id", 3, 16),
    Text("model"),
)

_SIZES = (
    Left("size"),
    Switch(
        "size",
        (
            Case("log", (9,), (Epoch("logged_at", 4, 2001, epoch_s=YEAR_2000_S), Int("log_m3", 5))),
            Case("short_log", (5,), (Int("log_m3", 5),)),
            Case("no_log", (3,), (Hex("nothing", 3),)),
        ),
    ),
)

_MESSAGES = (
    Case("floats", (1,), _FLOATS),
    Case("forwards", (2,), _FORWARDS),
    Case("backwards", (3,), _BACKWARDS),
    Case("repeats", (4,), _REPEATS),
    Case("tlv", (5,), _TLV),
    Case("decimals", (6,), _DECIMALS),
    Case("scales", (7,), _SCALES),
    Case("pulses", (8,), _PULSES),
    Case("sizes", (9,), _SIZES),
)


def _up(kind: CheckKind, order: str) -> tuple[Element, ...]:
    check = Check(kind, "start", "little" if order == "little" else "big")
    inside = (Mark("start"), Body(check.width, (Code("type", 1), Switch("type", _MESSAGES))), check)
    return (Const(b"\xa5\x5a\x01"), Sized(3, inside, "little"))


_READINGS = (
    Reading("floats", (Carry("battery_v"), Carry("pressure_bar"), Carry("flow_m3_per_h"))),
    Reading("forwards", (Carry("volume_m3", "log_m3"),), clock="logged_at"),
    Reading(
        "forwards",
        (Carry("volume_m3"),),
        records="history",
        clock="logged_at",
        series="hourly",
        each=Each(step_s=3600),
    ),
    Reading(
        "backwards",
        (Carry("volume_m3"),),
        records="past",
        clock="logged_at_ms",
        each=Each(step_s=-900, first=1),
    ),
    Reading("dated", (Carry("leak"),)),
    Reading(
        "dated",
        (Carry("volume_m3", "total_m3"),),
        records="stored",
        each=Each(clock="stored_at"),
        series="log",
    ),
    Reading("undated", (Carry("volume_m3", "total_m3"), Carry("leak")), records="stored"),
    Reading(
        "tlv",
        (Carry("temperature_c"), Carry("burst"), Carry("tamper"), Carry("valve"), Carry("rssi_dbm")),
        records="records",
    ),
    Reading(
        "scales",
        (
            Carry("battery_v"),
            Carry("temperature_c"),
            Carry("ecl"),
            Carry("leak"),
            Carry("pressure_bar"),
            Carry("flow_m3_per_h"),
            Carry("tamper"),
            Carry("valve"),
            Carry("no_use", "is_moving", doubted_by="sensor_fault"),
            Carry("sensor_fault"),
            Carry("cell_id"),
            Carry("freeze"),
            Carry("volume_m3", "newest_l"),
        ),
        clock="local",
    ),
    Reading("log", (Carry("volume_m3", "log_m3"),), clock="logged_at", only_dated=True),
    Reading("short_log", (Carry("volume_m3", "log_m3"),)),
    Reading("pulses", (Carry("volume_m3", "pulsed_m3"),)),
    Reading(
        "pulses",
        (Carry("volume_m3", "sampled_m3"),),
        records="samples",
        each=Each(clock="sampled_at"),
        series="log",
    ),
    Reading("decimals", (Carry("volume_m3"), Carry("temperature_c"), Carry("empty_pipe")), clock="clock"),
)

KINDS: tuple[CheckKind, ...] = (
    "crc16_en13757",
    "crc16_modbus",
    "crc16_ccitt_false",
    "crc16_x25",
    "xor8",
    "sum8",
)

SAYING_ALL = tuple(
    Profile(
        name=f"nobody_{kind}_v1",
        family=Family.WATER,
        device="A device that says everything",
        source="the vocabulary of declarations",
        up=_up(kind, "little" if at % 2 else "big"),
        down=(),
        readings=_READINGS,
        key="clock",
    )
    for at, kind in enumerate(KINDS)
)

PROFILES = (*SAYING_ALL, PORTED, UNPORTED)
