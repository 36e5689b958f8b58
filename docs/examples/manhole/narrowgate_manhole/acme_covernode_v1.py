"""ACME CoverNode, a sensor below a manhole cover.

Source: ACME, CoverNode payload description, revision 2. High byte first, ports tell the messages apart:

    port 5   TT LL LL VV   T tilt [deg], L water level [mm], FFFF: no probe, V battery [0.1 V]
    port 6   TT MM         M 1: the cover was moved, 0: it lies again; T tilt [deg]
    down: 05 TT            T tilt that counts as moved [deg]
"""

from narrowgate_codecs.elements import Const, Int, Named, Port
from narrowgate_codecs.layout import Case, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_TILT = Int("tilt_deg", 1, limits=(0, 180))

PROFILE = Profile(
    name="acme_covernode_v1",
    family=Family("manhole"),
    device="ACME CoverNode manhole cover sensor",
    source="ACME, CoverNode payload description, revision 2",
    up=(
        Port(default=5),
        Switch(
            "port",
            (
                Case(
                    "report",
                    (5,),
                    (
                        _TILT,
                        Int("water_level_m", 2, per=1000, null=(0xFFFF,), limits=(0, 20)),
                        Int("battery_v", 1, per=10),
                    ),
                ),
                Case("alarm", (6,), (_TILT, Named("cover_moved", 1, ((0, False), (1, True))))),
            ),
        ),
    ),
    down=(Const(b"\x05"), Int("tilt_limit_deg", 1, limits=(5, 90))),
    readings=(
        Reading("report", (Carry("tilt_deg"), Carry("water_level_m"), Carry("battery_v"))),
        Reading("alarm", (Carry("tilt_deg"), Carry("cover_moved"))),
    ),
)
