"""Parking sensor that reports by LwM2M: object 3431, or presence 3302, and its battery 3411.

Source: OpenMobileAlliance/lwm2m-registry 3431 1.0, 3411 2.0 (uCIFI Alliance) and 3302 1.0 (IPSO); OMA LwM2M
1.0, 6.4.3 (TLV); RFC 8428, 6 (SenML in CBOR). The byte map lists every resource:

    3431  1 occupied   2 duration_s [s]   5518 time
    3302  5500 occupied (presence)    5518 time
    3411  1 battery_pct [%]  3 battery_v [V]  6 battery_low

* The instance of an object is the series: '' for 0. Instance and instant make one row, whatever the objects.
* TLV says no object: the captured port is its number; without one the resources that are there decide.
* The duration (2) is that of the last stay while nobody parks, and of this one so far while somebody does: it
  is carried as `stay_s` only with a state that says free.
"""

from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_codecs.profiles.lwm2m import BATTERY, DEVICE_OBJECTS, PARKING, PRESENCE
from narrowgate_codecs.resources import Resources
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="lwm2m_parking_v1",
    family=Family.PARKING,
    device="LwM2M parking sensor (objects 3431, 3302, 3411)",
    source="OpenMobileAlliance/lwm2m-registry; OMA LwM2M 1.0, 6.4.3; RFC 8428",
    up=(Resources("items", (PARKING, PRESENCE, BATTERY), also=DEVICE_OBJECTS),),
    down=(),
    single_message="resources",
    key="clock",
    readings=(
        Reading(
            "resources",
            records="items",
            series_by="instance",
            each=Each(clock="time", offset="after_reception_s"),
            carries=(
                Carry("occupied"),
                Carry("stay_s", "duration_s", after="occupied"),
                Carry("battery_pct"),
                Carry("battery_v"),
                Carry("battery_low"),
            ),
        ),
    ),
)
