"""Qundis Q water radio modules (maker QDS) on wireless M-Bus: telegrams for fixed networks and for walk-by.

Source: published telegrams. A telegram as in `en13757_wmbus_water_v1`; a walk-by telegram has one record of
the maker's own, FF 5F, which `grammars/en13757_makers.py` reads: the volume and the last two readings.
"""

from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.en13757 import readings, telegram
from narrowgate_codecs.profiles.en13757.records import alone
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="qundis_qwater_v1",
    family=Family.WATER,
    device="Qundis Q water radio module",
    source="EN 13757-3/-4/-7 and published telegrams",
    up=telegram(alone((("maker", "qundis"),))),
    down=(),
    identity="identity",
    key="clock",
    readings=readings(),
)
