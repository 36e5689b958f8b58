"""B Meters Hydrodigit radio modules (maker BMT) on wireless M-Bus.

Source: published telegrams and their public analysis. A telegram as in `en13757_wmbus_water_v1`; behind its
records a block of the maker's own, which `grammars/en13757_makers.py` reads: battery and reverse volume.
"""

from narrowgate_codecs.grammars.en13757_makers import BATTERY
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.en13757 import readings, telegram
from narrowgate_codecs.profiles.en13757.records import alone
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="bmeters_hydrodigit_v1",
    family=Family.WATER,
    device="B Meters Hydrodigit radio module",
    source="EN 13757-3/-4/-7; own part by the public analysis of wmbusmeters",
    up=telegram(alone((("maker", "bmeters"),), BATTERY)),
    down=(),
    identity="identity",
    key="clock",
    readings=readings(),
)
