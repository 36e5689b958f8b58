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

from narrowgate_codecs.elements import Code, Const, Named
from narrowgate_codecs.layout import Case, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.netvox.frames import ASKED, DONE, REPORT_INTERVAL, SETTINGS, report, spare
from narrowgate_schema.words import Family

_DEVICE = Const(b"\x59")
_REPORT = report(Named("occupied", 1, ((0, False), (1, True))), spare(6))

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
                Case("configured", (0x81,), DONE),
                Case("configuration", (0x82,), SETTINGS),
            ),
        ),
    ),
    down=(
        Code("command", 1),
        _DEVICE,
        Switch(
            "command",
            (
                Case("configure", (0x01,), SETTINGS),
                Case("read_configuration", (0x02,), ASKED),
            ),
        ),
    ),
    readings=(Reading("status", (Carry("occupied"), Carry("battery_v"), Carry("battery_low"))),),
    orders=(REPORT_INTERVAL,),
)
