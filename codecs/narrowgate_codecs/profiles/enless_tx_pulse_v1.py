"""Enless TX Pulse 600-036 to 600-039: two pulse inputs and an open collector.

Source: Enless' decoder in TheThingsNetwork/lorawan-devices, vendor/enless-wireless. 22 bytes, high byte
first:

    III k n f  PPPP QQQQ CCCC  AA SS
    I identity, k 08 pulse 09 for explosive areas 0A optical 0B contact, n frame counter, f b0-5 firmware
    P Q C counts of the inputs 1 and 2 and of the open collector
    A b0-2 flow too high, b4-6 too low, b8-10 leak, of each     S b0 alarm, b2-3 battery 100 75 50 25 %,
    b4-6 input closed, b8-10 debounced

* Each input is a series of its own; what a pulse is worth only the registry knows.
"""

from narrowgate_codecs.elements import Bits, Code, Hex, Int, Part
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_INPUTS = ("input_1", "input_2", "open_collector")
_STATES = ((0, "open"), (1, "closed"))

PROFILE = Profile(
    name="enless_tx_pulse_v1",
    family=Family.WATER,
    device="Enless TX Pulse 600",
    source="TheThingsNetwork/lorawan-devices, vendor/enless-wireless",
    up=(
        Hex("identity", 3),
        Code("kind", 1, accepts=(0x08, 0x09, 0x0A, 0x0B)),
        Int("sequence", 1),
        Bits("firmware_byte", 1, (Part("firmware", 0, 6),)),
        *(Int(f"{name}_pulses", 4) for name in _INPUTS),
        Bits(
            "alarms",
            2,
            (
                *(Part(f"{name}_flow_high", at) for at, name in enumerate(_INPUTS)),
                *(Part(f"{name}_flow_low", at) for at, name in enumerate(_INPUTS, 4)),
                *(Part(f"{name}_leak", at) for at, name in enumerate(_INPUTS, 8)),
            ),
        ),
        Bits(
            "states",
            2,
            (
                Part("is_alarm", 0),
                Part("battery_pct", 2, 2, numbers=(100, 75, 50, 25)),
                *(Part(f"{name}_state", at, words=_STATES) for at, name in enumerate(_INPUTS, 4)),
                *(Part(f"{name}_debounced", at) for at, name in enumerate(_INPUTS, 8)),
            ),
        ),
    ),
    down=(),
    identity="identity",
    readings=(
        Reading("frame", (Carry("battery_pct"), Carry("sequence"))),
        *(
            Reading("frame", (Carry("pulses", f"{name}_pulses"), Carry("leak", f"{name}_leak")), series=name)
            for name in _INPUTS
        ),
    ),
)
