"""The nights of a span as a city sees them: when lamps burn, and when it is dark or day beyond doubt."""

import numpy as np
from numpy.typing import NDArray

from narrowgate_fleet.sun import solar_elevation_deg
from narrowgate_simulators.places import ROADS
from narrowgate_simulators.span import SECOND_US, Span

LIT_BELOW_DEG = -3.0
"""Lamps burn below this elevation: halfway through civil twilight, so that nobody can call it wrong."""
DARK_BELOW_DEG = -7.0
"""Civil twilight's end with a degree to spare, for a district whose sun sets within the same minute."""
DAY_ABOVE_DEG = 5.0
"""Day beyond doubt."""
_GRAIN_US = 60 * SECOND_US


class Nights:
    """Dark stretches and burning time, from the middle of the district, by the minute."""

    def __init__(self, span: Span) -> None:
        middle = np.mean([[road.from_deg, road.to_deg] for road in ROADS], axis=(0, 1))
        self._times_us = np.append(
            np.arange(span.start_us, span.end_us, _GRAIN_US, dtype=np.int64), span.end_us
        )
        height_deg = solar_elevation_deg(self._times_us, middle[:1], middle[1:])
        self.dark_us = _stretches(self._times_us, height_deg < DARK_BELOW_DEG)
        self.day_us = _stretches(self._times_us, height_deg > DAY_ABOVE_DEG)
        lit_us = np.diff(self._times_us) * (height_deg[:-1] < LIT_BELOW_DEG)
        self._burnt_h = np.concatenate([[0.0], np.cumsum(lit_us)]) / 3.6e9

    def burnt_h(self, time_us: int) -> float:
        """Give how long a sound lamp has burned since the span began [h]."""
        return float(np.interp(time_us, self._times_us, self._burnt_h))


def _stretches(times_us: NDArray[np.int64], held: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Give the first and last instant of every unbroken run."""
    edges = np.diff(np.concatenate([[False], held, [False]]).astype(np.int8))
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return [(int(times_us[begin]), int(times_us[end])) for begin, end in zip(begins, ends, strict=True)]
