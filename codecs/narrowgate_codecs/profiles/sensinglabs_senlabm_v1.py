"""Sensing Labs SenLab M pulse module.

Source: akenza-io/device-type-library, types/sensingLabs/senlabM. High byte first; the first byte is the
message:

    00  eeeeeeee a m n p f LL TT WW r      start: e EUI, a kind of device (4D), m n p firmware, f 1 basic,
                                           L T periods of logging and sending [2 s], W random window [s],
                                           r how often each value is sent
    02  b .. PPPP          07  b w .. PPPP        0A  b w .. PPPP QQQQ      logs: b battery [1/254], w wire
        cut,
                                           P Q counts; what stands between is the maker's own

* What a pulse is worth only the registry knows. Neither clock nor identity, but for the start.
"""

from narrowgate_codecs.elements import Bits, Code, Hex, Int, Named, Part, Rest
from narrowgate_codecs.layout import Body, Case, Element, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_PERCENT = tuple(round(100 * count / 254, 1) for count in range(255))
_BATTERY = Bits("battery", 1, (Part("battery_pct", 0, 8, numbers=_PERCENT),))
_CUT = Bits("wire", 1, (Part("tamper", 0, 8, ((0, False),), otherwise=True),))


def _counts(*names: str) -> tuple[Element, ...]:
    counts = tuple(Int(name, 4) for name in names)
    return (Body(4 * len(names), (Rest("own"),)), *counts)


PROFILE = Profile(
    name="sensinglabs_senlabm_v1",
    family=Family.WATER,
    device="Sensing Labs SenLab M pulse module",
    source="akenza-io/device-type-library, types/sensingLabs/senlabM",
    up=(
        Code("message", 1),
        Switch(
            "message",
            (
                Case(
                    "start",
                    (0x00,),
                    (
                        Hex("eui", 8),
                        Code("device_kind", 1, accepts=(0x4D,), default=0x4D),
                        Int("firmware_major", 1),
                        Int("firmware_minor", 1),
                        Int("firmware_patch", 1),
                        Named("mode", 1, ((0, "other"),), otherwise="basic", default="basic"),
                        Int("log_period_2s", 2),
                        Int("send_period_2s", 2),
                        Int("random_window_s", 2),
                        Int("redundancy", 1),
                    ),
                ),
                Case("log", (0x02,), (_BATTERY, *_counts("pulses"))),
                Case("wired_log", (0x07,), (_BATTERY, _CUT, *_counts("pulses"))),
                Case("dual_log", (0x0A,), (_BATTERY, _CUT, *_counts("pulses", "pulses_2"))),
            ),
        ),
    ),
    down=(),
    readings=(
        Reading("log", (Carry("pulses"), Carry("battery_pct"))),
        Reading("wired_log", (Carry("pulses"), Carry("battery_pct"), Carry("tamper"))),
        Reading("dual_log", (Carry("pulses"), Carry("battery_pct"), Carry("tamper"))),
        Reading("dual_log", (Carry("pulses", "pulses_2"),), series="input_2"),
    ),
)
