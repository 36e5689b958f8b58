"""Techem water meter modules radio 3, variant a (maker TCH) on wireless M-Bus.

Source: published telegrams and their public analysis (wmbusmeters). A telegram of the maker's own:

    L C MM IIII V T  A2 0C 00  RR  VVV  ..     R  day: b0-4 day, b5-8 month, b9-14 year since 2000
                                               V  volume [0.1 m3], low byte first; then months' volumes

* The day dates the volume.
"""

from narrowgate_codecs.elements import Code, Hex, Int
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.en13757.telegrams import wireless
from narrowgate_codecs.profiles.techem_mkradio_v1 import READ_AT
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="techem_mkradio3a_v1",
    family=Family.WATER,
    device="Techem water meter module radio 3, variant a",
    source="published telegrams and their public analysis",
    up=wireless(
        (
            Code("ci", 1, accepts=(0xA2,), default=0xA2),
            Code("kind", 1, accepts=(0x0C,), default=0x0C),
            Hex("own", 1, default="00"),
            READ_AT,
            Int("volume_m3", 3, "little", per=10),
            Hex("months", 37),
        )
    ),
    down=(),
    identity="identity",
    key="clock",
    readings=(Reading("frame", (Carry("volume_m3"),), clock="read_at"),),
)
