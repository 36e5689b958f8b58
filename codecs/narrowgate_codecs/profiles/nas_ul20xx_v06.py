"""NAS UL20xx luminaire controllers, firmware 0.6.x.

Source: the vendor's payload description 0.6.29 of UL2002 and UL2030, as kept by the open parser of
element-parsers (facts only). The port tells the messages apart; without one a frame is taken for a status.
Low byte first; blocks they share with later firmwares: profiles/nas/lamps.py.

    24  EEEEEEEE s R ..     status: E clock  s b0 DALI fault b1 DALI connection b2 LDR b3 thermistor b4 input
        b5 hardware b6 firmware b7 relay closed  R signal, signed [dBm]
        ..  {profile, its version or why it is not followed, address, days, level [%]}, repeated
    25  usage, repeated     50  settings    51  FF firmware update    60  commands
    99  00 boot, with bytes of the maker's own   01 .. shutdown   10 e .. fault, 02: several gears without
        an address   13 faulty downlink

* Each address is a series of its own; what the controller says of itself has none.
"""

from narrowgate_codecs.elements import Bits, Code, Hex, Int, Named, Part, Port, Rest, Word
from narrowgate_codecs.layout import Array, Case, Element, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.nas.lamp_commands import COMMANDS_10, GEAR_READING, READINGS, commands
from narrowgate_codecs.profiles.nas.lamp_orders import CALENDAR_10, INTERVAL, LEVELS
from narrowgate_codecs.profiles.nas.lamp_settings import SETTINGS_10, settings
from narrowgate_codecs.profiles.nas.lamps import (
    CLOCK,
    DAYS,
    FAULTY,
    USAGE_CARRIES,
    USAGES,
    address,
    faults,
    level,
)
from narrowgate_schema.words import Family

_REASONS: tuple[tuple[int, Word], ...] = (
    (246, "driver_not_found"),
    (247, "calendar_active"),
    (248, "init_active"),
    (249, "profile_not_active"),
    (250, "ldr_input_active"),
    (251, "thermistor_active"),
    (252, "dig_input_active"),
    (253, "manual_active"),
    (254, "value_differs"),
    (255, "unknown"),
)
_SOURCES = Array(
    "sources",
    None,
    (
        Int("profile_id", 1, null=(0xFF,)),
        Bits(
            "version_byte",
            1,
            (Part("reason", 0, 8, _REASONS), Part("profile_version", 0, 8, numbers=tuple(range(241)))),
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
            Part("thermistor_is_on", 3),
            Part("dig_is_on", 4),
            Part("hardware_fault", 5),
            Part("firmware_fault", 6),
            Part("relay_closed", 7),
            faults(0, 1, 5, 6),
        ),
    ),
    Int("rssi_dbm", 1, signed=True),
    _SOURCES,
)
_BOOT: tuple[Element, ...] = (
    Hex("serial", 4, "little"),
    Int("firmware_major", 1),
    Int("firmware_minor", 1),
    Int("firmware_patch", 1),
    CLOCK,
    Int("outputs", 1),
    Hex("features", 1),
    Rest("boot_rest"),
)

_FRAME: tuple[Element, ...] = (
    Port("port", default=24),
    Switch(
        "port",
        (
            Case("status", (24,), _STATUS),
            Case("usage", (25,), (USAGES,)),
            Case("settings", (50,), settings(SETTINGS_10)),
            Case("update", (51,), (Named("update", 1, ((0xFF, "firmware_update"),)),)),
            Case("commands", (60,), commands(COMMANDS_10)),
            Case(
                "system",
                (99,),
                (
                    Code("kind", 1),
                    Switch(
                        "kind",
                        (
                            Case("boot", (0x00,), _BOOT),
                            Case("shutdown", (0x01,), (Rest("shutdown"),)),
                            Case(
                                "fault",
                                (0x10,),
                                (
                                    Named(
                                        "fault",
                                        1,
                                        ((0x02, "several_gears_without_address"),),
                                        otherwise="unknown",
                                    ),
                                    Rest("fault_rest"),
                                ),
                            ),
                            Case("faulty_downlink", (0x13,), FAULTY),
                        ),
                    ),
                ),
            ),
        ),
    ),
)

PROFILE = Profile(
    name="nas_ul20xx_v06",
    family=Family.LIGHTING,
    device="NAS UL20xx luminaire controller, firmware 0.6",
    source="the vendor's payload description 0.6.29, as kept by element-parsers",
    up=_FRAME,
    down=_FRAME,
    key="clock",
    readings=(
        Reading("status", (Carry("rssi_dbm"), Carry("sensor_fault")), clock="clock"),
        Reading("status", (Carry("level_pct"),), records="sources", series_by="address", clock="clock"),
        Reading("usage", USAGE_CARRIES, records="usages", series_by="address"),
        *READINGS,
        GEAR_READING,
    ),
    orders=(*LEVELS, *CALENDAR_10, INTERVAL),
)
