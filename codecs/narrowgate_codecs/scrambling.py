"""Diehl's PRIOS: texts combined with the stream of a shift register, one by one and for many rows at once.

Source: public analysis of Izar and Hydrus modules (wmbusmeters). The register of 32 bits starts from both
halves of a key of eight bytes and the three words of the telegram's head, combined. Each bit that comes in
at its low end is the sum of the bits 1, 2, 11 and 31; eight of them make a byte of the stream.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

SEED = 12
"""[byte] of the head that the register starts from, behind those of the key."""
KEY = 8
"""[byte] of a key; of a longer one the first count."""
_WORD = (1 << 32) - 1
_BYTE = np.uint32(0xFF)
_U1, _U2, _U11, _U31 = (np.uint32(bit) for bit in (1, 2, 11, 31))


def started(key: bytes, seed: bytes) -> int:
    """Give what the register starts from."""
    words = key[:KEY] + seed
    state = 0
    for at in range(0, len(words), 4):
        state ^= int.from_bytes(words[at : at + 4])
    return state


def combined(key: bytes, seed: bytes, text: bytes) -> bytes:
    """Give the plain text of a scrambled one, or the other way round."""
    state, made = started(key, seed), bytearray()
    for byte in text:
        for _ in range(8):
            bit = (state >> 1 ^ state >> 2 ^ state >> 11 ^ state >> 31) & 1
            state = (state << 1 | bit) & _WORD
        made.append(byte ^ state & 0xFF)
    return bytes(made)


def streams(states: NDArray[np.uint32], count: int) -> NDArray[np.uint8]:
    """Give the first bytes of the streams that registers make, (n, count).

    Args:
        states: (n,) what they start from.
        count: [byte] of each.
    """
    after, state = _after_a_byte(), states.astype("<u4")
    made = np.zeros((len(state), count), np.uint8)
    for at in range(count):
        first, second, third, fourth = state.view(np.uint8).reshape(-1, 4).T
        state = after[0].take(first) ^ after[1].take(second) ^ after[2].take(third) ^ after[3].take(fourth)
        made[:, at] = state & _BYTE
    return made


@cache
def _after_a_byte() -> NDArray[np.uint32]:
    """Give what each of a register's four bytes, the lowest first, is after eight bits more, (4, 256).

    The register is linear: what it becomes is what its bytes would become alone, combined.
    """
    state = np.arange(256, dtype=np.uint32) << np.array([[0], [8], [16], [24]], np.uint32)
    for _ in range(8):
        bit = (state >> _U1 ^ state >> _U2 ^ state >> _U11 ^ state >> _U31) & _U1
        state = state << _U1 | bit
    return state


def seeds(heads: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Give what heads add to a key's halves, (n,), of (n, 12) bytes."""
    words = np.ascontiguousarray(heads).view(">u4").astype(np.uint32)
    summed: NDArray[np.uint32] = np.bitwise_xor.reduce(words, axis=1)
    return summed
