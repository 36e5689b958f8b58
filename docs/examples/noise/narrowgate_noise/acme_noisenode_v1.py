"""ACME NoiseNode, a sound level meter.

Source: ACME, NoiseNode payload description, revision 1. High byte first:

    F P QQ QQ XX XX [BB BB]   Q level LAeq, X level LAFmax, B level LA90 [0.1 dB], P battery [%]
                              F bit 0: overload, bit 7: B is there
    down: 02 MM MM            M minutes between reports
"""

from narrowgate_codecs.elements import Bits, Const, Int, Part
from narrowgate_codecs.layout import When
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="acme_noisenode_v1",
    family=Family("noise"),
    device="ACME NoiseNode sound level meter",
    source="ACME, NoiseNode payload description, revision 1",
    up=(
        Bits("flags", 1, (Part("overload", 0), Part("has_background", 7))),
        Int("battery_pct", 1, limits=(0, 100)),
        Int("laeq_db", 2, per=10, null=(0xFFFF,), limits=(20, 140)),
        Int("lafmax_db", 2, per=10, null=(0xFFFF,), limits=(20, 140)),
        When("has_background", (1,), (Int("la90_db", 2, per=10, limits=(20, 140)),)),
    ),
    down=(Const(b"\x02"), Int("report_interval_min", 2, limits=(1, 1440))),
    readings=(
        Reading(
            "frame",
            (Carry("laeq_db"), Carry("lafmax_db"), Carry("la90_db"), Carry("overload"), Carry("battery_pct")),
        ),
    ),
)
