"""Dingtek DO202 parking sensor, magnetic, with temperature.

Source: TheThingsNetwork/lorawan-devices, vendor/dingtek/do202.js and its examples. As the DO201's frames
(dingtek_do201_v1), port 3, big-endian, but for the model, 32:

    80 00 32 01 l .. .. PL MB vv vv xx yy zz tt hh nn 00 81     alarm          02 instead of 01: periodic
    80 00 32 03 l F f u i . mm mm b r r 81                      parameters

* The maker says no distance for this model: the bytes where the DO201 has it are kept as they are.
"""

from narrowgate_codecs.elements import Hex
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
from narrowgate_codecs.profiles.dingtek_do201_v1 import AIR, FIRMWARE, OPTIONS, THRESHOLDS
from narrowgate_schema.words import Family

_STATE = (Hex("level", 2, default="0000"), ALARMS, *BATTERY_AND_AXES, *AIR, *COUNTER)
_SAID = (*CARRIES, Carry("temperature_c"))

PROFILE = Profile(
    name="dingtek_do202_v1",
    family=Family.PARKING,
    device="Dingtek DO202 parking sensor",
    source="TheThingsNetwork/lorawan-devices, vendor/dingtek/do202.js",
    up=frames(0x32, 0x17, _STATE, (*FIRMWARE, Hex("level_threshold", 1, default="00"), *THRESHOLDS)),
    down=orders(b"9999", OPTIONS),
    readings=(Reading("alarm", _SAID), Reading("periodic", _SAID)),
    orders=ORDERS,
)
