"""Lamp controller that reports by LwM2M: objects 3416 (lamp), 3418 (supply) and 3411 (battery).

Source: OpenMobileAlliance/lwm2m-registry 3416 2.0, 3418 2.0 and 3411 2.0 (uCIFI Alliance); OMA LwM2M 1.0,
6.4.3 (TLV); RFC 8428, 6 (SenML in CBOR). The byte map lists every resource:

    3416  1 commanded_level_pct [%]  3 level_pct [%]  5 lamp_failure  7 gear_failure  9 relay_failure
          10 day_burner  11 cycling  12 gear_silent  15 burning_h [h]  21 temperature_c [Cel]  5518 time
    3418  1 voltage_v [V]  2 current_a [A]  4 power_w [W]  5 power_factor  6 energy_kwh [Wh]  5518 time
    3411  1 battery_pct [%]  3 battery_v [V]  6 battery_low  9 supply_loss

* The instance of an object is the series: '' for 0. Instance and instant make one row, whatever the objects.
* TLV says no object: the captured port is its number; without one the resources that are there decide, and
  3416 is meant where it is possible.
* The command (1) is what was asked for, the dimming level (3) what the lamp does; the command in action (2),
  which schedules change, is said, not carried. A level of 0 is a lamp that is off, not one that failed.
"""

from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_codecs.profiles.lwm2m import BATTERY, DEVICE_OBJECTS, ELECTRICAL, LAMP
from narrowgate_codecs.resources import Resources
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="lwm2m_lamp_v1",
    family=Family.LIGHTING,
    device="LwM2M lamp controller (objects 3416, 3418, 3411)",
    source="OpenMobileAlliance/lwm2m-registry; OMA LwM2M 1.0, 6.4.3; RFC 8428",
    up=(Resources("items", (LAMP, ELECTRICAL, BATTERY), also=DEVICE_OBJECTS),),
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
                Carry("commanded_level_pct"),
                Carry("level_pct"),
                Carry("lamp_failure"),
                Carry("gear_failure"),
                Carry("relay_failure"),
                Carry("day_burner"),
                Carry("cycling"),
                Carry("gear_silent"),
                Carry("burning_h"),
                Carry("temperature_c"),
                Carry("voltage_v"),
                Carry("current_a"),
                Carry("power_w"),
                Carry("power_factor"),
                Carry("energy_kwh"),
                Carry("battery_pct"),
                Carry("battery_v"),
                Carry("battery_low"),
                Carry("supply_loss"),
            ),
        ),
    ),
)
