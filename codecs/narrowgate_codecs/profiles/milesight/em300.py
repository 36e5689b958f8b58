"""The channels of Milesight's EM300-DI and EM300-DI-Hall pulse counters.

Source: Milesight-IoT/SensorDecoders, em-series/em300-di and em-series/em300-di-hall:

    03 67 temperature i16 [0.1 Cel]   04 68 humidity u8 [0.5 %]   05 00 input   05 C8 pulses u32
    05 E1 06 E1 c p water   c u16, p u16 [0.1]: p pulses are c of the water's unit; water f32, total
    85 00 input, alarm      85 E1 c p water alarm: 1 outage 2 it is over 3 flow 4 it is over
    20 CE E t h m i pulses           stored: E instant, t h as above, m 1 input 2 counter, i input
    21 CE E t h a m i c p water      stored: a alarm, 5 6 of the input and that it is over

* The Hall sensor measures no climate: what stands there in its stored values means nothing.
* The unit of `water` is a setting of the sensor that the frame does not say, so it is no volume in m3.
* An outage is a time without use, a flow that does not end a leak.
"""

from narrowgate_codecs.elements import Bits, Epoch, Hex, Int, Named, Part
from narrowgate_codecs.layout import Case, Element, When
from narrowgate_codecs.profile import Carry, Each, Reading
from narrowgate_codecs.profiles.milesight.channels import (
    ABOUT,
    SETTINGS,
    celsius,
    channels,
    floating,
    number,
    setting,
)

_LEVELS = ((0, "low"), (1, "high"))
_ALARMS = ((0, "none"), (1, "outage"), (2, "outage_over"), (3, "flow"), (4, "flow_over"))
_INPUT_ALARMS = ((5, "input"), (6, "input_over"))
_MODES = ((1, "input"), (2, "counter"))


def _water(prefix: str = "") -> tuple[Element, ...]:
    return (
        Int(f"{prefix}water_per_pulses", 2, "little", per=10),
        Int(f"{prefix}pulses_per_water", 2, "little", per=10),
        floating(f"{prefix}water"),
    )


def _alarm(prefix: str = "", more: tuple[tuple[int, str], ...] = ()) -> Bits:
    return Bits(
        f"{prefix}alarm_byte",
        1,
        (
            Part(f"{prefix}alarm", 0, 8, (*_ALARMS, *more), is_closed=True),
            Part(f"{prefix}no_use", 0, 8, ((1, True), (2, False))),
            Part(f"{prefix}leak", 0, 8, ((3, True), (4, False))),
        ),
    )


_CLIMATE: tuple[Element, ...] = (celsius("stored_temperature_c"), Int("stored_humidity_pct", 1, per=2))
_NO_CLIMATE: tuple[Element, ...] = (Hex("stored_nothing", 3, default="000000"),)
_MODE = Bits("stored_mode_byte", 1, (Part("stored_mode", 0, 8, _MODES),))


def _stored(climate: tuple[Element, ...], *fields: Element) -> tuple[Element, ...]:
    return (Epoch("stored_at", 4, 2015, "little"), *climate, *fields)


_UPLINKS = (
    Case("temperature", (0x0367,), (celsius("ambient_temperature_c"),)),
    Case("humidity", (0x0468,), (Int("humidity_pct", 1, per=2, limits=(0.0, 100.0)),)),
    Case("input", (0x0500,), (Named("input", 1, _LEVELS),)),
    Case("pulses", (0x05C8,), (number("pulses", 4),)),
    Case("water", (0x05E1, 0x06E1), _water()),
    Case(
        "input_alarm",
        (0x8500,),
        (Named("input", 1, _LEVELS), Named("input_alarm", 1, ((0, False), (1, True)))),
    ),
    Case("water_alarm", (0x85E1,), (*_water(), _alarm())),
)


def _memory(climate: tuple[Element, ...]) -> tuple[Case, ...]:
    pulses = (
        _MODE,
        Hex("stored_input", 1),
        When("stored_mode", (2,), (number("stored_pulses", 4),)),
        When("stored_mode", (2,), (Hex("stored_spare", 4),), other=True),
    )
    water = (
        _alarm("stored_", _INPUT_ALARMS),
        _MODE,
        Hex("stored_input", 1),
        When("stored_mode", (2,), _water("stored_")),
        When("stored_mode", (2,), (Hex("stored_spare", 8),), other=True),
    )
    return (
        Case("stored", (0x20CE,), _stored(climate, *pulses)),
        Case("stored_water", (0x21CE,), _stored(climate, *water)),
    )


_SETTINGS = (
    *SETTINGS,
    setting("temperature_alarm", 0x06, Hex("temperature_alarm", 9)),
    setting("d2d_key", 0x35, Hex("d2d_key", 8, is_secret=True)),
    setting("counter_control", 0x4E, Hex("counter_control", 2)),
    setting("d2d", 0x79, Hex("d2d", 4)),
    setting("counter", 0x92, number("counter_index", 1), number("counter", 4)),
    setting("water_alarm_setting", 0xA1, Hex("water_alarm_setting", 7)),
    setting("conversion", 0xA2, Hex("conversion", 9)),
    setting("pulse_filter", 0xA3, Hex("pulse_filter", 2)),
    setting("flow_begins_after", 0xA4, number("flow_begins_after_s")),
    setting("input_mode", 0xC3, number("input_mode", 1)),
)

UP = channels(*ABOUT, *_UPLINKS, *_memory(_CLIMATE), *_SETTINGS)
HALL_UP = channels(*ABOUT, *_UPLINKS, *_memory(_NO_CLIMATE), *_SETTINGS)
DOWN = channels(*_SETTINGS)
_LIVE = Reading(
    "records",
    (
        Carry("pulses"),
        Carry("battery_pct"),
        Carry("ambient_temperature_c"),
        Carry("no_use"),
        Carry("leak"),
    ),
    records="records",
)
_STORED = (Carry("pulses", "stored_pulses"), Carry("no_use", "stored_no_use"), Carry("leak", "stored_leak"))


def _readings(*more: Carry) -> tuple[Reading, ...]:
    each = Each(clock="stored_at")
    return (_LIVE, Reading("records", (*_STORED, *more), records="records", each=each))


READINGS = _readings(Carry("ambient_temperature_c", "stored_temperature_c"))
HALL_READINGS = _readings()
