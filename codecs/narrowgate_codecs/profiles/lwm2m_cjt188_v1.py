"""CJ/T 188 water meter behind an LwM2M module: object 19 (BinaryAppDataContainer) carries its frames.

Source: OpenMobileAlliance/lwm2m-registry 19 1.0; OMA LwM2M 1.0, 6.4.3 (TLV); RFC 8428, 6 (SenML in CBOR). The
frames inside are those of `cjt188_water_v2004`, check sum and all:

    /19/*/0  data, opaque, several: one CJ/T 188 frame each    1 priority   2 created_at
             3 description   4 data_format                     5 application_id

* Every datum is read in a scope of its own, under `frames`: a damaged one is refused alone, the others stay.
* A frame's own clock dates its reading; without one, the time of its SenML record, else reception.
* The registration of this profile says what the container holds: `data_format` is the module maker's own
  text, it is said and not gone by.
"""

from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_codecs.profiles import cjt188_water_v2004
from narrowgate_codecs.profiles.lwm2m import CONTAINER, DEVICE_OBJECTS
from narrowgate_codecs.resources import Resources
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="lwm2m_cjt188_v1",
    family=Family.WATER,
    device="CJ/T 188 water meter behind LwM2M object 19",
    source="OpenMobileAlliance/lwm2m-registry 19; CJ/T 188-2004",
    up=(Resources("items", (CONTAINER,), also=DEVICE_OBJECTS, inner=cjt188_water_v2004.PROFILE.up),),
    down=(),
    single_message="resources",
    key="clock",
    readings=(
        Reading(
            "resources",
            records="frames",
            each=Each(clock="clock", offset="after_reception_s"),
            carries=(Carry("volume_m3"), Carry("valve"), Carry("battery_low")),
        ),
    ),
)
