"""The demonstration device of Huawei's OceanConnect courses: humidity, and a number that the platform sets.

Source: a public tutorial of OceanConnect plug-ins (kaopuke.com), with its frames. Big-endian:

    up    00 S HH LL MM    report: S 01 humidity now, least and greatest of the day [%]
          03 S VV VV       answer to a command: the number as it is now
    down  02 S VV VV       command: S 03 the number to set

* It measures neither water nor parking nor lamps: everything is said, and there is no reading.
"""

from narrowgate_codecs.elements import Code, Int
from narrowgate_codecs.layout import Case, Switch
from narrowgate_codecs.profile import Profile
from narrowgate_schema.words import Family

_SERVICE = Code("service_id", 1, accepts=(0x03,), default=0x03)
_PERCENT = (0.0, 100.0)

PROFILE = Profile(
    name="huawei_demo_v1",
    family=Family.WATER,
    device="Demonstration device of Huawei OceanConnect",
    source="public OceanConnect plug-in tutorial (kaopuke.com)",
    up=(
        Code("message_id", 1),
        Switch(
            "message_id",
            (
                Case(
                    "report",
                    (0x00,),
                    (
                        Code("service_id", 1, accepts=(0x01,), default=0x01),
                        Int("humidity_pct", 1, limits=_PERCENT),
                        Int("least_humidity_pct", 1, limits=_PERCENT),
                        Int("greatest_humidity_pct", 1, limits=_PERCENT),
                    ),
                ),
                Case("response", (0x03,), (_SERVICE, Int("value", 2))),
            ),
        ),
    ),
    down=(
        Code("message_id", 1),
        Switch("message_id", (Case("command", (0x02,), (_SERVICE, Int("value", 2))),)),
    ),
    readings=(),
)
