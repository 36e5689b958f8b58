"""Milesight EM300-DI-Hall pulse counter: bare channels.

Source: Milesight-IoT/SensorDecoders, em-series/em300-di-hall.
Channels: profiles/milesight/em300.py and profiles/milesight/channels.py.

* All channels of a frame are of one instant, which reception dates; stored ones have an instant of their own.
* A channel that is unknown, or cut, ends the frame; the channels before it stay.
"""

from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.milesight.channels import ORDERS
from narrowgate_codecs.profiles.milesight.em300 import DOWN, HALL_READINGS, HALL_UP
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="milesight_em300_di_hall_v1",
    family=Family.WATER,
    device="Milesight EM300-DI-Hall pulse counter",
    source="Milesight-IoT/SensorDecoders, em-series/em300-di-hall",
    up=(HALL_UP,),
    down=(DOWN,),
    single_message="records",
    readings=HALL_READINGS,
    orders=ORDERS,
)
