"""NAS UL20xx luminaire controllers, firmware 1.0.x.

Source: nasys/nas-codecs, src/ul20xx_decoder.js. The port tells the messages apart; without one a frame is
taken for a status. Low byte first; blocks they share: profiles/nas/lamps.py.

    24  EEEEEEEE s R N T a [l] ..   status: E clock  s b0 external DALI fault b1 DALI connection b2 LDR
        b4 input on b5 hardware b7 relay closed  R signal [-dBm]  N to noise [dB]  T own temperature [Cel]
        a b1 LDR follows b2 open drain, alerts of a day: b4 voltage b5 lamp b6 power b7 factor
        ..  {profile, its version or why it is not followed, address, days, level [%]}, repeated
    25  usage, repeated      61  80 input, 81 LDR, 83 gear, 84 meter: alerts
    49  settings asked for   50  settings   51  FF firmware update   60  commands
    99  00 boot, 13 faulty downlink

* Each address is a series of its own; what the controller says of itself has none.
* A reason that nobody knows is refused with its address; the others stay.
"""

from narrowgate_codecs.elements import Bits, Code, Int, Named, Part, Port, Word
from narrowgate_codecs.layout import Array, Case, Element, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.nas.lamp_commands import COMMANDS_10, GEAR_READING, READINGS, commands
from narrowgate_codecs.profiles.nas.lamp_orders import CALENDAR_10, INTERVAL, LEVELS
from narrowgate_codecs.profiles.nas.lamp_settings import SETTINGS_10, requests, settings
from narrowgate_codecs.profiles.nas.lamps import (
    ALERTS,
    BOOT,
    CLOCK,
    DAYS,
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
    level,
    when,
)
from narrowgate_schema.words import Family

_REASONS: tuple[tuple[int, Word], ...] = (
    *((code, "profile") for code in range(240)),
    (246, "driver_not_found"),
    (247, "calendar_active"),
    (248, "init_active"),
    (249, "profile_not_active"),
    (250, "ldr_input_active"),
    (252, "dig_input_active"),
    (253, "manual_active"),
    (254, "value_differs"),
)
_SOURCES = Array(
    "sources",
    None,
    (
        Int("profile_id", 1, null=(0xFF,)),
        Bits(
            "version_byte",
            1,
            (
                Part("reason", 0, 8, _REASONS, is_closed=True),
                Part("profile_version", 0, 8, numbers=tuple(range(240))),
            ),
        ),
        address(),
        DAYS,
        level(),
    ),
)
_STATUS: tuple[Element, ...] = (
    CLOCK,
    Bits(
        "state",
        1,
        (
            Part("external_dali_fault", 0),
            Part("dali_connection_fault", 1),
            Part("ldr_is_on", 2),
            Part("dig_is_on", 4),
            Part("hardware_fault", 5),
            Part("relay_closed", 7),
            faults(0, 1, 5),
        ),
    ),
    *RADIO,
    Bits(
        "interfaces",
        1,
        (
            Part("has_ldr", 1),
            Part("open_drain_on", 2),
            *(Part(name, at) for at, name in enumerate(ALERTS, 4)),
        ),
    ),
    when("has_ldr", Int("ldr", 1)),
    _SOURCES,
)

_FRAME: tuple[Element, ...] = (
    Port("port", default=24),
    Switch(
        "port",
        (
            Case("status", (24,), _STATUS),
            Case("usage", (25,), (USAGES,)),
            Case("requests", (49,), requests(SETTINGS_10, 0x08)),
            Case("settings", (50,), settings(SETTINGS_10)),
            Case("update", (51,), (Named("update", 1, ((0xFF, "firmware_update"),)),)),
            Case("commands", (60,), commands(COMMANDS_10)),
            Case(
                "alerts",
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

PROFILE = Profile(
    name="nas_ul20xx_v10",
    family=Family.LIGHTING,
    device="NAS UL20xx luminaire controller, firmware 1.0",
    source="nasys/nas-codecs, src/ul20xx_decoder.js",
    up=_FRAME,
    down=_FRAME,
    key="clock",
    readings=(
        Reading(
            "status",
            (Carry("temperature_c"), Carry("rssi_dbm"), Carry("sinr_db"), Carry("sensor_fault")),
            clock="clock",
        ),
        Reading("status", (Carry("level_pct"),), records="sources", series_by="address", clock="clock"),
        Reading("usage", USAGE_CARRIES, records="usages", series_by="address"),
        Reading("gear_alert", GEAR_CARRIES, records="gears", series_by="address"),
        Reading("metering_alert", METERING_CARRIES, series=INTERNAL),
        *READINGS,
        GEAR_READING,
    ),
    orders=(*LEVELS, *CALENDAR_10, INTERVAL),
)
