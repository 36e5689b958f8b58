"""Minol Zenner EDC module, as the example of its maker shows it.

Source: TheThingsNetwork/lorawan-devices, vendor/minol-zenner (the published example; its decoder is not
public). High byte first:

    s VVVV WWWW XXXX      s b0 removed b1 battery low b2 battery at its end b5 coil manipulated; V W X counts

* b3 and b4 are hardware faults or not, the example tells no more: they are kept in `state`.
* What one count is worth, and what the three counts are of, is not published: the first one is carried.
"""

from narrowgate_codecs.elements import Bits, Int, Part
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="minol_edc_v1",
    family=Family.WATER,
    device="Minol Zenner EDC module",
    source="TheThingsNetwork/lorawan-devices, vendor/minol-zenner",
    up=(
        Bits(
            "state",
            1,
            (
                Part("tamper", 0),
                Part("battery_low", 1),
                Part("battery_end", 2),
                Part("coil_manipulated", 5),
            ),
        ),
        Int("pulses", 4),
        Int("pulses_2", 4),
        Int("pulses_3", 4),
    ),
    down=(),
    readings=(Reading("frame", (Carry("pulses"), Carry("tamper"), Carry("battery_low"))),),
)
