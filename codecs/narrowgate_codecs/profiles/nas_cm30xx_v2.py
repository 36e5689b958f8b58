"""NAS CM30xx modules on water and gas meters, firmware 1.3.x and 2.3.x.

Source: nasys/nas-codecs, src/cm30xx_decoder.js. A first byte tells the messages apart, each on its own port;
low byte first. Common blocks: profiles/nas/modules.py.

    25  04 a S f A VVVVVVVV [DD DD] g [block, serial]     usage
        a alerts: b0 backflow b1 burst b2 continuous flow b3 tamper b4 temperature b5 battery b6 no usage
        S meter: 00 connected, 01 silent, 02 04 protocol, 03 damaged, 05 bus shorted
        f b0-2 multiplier 10^(n-6), 3 to 7; b3-4 water, warm water, gas; b5-6 m3, gallons, cubic feet;
          b7 privacy: the readout's day follows V: b0-4 day b5-7 b12-15 year b8-11 month
        A age of the count  V count  g b0 an app connected today b1 the block follows
    50  20 mm mm ..     configuration: what the mask names, in its order; counters and thresholds in 1/1000
        21 ..           place
    49  20, 21          asked for          60  03 .. local time, FF firmware update
    99  00 ..           boot: with two bytes of the maker's own before the uptime
        01 R 04 ..      shutdown for R, with a usage message
        13 P E          a message came down that was faulty
    20  7A n s cc ..    usage as an OMS message without encryption: data records of EN 13757-3
        72 ..           the same with the meter's own address, told as bytes

* Gas is metered, too: it gives no volume, for a volume is one of water.
* A gallon is the American one. A readout's day is a day of the meter: reception dates the reading.
* FFFFFFFF as the meter's serial: it has none.
"""

from narrowgate_codecs.elements import Bits, Code, Hex, Int, Named, Part, Rest, Scaled
from narrowgate_codecs.layout import Element, When
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.nas.modules import (
    AGE,
    FAULTY,
    LOCAL_TIME,
    LORAWAN,
    METER_CARRIES,
    PLACE,
    RADIO_BLOCK,
    WMBUS,
    boot,
    headed,
    meter_records,
    on,
)
from narrowgate_schema.words import Family

_TENS = ((3, 1), (4, 10), (5, 100), (6, 1000), (7, 10_000))
_GALLON_M3, _CUBIC_FOOT_M3 = (473_176_473, 125_000_000_000), (55_306_341, 1_953_125_000)
_COUNTS = (0, 1 << 53)
_IN_M3, _IN_GALLONS, _IN_CUBIC_FEET = (0b0000, 0b0001), (0b0100, 0b0101), (0b1000, 0b1001)
"""Unit and medium of water, cold and warm."""

_METER = Bits(
    "meter_byte",
    1,
    (
        Part(
            "meter_status",
            0,
            8,
            (
                (0, "connected"),
                (1, "silent"),
                (2, "protocol_fault"),
                (3, "damaged"),
                (4, "protocol_fault"),
                (5, "bus_shorted"),
            ),
            is_closed=True,
        ),
        Part("sensor_fault", 0, 8, tuple((code, code > 0) for code in range(6))),
    ),
)
_FORM = Bits(
    "form",
    1,
    (
        Part(
            "multiplier",
            0,
            3,
            tuple((code, f"{10.0 ** (code - 6):g}") for code in range(3, 8)),
            is_closed=True,
        ),
        Part("medium", 3, 2, ((0, "water"), (1, "warm_water"), (2, "gas")), is_closed=True),
        Part("unit", 5, 2, ((0, "m3"), (1, "gal"), (2, "ft3")), is_closed=True),
        Part("is_private", 7),
        Part("water_unit", 3, 4),
    ),
)


def _volumes(count: str, scale: str, tens: tuple[tuple[int, int], ...]) -> tuple[When, ...]:
    """Give the volume of water in m3 that a count of thousandths of its unit, times ten to the scale, is."""
    gallons = tuple((code, factor * _GALLON_M3[0]) for code, factor in tens)
    feet = tuple((code, factor * _CUBIC_FOOT_M3[0]) for code, factor in tens)
    return (
        When("water_unit", _IN_M3, (Scaled("volume_m3", count, scale, tens, 1000),)),
        When(
            "water_unit",
            _IN_GALLONS,
            (Scaled("gallons_in_m3", count, scale, gallons, 1000 * _GALLON_M3[1]),),
        ),
        When(
            "water_unit",
            _IN_CUBIC_FEET,
            (Scaled("cubic_feet_in_m3", count, scale, feet, 1000 * _CUBIC_FOOT_M3[1]),),
        ),
    )


_ALERTS = ("reverse_flow", "burst", "leak", "tamper", "temperature_alert", "battery_low", "no_use")
_USAGE: tuple[Element, ...] = (
    Bits("alerts", 1, tuple(Part(name, at) for at, name in enumerate(_ALERTS))),
    _METER,
    _FORM,
    AGE,
    Int("count", 4, "little"),
    *_volumes("count", "multiplier", _TENS),
    When(
        "is_private",
        (1,),
        (
            Bits(
                "readout_date",
                2,
                (
                    Part("readout_day", 0, 5),
                    Part("readout_year_low", 5, 3),
                    Part("readout_month", 8, 4),
                    Part("readout_year_high", 12, 4),
                ),
                "little",
            ),
        ),
    ),
    Bits("more", 1, (Part("app_connected_today", 0), Part("has_block", 1))),
    When("has_block", (1,), (*RADIO_BLOCK, Hex("meter_serial", 4, "little"))),
)


