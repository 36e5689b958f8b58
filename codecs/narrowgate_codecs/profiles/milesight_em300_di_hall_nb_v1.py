"""Milesight EM300-DI-Hall pulse counter over NB-IoT: channels in an envelope.

Source: Milesight-IoT/SensorDecoders, em-series/em300-di-hall.
Channels: profiles/milesight/em300.py and profiles/milesight/channels.py; envelope:
profiles/milesight/envelope.py. What goes down has none.

* All channels of a frame are of one instant, which reception dates; stored ones have an instant of their own.
* A channel that is unknown, or cut, ends the channels; those before it stay, and so does the envelope.
"""

from narrowgate_codecs.profile import Profile, Reading
from narrowgate_codecs.profiles.milesight.channels import ORDERS
from narrowgate_codecs.profiles.milesight.em300 import DOWN, HALL_READINGS, HALL_UP
from narrowgate_codecs.profiles.milesight.envelope import SENT, envelope
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="milesight_em300_di_hall_nb_v1",
    family=Family.WATER,
    device="Milesight EM300-DI-Hall pulse counter, NB-IoT",
    source="Milesight-IoT/SensorDecoders, em-series/em300-di-hall",
    up=envelope(HALL_UP),
    down=(DOWN,),
    single_message="records",
    identity="imei",
    readings=(Reading("records", SENT), *HALL_READINGS),
    orders=ORDERS,
)
