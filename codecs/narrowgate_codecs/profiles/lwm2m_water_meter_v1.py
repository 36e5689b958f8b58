"""Water meter that reports by LwM2M: object 3424, its battery 3411, or a container 19.

Source: OpenMobileAlliance/lwm2m-registry 3424 1.1 and 3411 2.0 (uCIFI Alliance); OMA LwM2M 1.0, 6.4.3 (TLV);
RFC 8428, 6 (SenML in CBOR, what LwM2M 1.1 sends). The byte map lists every resource:

    3424  1 volume_m3 [m3]   10 leak   11 reverse_flow   13 tamper (fraud)   5518 time
    3411  1 battery_pct [%]  3 battery_v [V]             6 battery_low

* The instance of an object is the series: '' for 0. Instance and instant make one row, whatever the objects.
* TLV says no object: the captured port is its number; without one the resources that are there decide.
* A volume is a float on the wire: four bytes of it tell litres apart below 16 777 m3 only.
* Least and greatest flow are extremes since the last reading, not the flow: they are said, not carried.
* What is suspected (9) is no leak yet: it is said, not carried.
"""

from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_codecs.profiles.lwm2m import BATTERY, CONTAINER, DEVICE_OBJECTS, WATER_METER
from narrowgate_codecs.resources import Resources
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="lwm2m_water_meter_v1",
    family=Family.WATER,
    device="LwM2M water meter (objects 3424, 3411)",
    source="OpenMobileAlliance/lwm2m-registry; OMA LwM2M 1.0, 6.4.3; RFC 8428",
    up=(Resources("items", (WATER_METER, BATTERY, CONTAINER), also=DEVICE_OBJECTS),),
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
                Carry("volume_m3"),
                Carry("leak"),
                Carry("reverse_flow"),
                Carry("tamper"),
                Carry("battery_pct"),
                Carry("battery_v"),
                Carry("battery_low"),
            ),
        ),
    ),
)
