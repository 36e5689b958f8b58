"""GWF meters with a LoRaWAN coder.

Source: akenza-io/device-type-library, types/GWF/GWFcoder, and its example. 18 bytes, low byte first:

    02 MM IIII m s AA AA v VVVV x b
    M maker, I identity in digits, m medium (3 gas, 6 warm water, 7 water), A age of the register [min], v
        its VIF
    s state: b6-7 application, b5 battery low, b4 permanent, b3 temporary error, b0-2 the maker's own
    x b6 continuous flow, b4 burst, b2 battery low, b1 backflow, b0 no use
    b b7 .. b3 battery left [half a year], b7 the lowest bit; b2 radio fault

* The maker counts the bits of its bytes from the top: so the battery's time in the example makes sense.
* Gas gives no volume. The register is as old as A says: reception dates the row, for an age may be of days.
"""

from narrowgate_codecs.elements import Bits, Const, Hex, Int, Part, Scaled, Word
from narrowgate_codecs.layout import When
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.sums import Sum
from narrowgate_schema.words import Family

_APPLICATION: tuple[tuple[int, Word], ...] = ((0, "no_error"), (1, "busy"), (2, "error"), (3, "reserved"))
_VIFS = tuple((0x10 + power, 10**power) for power in range(8))
_HALF_YEARS = tuple((f"battery_left_{bit}", 6 << bit) for bit in range(5))
_WATER = (6, 7)

PROFILE = Profile(
    name="gwf_lorawan_v2",
    family=Family.WATER,
    device="GWF meter with a LoRaWAN coder",
    source="akenza-io/device-type-library, types/GWF/GWFcoder",
    up=(
        Const(b"\x02"),
        Int("maker", 2, "little"),
        Hex("identity", 4, "little"),
        Bits(
            "medium_byte",
            1,
            (
                Part("medium", 0, 8, ((3, "gas"), (6, "warm_water"), (7, "water"))),
                Part("medium_code", 0, 8),
            ),
        ),
        Bits(
            "status",
            1,
            (
                Part("application", 6, 2, _APPLICATION),
                Part("power_low", 5),
                Part("sensor_fault", 4),
                Part("temporary_error", 3),
                *(Part(f"command_error_{3 - at}", at) for at in range(3)),
            ),
        ),
        Int("age_min", 2, "little"),
        Bits("vif_byte", 1, (Part("vif", 0, 8),)),
        Int("count", 4, "little"),
        When("medium_code", _WATER, (Scaled("volume_m3", "count", "vif", _VIFS, 10**6),)),
        Bits(
            "functions",
            1,
            (
                Part("leak", 6),
                Part("burst", 4),
                Part("battery_low", 2),
                Part("reverse_flow", 1),
                Part("no_use", 0),
            ),
        ),
        Bits(
            "battery",
            1,
            (*(Part(f"battery_left_{bit}", 7 - bit) for bit in range(5)), Part("radio_fault", 2)),
        ),
        Sum("battery_left_months", _HALF_YEARS),
    ),
    down=(),
    identity="identity",
    readings=(
        Reading(
            "frame",
            tuple(
                Carry(name)
                for name in (
                    *("volume_m3", "battery_low", "sensor_fault"),
                    *("leak", "burst", "reverse_flow", "no_use"),
                )
            ),
        ),
    ),
)
