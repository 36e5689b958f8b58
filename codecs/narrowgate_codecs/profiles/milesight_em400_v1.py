"""Milesight EM400 distance sensor: bare channels.

Source: Milesight-IoT/SensorDecoders, em-series/em400-tld.
Channels: profiles/milesight/em400.py and profiles/milesight/channels.py.

* All channels of a frame are of one instant, which reception dates; stored ones have an instant of their own.
* A channel that is unknown, or cut, ends the frame; the channels before it stay.
"""

from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.milesight.channels import ORDERS, RECALIBRATE
from narrowgate_codecs.profiles.milesight.em400 import DOWN, READINGS, UP
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="milesight_em400_v1",
    family=Family.PARKING,
    device="Milesight EM400 distance sensor",
    source="Milesight-IoT/SensorDecoders, em-series/em400-tld",
    up=(UP,),
    down=(DOWN,),
    single_message="records",
    readings=READINGS,
    orders=(*ORDERS, RECALIBRATE),
)
