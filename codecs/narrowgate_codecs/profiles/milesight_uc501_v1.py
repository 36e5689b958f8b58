"""Milesight UC501 controller with pulse inputs: bare channels.

Source: Milesight-IoT/SensorDecoders, uc-series/uc501.
Channels: profiles/milesight/uc501.py and profiles/milesight/channels.py.

* All channels of a frame are of one instant, which reception dates; stored ones have an instant of their own.
* A channel that is unknown, or cut, ends the frame; the channels before it stay.
"""

from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.milesight.channels import ORDERS
from narrowgate_codecs.profiles.milesight.uc501 import DOWN, READINGS, UP
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="milesight_uc501_v1",
    family=Family.WATER,
    device="Milesight UC501 controller with pulse inputs",
    source="Milesight-IoT/SensorDecoders, uc-series/uc501",
    up=(UP,),
    down=(DOWN,),
    single_message="records",
    readings=READINGS,
    orders=ORDERS,
)
