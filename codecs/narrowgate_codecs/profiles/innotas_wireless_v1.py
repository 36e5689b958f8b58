"""Innotas wireless water meter.

Source: actility/device-catalog, vendors/innotas. High byte first; V is the register, the port is the message:

    1   VVVV                      2   VVVV SSSS e i m     S register of the key day, m its month
    3   VVVV MM MM q LL LL NN NN  M N greatest and least flow of the day [L/h]
                                  q share of the day without flow [0.5 %], L start of the greatest flow
    4   VVVV AA BB CC DD          flow of the last four hours [L/h], two bytes each
    9   SSSS*6                    frames sent by spreading factor, 7 to 12
    10  uu uu e i                 e errors: b5 reset b4 radio b3 check sum b2 battery b1 tamper b0 measuring
                                  i b3 kind of key day b2 every 2 min, b0-1 every 0 usual 1 day 7 14 days

* What one count of the register is worth is the meter's own: `pulses`.
* A frame without a port is taken for one of port 1. Neither clock nor identity.
"""

from narrowgate_codecs.elements import Bits, Hex, Int, Part, Port, Word
from narrowgate_codecs.layout import Case, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_REGISTER = Int("pulses", 4)
_INTERVALS: tuple[tuple[int, Word], ...] = tuple(
    (code, "2_min" if code & 4 else ("usual", "1_d", "7_d", "14_d")[code & 3]) for code in range(8)
)
_ERRORS = Bits(
    "errors",
    1,
    (
        Part("sensor_fault", 0),
        Part("tamper", 1),
        Part("battery_low", 2),
        Part("check_sum_fault", 3),
        Part("radio_fault", 4),
        Part("reset", 5),
    ),
)
_INTERVAL = Bits("interval_byte", 1, (Part("interval", 0, 3, _INTERVALS), Part("key_day_kind", 3)))
_STATUS = (Carry("sensor_fault"), Carry("tamper"), Carry("battery_low"))

PROFILE = Profile(
    name="innotas_wireless_v1",
    family=Family.WATER,
    device="Innotas wireless water meter",
    source="actility/device-catalog, vendors/innotas",
    up=(
        Port("port", default=1),
        Switch(
            "port",
            (
                Case("register", (1,), (_REGISTER,)),
                Case(
                    "key_day",
                    (2,),
                    (_REGISTER, Int("key_day_pulses", 4), _ERRORS, _INTERVAL, Int("key_day_month", 1)),
                ),
                Case(
                    "day",
                    (3,),
                    (
                        _REGISTER,
                        Int("greatest_flow_l_per_h", 2),
                        Int("still_pct", 1, per=2),
                        Int("greatest_flow_start", 2),
                        Int("least_flow_l_per_h", 2),
                    ),
                ),
                Case(
                    "hours",
                    (4,),
                    (_REGISTER, *(Int(f"flow_{hour}_l_per_h", 2) for hour in range(1, 5))),
                ),
                Case("radio", (9,), tuple(Int(f"sent_sf{factor}", 4) for factor in range(7, 13))),
                Case("status", (10,), (Hex("unknown", 2, default="0000"), _ERRORS, _INTERVAL)),
            ),
        ),
    ),
    down=(),
    readings=(
        *(Reading(message, (Carry("pulses"),)) for message in ("register", "day", "hours")),
        Reading("key_day", (Carry("pulses"), *_STATUS)),
        Reading("status", _STATUS),
    ),
)
