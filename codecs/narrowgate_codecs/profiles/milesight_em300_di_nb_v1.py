"""Milesight EM300-DI pulse counter with a climate sensor over NB-IoT: channels in an envelope.

Source: Milesight-IoT/SensorDecoders, em-series/em300-di.
Channels: profiles/milesight/em300.py and profiles/milesight/channels.py; envelope:
profiles/milesight/envelope.py. What goes down has none.

* All channels of a frame are of one instant, which reception dates; stored ones have an instant of their own.
* A channel that is unknown, or cut, ends the channels; those before it stay, and so does the envelope.
"""

from narrowgate_codecs.profile import Profile, Reading
from narrowgate_codecs.profiles.milesight.channels import ORDERS
from narrowgate_codecs.profiles.milesight.em300 import DOWN, READINGS, UP
from narrowgate_codecs.profiles.milesight.envelope import SENT, envelope
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="milesight_em300_di_nb_v1",
    family=Family.WATER,
    device="Milesight EM300-DI pulse counter with a climate sensor, NB-IoT",
    source="Milesight-IoT/SensorDecoders, em-series/em300-di",
    up=envelope(UP),
    down=(DOWN,),
    single_message="records",
    identity="imei",
    readings=(Reading("records", SENT), *READINGS),
    orders=ORDERS,
)