def _when(flag: str, *fields: Element) -> When:
    return When(flag, (1,), fields)


_HAS = (
    *("lorawan_profile", "wmbus_profile", "meter_serial", "form", "volume", "offset", "nominal_flow"),
    *("backflow", "burst_limit", "leak_alert", "no_use_alert", "tamper_alert", "temperature_alert"),
)
_CONFIGURATION: tuple[Element, ...] = (
    Bits("mask", 2, tuple(Part(f"has_{name}", at) for at, name in enumerate(_HAS)), "little"),
    _when("has_lorawan_profile", LORAWAN),
    _when("has_wmbus_profile", WMBUS),
    _when("has_meter_serial", Hex("meter_serial", 4, "little")),
    _when(
        "has_form",
        _FORM,
        _when(
            "has_volume", Int("count", 8, "little", limits=_COUNTS), *_volumes("count", "has_form", ((1, 1),))
        ),
    ),
    When("has_form", (0,), (_when("has_volume", Int("count_without_unit", 8, "little", limits=_COUNTS)),)),
    _when("has_offset", Int("offset", 4, "little", signed=True, per=1000)),
    _when("has_nominal_flow", Int("nominal_flow_per_h", 2, "little", per=10)),
    _when("has_backflow", Int("backflow_limit", 2, "little", per=1000)),
    _when("has_burst_limit", Int("burst_limit_per_h", 4, "little", per=1000)),
    _when("has_leak_alert", Int("leak_alert_enabled", 1)),
    _when("has_no_use_alert", Int("no_use_alert_d", 2, "little")),
    _when("has_tamper_alert", Int("tamper_alert_enabled", 1)),
    _when(
        "has_temperature_alert",
        Int("low_temperature_c", 1, signed=True),
        Int("high_temperature_c", 1, signed=True),
    ),
)

_BOOT = boot(
    (
        (0x00, "modularis"),
        (0x01, "cyble"),
        (0x02, "falcon_pr"),
        (0x03, "picoflux"),
        (0x04, "falcon_mj"),
        (0x06, "rcm_lmx"),
        (0x20, "bk_g"),
    ),
    Hex("boot_spare", 2, default="0000"),
)
_SHUTDOWN: tuple[Element, ...] = (
    Named(
        "shutdown_reason",
        1,
        (
            (0x10, "calibration_timeout"),
            (0x31, "magnet"),
            (0x32, "firmware_update"),
            (0x33, "app"),
            (0x34, "switch_to_wmbus"),
        ),
    ),
    Code("usage_header", 1, accepts=(0x04,), default=0x04),
    *_USAGE,
)

_OMS: tuple[Element, ...] = (
    Int("access_number", 1),
    Hex("oms_status", 1),
    Bits("oms_configuration", 2, (Part("encryption", 8, 5, ((0, "none"),), is_closed=True),), "little"),
    meter_records("records"),
)

_FRAME = headed(
    (0x04, (on(25, "usage", *_USAGE),)),
    (0x20, (on(50, "configuration", *_CONFIGURATION), on(49, "configuration_request", alone=False))),
    (0x21, (on(50, "place", *PLACE), on(49, "place_request", alone=False))),
    (0x03, (on(60, "time", *LOCAL_TIME),)),
    (0xFF, (on(60, "firmware_update"),)),
    (0x00, (on(99, "boot", *_BOOT),)),
    (0x01, (on(99, "shutdown", *_SHUTDOWN),)),
    (0x13, (on(99, "faulty_downlink", *FAULTY),)),
    (0x7A, (on(20, "oms", *_OMS),)),
    (0x72, (on(20, "oms_long", Rest("oms")),)),
)

_VOLUMES = (
    Carry("volume_m3"),
    Carry("volume_m3", "gallons_in_m3"),
    Carry("volume_m3", "cubic_feet_in_m3"),
)
_CARRIES = (
    *_VOLUMES,
    Carry("battery_v"),
    Carry("temperature_c"),
    Carry("rssi_dbm"),
    Carry("sinr_db"),
    Carry("reverse_flow"),
    Carry("burst"),
    Carry("leak"),
    Carry("tamper"),
    Carry("battery_low"),
    Carry("no_use"),
    Carry("sensor_fault"),
)

PROFILE = Profile(
    name="nas_cm30xx_v2",
    family=Family.WATER,
    device="NAS CM30xx meter module, firmware 1.3 and 2.3",
    source="nasys/nas-codecs, src/cm30xx_decoder.js",
    up=_FRAME,
    down=_FRAME,
    readings=(
        Reading("usage", _CARRIES),
        Reading("shutdown", _CARRIES),
        Reading("configuration", _VOLUMES),
        Reading("oms", METER_CARRIES, clock="clock"),
    ),
)
