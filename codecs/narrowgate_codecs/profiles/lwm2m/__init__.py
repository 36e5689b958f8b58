"""What the LwM2M profiles share: the part of the OMA registry that they know."""

from narrowgate_codecs.profiles.lwm2m.device import DEVICE_OBJECTS
from narrowgate_codecs.profiles.lwm2m.measuring import (
    BATTERY,
    CONTAINER,
    ELECTRICAL,
    LAMP,
    PARKING,
    PRESENCE,
    WATER_METER,
)

__all__ = [
    "BATTERY",
    "CONTAINER",
    "DEVICE_OBJECTS",
    "ELECTRICAL",
    "LAMP",
    "PARKING",
    "PRESENCE",
    "WATER_METER",
]
