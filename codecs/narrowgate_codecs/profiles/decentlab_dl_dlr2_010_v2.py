"""Decentlab DL-DLR2-010: a logger with two pulse inputs.

Source: TheThingsNetwork/lorawan-devices, vendor/decentlab. Layout: profiles/decentlab/pulses.py.

* What a pulse is worth only the registry knows. There is no clock.
"""

from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.decentlab.pulses import DOWN, ORDERS, readings, up
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="decentlab_dl_dlr2_010_v2",
    family=Family.WATER,
    device="Decentlab DL-DLR2-010 logger with two pulse inputs",
    source="TheThingsNetwork/lorawan-devices, vendor/decentlab",
    up=up(2),
    down=DOWN,
    identity="identity",
    readings=readings(2),
    orders=ORDERS,
)
