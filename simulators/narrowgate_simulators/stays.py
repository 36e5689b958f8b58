"""Cars in bays: who arrives when, how long he stays, and who outstays the limit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narrowgate_simulators.faults import SLACK_US, faulty_count
from narrowgate_simulators.noise import normal, ranked, uniform
from narrowgate_simulators.span import SECOND_US, Span, whole_seconds_us

SHORTEST_S = 12 * 60
"""Shortest stay and shortest pause; longer than a step of the world [s]."""
NORMAL_SHARE = 0.8
"""No normal stay is longer than this share of its limit, …"""
NORMAL_MARGIN_S = 1200
"""… nor closer to it than this [s]."""
_PAUSE_H = np.array([6.0] * 6 + [2.0, 1.0] + [0.5] * 10 + [0.6, 0.8, 1.2, 2.0, 3.0, 5.0])
"""Mean pause between two cars by the local hour [h]."""


@dataclass(frozen=True)
class Stays:
    """Every stay, (s,) each; a stay that arrives at its bay's boot had begun before."""

    bay: NDArray[np.int64]
    arrival_us: NDArray[np.int64]
    departure_us: NDArray[np.int64]
    """May lie after the span's end."""
    over: NDArray[np.bool_]
    """Is this stay meant to outlast its limit?"""

    @classmethod
    def drawn(cls, seed: int, span: Span, boot_us: NDArray[np.int64], limit_s: NDArray[np.int64]) -> "Stays":
        """Draw the stays of all bays, one visit of every bay in each round."""
        traffic = _Traffic(seed, span, boot_us, limit_s)
        rounds = [traffic.there_at_boot()]
        while len(traffic.active):
            rounds.append(traffic.next_visits())
        bay, arrival_us, departure_us, over = (
            np.concatenate(columns) for columns in zip(*rounds, strict=True)
        )
        return cls(bay, arrival_us, departure_us, over.astype(np.bool_))


_Round = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]


class _Traffic:
    """Where each bay stands in time while its visits are drawn."""

    def __init__(self, seed: int, span: Span, boot_us: NDArray[np.int64], limit_s: NDArray[np.int64]) -> None:
        self._seed, self._span, self._boot_us, self._limit_s = seed, span, boot_us, limit_s
        self._visit = 0
        self.active = np.arange(len(boot_us), dtype=np.int64)
        self._free_us = boot_us.copy()
        self._over_at_us, self._over_stay_us = _overstays(seed, span, boot_us, limit_s)

    def there_at_boot(self) -> _Round:
        """Give the cars that stand in a bay when it boots; a bay that will see an overstay is free then."""
        chosen = uniform(self._seed, "there", self.active) < 0.35
        bay = self.active[chosen & (self._over_at_us < 0)]
        rest_s = SHORTEST_S + uniform(self._seed, "rest", bay) * 0.5 * self._limit_s[bay]
        departure_us = self._boot_us[bay] + whole_seconds_us(rest_s)
        self._free_us[bay] = departure_us
        return bay, self._boot_us[bay], departure_us, np.zeros(len(bay), dtype=np.bool_)

    def next_visits(self) -> _Round:
        """Give the next visit of every bay that still has one within the span."""
        bay, free_us = self.active, self._free_us[self.active]
        arrival_us = free_us + self._pause_us(bay, free_us)
        departure_us = arrival_us + self._stay_us(bay)
        over_at_us = self._over_at_us[bay]
        over = (over_at_us >= 0) & (departure_us + SHORTEST_S * SECOND_US > over_at_us)
        arrival_us = np.where(over, over_at_us, arrival_us)
        departure_us = np.where(over, over_at_us + self._over_stay_us[bay], departure_us)
        self._over_at_us[bay[over]] = -1
        self._free_us[bay] = departure_us
        self._visit += 1
        within = arrival_us <= self._span.end_us
        self.active = bay[within & (departure_us < self._span.end_us)]
        return bay[within], arrival_us[within], departure_us[within], over[within]

    def _pause_us(self, bay: NDArray[np.int64], free_us: NDArray[np.int64]) -> NDArray[np.int64]:
        mean_s = _PAUSE_H[self._span.local_hours(free_us).astype(np.int64)] * 3600
        pause_s = SHORTEST_S - mean_s * np.log1p(-uniform(self._seed, "pause", bay, self._visit))
        return whole_seconds_us(pause_s)

    def _stay_us(self, bay: NDArray[np.int64]) -> NDArray[np.int64]:
        limit_s = self._limit_s[bay]
        longest_s = np.minimum(NORMAL_SHARE * limit_s, limit_s - NORMAL_MARGIN_S)
        stay_s = 0.3 * limit_s * np.exp(0.7 * normal(self._seed, "stay", bay, self._visit))
        return whole_seconds_us(np.clip(stay_s, SHORTEST_S, longest_s))


def _overstays(
    seed: int, span: Span, boot_us: NDArray[np.int64], limit_s: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose the bays that see an overstay; give its arrival (-1 = none) and length by bay, (n,) [us].

    Every second car leaves within the span; the others still stand there when it ends.
    """
    limit_us = limit_s * SECOND_US
    leaves = np.arange(len(limit_s))[np.argsort(ranked(seed, "overstaying", len(limit_s)))] % 2 == 0
    length_us = np.where(leaves, 1.5, 3.0) * limit_us
    earliest_us = boot_us + SHORTEST_S * SECOND_US
    latest_us = span.end_us - np.where(leaves, length_us, limit_us) - 2 * SLACK_US
    earliest_us = np.where(leaves, earliest_us, np.maximum(earliest_us, span.end_us - 2.5 * limit_us))
    order = ranked(seed, "overstaying", len(limit_s))
    chosen = order[(latest_us >= earliest_us)[order]][: faulty_count(len(limit_s))]
    share = uniform(seed, "overstay at", np.arange(len(limit_s)))
    at_us = np.full(len(limit_s), -1, dtype=np.int64)
    at_us[chosen] = (earliest_us + share * (latest_us - earliest_us))[chosen]
    return at_us // SECOND_US * SECOND_US, length_us.astype(np.int64)
