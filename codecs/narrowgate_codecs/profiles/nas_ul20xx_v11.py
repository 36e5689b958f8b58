"""NAS UL20xx luminaire controllers, firmware 1.1.x.

Source: nasys/nas-codecs, src/ul20xx_decoder.js, and the vendor's payload pages. The port tells the messages
apart; without one a frame is taken for a status. Low byte first; blocks they share: profiles/nas/lamps.py.

    23  00 EEEEEEEE s R N T a [l] [A] ..        status, firmware before 1.1.4
        01 EEEEEEEE s m R N T A L {sensor} ..   status since
        E clock  s b1 DALI connection b5 meter b6 clock b7 relay closed, before 1.1.4 b2 LDR b4 input on
        m b2 open drain b6 b7 Lumalink  R signal [-dBm]  N to noise [dB]  T own temperature [Cel]
        a b1 LDR follows b2 open drain b4 A follows  A alerts of a day: b4 voltage b5 lamp b6 power b7 factor
        sensor  01 LDR u8, 02 03 light u16: 10^(n / 4000) / 1000 [lx], FFFF none, 04 input, 08 tilt u8 [deg]
        ..  {address, reason, level [%], gear}, repeated
    26  00 ..  usage, repeated      61  80 input, 81 LDR, 83 gear, 84 meter, 85 light, 86 position: alerts
    49  settings asked for   50  settings   51  FF firmware update, FE restart   60  commands
    99  00 boot, 13 faulty downlink

* Each address is a series of its own; what the controller says of itself has none, and the light and the tilt
  that it measures are rows of the same key.
* A gear that does not answer is silent, unless the relay has cut its power. A reason that nobody knows is
  refused with its address; the others stay. So is a sensor of an unknown kind, and those behind it.
"""

from narrowgate_codecs.elements import Bits, Code, Const, Epoch, Float, Int, Named, Part, Port, Word
from narrowgate_codecs.layout import Array, Case, Element, Records, Sized, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.nas.lamp_commands import COMMANDS_11, READINGS, commands
from narrowgate_codecs.profiles.nas.lamp_orders import CALENDAR_11, INTERVAL, LEVELS, RESTART
from narrowgate_codecs.profiles.nas.lamp_settings import SETTINGS_11, requests, settings
from narrowgate_codecs.profiles.nas.lamps import (
    ALERTS,
    BOOT,
    CLOCK,
    DIG_ALERT,
    FAULTY,
    GEAR_ALERT,
    GEAR_CARRIES,
    INTERNAL,
    LDR_ALERT,
    METERING_ALERT,
    METERING_CARRIES,
    RADIO,
    USAGE_CARRIES,
    USAGES,
    address,
    faults,
    gear_parts,
    when,
)
from narrowgate_schema.words import Family

_RELAY_OFF = 245
_REASONS: tuple[tuple[int, Word], ...] = (
    *((code, f"profile_{code}") for code in range(8)),
    (0x21, "calendar_day"),
    (0x22, "calendar_night"),
    *((0x30 + step, f"calendar_dawn_step_{step}") for step in range(16)),
    *((0x50 + step, f"calendar_dusk_step_{step}") for step in range(16)),
    (0x70, "dig_inactive"),
    (0x71, "dig_active"),
    *((0x80 + step, f"light_monitor_step_{step}") for step in range(8)),
    (_RELAY_OFF, "relay_off"),
    (246, "driver_not_found"),
    (248, "fallback_active"),
    (250, "ldr_input_active"),
    (252, "dig_input_active"),
    (253, "manual_active"),
)
_SOURCES = Array(
    "sources",
    None,
    (
        address(),
        Bits(
            "source",
            3,
            (
                Part("reason", 0, 8, _REASONS, is_closed=True),
                Part("is_unpowered", 0, 8, tuple((code, code == _RELAY_OFF) for code in range(256))),
                Part("level_pct", 8, 8, numbers=tuple(range(101))),
                *gear_parts(16, "is_unpowered"),
            ),
            "little",
        ),
    ),
)
_LUX = tuple(10 ** (count / 4000) / 1000 for count in range(1 << 15))


def _light(name: str) -> Bits:
    return Bits(
        f"{name}_bits",
        2,
        (
            Part("is_dark", 0, 16, ((0xFFFF, True),)),
            Part(name, 0, 15, numbers=_LUX, void_by="is_dark"),
        ),
        "little",
    )


