"""The door's memory of exchanges: the same message again gets the same answer and is kept once.

A table of fixed size set at the start: 12 bytes a place, eight places a bucket, the oldest of a bucket given
up for the newest. After a crash it is filled again from the journal's tail.
"""

import numpy as np
from numpy.typing import NDArray

EXCHANGE_LIFETIME_S = 247.0
"""How long a message id may come again (RFC 7252, 4.8.2) [s]."""

PLACES = 1 << 16

_WAYS = 8
_TICKS_PER_S = 16.0
_NEVER = 0
"""A place that was never used; time begins far enough behind it to be no exchange's."""
_BEGIN_TICKS = int(2 * EXCHANGE_LIFETIME_S * _TICKS_PER_S)
_LIFETIME_TICKS = int(EXCHANGE_LIFETIME_S * _TICKS_PER_S)

Names = NDArray[np.uint64]


class Exchanges:
    """Which messages were kept within the exchange lifetime, as far as the table reaches."""

    def __init__(self, places: int = PLACES, *, now_s: float = 0.0) -> None:
        """Make the table.

        Args:
            places: messages that it holds, at most.
            now_s: monotonic time of its making [s]; nothing is older by more than two lifetimes.

        Raises:
            ValueError: `places` is no power of two of at least eight.
        """
        if places < _WAYS or places & (places - 1):
            raise ValueError(f"a power of two of at least {_WAYS} places, not {places}")
        buckets = places // _WAYS
        self._mask = np.uint64(buckets - 1)
        self._begin_s = now_s
        # Filled, not mapped: what it takes is taken at the start.
        self._names = np.full((buckets, _WAYS), 0, np.uint64)
        self._seen = np.full((buckets, _WAYS), _NEVER, np.uint32)
        self._turns = np.full(buckets, 0, np.int32)
        self._shortest = [_LIFETIME_TICKS, _LIFETIME_TICKS]
        self._turned_over = _BEGIN_TICKS

    @property
    def nbytes(self) -> int:
        """Give what the places take, and whose turn it is in each bucket [B]."""
        return self._names.nbytes + self._seen.nbytes + self._turns.nbytes

    def knows(self, names: Names, now_s: float) -> NDArray[np.bool_]:
        """Tell which exchanges were claimed within their lifetime; `now_s` is monotonic [s]."""
        buckets = self._buckets(names)
        fresh = self._seen[buckets] >= self._oldest(now_s)
        known: NDArray[np.bool_] = np.any(fresh & (self._names[buckets] == names[:, None]), axis=1)
        return known

    def claim(
        self, names: Names, now_s: float, *, ages_s: NDArray[np.float64] | None = None
    ) -> NDArray[np.bool_]:
        """Remember exchanges, and tell which were not known before; of equal ones the first is new.

        Args:
            names: (n,) as `exchange_names` gives them.
            now_s: monotonic time [s].
            ages_s: (n,) how long before now they came [s]; now if it is not given.
        """
        is_new = np.zeros(len(names), np.bool_)
        seen = np.full(len(names), self._ticks(now_s), np.uint32)
        if ages_s is not None:
            seen -= np.minimum(ages_s * _TICKS_PER_S, _BEGIN_TICKS).astype(np.uint32)
        rows, oldest = np.arange(len(names)), self._oldest(now_s)
        while len(rows):
            buckets = self._buckets(names[rows])
            # One row of each bucket a turn, the first that wants it.
            self._turns[buckets[::-1]] = rows[::-1]
            has_turn = self._turns[buckets] == rows
            turn = rows[has_turn]
            is_new[turn] = self._claim_apart(buckets[has_turn], names[turn], seen[turn], oldest)
            rows = rows[~has_turn]
        self._turn_over(self._ticks(now_s))
        return is_new

    def _claim_apart(
        self, buckets: NDArray[np.intp], names: Names, seen: NDArray[np.uint32], oldest: np.uint32
    ) -> NDArray[np.bool_]:
        """Claim exchanges of which no two share a bucket."""
        times = self._seen[buckets]
        is_known: NDArray[np.bool_] = np.any(
            (times >= oldest) & (self._names[buckets] == names[:, None]), axis=1
        )
        ways = np.argmin(times, axis=1)
        given_up = np.take_along_axis(times, ways[:, None], axis=1)[:, 0][~is_known]
        if len(given_up) and (newest := given_up.max()) >= oldest:
            self._shortest[1] = min(self._shortest[1], int(seen.max()) - int(newest))
        buckets, ways = buckets[~is_known], ways[~is_known]
        self._names[buckets, ways] = names[~is_known]
        self._seen[buckets, ways] = seen[~is_known]
        return ~is_known

    def forget(self, names: Names) -> None:
        """Give up exchanges that came to nothing: the same message is new when it comes again."""
        buckets = self._buckets(names)
        rows, ways = np.nonzero(self._names[buckets] == names[:, None])
        self._seen[buckets[rows], ways] = _NEVER

    def horizon_s(self, now_s: float) -> float:
        """Give how far back the table really reached in the last minutes [s]; the lifetime at best."""
        self._turn_over(self._ticks(now_s))
        return min(self._shortest) / _TICKS_PER_S

    def _turn_over(self, now: int) -> None:
        """Let what is more than two lifetimes ago not count any more."""
        if now - self._turned_over > _LIFETIME_TICKS:
            self._shortest = [self._shortest[1], _LIFETIME_TICKS]
            self._turned_over = now

    def _buckets(self, names: Names) -> NDArray[np.intp]:
        return (names & self._mask).astype(np.intp)

    def _ticks(self, now_s: float) -> int:
        return _BEGIN_TICKS + int((now_s - self._begin_s) * _TICKS_PER_S)

    def _oldest(self, now_s: float) -> np.uint32:
        return np.uint32(max(self._ticks(now_s) - _LIFETIME_TICKS, _NEVER + 1))
