"""What NAS's luminaire controllers UL20xx of all firmwares share: addresses, gear, usage, alerts, boots.

Source: nasys/nas-codecs, src/ul20xx_decoder.js; the gear's status byte is that of IEC 62386-102. Low byte
first throughout:

    address 01 the 0-10 V output; FE all gear; FF the controller itself; odd: no address; b7 a group of
            b1-4; else the gear b1-6
    gear    b0 gear failure b1 lamp failure b2 lamp on b3 limit b4 fading b5 reset b6 no short address
            b7 was off; FF: no answer
    usage   address, mask, then what it names: b0 energy u32 [Wh] b1 power u16 [W] b2 b3 the same behind
            the gear, b4 power factor u8 [0.01] b5 mains u8 [V] b6 gear on u32 [s] b7 lamp on u32 [s]
    days    b0 holidays b1-7 Monday to Sunday       level u8 [%], FF: none       times [10 min]
"""

from narrowgate_codecs.elements import Bits, Epoch, Hex, Int, Named, Part, Word
from narrowgate_codecs.layout import Array, Case, Element, Switch, Tail, When
from narrowgate_codecs.profile import Carry

INTERNAL = "internal_measurement"


def _addressed(code: int, everything: str) -> str:
    if code in (0x01, 0xFE, 0xFF):
        return {0x01: "analog_0_10v", 0xFE: "dali_broadcast", 0xFF: everything}[code]
    if code & 1:
        return f"invalid_{code:02x}"
    return f"dali_group_{code >> 1 & 15}" if code & 0x80 else f"dali_single_{code >> 1}"


def address(everything: str = "invalid_ff") -> Named:
    """Give an address; `everything` is what FF stands for."""
    words: tuple[tuple[int, Word], ...] = tuple((code, _addressed(code, everything)) for code in range(256))
    return Named("address", 1, words)


def level(name: str = "level_pct") -> Int:
    """Give a level [%], null for FF."""
    return Int(name, 1, null=(0xFF,), limits=(0, 100))


CLOCK = Epoch("clock", 4, 2015, "little")

_GEAR = [
    "gear_failure",
    "lamp_failure",
    "on",
    "limit_error",
    "fading",
    "reset_state",
    "no_short_address",
    "was_off",
]
_NO_ANSWER: tuple[tuple[int, Word], ...] = tuple((code, code == 0xFF) for code in range(256))


def gear_parts(at: int, unpowered: str | None = None) -> tuple[Part, ...]:
    """Give the parts of a gear's status byte.

    Args:
        at: its lowest bit.
        unpowered: name of a part that is true while the gear has no power: it cannot answer then.
    """
    return (
        Part("no_answer", at, 8, _NO_ANSWER),
        *(Part(name, at + bit, void_by="no_answer") for bit, name in enumerate(_GEAR)),
        Part("gear_silent", at, 8, _NO_ANSWER, void_by=unpowered),
    )


GEAR = Bits("gear", 1, gear_parts(0))
GEAR_CARRIES = (Carry("on"), Carry("lamp_failure"), Carry("gear_failure"), Carry("gear_silent"))

ALERTS = ("voltage_alert_in_24_h", "lamp_alert_in_24_h", "power_alert_in_24_h", "power_factor_alert_in_24_h")
RADIO: tuple[Element, ...] = (
    Bits("signal_byte", 1, (Part("rssi_dbm", 0, 8, numbers=tuple(-count for count in range(256))),)),
    Int("sinr_db", 1, signed=True),
    Int("temperature_c", 1, signed=True),
)


def faults(*bits: int) -> Part:
    """Give a status byte's fault: true if one of some bits is set."""
    mask = sum(1 << bit for bit in bits)
    return Part("sensor_fault", 0, 8, tuple((code, bool(code & mask)) for code in range(256)))


def when(flag: str, *fields: Element) -> When:
    """Give elements that a bit announces."""
    return When(flag, (1,), fields)


_MEASURED = [
    "energy",
    "power",
    "load_energy",
    "load_power",
    "power_factor",
    "voltage",
    "driver_on",
    "burning",
]
USAGES = Array(
    "usages",
    None,
    (
        address(INTERNAL),
        Bits("measured", 1, tuple(Part(f"has_{name}", at) for at, name in enumerate(_MEASURED))),
        when("has_energy", Int("energy_kwh", 4, "little", per=1000)),
        when("has_power", Int("power_w", 2, "little")),
        when("has_load_energy", Int("load_energy_kwh", 4, "little", per=1000)),
        when("has_load_power", Int("load_power_w", 2, "little")),
        when("has_power_factor", Int("power_factor", 1, per=100, null=(0xFF,), limits=(0.0, 1.0))),
        when("has_voltage", Int("voltage_v", 1)),
        when("has_driver_on", Int("driver_on_h", 4, "little", per=3600)),
        when("has_burning", Int("burning_h", 4, "little", per=3600)),
    ),
)
USAGE_CARRIES = (
    Carry("energy_kwh"),
    Carry("power_w"),
    Carry("power_factor"),
    Carry("voltage_v"),
    Carry("burning_h"),
)