_SENSORS = Records(
    "sensors",
    1,
    (
        Case("ldr", (0x01,), (Int("ldr", 1),)),
        Case("light", (0x02,), (_light("lux"),)),
        Case("d4i_light", (0x03,), (_light("d4i_lux"),)),
        Case("dig_input", (0x04,), (Bits("dig_bits", 1, (Part("dig_is_on", 0),)),)),
        Case("tilt", (0x08,), (Int("tilt_deg", 1, null=(0xFF,)),)),
    ),
)
_FAULT = faults(1, 5)
_ALERTS = Bits("alerts", 1, tuple(Part(name, at) for at, name in enumerate(ALERTS, 4)))
_STATE = (
    Part("dali_connection_fault", 1),
    Part("meter_fault", 5),
    Part("clock_warning", 6),
    Part("relay_closed", 7),
    _FAULT,
)
_EARLY_STATUS: tuple[Element, ...] = (
    CLOCK,
    Bits("state", 1, (*_STATE, Part("ldr_is_on", 2), Part("dig_is_on", 4))),
    *RADIO,
    Bits("interfaces", 1, (Part("has_ldr", 1), Part("open_drain_on", 2), Part("has_alerts", 4))),
    when("has_ldr", Int("ldr", 1)),
    when("has_alerts", _ALERTS),
    _SOURCES,
)
_STATUS: tuple[Element, ...] = (
    CLOCK,
    Bits("state", 1, _STATE),
    Bits(
        "interfaces",
        1,
        (
            Part("open_drain_on", 2),
            Part("lumalink_connected", 6),
            Part("lumalink_connected_after_boot", 7),
        ),
    ),
    *RADIO,
    _ALERTS,
    Sized(1, (_SENSORS,)),
    _SOURCES,
)
_POSITION: tuple[Element, ...] = (
    Bits(
        "head",
        1,
        (
            Part(
                "position_state", 0, 8, ((0, "good_fix"), (1, "no_fix"), (2, "internal"), (0xFF, "internal"))
            ),
            Part("position_code", 0, 8),
        ),
    ),
    Switch(
        "position_code",
        (
            Case(
                "position",
                (0,),
                (
                    Float("latitude_deg", 4, "little"),
                    Float("longitude_deg", 4, "little"),
                    Epoch("fixed_at", 4, 2015, "little"),
                ),
            ),
        ),
        default=Case("no_position", (), ()),
    ),
)

_FRAME: tuple[Element, ...] = (
    Port("port", default=23),
    Switch(
        "port",
        (
            Case(
                "status_port",
                (23,),
                (
                    Code("version", 1),
                    Switch(
                        "version",
                        (Case("status", (0x01,), _STATUS), Case("early_status", (0x00,), _EARLY_STATUS)),
                    ),
                ),
            ),
            Case("usage", (26,), (Const(b"\x00"), USAGES)),
            Case("requests", (49,), requests(SETTINGS_11, 0x21)),
            Case("settings", (50,), settings(SETTINGS_11)),
            Case("update", (51,), (Named("update", 1, ((0xFF, "firmware_update"), (0xFE, "restart"))),)),
            Case("commands", (60,), commands(COMMANDS_11)),
            Case(
                "alerts_port",
                (61,),
                (
                    Code("alert", 1),
                    Switch(
                        "alert",
                        (
                            Case("dig", (0x80,), DIG_ALERT),
                            Case("ldr_alert", (0x81,), LDR_ALERT),
                            Case("gear_alert", (0x83,), GEAR_ALERT),
                            Case("metering_alert", (0x84,), METERING_ALERT),
                            Case("light_alert", (0x85,), (Int("light_step", 1),)),
                            Case("position_alert", (0x86,), _POSITION),
                        ),
                    ),
                ),
            ),
            Case(
                "system",
                (99,),
                (
                    Code("kind", 1),
                    Switch("kind", (Case("boot", (0x00,), BOOT), Case("faulty_downlink", (0x13,), FAULTY))),
                ),
            ),
        ),
    ),
)

_SELF = (Carry("temperature_c"), Carry("rssi_dbm"), Carry("sinr_db"), Carry("sensor_fault"))
_SENSED = (Carry("lux"), Carry("lux", "d4i_lux"), Carry("tilt_deg"))
_SOURCE = (Carry("level_pct"), *GEAR_CARRIES)

PROFILE = Profile(
    name="nas_ul20xx_v11",
    family=Family.LIGHTING,
    device="NAS UL20xx luminaire controller, firmware 1.1",
    source="nasys/nas-codecs, src/ul20xx_decoder.js",
    up=_FRAME,
    down=_FRAME,
    key="clock",
    readings=(
        Reading("status", _SELF, clock="clock"),
        Reading("status", _SENSED, records="sensors", clock="clock"),
        Reading("status", _SOURCE, records="sources", series_by="address", clock="clock"),
        Reading("early_status", _SELF, clock="clock"),
        Reading("early_status", _SOURCE, records="sources", series_by="address", clock="clock"),
        Reading("usage", USAGE_CARRIES, records="usages", series_by="address"),
        Reading("gear_alert", GEAR_CARRIES, records="gears", series_by="address"),
        Reading("metering_alert", METERING_CARRIES, series=INTERNAL),
        *READINGS,
    ),
    orders=(*LEVELS, *CALENDAR_11, INTERVAL, RESTART),
)
