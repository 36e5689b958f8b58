"""ACRIOS ACR-CV-101L-M converter: answers of a meter on wired M-Bus, over LoRaWAN or NB-IoT.

Source: TheThingsNetwork/lorawan-devices, vendor/acrios; akenza-io/device-type-library, types/acriosSystems:

    p q  68 L L 68 C A CI .. S 16     p q  which part of how many; then the answer as in en13757_mbus_water_v1

* An answer in several parts is not put together: its parts are refused.
"""

from dataclasses import replace

from narrowgate_codecs.elements import Code
from narrowgate_codecs.profiles.en13757_mbus_water_v1 import PROFILE as WIRED

PROFILE = replace(
    WIRED,
    name="acrios_cv_mbus_v1",
    device="ACRIOS ACR-CV-101L-M converter with a water meter on M-Bus",
    source="TheThingsNetwork/lorawan-devices, vendor/acrios; EN 13757-2 and EN 13757-3",
    up=(Code("parts", 2, accepts=(0x0101,), default=0x0101), *WIRED.up),
)
