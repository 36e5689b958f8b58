"""IMST iO881A range extender: hands on telegrams of wireless M-Bus over LoRaWAN.

Source: TheThingsNetwork/lorawan-devices, vendor/imst/range-extender.js. Low byte first; the port is the
message, 40 more of it a part of one:

    3    TTTT m M SSSS RRRR ss XXXX KKKK ZZZZ    status
         T clock, M m firmware, S last set, R restarts; X K Z telegrams received, kept and sent
         s what is missing: b0 joined b1 network time b2 clock b4 configuration b5 filter b6 calendar;
         b7 memory full b8 memory damaged
    4    {TTTT L C MM IIII V T ..} ..            telegrams, each with when it was received

* Telegrams are of other devices: they are said, each as bytes behind its maker and identity, and are no
  readings.
* Parts of a message are not put together: they are refused.
"""

from narrowgate_codecs.elements import Bits, Code, Epoch, Hex, Int, Part, Port, Rest
from narrowgate_codecs.layout import Array, Case, Element, Sized, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_NOT = ((0, True), (1, False))
_STATES = (
    *(
        Part(name, at, words=_NOT)
        for at, name in (
            (0, "joined"),
            (1, "has_network_time"),
            (2, "clock_set"),
            (4, "is_configured"),
            (5, "has_filter"),
            (6, "has_calendar"),
        )
    ),
    Part("memory_full", 7),
    Part("sensor_fault", 8),
)
_STATUS: tuple[Element, ...] = (
    Epoch("clock", 4, 2015, "little"),
    Int("firmware_minor", 1),
    Int("firmware_major", 1),
    Epoch("clock_set_at", 4, 2015, "little"),
    Int("restarts", 4, "little"),
    Bits("state", 2, _STATES, "little"),
    Int("received", 4, "little"),
    Int("kept", 4, "little"),
    Int("sent", 4, "little"),
)
_TELEGRAM: tuple[Element, ...] = (
    Epoch("received_at", 4, 2015, "little"),
    Sized(
        1,
        (
            Int("control", 1, default=0x44),
            Code("maker", 2, "little"),
            Hex("identity", 4, "little"),
            Int("version", 1),
            Int("type", 1, default=7),
            Rest("telegram"),
        ),
    ),
)

PROFILE = Profile(
    name="imst_range_extender_v1",
    family=Family.WATER,
    device="IMST iO881A range extender of wireless M-Bus",
    source="TheThingsNetwork/lorawan-devices, vendor/imst/range-extender.js",
    up=(
        Port("port", default=3),
        Switch(
            "port",
            (Case("status", (3,), _STATUS), Case("telegrams", (4,), (Array("telegrams", None, _TELEGRAM),))),
        ),
    ),
    down=(),
    key="clock",
    readings=(Reading("status", (Carry("sensor_fault"),), clock="clock"),),
)
