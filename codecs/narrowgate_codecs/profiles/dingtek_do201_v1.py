"""Dingtek DO201 parking sensor, ultrasonic and magnetic, with temperature.

Source: TheThingsNetwork/lorawan-devices, vendor/dingtek/do201.js and its examples. As the DO200's frames
(dingtek_do200_v1), port 3, big-endian, but:

    80 00 31 01 l dd dd PL MB vv vv xx yy zz tt hh nn 00 81     alarm          02 instead of 01: periodic
    80 00 31 03 l F f u i d mm mm b r r 81                      parameters
    t  temperature, signed [Cel]     h  relative humidity [%]
    i  min between detections, d  level threshold, m  magnetic threshold, b  battery threshold [%]
    down  8002 9999 OO HH.. 81:  01 set_upload_interval [h], 02 set_level_threshold, 05 set_battery_threshold
          [%], 08 set_detection_interval [min], 0F set_magnetic_threshold (four digits)

* A temperature below -50 or above 100 is none: null. A published frame states -117.
"""

from narrowgate_codecs.elements import Bits, Hex, Int, Part
from narrowgate_codecs.layout import Element
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.dingtek_do200_v1 import (
    ALARMS,
    BATTERY_AND_AXES,
    CARRIES,
    COUNTER,
    ORDERS,
    frames,
    orders,
)
from narrowgate_schema.words import Family

_COLDEST, _HOTTEST = -50, 100
_DEGREES = tuple(
    float(degrees) if _COLDEST <= degrees <= _HOTTEST else None for degrees in (*range(128), *range(-128, 0))
)
AIR: tuple[Element, ...] = (
    Bits("temperature", 1, (Part("temperature_c", at=0, size=8, numbers=_DEGREES),)),
    Int("humidity_pct", 1),
)
"""What the DO201 and the DO202 measure of the air."""
FIRMWARE: tuple[Element, ...] = (
    Int("firmware_major", 1),
    Int("firmware_minor", 1),
    Int("upload_interval_h", 1),
    Int("detection_interval_min", 1),
)
"""The first parameters of the DO201 and the DO202."""
THRESHOLDS: tuple[Element, ...] = (
    Int("magnetic_threshold", 2),
    Int("battery_threshold_pct", 1),
    Hex("reserve", 2, default="0000"),
)
"""The last parameters of both."""
OPTIONS = (
    ("upload_interval", 0x01, 2),
    ("level_threshold", 0x02, 2),
    ("battery_threshold", 0x05, 2),
    ("detection_interval", 0x08, 2),
    ("magnetic_threshold", 0x0F, 4),
)
"""What both can be told."""

_STATE = (Int("distance_m", 2, per=1000), ALARMS, *BATTERY_AND_AXES, *AIR, *COUNTER)
_SAID = (*CARRIES, Carry("distance_m"), Carry("temperature_c"))

PROFILE = Profile(
    name="dingtek_do201_v1",
    family=Family.PARKING,
    device="Dingtek DO201 parking sensor",
    source="TheThingsNetwork/lorawan-devices, vendor/dingtek/do201.js",
    up=frames(0x31, 0x17, _STATE, (*FIRMWARE, Int("level_threshold", 1), *THRESHOLDS)),
    down=orders(b"9999", OPTIONS),
    readings=(Reading("alarm", _SAID), Reading("periodic", _SAID)),
    orders=ORDERS,
)
