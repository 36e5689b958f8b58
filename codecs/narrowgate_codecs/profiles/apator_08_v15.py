"""Apator AT-WMBUS-08 radio modules (maker APT) on wireless M-Bus.

Source: published telegrams and their public analysis (wmbusmeters). A telegram of the maker's own:

    L C MM IIII V T  A0 VVVV ..     V  volume, low byte first, 3000 make 1 m3; then 14 bytes of the maker
"""

from narrowgate_codecs.elements import Code, Hex, Int
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.en13757.telegrams import wireless
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="apator_08_v15",
    family=Family.WATER,
    device="Apator AT-WMBUS-08 radio module",
    source="published telegrams and their public analysis",
    up=wireless(
        (
            Code("ci", 1, accepts=(0xA0, 0xA1), default=0xA0),
            Int("volume_m3", 4, "little", per=3000),
            Hex("own", 14),
        )
    ),
    down=(),
    identity="identity",
    readings=(Reading("frame", (Carry("volume_m3"),)),),
)
