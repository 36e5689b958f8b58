"""adeunis Pulse 4 NB-IoT: a module with two pulse inputs.

Source: TheThingsNetwork/lorawan-devices, vendor/adeunis. High byte first:

    IIIIIIII q NNNN   then the frame of profiles/adeunis/pulse.py
    I identity, as printed   q quality of the signal   N counter of all frames
"""

from dataclasses import replace

from narrowgate_codecs.elements import Hex, Int
from narrowgate_codecs.profile import Carry, Profile
from narrowgate_codecs.profiles.adeunis.pulse import FRAME, READINGS
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="adeunis_pulse_nb_v4",
    family=Family.WATER,
    device="adeunis Pulse 4 NB-IoT module",
    source="TheThingsNetwork/lorawan-devices, vendor/adeunis",
    up=(Hex("imei", 8), Int("signal_quality", 1), Int("sequence", 4), *FRAME),
    down=(),
    identity="imei",
    key="clock",
    readings=tuple(replace(reading, carries=(*reading.carries, Carry("sequence"))) for reading in READINGS),
)
