"""Water meters that send OMS application data over LoRaWAN, NB-IoT or another low-power network.

The frame begins with the CI byte: who sent it, the network says. Source: OMS specification, volume 2, and
EN 13757-7:2018; Kamstrup flowIQ, Sensus iPERL and others send so. Layout from the CI on: en13757/headers.py;
the records: grammars/en13757.py.

* Meters with an hourly profile put register and time into storage 1 (Kamstrup) or 8 (iPERL): the lowest
  storage that has a register is the main one where storage 0 has none.
"""

from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.en13757 import application, readings
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="en13757_oms_lpwan_water_v1",
    family=Family.WATER,
    device="Water meter with OMS application data over a low-power network",
    source="EN 13757-3/-7 and OMS specification volume 2",
    up=application(),
    down=(),
    identity="meter_id",
    key="clock",
    readings=readings(),
)
