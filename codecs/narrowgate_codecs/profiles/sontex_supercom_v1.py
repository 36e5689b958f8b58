"""Sontex radio modules W1 and W2 over LoRaWAN: bare data records.

Source: actility/device-catalog, vendors/sontex, and its example; EN 13757-3. Port 2 carries records without
a header; their grammar: grammars/en13757.py.

* Records alone show nothing to know a device by: a frame without a port is refused.
"""

from narrowgate_codecs.elements import Port
from narrowgate_codecs.layout import Case, Switch
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.en13757.records import readings, records
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="sontex_supercom_v1",
    family=Family.WATER,
    device="Sontex radio module W1 or W2",
    source="actility/device-catalog, vendors/sontex; EN 13757-3",
    up=(Port("port"), Switch("port", (Case("bare", (2,), (records(),)),))),
    down=(),
    key="clock",
    readings=readings(messages=("bare",)),
)
