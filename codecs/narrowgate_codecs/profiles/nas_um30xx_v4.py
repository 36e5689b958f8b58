"""NAS UM30xx modules, firmware 4.0.x: two pulse inputs, an M-Bus meter or a pressure sensor.

Source: nasys/nas-codecs, src/um30xx_decoder.js. A first byte tells the messages apart, each on its own port;
low byte first. Common blocks: profiles/nas/modules.py.

    25  02 a    A i [pulse 1] [pulse 2] [bus | sensor]      usage
    24  82 a .. A i [pulse 1] [pulse 2] [bus | sensor]      status: the radio block before A
        a alerts: b0 b1 an input triggered, b6 battery, b7 an app connected today
        A age of what follows   i b0 b1 pulse inputs, b2-5 4 sensor, 8 M-Bus
        pulse   p CCCCCCCC [SSSSSSSS]   p b0 closed b1 serial b2-3 tens b4-7 0 triggers, 1 pulses,
                2 litres of water, 3 Wh, 4 litres of gas;  C count, times ten to the tens;  S serial
        bus     m [s SSSSSSSS] [MMMM v t] ..    m b0-3 how the bus was b4 records cut off b5 status and
                serial b6 maker, version and medium;  then data records as on the bus
        sensor  k c f32 ..  k b0-5 kind, 1: pressure to 30 bar and temperature;  c which of 4 channels,
                each as it is and as its mean
    50  12 ..   configuration: radio, pulse inputs        14 .. which records are sent       21 .. place
    49  12, 14, 21 asked for    60  03 .. local time, 81 records asked for, FF firmware update
    61  81 n .. records that the meter can send: n b0-2 number b3 more to come b6 the meter's own header
    99  00 .. boot   01 R 02/82 .. shutdown for R, with a usage or a status   13 P E faulty downlink

* A pulse input is a series of its own; it gives a volume where it counts litres of water.
* So is the meter on the bus, by its data records (EN 13757-3); its own clock dates it, if it sends one.
* FFFFFFFF as a serial: it has none.
"""

from narrowgate_codecs.elements import Bits, Code, Float, Hex, Int, Named, Part, Rest, Scaled
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

_TENS = ((0, 1), (1, 10), (2, 100), (3, 1000))
_TEN_WORDS = ((0, "1"), (1, "10"), (2, "100"), (3, "1000"))
_MEDIA = (
    (0, "triggers"),
    (1, "pulses"),
    (2, "litres_of_water"),
    (3, "wh_of_electricity"),
    (4, "litres_of_gas"),
)
_WATER = 2


def _when(flag: str, *fields: Element) -> When:
    return When(flag, (1,), fields)


def _pulse(name: str) -> tuple[Element, ...]:
    return (
        Bits(
            f"{name}_bits",
            1,
            (
                Part(f"{name}_is_closed", 0),
                Part(f"{name}_has_serial", 1),
                Part(f"{name}_tens", 2, 2, _TEN_WORDS),
                Part(f"{name}_medium", 4, 4, _MEDIA, is_closed=True),
            ),
        ),
        Int(f"{name}_count", 4, "little"),
        Scaled(f"{name}_total", f"{name}_count", f"{name}_tens", _TENS),
        When(
            f"{name}_medium",
            (_WATER,),
            (Scaled(f"{name}_volume_m3", f"{name}_count", f"{name}_tens", _TENS, 1000),),
        ),
        _when(f"{name}_has_serial", Hex(f"{name}_serial", 4, "little")),
    )


_BUS_STATES = (
    (0, "connected"),
    (1, "nothing_requested"),
    (2, "unpowered"),
    (3, "silent"),
    (5, "crc_or_length"),
    (6, "unreadable"),
    (7, "shorted"),
)
_BUS: tuple[Element, ...] = (
    Bits(
        "bus_bits",
        1,
        (
            Part("bus_state", 0, 4, _BUS_STATES, is_closed=True),
            Part("sensor_fault", 0, 4, tuple((code, code in (3, 5, 6, 7)) for code, _ in _BUS_STATES)),
            Part("records_cut_off", 4),
            Part("has_meter", 5),
            Part("has_maker", 6),
        ),
    ),
    _when("has_meter", Hex("meter_status", 1), Hex("meter_serial", 4, "little")),
    _when("has_maker", Hex("meter_maker", 2, "little"), Int("meter_version", 1), Int("meter_medium", 1)),
    meter_records("data_records"),
)

_CHANNELS = tuple(
    (f"channel_{number}{kind}", 2 * number - 2 + at)
    for number in (1, 2, 3, 4)
    for at, kind in enumerate(("", "_mean"))
)
_SENSOR: tuple[Element, ...] = (
    Bits(
        "sensor_byte",
        1,
        (Part("sensor", 0, 6, ((0, "disconnected"), (1, "pressure_and_temperature")), is_closed=True),),
    ),
    Bits("channels", 1, tuple(Part(f"has_{name}", at) for name, at in _CHANNELS)),
    *(_when(f"has_{name}", Float(name, 4, "little")) for name, _ in _CHANNELS),
)


def _usage(header: str) -> tuple[Element, ...]:
    return (
        Bits(
            "alerts",
            1,
            (
                Part("pulse_1_triggered", 0),
                Part("pulse_2_triggered", 1),
                Part("battery_low", 6),
                Part("app_connected_today", 7),
            ),
        ),
        When(header, (0x82,), RADIO_BLOCK),
        AGE,
        Bits("interfaces", 1, (Part("has_pulse_1", 0), Part("has_pulse_2", 1), Part("main_interface", 2, 4))),
        _when("has_pulse_1", *_pulse("pulse_1")),
        _when("has_pulse_2", *_pulse("pulse_2")),
        When("main_interface", (8,), _BUS),
        When("main_interface", (4,), _SENSOR),
    )


