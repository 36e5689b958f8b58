"""Netvox R719A parking sensor.

Source: Netvox LoRaWAN application command (report types and configuration), TheThingsNetwork/lorawan-devices
vendor/netvox/r719a-codec.yaml, thingsboard/data-converters. 11 bytes, big-endian:

    01 59 00 s h DD*4 00 00       version: s software [0.1], h hardware, D date of the firmware
    01 59 01 b o 00*6             status: b7 low battery, b0-6 battery [0.1 V]; o 1 occupied, 0 free
    81 59 r 00*8                  configured: 0 done, else not
    82 59 nn nn mm mm c 00*4      configuration: least and most time [s] between reports, battery step [0.1 V]
    down  01 59 nn nn mm mm c 00*4   configure        02 59 00*9   read_configuration

* Neither clock nor counter nor identity; the maker's bytes of reserve are not looked at.
"""

from narrowgate_codecs.elements import Bits, Code, Const, Hex, Int, Named, Part
from narrowgate_codecs.layout import Case, Switch
from narrowgate_codecs.orders import Answer, Arg, Order
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.commands import CommandKind
from narrowgate_schema.words import Family

_DEVICE = Const(b"\x59")
_SETTINGS = (
    Int("least_time_s", 2),
    Int("most_time_s", 2),
    Int("battery_step_v", 1, per=10),
    Hex("reserve", 4, default="00" * 4),
)
_BATTERY_V = tuple(count / 10 for count in range(128))
_STATUS = (
    Bits(
        "battery",
        1,
        (Part("battery_low", at=7, default=False), Part("battery_v", at=0, size=7, numbers=_BATTERY_V)),
    ),
    Named("occupied", 1, ((0, False), (1, True))),
    Hex("reserve", 6, default="00" * 6),
)
_VERSION = (
    Int("software_version", 1, per=10),
    Int("hardware_version", 1),
    Hex("date_code", 4),
    Hex("reserve", 2, default="00" * 2),
)
_REPORT = (
    Code("report_type", 1),
    Switch("report_type", (Case("version", (0x00,), _VERSION), Case("status", (0x01,), _STATUS))),
)
_CONFIGURED = (
    Named("result", 1, ((0, "done"),), otherwise="failed"),
    Hex("reserve", 8, default="00" * 8),
)

PROFILE = Profile(
    name="netvox_r719a_v1",
    family=Family.PARKING,
    device="Netvox R719A parking sensor",
    source="Netvox LoRaWAN application command; TheThingsNetwork/lorawan-devices vendor/netvox",
    up=(
        Code("command", 1),
        _DEVICE,
        Switch(
            "command",
            (
                Case("report", (0x01,), _REPORT),
                Case("configured", (0x81,), _CONFIGURED),
                Case("configuration", (0x82,), _SETTINGS),
            ),
        ),
    ),
    down=(
        Code("command", 1),
        _DEVICE,
        Switch(
            "command",
            (
                Case("configure", (0x01,), _SETTINGS),
                Case("read_configuration", (0x02,), (Hex("reserve", 9, default="00" * 9),)),
            ),
        ),
    ),
    readings=(Reading("status", (Carry("occupied"), Carry("battery_v"), Carry("battery_low"))),),
    orders=(
        Order(
            CommandKind.REPORT_INTERVAL,
            "configure",
            (
                ("least_time_s", Arg("interval_s")),
                ("most_time_s", Arg("interval_s")),
                ("battery_step_v", 0.1),
            ),
            answer=Answer("configured", "result", ("done",)),
        ),
    ),
)
