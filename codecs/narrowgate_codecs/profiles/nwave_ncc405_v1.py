"""Nwave NCC405 car counter for the entrances of car parks.

Source: TheThingsNetwork/lorawan-devices, vendor/nwave/ncc405.js and its examples. Big-endian; the port tells
the message:

    port 1   cc cc         counter_update    c  cars counted, u16
    port 2   F v w ..      heartbeat         F  b3-7 health; v battery, w its mean of 24 h [2.5 V + 4 mV]
    port 3   M m p c       startup           M m p firmware; c cause of the reset, the NPS405's codes
    port 6   ..            debug             the maker's own

* It counts cars and knows no bay: the count is a value, and only the battery is carried.
* A frame without a port is taken for a counter_update.
"""

from narrowgate_codecs.elements import Bits, Hex, Int, Named, Part, Port, Rest
from narrowgate_codecs.layout import Case, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.nwave_nps405_v1 import BATTERY_V, CAUSES
from narrowgate_schema.words import Family

PROFILE = Profile(
    name="nwave_ncc405_v1",
    family=Family.PARKING,
    device="Nwave NCC405 car counter",
    source="TheThingsNetwork/lorawan-devices, vendor/nwave/ncc405.js",
    up=(
        Port("port", default=1),
        Switch(
            "port",
            (
                Case("counter_update", (1,), (Int("vehicle_count", 2),)),
                Case(
                    "heartbeat",
                    (2,),
                    (
                        Bits("flags", 1, (Part("hw_health", at=3, size=5, default=0),)),
                        BATTERY_V,
                        Int("battery_mean_v", 1, per=250, plus=625),
                        Rest("extra"),
                    ),
                ),
                Case(
                    "startup",
                    (3,),
                    (Hex("firmware", 3), Named("reset_cause", 1, CAUSES, otherwise="unknown")),
                ),
                Case("debug", (6,), (Rest("data"),)),
            ),
        ),
    ),
    down=(),
    readings=(Reading("heartbeat", (Carry("battery_v"),)),),
)
