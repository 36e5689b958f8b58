"""How long to wait before the next attempt: longer each time, never the same for two gateways."""

import random

FIRST_S = 0.5


class Pauses:
    """Pauses that double up to a longest one; each is drawn from the upper half of its range."""

    def __init__(self, longest_s: float, rng: random.Random | None = None) -> None:
        """Begin with the shortest; `rng` draws, the system's where None."""
        self._longest_s = longest_s
        self._next_s = min(FIRST_S, longest_s)
        self._rng = random.SystemRandom() if rng is None else rng

    def next_s(self, *, hopeless: bool = False) -> float:
        """Give the next pause [s]; the longest at once where trying again soon would change nothing."""
        top_s = self._longest_s if hopeless else self._next_s
        self._next_s = min(2 * top_s, self._longest_s)
        return top_s * self._rng.uniform(0.5, 1.0)

    def went_well(self) -> None:
        """Begin again with the shortest."""
        self._next_s = min(FIRST_S, self._longest_s)
