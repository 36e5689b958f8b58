"""Zenner EDC B.One radio modules (maker ZRI, version 11) on wireless M-Bus, telegram scenario 322.

Source: the public analysis of wmbusmeters. A telegram as in `en13757_wmbus_water_v1`; behind the header:

    2F 2F 0F  SSSS  MMMM  VVVV  00
    S  status, the maker's own     M  volume of the month's end, V volume: low byte first, 256 000 make 1 m3
"""

from narrowgate_codecs.elements import Const, Filler, Hex, Int
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.en13757 import MESSAGES, STATUS_CARRIES, telegram
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="zenner_edc_v11",
    family=Family.WATER,
    device="Zenner EDC B.One radio module",
    source="EN 13757-4/-7; own part by the analysis of wmbusmeters",
    up=telegram(
        (
            Const(b"\x0f"),
            Hex("own_status", 4, "little"),
            Int("month_m3", 4, "little", per=256_000),
            Int("volume_m3", 4, "little", per=256_000),
            Hex("padding", 1, default="00"),
            Filler(0x2F, 240),
        )
    ),
    down=(),
    identity="identity",
    readings=tuple(
        Reading(message, (Carry("volume_m3"), *(() if message == "bare" else STATUS_CARRIES)))
        for message in MESSAGES
    ),
)
