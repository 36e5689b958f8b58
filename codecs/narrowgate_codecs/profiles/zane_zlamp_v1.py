"""Zane zLamp lamp controller.

Source: tago-io/decoders, connector/zane/zlamp. The port tells the messages apart:

    118   l s    l level [%], s 1: the DALI gear is on, 0: off
    202   f      DE: the device is faulty

* The level is the one that is set; whether the gear burns at it is the other byte.
* A frame without a port is taken for a status. Neither clock nor identity.
"""

from narrowgate_codecs.elements import Int, Named, Port
from narrowgate_codecs.layout import Case, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="zane_zlamp_v1",
    family=Family.LIGHTING,
    device="Zane zLamp lamp controller",
    source="tago-io/decoders, connector/zane/zlamp",
    up=(
        Port("port", default=118),
        Switch(
            "port",
            (
                Case(
                    "status",
                    (118,),
                    (Int("level_pct", 1, limits=(0, 100)), Named("on", 1, ((1, True), (0, False)))),
                ),
                Case("fault", (202,), (Named("sensor_fault", 1, ((0xDE, True),), otherwise=False),)),
            ),
        ),
    ),
    down=(),
    readings=(
        Reading("status", (Carry("level_pct"), Carry("on"))),
        Reading("fault", (Carry("sensor_fault"),)),
    ),
)
