"""The door's memory of exchanges: the same message again gets the same answer and is kept once.

A table of fixed size set at the start: 16 bytes a place, eight places a bucket, the oldest of a bucket given
up for the newest. After a crash it is filled again from the journal's tail.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

EXCHANGE_LIFETIME_S = 247.0
"""How long a message id may come again (RFC 7252, 4.8.2) [s]."""

_WAYS = 8


class Exchanges:
    """Which messages were kept within the exchange lifetime, as far as the table reaches."""

    def __init__(self, places: int = 1 << 16) -> None:
        """Make the table; ValueError unless `places` is a power of two of at least eight."""
        if places < _WAYS or places & (places - 1):
            raise ValueError(f"a power of two of at least {_WAYS} places, not {places}")
        buckets = places // _WAYS
        self._mask = buckets - 1
        self._digests: NDArray[np.uint64] = np.zeros((buckets, _WAYS), np.uint64)
        self._seen_at_s: NDArray[np.float64] = np.full((buckets, _WAYS), -np.inf)

    def knows(self, digest: int, now_s: float) -> bool:
        """Tell whether an exchange was kept within its lifetime; `now_s` is monotonic [s]."""
        bucket = digest & self._mask
        fresh = now_s - self._seen_at_s[bucket] <= EXCHANGE_LIFETIME_S
        return bool(np.any(fresh & (self._digests[bucket] == np.uint64(digest))))

    def keep(self, digest: int, now_s: float) -> None:
        """Remember an exchange that was kept."""
        bucket = digest & self._mask
        way = int(np.argmin(self._seen_at_s[bucket]))
        self._digests[bucket, way] = digest
        self._seen_at_s[bucket, way] = now_s


def exchange_digest(endpoint: str, message_id: int | None, token: bytes, payload: bytes) -> int:
    """Give the 64-bit name of an exchange."""
    name = f"{endpoint}\x00{message_id}\x00{len(token)}\x00".encode()
    return int.from_bytes(blake2b(name + token + payload, digest_size=8).digest(), "big")
