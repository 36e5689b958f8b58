"""The 65 536 message ids of one endpoint, none used again while a peer may still remember it."""

import secrets

import numpy as np

EXCHANGE_LIFETIME_S = 247.0
"""RFC 7252, section 4.8.2."""
COUNT = 65_536


class MessageIds:
    """Hands ids out in a ring, from a random first one."""

    def __init__(self, first: int | None = None) -> None:
        self._next = secrets.randbelow(COUNT) if first is None else first % COUNT
        self._free_at_s = np.full(COUNT, -np.inf)

    def is_free(self, now_s: float) -> bool:
        """Tell whether the next id of the ring may be used."""
        return bool(self._free_at_s[self._next] <= now_s)

    def take(self, now_s: float) -> int:
        """Take the next id; it stays taken until it was given back for EXCHANGE_LIFETIME_S.

        Raises:
            ValueError: it is not free.
        """
        if not self.is_free(now_s):
            raise ValueError(f"message id {self._next} is still remembered")
        message_id = self._next
        self._free_at_s[message_id] = np.inf
        self._next = (message_id + 1) % COUNT
        return message_id

    def give_back(self, message_id: int, now_s: float) -> None:
        """Say that nothing is sent with this id any more, from now on [s]."""
        self._free_at_s[message_id] = now_s + EXCHANGE_LIFETIME_S
