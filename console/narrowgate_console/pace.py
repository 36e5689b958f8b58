"""How fast one asker may go on: so much at once, and so much more with time."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import ceil
from threading import Lock

MOST_ASKERS = 10_000


@dataclass(frozen=True)
class Allowance:
    """What an asker may spend."""

    at_once: float
    """What may be spent together."""
    every_s: float
    """After how long one more may be [s]."""


class Pace:
    """What each asker has spent; the askers that were quiet longest are forgotten first."""

    def __init__(self, allowance: Allowance, now_s: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody.

        Args:
            allowance: each asker's.
            now_s: a clock that only goes forward [s].
        """
        self._allowance = allowance
        self._now_s = now_s
        self._empty_at: dict[Hashable, float] = {}
        self._lock = Lock()

    def spend(self, asker: Hashable, cost: float = 1.0) -> int | None:
        """Let an asker spend; give None, or after how long there is enough again [s], and spend nothing."""
        every_s = self._allowance.every_s
        now_s = self._now_s()
        with self._lock:
            spent_until = max(now_s, self._empty_at.pop(asker, now_s)) + cost * every_s
            beyond_s = spent_until - now_s - self._allowance.at_once * every_s
            if beyond_s > 1e-9:
                self._empty_at[asker] = spent_until - cost * every_s
                return max(1, ceil(beyond_s - 1e-9))
            self._empty_at[asker] = spent_until
            while len(self._empty_at) > MOST_ASKERS:
                self._empty_at.pop(next(iter(self._empty_at)))
            return None
