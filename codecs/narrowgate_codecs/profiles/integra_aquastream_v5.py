"""Integra Aquastream radio module (Imtech, maker IMT, version 5) on wireless M-Bus.

Source: the vendor's published decoder and frames. A telegram of data records as in `en13757_wmbus_water_v1`;
its own are two:

    84 10 13 VVVV   volume of tariff 1: what ran backwards
    02 FD 74 DD     days the battery will last
"""

from narrowgate_codecs.profile import Carry, Profile
from narrowgate_codecs.profiles.en13757 import CARRIES, readings, telegram
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="integra_aquastream_v5",
    family=Family.WATER,
    device="Integra Aquastream radio module",
    source="EN 13757-3 and the vendor's decoder",
    up=telegram(),
    down=(),
    identity="identity",
    key="clock",
    readings=readings((*CARRIES, Carry("volume_reverse_m3", "tariff_1_m3"))),
)
