"""Elvaco CMi6140 and CMi6160: NB-IoT modules inside energy meters that send M-Bus records in SenML.

Source: Elvaco, CMi6140/CMi6160 user's manual, message format, with its example of a pack; EN 13757-3 for the
records. A pack of SenML in CBOR (RFC 8428, 6):

    {-2 bn: meter id, -3 bt: time of the newest, 8: records}   {0: "V", 2: E<<8 | W}
    {6: -3600, 8: records} ..     older ones, in seconds from the newest
    E  encoder type   W  its version: only 0 is known, another one is refused and nothing of its pack is read

* Each `frames` item is one instant: its time is the record's, which follows the meter's own clock.
* Volume, flow and flow temperature are carried. Energy, power and other temperatures are said in `records`
  as they are coded: a water reading has no field for them.
* The meter is an energy meter: its volume is what ran through the heating circuit.
"""

from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_codecs.profiles.en13757.records import records
from narrowgate_codecs.resources import Resources
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="elvaco_cmi61x0_v1",
    family=Family.WATER,
    device="Elvaco CMi6140 or CMi6160 module in an energy meter",
    source="Elvaco CMi6140/CMi6160 user's manual; RFC 8428; EN 13757-3",
    up=(Resources("items", (), inner=(records(),), versions=(0,)),),
    down=(),
    single_message="pack",
    key="clock",
    readings=(
        Reading(
            "pack",
            records="frames",
            each=Each(clock="time", offset="after_reception_s"),
            carries=(Carry("volume_m3"), Carry("flow_m3_per_h"), Carry("temperature_c")),
        ),
    ),
)
