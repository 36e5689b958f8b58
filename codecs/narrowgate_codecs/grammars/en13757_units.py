"""What M-Bus records measure: from a VIF to a name and a factor.

Source: EN 13757-3:2018, tables 10 to 15 (primary VIF, extensions FB and FD, orthogonal VIFE).
"""

from dataclasses import dataclass
from fractions import Fraction

from narrowgate_codecs.bit_clocks import Shift
from narrowgate_codecs.grammars.en13757_heads import Head

GALLON = Fraction(3_785_411_784, 10**12)
"""[m3] of a US liquid gallon."""
CUBIC_FOOT = Fraction(28_316_846_592, 10**12)
"""[m3]"""
FORWARD, BACKWARD = 0x3B, 0x3C
"""VIFE: only what ran forwards, only what ran backwards."""
_PLAIN = frozenset({0x3A})
"""VIFE that do not change what is measured: 3A, as it is read, not corrected."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a record's number is."""

    name: str
    factor: Fraction
    """Units of the name in one count."""


def _ten(exponent: int) -> Fraction:
    return Fraction(10) ** exponent


def _ranges() -> dict[int, Measure]:
    """Give the measures of one unit by VIF."""
    table: dict[int, Measure] = {}
    for n in range(8):
        table[0x10 | n] = Measure("volume_m3", _ten(n - 6))
        table[0x38 | n] = Measure("flow_m3_per_h", _ten(n - 6))
        table[0x40 | n] = Measure("flow_m3_per_h", 60 * _ten(n - 7))
        table[0x48 | n] = Measure("flow_m3_per_h", 3600 * _ten(n - 9))
    for n in range(4):
        table[0x58 | n] = Measure("temperature_c", _ten(n - 3))
        table[0x64 | n] = Measure("ambient_temperature_c", _ten(n - 3))
        table[0x68 | n] = Measure("pressure_bar", _ten(n - 3))
    for n in range(16):
        table[0xFD40 | n] = Measure("battery_v", _ten(n - 9))
    table[0xFB10], table[0xFB11] = Measure("volume_m3", _ten(2)), Measure("volume_m3", _ten(3))
    table[0xFB21] = Measure("volume_m3", CUBIC_FOOT / 10)
    table[0xFB22], table[0xFB23] = Measure("volume_m3", GALLON / 10), Measure("volume_m3", GALLON)
    table[0xFB24] = Measure("flow_m3_per_h", GALLON * 60 / 1000)
    table[0xFB25], table[0xFB26] = Measure("flow_m3_per_h", GALLON * 60), Measure("flow_m3_per_h", GALLON)
    return table


MEASURES = _ranges()
FACTORS = {0x70 | n: _ten(n - 6) for n in range(8)} | {0x7D: Fraction(1000)}
"""VIFE that multiply the value."""


_INTERVALS = {
    0xFD24: Shift(seconds=1),
    0xFD25: Shift(seconds=60),
    0xFD26: Shift(seconds=3600),
    0xFD27: Shift(days=1),
    0xFD28: Shift(months=1),
    0xFD29: Shift(months=12),
}
INTERVALS = frozenset(_INTERVALS)
"""VIF of how far one storage lies from the next."""


def interval(vif: int, count: int) -> Shift:
    """Give the interval of storing that a count of units makes."""
    unit = _INTERVALS[vif]
    return Shift(unit.seconds * count, unit.days * count, unit.months * count)


def measure_of(head: Head) -> tuple[Measure, int | None] | None:
    """Give what a record's number is and the way it counts (FORWARD, BACKWARD or None for both).

    None if it is no plain measure: a limit, a duration, an error, a maker's own or of an unknown unit.
    """
    found = MEASURES.get(head.vif)
    if found is None or head.is_own or head.form != "number":
        return None
    way, factor = None, found.factor
    for vife in head.modifiers:
        if vife in FACTORS:
            factor *= FACTORS[vife]
        elif vife in (FORWARD, BACKWARD) and way is None:
            way = vife
        elif vife not in _PLAIN:
            return None
    return Measure(found.name, factor), way
