"""Units of expressions: what may be compared and added, and what a product is measured in."""

from dataclasses import dataclass
from fractions import Fraction

_BASE = ("m", "s", "g", "A", "Cel", "%", "deg", "lx", "dB", "dBm", "pH", "NTU", "ppm")
_NAMED: dict[str, tuple[Fraction, dict[str, int]]] = {
    **{name: (Fraction(1), {name: 1}) for name in _BASE},
    "min": (Fraction(60), {"s": 1}),
    "h": (Fraction(3600), {"s": 1}),
    "d": (Fraction(86_400), {"s": 1}),
    "mm": (Fraction(1, 1000), {"m": 1}),
    "cm": (Fraction(1, 100), {"m": 1}),
    "m3": (Fraction(1), {"m": 3}),
    "L": (Fraction(1, 1000), {"m": 3}),
    "mA": (Fraction(1, 1000), {"A": 1}),
    "W": (Fraction(1000), {"g": 1, "m": 2, "s": -3}),
    "kW": (Fraction(10**6), {"g": 1, "m": 2, "s": -3}),
    "Wh": (Fraction(3_600_000), {"g": 1, "m": 2, "s": -2}),
    "kWh": (Fraction(3_600_000_000), {"g": 1, "m": 2, "s": -2}),
    "V": (Fraction(1000), {"g": 1, "m": 2, "s": -3, "A": -1}),
    "mV": (Fraction(1), {"g": 1, "m": 2, "s": -3, "A": -1}),
    "bar": (Fraction(10**8), {"g": 1, "m": -1, "s": -2}),
    "kPa": (Fraction(10**6), {"g": 1, "m": -1, "s": -2}),
    "hPa": (Fraction(10**5), {"g": 1, "m": -1, "s": -2}),
    "Hz": (Fraction(1), {"s": -1}),
    "kg": (Fraction(1000), {"g": 1}),
    "mg": (Fraction(1, 1000), {"g": 1}),
    "ug": (Fraction(1, 10**6), {"g": 1}),
    "uS": (Fraction(1, 10**9), {"g": -1, "m": -2, "s": 3, "A": 2}),
}


@dataclass(frozen=True)
class Unit:
    """A unit as a factor and powers of base units; equal ones can be compared and added."""

    factor: Fraction
    powers: tuple[tuple[str, int], ...]

    def __mul__(self, other: "Unit") -> "Unit":
        """Give the unit of a product."""
        powers = dict(self.powers)
        for base, power in other.powers:
            powers[base] = powers.get(base, 0) + power
        return Unit(self.factor * other.factor, _sorted(powers))

    def __truediv__(self, other: "Unit") -> "Unit":
        """Give the unit of a quotient."""
        inverse = tuple((base, -power) for base, power in other.powers)
        return self * Unit(1 / other.factor, inverse)

    def __str__(self) -> str:
        """Give the unit as people write it; powers of base units where it has no name."""
        for name, (factor, powers) in _NAMED.items():
            if self == Unit(factor, _sorted(powers)):
                return name
        for name, (factor, powers) in _NAMED.items():
            for per in ("s", "min", "h", "d"):
                if self == Unit(factor, _sorted(powers)) / unit_of(per):
                    return f"{name}/{per}"
        parts = [base if power == 1 else f"{base}^{power}" for base, power in self.powers]
        number = [] if self.factor == 1 else [f"{float(self.factor):g}"]
        return "·".join(number + parts) or "a plain number"


PLAIN = Unit(Fraction(1), ())
"""The unit of counts, shares and power factors."""


def unit_of(text: str) -> Unit:
    """Give the unit that a text such as `m3/h` names; '' is a plain number.

    Raises:
        ValueError: no such unit; lists those there are.
    """
    if text == "":
        return PLAIN
    over, *under = text.split("/")
    unit = _named(over)
    for part in under:
        unit = unit / _named(part)
    return unit


def _named(name: str) -> Unit:
    if name not in _NAMED:
        raise ValueError(f"{name!r} is no unit; known: {', '.join(_NAMED)}")
    factor, powers = _NAMED[name]
    return Unit(factor, _sorted(powers))


def _sorted(powers: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((base, power) for base, power in powers.items() if power))
