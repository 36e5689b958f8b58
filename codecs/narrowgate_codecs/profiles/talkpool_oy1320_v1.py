"""Talkpool OY1320 module on water meters.

Source: TheThingsNetwork/lorawan-devices, vendor/talkpool/oy1320.js, and its example. Six bytes, high byte
first:

    hh hh VVVV     h head of the maker, V count of the meter

* Frames of nine bytes and more exist; what they say beside a count is not published. They are refused.
* What one count is worth only the registry knows. Neither clock nor identity.
"""

from narrowgate_codecs.elements import Hex, Int
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="talkpool_oy1320_v1",
    family=Family.WATER,
    device="Talkpool OY1320 module",
    source="TheThingsNetwork/lorawan-devices, vendor/talkpool/oy1320.js",
    up=(Hex("head", 2, default="0121"), Int("pulses", 4)),
    down=(),
    readings=(Reading("frame", (Carry("pulses"),)),),
)
