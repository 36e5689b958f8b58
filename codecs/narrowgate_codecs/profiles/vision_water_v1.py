"""Vision Metering water module.

Source: tago-io/decoders, connector/vision-metering/water-module. High byte first; the first byte's b0-2 are
the message, b3 more packets follow, b4-7 number of the packet; b battery [0.01 V from 1.1 V]:

    0  b RRRR NNNN m n p            start: R reasons of the reset, N restarts, m n p firmware
    1  b VVVV*6 [texts]             registers [L], now and one to five hours ago
    2  b VVVV m n p [texts]         the magnet was held to it
    texts  the meter's alerts as eight hex digits, 00; then the meter's own number, 00; each may be empty

* A register of the past that is zero was not read. Rows of the past are of the series `history`.
* Of the alerts only the digit of the leak (00080000) is published; `alert_rest` keeps the others.
"""

from narrowgate_codecs.elements import Bits, Code, Const, Int, Part, Text
from narrowgate_codecs.layout import Array, Body, Case, Element, Switch, Tail, When
from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_schema.words import Family

_HOUR_S = 3600
_RESETS = ((0, "pin"), (1, "watchdog"), (2, "software"), (3, "lockup"), (16, "magnet"))
_BATTERY = Int("battery_v", 1, plus=110, per=100)
_FIRMWARE: tuple[Element, ...] = tuple(Int(f"firmware_{part}", 1) for part in ("major", "minor", "patch"))
_TEXTS = Tail(
    (
        Code("alert_first", 1),
        When(
            "alert_first",
            (0x00,),
            (
                Bits("alert_rest", 7, (Part("leak", 32, 8, ((0x30, False), (0x38, True))),)),
                Const(b"\x00"),
            ),
            other=True,
        ),
        Tail((Body(1, (Text("meter_number"),)), Const(b"\x00"))),
    )
)

PROFILE = Profile(
    name="vision_water_v1",
    family=Family.WATER,
    device="Vision Metering water module",
    source="tago-io/decoders, connector/vision-metering/water-module",
    up=(
        Bits("head", 1, (Part("message", 0, 3), Part("more_packets", 3), Part("packet_number", 4, 4))),
        _BATTERY,
        Switch(
            "message",
            (
                Case(
                    "start",
                    (0,),
                    (
                        Bits("resets", 4, tuple(Part(f"reset_by_{name}", at) for at, name in _RESETS)),
                        Int("restarts", 4),
                        *_FIRMWARE,
                    ),
                ),
                Case(
                    "periodic",
                    (1,),
                    (
                        Int("volume_m3", 4, per=1000),
                        Array("hours", 5, (Int("past_m3", 4, per=1000, null=(0,)),)),
                        _TEXTS,
                    ),
                ),
                Case("magnet", (2,), (Int("volume_m3", 4, per=1000), *_FIRMWARE, _TEXTS)),
            ),
        ),
    ),
    down=(),
    readings=(
        Reading("start", (Carry("battery_v"),)),
        Reading("periodic", (Carry("volume_m3"), Carry("battery_v"), Carry("leak"))),
        Reading(
            "periodic",
            (Carry("volume_m3", "past_m3"),),
            records="hours",
            each=Each(step_s=-_HOUR_S, from_reception=True),
            series="history",
        ),
        Reading("magnet", (Carry("volume_m3"), Carry("battery_v"), Carry("leak"))),
    ),
)
