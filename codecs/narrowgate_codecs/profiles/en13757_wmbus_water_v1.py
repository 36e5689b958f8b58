"""Water meters on wireless M-Bus, as a receiver hands their telegrams on.

Source: EN 13757-3/-4/-7 and OMS specification, volume 2. Layout up to the CI byte: en13757/telegrams.py, from
there on: en13757/headers.py; the records: grammars/en13757.py.

* Meters that shorten their frames (CI 79) announce by full ones without a header (CI 78) what they leave out.
  A signature that no frame of the device announced, and that is none of Kamstrup's, is `context_missing`.
* The identity is the radio's; where a long header names the meter, that is `meter_id`.
"""

from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.en13757 import MESSAGES, readings, telegram
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="en13757_wmbus_water_v1",
    family=Family.WATER,
    device="Water meter on wireless M-Bus",
    source="EN 13757-3/-4/-7 and OMS specification volume 2",
    up=telegram(),
    down=(),
    identity="identity",
    key="clock",
    readings=readings(messages=(*MESSAGES, "compact")),
)
