"""ACME AquaProbe, a probe in a drinking water main.

Source: ACME, AquaProbe payload description, revision 4. Low byte first:

    1A TT TT HH HH CC CC SS SS mm F K   T turbidity [0.01 NTU], H pH [0.01], C free chlorine [0.001 mg/l],
                                        S conductivity [uS/cm], m temperature [0.5 Cel], F bit 0: fouled,
                                        K sum of all before it; FFFF: no such probe, or it is being cleaned
    down: 1B MM K                       M minutes between reports
"""

from narrowgate_codecs.elements import Bits, Check, Const, Int, Mark, Part
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_NONE = (0xFFFF,)

PROFILE = Profile(
    name="acme_aquaprobe_v1",
    family=Family("water_quality"),
    device="ACME AquaProbe drinking water probe",
    source="ACME, AquaProbe payload description, revision 4",
    up=(
        Mark("start"),
        Const(b"\x1a"),
        Int("turbidity_ntu", 2, "little", per=100, null=_NONE, limits=(0, 400)),
        Int("ph", 2, "little", per=100, null=_NONE, limits=(0, 14)),
        Int("chlorine_mg_per_l", 2, "little", per=1000, null=_NONE, limits=(0, 20)),
        Int("conductivity_us_per_cm", 2, "little", null=_NONE),
        Int("temperature_c", 1, signed=True, per=2, limits=(-10, 60)),
        Bits("flags", 1, (Part("probe_fouled", 0),)),
        Check("sum8", since="start"),
    ),
    down=(Mark("start"), Const(b"\x1b"), Int("report_interval_min", 1), Check("sum8", since="start")),
    readings=(
        Reading(
            "frame",
            (
                Carry("turbidity_ntu"),
                Carry("ph"),
                Carry("chlorine_mg_per_l"),
                Carry("conductivity_us_per_cm"),
                Carry("temperature_c"),
                Carry("probe_fouled"),
            ),
        ),
    ),
)
