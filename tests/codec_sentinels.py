"""A device that nobody builds, whose numbers have values that say nothing."""

from narrowgate_codecs.elements import Bits, Int, Part
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

SENTINELS = Profile(
    name="nobody_sentinels_v1",
    family=Family.LIGHTING,
    device="A lamp controller that says what it does not know",
    source="the vocabulary of declarations",
    up=(
        Int("power_w", 2, per=10, limits=(0, 500), null=(0xFFFF,)),
        Int("voltage_v", 2, limits=(0, 400)),
        Int("current_a", 2, per=100, null=(0xFFFF,)),
        Int("tilt_deg", 1, signed=True, limits=(-90, 90), null=(-128, 127)),
        Int("level_pct", 1, limits=(0, 100), null=(0xFF,), default=None),
        Bits("load", 3, (Part("battery_v", 12, 12, per=1000, null=(0xFFF,)), Part("ecl", 0, 4, null=(15,)))),
        Int("judged", 1, limits=(0, 200)),
        Int("energy_kwh", 8, per=1000, limits=(0, 4e12), null=((1 << 64) - 1,)),
    ),
    down=(),
    readings=(
        Reading(
            "frame",
            (
                Carry("power_w"),
                Carry("voltage_v"),
                Carry("current_a"),
                Carry("tilt_deg"),
                Carry("level_pct"),
                Carry("battery_v"),
                Carry("ecl"),
                Carry("energy_kwh"),
            ),
        ),
    ),
)
