"""Rates in arrays: who may send how often, for a whole batch at once, in a memory of fixed size.

Each key has one number, the instant at which its allowance is whole again (the generic cell rate algorithm,
ITU-T I.371): an event moves it on by the time that an event is worth; beyond what may be saved up it is too
fast.
"""

import numpy as np
from numpy.typing import NDArray


class Rates:
    """Allowances by key: at most so many events a second, and so many at once."""

    def __init__(self, per_s: float, burst: float, keys: int = 0) -> None:
        """Give every key its whole allowance.

        Args:
            per_s: events of a key in the long run [1/s], above 0.
            burst: events of a key at once, at least 1.
            keys: how many there are; more come as they are asked for.
        """
        self._each_s = 1.0 / per_s
        self._saved_s = max(burst, 1.0) / per_s
        self._whole_at_s = np.full(keys, -np.inf)

    def exceeded(self, keys: NDArray[np.int64], now_s: float) -> NDArray[np.bool_]:
        """Tell which events, all of now, are too many of their key; the first ones of a key are not.

        Args:
            keys: (n,) >= 0, in order of arrival.
            now_s: monotonic time [s].
        """
        if len(keys) == 0:
            return np.zeros(0, np.bool_)
        self._grow(int(keys.max()) + 1)
        whole_at_s = np.maximum(self._whole_at_s[keys], now_s)
        if whole_at_s.max() + len(keys) * self._each_s <= now_s + self._saved_s:
            # Not even if all were of the key that has least left: nothing need be counted by key.
            self._whole_at_s[keys] = whole_at_s
            np.add.at(self._whole_at_s, keys, self._each_s)
            return np.zeros(len(keys), np.bool_)
        before = _equal_before(keys)
        worth_s = (before + 1) * self._each_s
        exceeded: NDArray[np.bool_] = whole_at_s + worth_s > now_s + self._saved_s + 1e-9 * self._each_s
        granted = ~exceeded
        # Of one key the later ones say more: the greatest counts.
        np.maximum.at(self._whole_at_s, keys[granted], (whole_at_s + worth_s)[granted])
        return exceeded

    def _grow(self, size: int) -> None:
        missing = size - len(self._whole_at_s)
        if missing > 0:
            more = max(missing, len(self._whole_at_s) // 8)
            self._whole_at_s = np.pad(self._whole_at_s, (0, more), constant_values=-np.inf)


def _equal_before(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give how many equal keys stand before each."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    lengths = np.diff(np.append(begins, len(keys)))
    ranks = np.empty(len(keys), np.int64)
    ranks[order] = np.arange(len(keys)) - np.repeat(begins, lengths)
    return ranks


class Bucket:
    """One allowance for all together."""

    def __init__(self, per_s: float, burst: float) -> None:
        """Give the whole allowance: events a second, and events at once."""
        self._per_s = per_s
        self._burst = burst
        self._left = burst
        self._seen_s = -np.inf

    def take(self, wanted: int, now_s: float) -> int:
        """Take as many as there are of those wanted, and give how many."""
        self._left = min(self._burst, self._left + (now_s - self._seen_s) * self._per_s)
        self._seen_s = now_s
        taken = min(wanted, int(self._left))
        self._left -= taken
        return taken
