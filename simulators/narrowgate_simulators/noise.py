"""Chance that is a pure function of a seed, a purpose and counters: no state, so no order can change it."""

import hashlib
import zlib

import numpy as np
from numpy.typing import NDArray

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))

Counters = int | NDArray[np.int64]


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    words = (words ^ (words >> np.uint64(30))) * _MIX[0]
    words = (words ^ (words >> np.uint64(27))) * _MIX[1]
    return words ^ (words >> np.uint64(31))


def uniform(seed: int, purpose: str, *counters: Counters) -> NDArray[np.float64]:
    """Draw one number in [0, 1) for each broadcast row of counters.

    Args:
        seed: the world's seed.
        purpose: what the number decides; two purposes are independent.
        counters: integers or arrays that broadcast to the result's shape; n may be 0.
    """
    words = np.full(1, (seed * 0x2545F4914F6CDD1D + zlib.crc32(purpose.encode())) % 2**64, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for counter in counters:
            key = np.asarray(counter, dtype=np.int64).astype(np.uint64)
            words = _mixed((words ^ key) + _STEP)
    return (_mixed(words) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(seed: int, purpose: str, *counters: Counters) -> NDArray[np.float64]:
    """Draw one standard normal number for each broadcast row of counters."""
    radius = np.sqrt(-2.0 * np.log1p(-uniform(seed, f"{purpose} radius", *counters)))
    return np.asarray(radius * np.cos(2.0 * np.pi * uniform(seed, f"{purpose} angle", *counters)))


def ranked(seed: int, purpose: str, count: int) -> NDArray[np.int64]:
    """Give 0 … count-1 in a seeded order, (count,)."""
    return np.argsort(uniform(seed, purpose, np.arange(count)), kind="stable").astype(np.int64)


def chance(seed: int, *words: object) -> float:
    """Draw one number in [0, 1) for a tuple of words; for decisions taken one at a time."""
    text = "/".join(str(word) for word in (seed, *words))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big") / 2.0**56
