"""Quandify CubicMeter 1.1: an ultrasonic meter that is clamped on a pipe; also sold by Thermokon.

Source: Quandify's decoder in TheThingsNetwork/lorawan-devices and in akenza-io/device-type-library. Low byte
first; the port tells the messages apart:

    1   TTTT EE EE VVVV rr*12 l b c n x a       status (2: the same, sent for an alarm; 0: empty)
        E error, b15 set while no water is sensed  V volume [L]  l leak: 3 medium, 4 large
        b c battery under load and at rest [8 mV from 1.8 V]  n x least and greatest water temperature since
            the
        status before, a ambient one [0.5 Cel from -20]
    6   p s k ..   answer: p port of the question, s 0 done, k 1 status, 2 hardware, 4 settings
        2   ff ff m M h a rr*22 p rr*6    M m f firmware, h hardware, a 5 metering, p kind of pipe
        4   rr*5 SSSS rr*29               S time between reports [s]

* The water's temperatures are extremes of a period: they are said, and are no reading of an instant.
* A pipe in which no water is sensed may be empty, or the meter sits badly: `sensor_fault`, not `empty_pipe`.
* T counts the meter's own seconds and is no clock.
"""

from narrowgate_codecs.elements import Bits, Code, Hex, Int, Named, Part, Port, Word
from narrowgate_codecs.layout import Case, Element, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_PIPES: tuple[tuple[int, Word], ...] = (
    (0, "custom"),
    *((1 + at, f"copper_{width}_mm") for at, width in enumerate((15, 18, 22))),
    *((4 + at, f"chrome_{width}_mm") for at, width in enumerate((15, 18, 22))),
    *((7 + at, f"pal_{width}_mm") for at, width in enumerate((16, 20, 25))),
    *((14 + at, f"pex_{width}_mm") for at, width in enumerate((16, 20, 25))),
    (17, "distribution_pipe"),
)
_REVERSE = 384
_LEAKS: tuple[tuple[int, Word], ...] = ((0, False), (1, False), (2, False), (3, True), (4, True))
_LOW_BATTERY = 162
"""The greatest code that still is 3.1 V or less."""


def _battery(name: str, *more: Part) -> Bits:
    volts = tuple((1800 + 8 * count) / 1000 for count in range(256))
    return Bits(f"{name}_byte", 1, (Part(name, 0, 8, numbers=volts), *more))


def _celsius(name: str) -> Int:
    return Int(name, 1, plus=-40, per=2)


_STATUS: tuple[Element, ...] = (
    Int("uptime_s", 4, "little"),
    Bits(
        "errors",
        2,
        (
            Part("sensor_fault", 15),
            Part("error_code", 0, 15),
            Part("reverse_flow", 0, 15, ((_REVERSE, True),), otherwise=False),
        ),
        "little",
    ),
    Int("volume_m3", 4, "little", per=1000),
    Hex("unknown", 12, default="00" * 12),
    Bits("leak_byte", 1, (Part("leak", 0, 8, _LEAKS), Part("leak_state", 0, 8))),
    _battery("loaded_battery_v"),
    _battery(
        "battery_v",
        Part("battery_low", 0, 8, tuple((code, code <= _LOW_BATTERY) for code in range(256))),
    ),
    _celsius("least_temperature_c"),
    _celsius("greatest_temperature_c"),
    _celsius("ambient_temperature_c"),
)
_HARDWARE: tuple[Element, ...] = (
    Int("firmware_patch", 2, "little"),
    Int("firmware_minor", 1),
    Int("firmware_major", 1),
    Int("hardware_version", 1),
    Named("state", 1, ((3, "ready"), (4, "pipe_selection"), (5, "metering"))),
    Hex("unknown_hardware", 22, default="00" * 22),
    Bits("pipe_byte", 1, (Part("pipe", 0, 8, _PIPES), Part("pipe_code", 0, 8))),
    Hex("unknown_more", 6, default="00" * 6),
)
_SETTINGS: tuple[Element, ...] = (
    Hex("unknown_settings", 5, default="00" * 5),
    Int("report_interval_s", 4, "little"),
    Hex("unknown_more", 29, default="00" * 29),
)
_ANSWER: tuple[Element, ...] = (
    Int("asked_port", 1),
    Named("result", 1, ((0, "done"), (1, "command_error"), (2, "payload_error"), (3, "value_error"))),
    Code("answer", 1),
    Switch(
        "answer",
        (
            Case("nothing", (0,), ()),
            Case("status_answer", (1,), _STATUS),
            Case("hardware", (2,), _HARDWARE),
            Case("settings", (4,), _SETTINGS),
        ),
    ),
)
_CARRIES = tuple(
    Carry(name)
    for name in (
        *("volume_m3", "battery_v", "battery_low", "ambient_temperature_c"),
        *("leak", "reverse_flow", "sensor_fault"),
    )
)

PROFILE = Profile(
    name="quandify_cubicmeter_v11",
    family=Family.WATER,
    device="Quandify CubicMeter 1.1",
    source="TheThingsNetwork/lorawan-devices, vendor/quandify; akenza-io/device-type-library",
    up=(
        Port("port", default=1),
        Switch(
            "port",
            (
                Case("ping", (0,), ()),
                Case("status", (1, 2), _STATUS),
                Case("response", (6,), _ANSWER),
            ),
        ),
    ),
    down=(),
    readings=(Reading("status", _CARRIES), Reading("status_answer", _CARRIES)),
)
