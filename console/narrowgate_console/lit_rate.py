"""The lit rate of each night with both its bounds: lit of all lamps, and lit of those that were seen.

A lamp is lit in a night if it drew a tenth of its rated power, or 5 W where that is not known, at any time
between 21:00 and 23:00 by the city's clock: late enough for summer, too early for lamps that are switched off
at midnight. A lamp that said nothing then is neither lit nor dark, so the truth lies between the two figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from narrowgate_console.night_flow import Night

FROM_HOUR, TO_HOUR = 21, 23
LIT_SHARE = 0.1
LIT_W = 5.0


@dataclass(frozen=True)
class LitNight:
    """One night of some lamps."""

    day: date
    zone: str
    """'' for all of them."""
    lamps: int
    observed: int
    lit: int

    @property
    def of_all_pct(self) -> float | None:
        """The lower bound [%]; None where none was seen: a night without readings is no dark night."""
        return round(100.0 * self.lit / self.lamps, 2) if self.observed else None

    @property
    def of_observed_pct(self) -> float | None:
        """The upper bound [%]; None where none was seen."""
        return round(100.0 * self.lit / self.observed, 2) if self.observed else None


def lit_nights(
    night: Night, powers: pa.Table, zones: Mapping[str, str], rated_w: Mapping[str, float]
) -> list[LitNight]:
    """Give a night of all lamps, then of each zone by name.

    Args:
        night: the window.
        powers: device, time, value: the most that a lamp drew in parts of the window [W].
        zones: every lamp that should be lit, with its zone.
        rated_w: rated power by lamp [W]; NaN or absent where that is not known.
    """
    most = powers.group_by("device").aggregate([("value", "max")]) if len(powers) else powers
    drawn_w = dict(zip(most["device"].to_pylist(), most[most.schema.names[-1]].to_pylist(), strict=True))
    tally: dict[str, list[int]] = {"": [0, 0, 0]}
    for lamp, zone in zones.items():
        power_w = drawn_w.get(lamp)
        for counted in {"", zone}:
            lamps = tally.setdefault(counted, [0, 0, 0])
            lamps[0] += 1
            lamps[1] += power_w is not None
            lamps[2] += power_w is not None and bool(power_w >= _least_w(rated_w.get(lamp)))
    return [LitNight(night.day, zone, *counts) for zone, counts in sorted(tally.items())]


def _least_w(rated_w: float | None) -> float:
    """Give the power from which a lamp counts as lit [W]; NaN compares as unknown."""
    return LIT_SHARE * rated_w if rated_w is not None and rated_w > 0 else LIT_W
