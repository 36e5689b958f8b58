"""What NAS's meter modules CM30xx and UM30xx share: ages, the radio block, places, errors and boots.

Source: nasys/nas-codecs, src/cm30xx_decoder.js and src/um30xx_decoder.js. Low byte first throughout:

    age     A < 60: minutes; < 156: quarter hours from 60; < 200: days from 156; < 253: weeks from 200;
            253 a year; 254 and 255 unknown
    block   L battery left [1/12 a] V battery [0.01 V over 1.5 V] T own temperature, signed [Cel]
            s b0-3 colder, b4-7 warmer since the last one [2 K]  R signal [-dBm]
            N b0-3 signal to noise [2 dB over -20] b4-7 power sent with [2 dBm]
    place   m b0 position b1 zone b2-4 texts, then what it names: latitude and longitude i32 [1e-7 deg],
            zone i8 [h/4], texts as a length and so many bytes of UTF-8
    time    03 and nothing: asked for; 03 and u32: local seconds since 1970
    13      a port and why what came down on it was turned away
"""

from narrowgate_codecs.bit_clocks import time_f
from narrowgate_codecs.elements import Bits, Code, Epoch, Hex, Int, Left, Named, Part, Port, Rest, Word
from narrowgate_codecs.layout import Case, Described, Element, Sized, Switch, When
from narrowgate_codecs.profile import Carry
from narrowgate_codecs.wired import Wired

AGES: tuple[float | None, ...] = (
    *range(60),
    *(15 * step for step in range(96)),
    *(24 * 60 * day for day in range(44)),
    *(7 * 24 * 60 * week for week in range(53)),
    365 * 24 * 60,
)
AGE = Bits("age_byte", 1, (Part("age_min", 0, 8, numbers=AGES),))

RADIO_BLOCK: tuple[Element, ...] = (
    Int("battery_left_a", 1, per=12),
    Int("battery_v", 1, plus=150, per=100),
    Int("temperature_c", 1, signed=True),
    Bits(
        "temperature_span",
        1,
        (
            Part("colder_by_k", 0, 4, numbers=tuple(range(0, 32, 2))),
            Part("warmer_by_k", 4, 4, numbers=tuple(range(0, 32, 2))),
        ),
    ),
    Bits("signal_byte", 1, (Part("rssi_dbm", 0, 8, numbers=tuple(-count for count in range(256))),)),
    Bits(
        "link_byte",
        1,
        (
            Part("sinr_db", 0, 4, numbers=tuple(range(-20, 12, 2))),
            Part("sent_with_dbm", 4, 4, numbers=tuple(range(0, 32, 2))),
        ),
    ),
)

LORAWAN = Named(
    "lorawan_profile",
    1,
    (
        (0x00, "disabled"),
        (0x01, "24_h_privacy"),
        (0x02, "24_h"),
        (0x03, "12_h"),
        (0x07, "1_h_static"),
        (0x08, "15_min_static"),
        (0x17, "1_h_dynamic"),
        (0x18, "15_min_dynamic"),
    ),
)
WMBUS = Named(
    "wmbus_profile", 1, ((0x00, "disabled"), (0x01, "privacy"), (0x02, "driveby"), (0x03, "fixnet"))
)

_REASONS: tuple[tuple[int, Word], ...] = (
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
)
FAULTY: tuple[Element, ...] = (Int("faulty_port", 1), Named("faulty_reason", 1, _REASONS))


def _text(name: str) -> Sized:
    return Sized(1, (Rest(name),))


def _when(flag: str, *fields: Element) -> When:
    return When(flag, (1,), fields)


PLACE: tuple[Element, ...] = (
    Bits(
        "place_mask",
        1,
        (
            Part("has_position", 0),
            Part("has_zone", 1),
            Part("has_address", 2),
            Part("has_customer", 3),
            Part("has_location", 4),
        ),
    ),
    _when(
        "has_position",
        Int("latitude_deg", 4, "little", signed=True, per=10_000_000),
        Int("longitude_deg", 4, "little", signed=True, per=10_000_000),
    ),
    _when("has_zone", Int("zone_h", 1, signed=True, per=4)),
    _when("has_address", _text("address_utf8")),
    _when("has_customer", _text("customer_utf8")),
    _when("has_location", _text("location_utf8")),
)
"""Texts are said as the hex of their bytes: they may be of any language."""

LOCAL_TIME: tuple[Element, ...] = (
    Left("time_left"),
    Switch(
        "time_left",
        (
            Case("local_time_request", (0,), ()),
            Case("local_time", (4,), (Epoch("local_time", 4, 2020, "little"),)),
        ),
    ),
)


def boot(hardware: tuple[tuple[int, Word], ...], *spare: Element) -> tuple[Element, ...]:
    """Give what a module says after a start.

    Args:
        hardware: its kinds of hardware, by code.
        spare: what stands before the uptime.
    """
    wakes = ("wake_0", "watchdog", "software", "wake_3", "magnet", "wake_5", "wake_6", "nfc")
    return (
        Hex("serial", 4, "little"),
        Int("firmware_major", 1),
        Int("firmware_minor", 1),
        Int("firmware_patch", 1),
        Bits("wake_reasons", 1, tuple(Part(f"by_{wake}", at) for at, wake in enumerate(wakes))),
        Bits(
            "boot_bits",
            1,
            (
                Part(
                    "boot_reason",
                    4,
                    3,
                    ((0, "unknown"), (1, "from_shutdown"), (2, "from_dfu"), (3, "forced"), (4, "rejoin")),
                    is_closed=True,
                ),
                Part("configuration_restored", 7),
            ),
        ),
        Named("hardware", 1, hardware),
        *spare,
        Int("uptime_d", 3, "little", per=24),
    )


def meter_records(name: str) -> Described:
    """Give the data records of a meter behind the module, up to the end; their register, flow and clock."""
    return Described(
        name,
        "en13757",
        says=(
            Wired("volume_m3"),
            Wired("volume_reverse_m3"),
            Wired("flow_m3_per_h"),
            time_f("clock"),
        ),
    )


METER_CARRIES = (Carry("volume_m3"), Carry("volume_reverse_m3"), Carry("flow_m3_per_h"))

NO_PORT = 0
"""Stands for a frame that was captured without a port: its first byte alone tells what it is."""


def on(port: int, name: str, *fields: Element, alone: bool = True) -> Case:
    """Give a message of a port.

    Args:
        port: the port it travels on.
        name: its name.
        fields: what follows its first byte.
        alone: False if another message begins alike, so that only the port can tell it.
    """
    return Case(name, (port, NO_PORT) if alone else (port,), fields)


def headed(*messages: tuple[int, tuple[Case, ...]]) -> tuple[Element, ...]:
    """Give frames that a first byte tells apart, each on a port of its own, or on none.

    Args:
        messages: for each first byte the messages that begin with it.
    """
    cases = tuple(
        Case(f"begins_with_{header:02x}", (header,), (Switch("port", by_port),))
        for header, by_port in messages
    )
    return (Port("port", default=NO_PORT), Code("header", 1), Switch("header", cases))
