"""The bare frames of the ultrasonic water meters that Jooby's modules read, as gateways hand them on.

Source: jooby-dev/jooby-docs, water frame; layouts in `jooby.water`. The first byte counts all bytes, itself
included; there is no check sum, no clock and no identity.
"""

from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.jooby.water import ANSWER, FLAGS
from narrowgate_schema.words import Family

_STATES = ("battery_low", "tamper", *FLAGS)

PROFILE = Profile(
    name="jooby_water_frame_v1",
    family=Family.WATER,
    device="Ultrasonic water meter behind a Jooby module",
    source="jooby-dev/jooby-docs, water frame",
    up=ANSWER,
    down=(),
    single_message="answer",
    readings=(
        Reading(
            "answer",
            (Carry("battery_v"), Carry("temperature_c"), *(Carry(name) for name in _STATES)),
        ),
    ),
)
