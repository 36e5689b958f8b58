"""Jooby, parameters: what modules are set to, in answers and in requests; others stay bytes.

P V..    P parameter, V its value, high byte first
"""

from narrowgate_codecs.elements import Bits, Code, Float, Hex, Int, Named, Part, Rest, Text, Varint
from narrowgate_codecs.layout import Array, Element, Sized, When

_COEFFICIENT = Code("coefficient", 1)
_SPREAD_FACTORS = ("SF12B125", "SF11B125", "SF10B125", "SF9B125", "SF8B125", "SF7B125", "SF7B250")


def _channel(name: str) -> Int:
    """Give a channel: on the wire they are counted from 0."""
    return Int(name, 1, plus=1)


_PARAMETERS: tuple[tuple[int, tuple[Element, ...]], ...] = (
    (1, (Hex("reserved", 3, default="000000"), Int("interval_600s", 1))),
    (4, (Int("day_checkout_hour", 1),)),
    (5, (Int("data_type", 1),)),
    (8, (Int("priority_delivery", 1),)),
    (9, (Int("activation_method", 1),)),
    (10, (Int("load_time_ms", 2), Int("resistance_limit_mohm", 2), Int("low_voltage_v", 2, per=1000))),
    (11, (Int("least_load_time", 4),)),
    (13, (Int("channels_config", 1),)),
    (
        18,
        (
            Bits(
                "spread_factor",
                1,
                (Part("spread_factor_name", 0, 8, words=tuple(enumerate(_SPREAD_FACTORS))),),
            ),
            Int("frequency_100hz", 3),
        ),
    ),
    (23, (Int("meter_value", 4), _COEFFICIENT, Int("base_pulses", 4))),
    (24, (Int("absolute_enabled", 1),)),
    (25, (Hex("serial_number", 6),)),
    (26, (Float("latitude_deg", 4), Float("longitude_deg", 4), Int("altitude_m", 2))),
    (28, (Int("extra_interval_s", 2),)),
    (
        29,
        (
            _channel("channel"),
            Int("channel_meter_value", 4),
            Code("channel_coefficient", 1),
            Int("channel_base_pulses", 4),
        ),
    ),
    (30, (_channel("enabled_channel"), Int("channel_absolute_enabled", 1))),
    (31, (Varint("scanned_channels"), Int("pull_up_us", 1), Int("scan_us", 1))),
    (32, (Bits("counting", 1, tuple(Part(f"counts_{at + 1}", at) for at in range(4))),)),
    (51, (Sized(1, (Text("module"),)),)),
)
_KNOWN = tuple(number for number, _ in _PARAMETERS)

PARAMETER: tuple[Element, ...] = (
    Int("parameter", 1),
    *(When("parameter", (number,), fields) for number, fields in _PARAMETERS),
    When("parameter", _KNOWN, (Rest("value"),), other=True),
)
"""A parameter and its value."""

REQUESTED: tuple[Element, ...] = (
    Int("parameter", 1),
    When("parameter", (29, 30), (_channel("channel"),)),
)
"""A parameter that is asked for."""

_SCHEDULES = 64
_SCHEDULED = Named("scheduled", 1, ((0, False),), otherwise=True)

CHANGED: tuple[Element, ...] = (
    Int("parameter", 1),
    Int("done", 1),
    When("parameter", (_SCHEDULES,), (Array("schedules", None, (Int("schedule", 1), _SCHEDULED)),)),
    When("parameter", (_SCHEDULES,), (Rest("details"),), other=True),
)
"""The answer to a changed parameter."""
