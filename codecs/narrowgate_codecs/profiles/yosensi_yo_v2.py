"""Yosensi YO Pulse and YO MeterPulse: measurements that say their kind, payload version 2.

Source: Yosensi's decoder in akenza-io/device-type-library, types/yosensi. High byte first:

    02 n dd dd {k t s [a] V..} ..    n frame counter, d seconds since it was made, t seconds from then
    k  b2-7 kind, b0-1 decimals      s  b4-7 bytes of the address a, b0-3 those of V less one

    04 state      08 battery [mV]    0C 0D 0E temperature    10 humidity [%]
    60 counter of an input           5C two counters: pulses since the last frame, and in total

* A measurement of another kind is passed over by the widths that it states. A kind that nobody knows, or a
  known one in another width, ends the frame; those before it stay.
* The address of an input is its series. What a pulse is worth only the registry knows.
* A frame is dated by reception: how long it waited is said, and its measurements are of few seconds.
"""

from narrowgate_codecs.elements import Bits, Code, Const, Int, Part
from narrowgate_codecs.layout import Array, Case, Element, Records, When
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_AFTER = Int("after_s", 1)


def _sized(*sizes: int) -> Code:
    return Code("size", 1, accepts=sizes, default=sizes[0])


def _counted(name: str) -> tuple[Element, ...]:
    """Give a number of an input, of two bytes or of four."""
    return (
        _AFTER,
        _sized(0x11, 0x13),
        Int("input", 1),
        When("size", (0x11,), (Int(f"{name}_2", 2),)),
        When("size", (0x13,), (Int(f"{name}_4", 4),)),
    )


def _temperature(decimals: int) -> tuple[Element, ...]:
    limits = (-100.0, 300.0)
    return (
        _AFTER,
        _sized(0x01),
        Int("temperature_c", 2, signed=True, per=10**decimals, limits=limits)
        if decimals
        else Int("whole_temperature_c", 2, signed=True),
    )


_PASSED: tuple[Element, ...] = (
    _AFTER,
    Bits("sizes", 1, (Part("address_bytes", 4, 4, default=0), Part("more_bytes", 0, 4, default=0))),
    Array("address", "address_bytes", (Int("address_byte", 1),)),
    Int("value_byte", 1),
    Array("value", "more_bytes", (Int("byte", 1),)),
)
"""A measurement of which only its width is known."""
_READ = frozenset((0x04, 0x08, 0x0C, 0x0D, 0x0E, 0x10, 0x60, 0x5C))
_OTHERS = tuple(
    tag for kind in (*range(1, 41), 63) for tag in range(4 * kind, 4 * kind + 4) if tag not in _READ
)
"""The other kinds that the decoder knows, with any number of decimals."""

PROFILE = Profile(
    name="yosensi_yo_v2",
    family=Family.WATER,
    device="Yosensi YO Pulse or YO MeterPulse",
    source="akenza-io/device-type-library, types/yosensi",
    up=(
        Const(b"\x02"),
        Int("frame_counter", 1),
        Int("waited_s", 2),
        Records(
            "records",
            1,
            (
                Case("state", (0x04,), _counted("state")),
                Case("battery", (0x08,), (_AFTER, _sized(0x01), Int("battery_v", 2, per=1000))),
                *(Case(f"temperature_{one}", (0x0C | one,), _temperature(one)) for one in range(3)),
                Case("humidity", (0x10,), (_AFTER, _sized(0x00), Int("humidity_pct", 1))),
                Case("counter", (0x60,), _counted("pulses")),
                Case(
                    "pulses",
                    (0x5C,),
                    (_AFTER, _sized(0x07), Int("pulses_since", 4), Int("pulses", 4)),
                ),
                Case("other", _OTHERS, _PASSED),
            ),
        ),
    ),
    down=(),
    readings=(
        Reading(
            "frame",
            (
                Carry("battery_v"),
                Carry("temperature_c"),
                Carry("temperature_c", "whole_temperature_c"),
                Carry("pulses"),
            ),
            records="records",
        ),
        Reading(
            "frame",
            (Carry("pulses", "pulses_2"), Carry("pulses", "pulses_4")),
            records="records",
            series_by="input",
        ),
    ),
)
