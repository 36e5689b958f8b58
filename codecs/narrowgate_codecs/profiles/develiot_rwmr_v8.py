"""Develiot RWMR radio module for water meters, hardware version 8.

Source: TheThingsNetwork/lorawan-devices, vendor/develiot/rwmr.js. Port 12, low byte first:

    s PPPP QQQQ b t    s b0 b1 inputs, b2 temperature in use, b4-7 firmware; P Q counts
                       b battery, 255 is 3.3 V; t temperature, 0 is -30 and 255 is 60 Cel

* A frame on another port is refused; one without a port is taken as one on port 12.
* What a pulse is worth only the registry knows. Neither clock nor identity.
"""

from narrowgate_codecs.elements import Bits, Int, Part, Port
from narrowgate_codecs.layout import Case, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_VOLTS = tuple(round(3.3 * count / 255, 2) for count in range(256))
_CELSIUS = tuple(round(90 * count / 255 - 30, 2) for count in range(256))

PROFILE = Profile(
    name="develiot_rwmr_v8",
    family=Family.WATER,
    device="Develiot RWMR radio module",
    source="TheThingsNetwork/lorawan-devices, vendor/develiot/rwmr.js",
    up=(
        Port("port", default=12),
        Switch(
            "port",
            (
                Case(
                    "status",
                    (12,),
                    (
                        Bits(
                            "services",
                            1,
                            (
                                Part("counts_1", 0),
                                Part("counts_2", 1),
                                Part("measures_temperature", 2),
                                Part("firmware", 4, 4),
                            ),
                        ),
                        Int("pulses", 4, "little"),
                        Int("pulses_2", 4, "little"),
                        Bits("battery_byte", 1, (Part("battery_v", 0, 8, numbers=_VOLTS),)),
                        Bits("temperature_byte", 1, (Part("temperature_c", 0, 8, numbers=_CELSIUS),)),
                    ),
                ),
            ),
        ),
    ),
    down=(),
    readings=(
        Reading("status", (Carry("pulses"), Carry("battery_v"), Carry("temperature_c"))),
        Reading("status", (Carry("pulses", "pulses_2"),), series="input_2"),
    ),
)
