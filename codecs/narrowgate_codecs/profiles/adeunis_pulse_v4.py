"""adeunis Pulse 4 over LoRaWAN and Sigfox: a module with two pulse inputs.

Source: TheThingsNetwork/lorawan-devices, vendor/adeunis. Layout: profiles/adeunis/pulse.py.
"""

from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.adeunis.pulse import FRAME, READINGS
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="adeunis_pulse_v4",
    family=Family.WATER,
    device="adeunis Pulse 4 module",
    source="TheThingsNetwork/lorawan-devices, vendor/adeunis",
    up=FRAME,
    down=(),
    key="clock",
    readings=READINGS,
)
