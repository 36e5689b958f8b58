"""Decentlab DL-DLR2-002: a logger with one pulse input.

Source: TheThingsNetwork/lorawan-devices, vendor/decentlab. Layout: profiles/decentlab/pulses.py.

* What a pulse is worth only the registry knows. There is no clock.
"""

from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.decentlab.pulses import DOWN, ORDERS, readings, up
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="decentlab_dl_dlr2_002_v2",
    family=Family.WATER,
    device="Decentlab DL-DLR2-002 logger with one pulse input",
    source="TheThingsNetwork/lorawan-devices, vendor/decentlab",
    up=up(1),
    down=DOWN,
    identity="identity",
    readings=readings(1),
    orders=ORDERS,
)