_MODES = (
    (0, "disabled"),
    *_MEDIA[1:],
    (9, "triggers_1_s"),
    (10, "triggers_10_s"),
    (11, "triggers_1_min"),
    (12, "triggers_1_h"),
)


def _pulse_configuration(name: str) -> tuple[Element, ...]:
    return (
        Bits(f"{name}_mode_bits", 1, (Part(f"{name}_mode", 0, 4, _MODES, is_closed=True),)),
        Bits(
            f"{name}_setup",
            1,
            (
                Part(f"{name}_has_weight", 0),
                Part(f"{name}_has_count", 1),
                Part(f"{name}_has_offset", 2),
                Part(f"{name}_has_serial", 3),
                Part(f"{name}_tens", 6, 2, _TEN_WORDS),
            ),
        ),
        _when(f"{name}_has_weight", Int(f"{name}_numerator", 2, "little"), Int(f"{name}_denominator", 1)),
        _when(
            f"{name}_has_count",
            Int(f"{name}_count", 4, "little"),
            Scaled(f"{name}_total", f"{name}_count", f"{name}_tens", _TENS),
        ),
        _when(
            f"{name}_has_offset",
            Int(f"{name}_offset_count", 4, "little", signed=True),
            Scaled(f"{name}_offset", f"{name}_offset_count", f"{name}_tens", _TENS),
        ),
        _when(f"{name}_has_serial", Hex(f"{name}_serial", 4, "little")),
    )


_CONFIGURATION: tuple[Element, ...] = (
    Bits(
        "mask",
        1,
        (
            Part("has_lorawan_profile", 0),
            Part("has_wmbus_profile", 1),
            Part("has_pulse_1", 4),
            Part("has_pulse_2", 5),
        ),
    ),
    _when("has_lorawan_profile", LORAWAN),
    _when("has_wmbus_profile", WMBUS),
    _when("has_pulse_1", *_pulse_configuration("pulse_1")),
    _when("has_pulse_2", *_pulse_configuration("pulse_2")),
)
_UP_TO_TEN = tuple((count, str(count)) for count in range(11))
_BUS_CONFIGURATION: tuple[Element, ...] = (
    Bits(
        "record_counts",
        1,
        (
            Part("usage_records", 0, 4, _UP_TO_TEN, is_closed=True),
            Part("status_records", 4, 4, _UP_TO_TEN, is_closed=True),
        ),
    ),
    Rest("record_headers"),
)
_RECORDS: tuple[Element, ...] = (
    Bits("packet", 1, (Part("packet_number", 0, 3), Part("more_to_come", 3), Part("has_header", 6))),
    _when(
        "has_header",
        Hex("meter_serial", 4, "little"),
        Hex("meter_maker", 2, "little"),
        Int("meter_version", 1),
        Int("meter_medium", 1),
        Int("access_number", 1),
        Hex("meter_status", 1),
        Hex("signature", 2),
    ),
    Rest("record_headers"),
)

_BOOT = boot(
    (
        (0x00, "pulse_only"),
        (0x01, "pulse_analog"),
        (0x02, "pulse_ssi"),
        (0x04, "pulse_mbus"),
        (0x06, "pulse_lbus"),
        (0x07, "pulse_izar"),
    )
)
_SHUTDOWN: tuple[Element, ...] = (
    Named("shutdown_reason", 1, ((0x32, "firmware_update"), (0x33, "app"), (0x34, "switch_to_wmbus"))),
    Code("usage_header", 1, accepts=(0x02, 0x82), default=0x02),
    *_usage("usage_header"),
)

_FRAME = headed(
    (0x02, (on(25, "usage", *_usage("header")),)),
    (0x82, (on(24, "status", *_usage("header")),)),
    (0x12, (on(50, "configuration", *_CONFIGURATION), on(49, "configuration_request", alone=False))),
    (0x14, (on(50, "bus_configuration", *_BUS_CONFIGURATION), on(49, "bus_request", alone=False))),
    (0x21, (on(50, "place", *PLACE), on(49, "place_request", alone=False))),
    (0x03, (on(60, "time", *LOCAL_TIME),)),
    (0x81, (on(61, "records", *_RECORDS), on(60, "records_request", alone=False))),
    (0xFF, (on(60, "firmware_update"),)),
    (0x00, (on(99, "boot", *_BOOT),)),
    (0x01, (on(99, "shutdown", *_SHUTDOWN),)),
    (0x13, (on(99, "faulty_downlink", *FAULTY),)),
)

_MODULE = (
    Carry("battery_v"),
    Carry("battery_low"),
    Carry("pressure_bar", "channel_1"),
    Carry("temperature_c", "channel_2"),
    Carry("temperature_c"),
    Carry("rssi_dbm"),
    Carry("sinr_db"),
    Carry("sensor_fault"),
)
_INPUTS = ("pulse_1", "pulse_2")

PROFILE = Profile(
    name="nas_um30xx_v4",
    family=Family.WATER,
    device="NAS UM30xx pulse and M-Bus module, firmware 4.0",
    source="nasys/nas-codecs, src/um30xx_decoder.js",
    up=_FRAME,
    down=_FRAME,
    readings=tuple(
        reading
        for message in ("usage", "status", "shutdown")
        for reading in (
            Reading(message, _MODULE),
            *(Reading(message, (Carry("volume_m3", f"{name}_volume_m3"),), series=name) for name in _INPUTS),
            Reading(message, METER_CARRIES, clock="clock", series="mbus"),
        )
    ),
)
