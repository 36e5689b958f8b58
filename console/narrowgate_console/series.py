"""The chart that each family's user looks at first, as data: one figure an hour over the city.

Hours are whole UTC hours since 1970.
"""

from dataclasses import dataclass

from narrowgate_schema.words import Family

HOUR_US = 3_600_000_000
LOOKBACK_HOURS = 26
"""How far apart two readings may lie and still say what happened between them: a day and a bit [h]."""


@dataclass(frozen=True)
class Point:
    """One hour."""

    hour_us: int
    """When the hour began [us]."""
    value: float
    devices: int
    """How many devices the value was made of: a low count at the end means that others have yet to report."""


@dataclass(frozen=True)
class Series:
    """One family's chart."""

    family: Family
    quantity: str
    unit: str
    points: tuple[Point, ...]