DAYS = Bits(
    "days",
    1,
    tuple(
        Part(f"on_{day}", at)
        for at, day in enumerate(["holidays", "mon", "tue", "wed", "thu", "fri", "sat", "sun"])
    ),
)
AT = Bits("at_byte", 1, (Part("at_min", 0, 8, numbers=tuple(range(0, 2560, 10))),))
"""A time of the day, in minutes from midnight."""

_TWO = Bits("ldr_head", 1, (Part("ldr_size", 4, 4, ((2, "2"),), is_closed=True),))
DIG_ALERT: tuple[Element, ...] = (
    Bits("head", 1, (Part("dig_is_on", 0), Part("size", 4, 4))),
    Switch(
        "size",
        (
            Case("dig_input_alert", (2,), (Int("dig_count", 2, "little"),)),
            Case("dig_input_alert_long", (4,), (Int("dig_count", 4, "little"),)),
        ),
    ),
)
LDR_ALERT: tuple[Element, ...] = (_TWO, Bits("ldr_bits", 1, (Part("ldr_is_on", 0),)), Int("ldr", 1))
GEAR_ALERT: tuple[Element, ...] = (Hex("head", 1), Array("gears", None, (address(), GEAR)))
METERING_ALERT: tuple[Element, ...] = (
    Bits(
        "conditions",
        1,
        (
            Part("lamp_failure", 0),
            Part("over_current", 1),
            Part("under_voltage", 2),
            Part("over_voltage", 3),
            Part("low_power_factor", 4),
        ),
    ),
    Int("power_w", 2, "little"),
    Int("voltage_v", 2, "little"),
    Int("power_factor", 1, per=100, null=(0xFF,), limits=(0.0, 1.0)),
)
METERING_CARRIES = (Carry("lamp_failure"), Carry("power_w"), Carry("voltage_v"), Carry("power_factor"))

_OUTPUTS = [
    "dali",
    "dali_nc",
    "dali_no",
    "analog_nc",
    "analog_no",
    "dali_analog_nc",
    "dali_analog_no",
    "dali_analog_nc_no",
]
_RESETS = ["reset_0", "watchdog", "software", "reset_3", "reset_4", "reset_5", "reset_6", "reset_7"]
BOOT: tuple[Element, ...] = (
    Hex("serial", 4, "little"),
    Int("firmware_major", 1),
    Int("firmware_minor", 1),
    Int("firmware_patch", 1),
    CLOCK,
    Named("outputs", 1, tuple(enumerate(_OUTPUTS))),
    Bits(
        "features",
        1,
        (Part("has_dig", 2), Part("has_ldr", 3), Part("has_open_drain", 4), Part("has_metering", 5)),
    ),
    Bits(
        "dali_byte",
        1,
        (
            Part("dali_v", 0, 7, numbers=tuple(range(0x70))),
            Part("dali_bus", 0, 7, ((0x7E, "high"), (0x7F, "error"))),
            Part("dali_powered_externally", 7),
        ),
    ),
    Bits("gear_byte", 1, (Part("gear_count", 0, 7), Part("unaddressed_gear", 7))),
    Tail((Bits("reset_reasons", 1, tuple(Part(f"by_{name}", at) for at, name in enumerate(_RESETS))),)),
)
FAULTY: tuple[Element, ...] = (
    Int("faulty_port", 1),
    Named(
        "faulty_reason",
        1,
        (
            (0x00, "none"),
            (0x01, "none"),
            (0x02, "unknown_port"),
            (0x03, "too_short"),
            (0x04, "too_long"),
            (0x05, "value"),
            (0x06, "protocol"),
            (0x07, "reserved_flag"),
            (0x08, "flag_combination"),
            (0x09, "feature_unavailable"),
            (0x0A, "unsupported_header"),
            (0x0B, "hardware_unreachable"),
            (0x0C, "address_unavailable"),
            (0x0D, "internal"),
            (0x0E, "size"),
            (0x80, "no_room"),
            (0x81, "profile_order"),
            (0x82, "profile_address"),
            (0x83, "profile_days"),
            (0x84, "profile_step_count"),
            (0x85, "profile_step_value"),
            (0x86, "profile_steps_unsorted"),
            (0x87, "profile_days_overlap"),
        ),
        otherwise="unknown",
    ),
)
