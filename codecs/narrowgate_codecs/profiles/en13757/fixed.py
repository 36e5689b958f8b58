"""The fixed structure of M-Bus of 1998, which old meters answer with.

    73   I I I I a s u v  C C C C  D D D D    two counters
    s    b0 binary counters, else packed digits  b1 D was stored on a fixed day  b2 power low  b3 permanent
        error
         b4 temporary error
    u    b0-5 unit of C, b6-7 low bits of the medium       v  b0-5 unit of D, 3E: that of C, b6-7 its high
        bits

Source: EN 1434-3:1997, 6.6.3.2, and the table of units in its annex.

* Media 6 and 7 are water. A counter of another medium, or of a unit that is no volume, is no volume.
* What D counts is said as it is sent: nothing says of which day it is.
"""

from narrowgate_codecs.elements import Bcd, Bits, Code, Hex, Int, Part, Scaled, Units
from narrowgate_codecs.layout import Element, When
from narrowgate_codecs.profile import Carry, Reading

_MILLILITRE = 0x26
_WATER_LOW, _WATER_HIGH = (0x80, 0xC0), 1
_PER_M3 = tuple(
    (low | _MILLILITRE + power, 10 ** (6 - power)) for low in reversed(_WATER_LOW) for power in range(7)
)
_FACTORS = tuple((low | _MILLILITRE + power, 10**power) for low in _WATER_LOW for power in range(9))

FIXED: tuple[Element, ...] = (
    Hex("meter_id", 4, "little"),
    Int("access_number", 1, default=0),
    Bits(
        "fixed_status",
        1,
        (
            Part("is_binary", 0, default=False),
            Part("is_stored", 1, default=False),
            Part("battery_low", 2, default=False),
            Part("permanent_error", 3, default=False),
            Part("temporary_error", 4, default=False),
        ),
    ),
    Code("unit", 1, accepts=tuple(code for code, _ in _PER_M3), default=0xE9),
    Bits("unit_2", 1, (Part("medium_high", 6, 2), Part("unit_2_code", 0, 6))),
    When(
        "is_binary",
        (0,),
        (
            Bcd("volume_m3", 4, "little", per=Units("unit", _PER_M3)),
            Bcd("counter_2_digits", 4, "little"),
        ),
    ),
    When(
        "is_binary",
        (1,),
        (
            Int("counter", 4, "little"),
            Int("counter_2", 4, "little"),
            Scaled("binary_m3", "counter", "unit", _FACTORS, 10**6),
        ),
    ),
)
"""Everything behind the CI."""

FIXED_READING = Reading(
    "fixed",
    (
        Carry("volume_m3"),
        Carry("volume_m3", "binary_m3"),
        Carry("battery_low"),
        Carry("sensor_fault", "permanent_error"),
    ),
)
