"""Bosch TPS110 parking lot sensor.

Source: TheThingsNetwork/lorawan-devices, vendor/bosch (decoder and examples); Bosch's description of the
uplinks as kept by SeppPenner/SensorsPayloadDecoder. Little-endian; the port tells the message:

    port 1   S                        parking_status    S  b0 occupied
    port 2   S [t]                    heartbeat         t  temperature, signed [Cel], newer firmware
    port 3   d*4 d*4 d*4 M m p c S    startup           d  b0-11 a debug code each; M m p firmware
    port 4   ..  device_information   port 5   ..  device_usage
    port 6   uuuu dd .. nn ..         debug             u  time, d  b0-11 debug code, n  sequence number
    c  1 watchdog, 2 power on, 3 asked for by the system, 4 other; any other is not documented
    down     r                        data_rate         0 SF12 .. 5 SF7

* M m p in the order of the frame; two open decoders turn them round.
* Debug codes are the maker's own: said, not carried. The time on port 6 has no documented epoch.
* A frame without a port is taken for a parking_status.
"""

from narrowgate_codecs.elements import Bits, Hex, Int, Named, Part, Port, Rest
from narrowgate_codecs.layout import Case, Element, Switch, Tail
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_STATE = Bits("state", 1, (Part("occupied", at=0),))
_CAUSES = ((1, "watchdog"), (2, "power_on"), (3, "system_request"), (4, "other"))


def _debug(name: str, width: int) -> Bits:
    return Bits(f"{name}_bytes", width, (Part(name, at=0, size=12),), "little")


_STARTUP: tuple[Element, ...] = (
    *(_debug(f"debug_code_{at}", 4) for at in (1, 2, 3)),
    Hex("firmware", 3),
    Bits("cause", 1, (Part("reset_cause", at=0, size=8, words=_CAUSES),)),
    _STATE,
)
_DEBUG: tuple[Element, ...] = (
    Int("uptime", 4, "little"),
    _debug("debug_code", 2),
    Hex("spare", 2, default="0000"),
    Int("sequence", 2, "little"),
    Rest("extra"),
)
_RATES = tuple((rate, f"DR{rate} SF{12 - rate}") for rate in range(6))

PROFILE = Profile(
    name="bosch_tps110_v1",
    family=Family.PARKING,
    device="Bosch TPS110 parking lot sensor",
    source="TheThingsNetwork/lorawan-devices, vendor/bosch; SeppPenner/SensorsPayloadDecoder",
    up=(
        Port("port", default=1),
        Switch(
            "port",
            (
                Case("parking_status", (1,), (_STATE,)),
                Case("heartbeat", (2,), (_STATE, Tail((Int("temperature_c", 1, signed=True),)))),
                Case("startup", (3,), _STARTUP),
                Case("device_information", (4,), (Rest("data"),)),
                Case("device_usage", (5,), (Rest("data"),)),
                Case("debug", (6,), _DEBUG),
            ),
        ),
    ),
    down=(Named("data_rate", 1, _RATES),),
    single_message="data_rate",
    readings=(
        Reading("parking_status", (Carry("occupied"),)),
        Reading("heartbeat", (Carry("occupied"), Carry("temperature_c"))),
        Reading("startup", (Carry("occupied"),)),
    ),
)
