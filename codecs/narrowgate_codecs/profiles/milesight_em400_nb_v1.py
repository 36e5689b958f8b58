"""Milesight EM400 distance sensor over NB-IoT: channels in an envelope.

Source: Milesight-IoT/SensorDecoders, em-series/em400-tld.
Channels: profiles/milesight/em400.py and profiles/milesight/channels.py; envelope:
profiles/milesight/envelope.py. What goes down has none.

* All channels of a frame are of one instant, which reception dates; stored ones have an instant of their own.
* A channel that is unknown, or cut, ends the channels; those before it stay, and so does the envelope.
"""

from narrowgate_codecs.profile import Profile, Reading
from narrowgate_codecs.profiles.milesight.channels import ORDERS, RECALIBRATE
from narrowgate_codecs.profiles.milesight.em400 import DOWN, READINGS, UP
from narrowgate_codecs.profiles.milesight.envelope import SENT, envelope
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="milesight_em400_nb_v1",
    family=Family.PARKING,
    device="Milesight EM400 distance sensor, NB-IoT",
    source="Milesight-IoT/SensorDecoders, em-series/em400-tld",
    up=envelope(UP),
    down=(DOWN,),
    single_message="records",
    identity="imei",
    readings=(Reading("records", SENT), *READINGS),
    orders=(*ORDERS, RECALIBRATE),
)
