"""Netvox's frames of 11 bytes: reports, settings and their answers; and how a report interval is set.

Source: Netvox LoRaWAN application command, TheThingsNetwork/lorawan-devices vendor/netvox. Big-endian, d the
kind of device:

    01 d 00 s h DD*4 00 00           version: s software [0.1], h hardware, D date of the firmware
    01 d 01 b ..                     status: b7 low battery, b0-6 battery [0.1 V]
    81 d r 00*8                      configured: 0 done, else not
    82 d nn nn mm mm c 00*4          configuration: n, m least and most time [s] between reports, c battery
                                     step [0.1 V]
    down  01 d nn nn mm mm c 00*4    configure        02 d 00*9   asked for
"""

from narrowgate_codecs.elements import Bits, Code, Hex, Int, Named, Part
from narrowgate_codecs.layout import Case, Element, Switch
from narrowgate_codecs.orders import Answer, Arg, Order
from narrowgate_schema.commands import CommandKind

_BATTERY_V = tuple(count / 10 for count in range(128))


def spare(width: int) -> Hex:
    """Give the maker's bytes of reserve, which are not looked at."""
    return Hex("reserve", width, default="00" * width)


_VERSION = (Int("software_version", 1, per=10), Int("hardware_version", 1), Hex("date_code", 4), spare(2))
_BATTERY = Bits(
    "battery",
    1,
    (Part("battery_low", at=7, default=False), Part("battery_v", at=0, size=7, numbers=_BATTERY_V)),
)
SETTINGS: tuple[Element, ...] = (
    Int("least_time_s", 2),
    Int("most_time_s", 2),
    Int("battery_step_v", 1, per=10),
    spare(4),
)
"""Of `configure` and `configuration`."""
DONE = (Named("result", 1, ((0, "done"),), otherwise="failed"), spare(8))
"""Whether a command was carried out."""
ASKED = (spare(9),)
"""Of a command that asks."""
REPORT_INTERVAL = Order(
    CommandKind.REPORT_INTERVAL,
    "configure",
    (("least_time_s", Arg("interval_s")), ("most_time_s", Arg("interval_s")), ("battery_step_v", 0.1)),
    answer=Answer("configured", "result", ("done",)),
)


def report(*measured: Element) -> tuple[Element, ...]:
    """Give a report whose status goes on behind the battery with what the device measures."""
    status = (_BATTERY, *measured)
    return (
        Code("report_type", 1),
        Switch("report_type", (Case("version", (0x00,), _VERSION), Case("status", (0x01,), status))),
    )
