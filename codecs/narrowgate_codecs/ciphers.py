"""AES-128 as meters use it: the block cipher by key, cipher block chaining, counter mode, derived keys.

Rule 1: no key, and nothing made from one, stands in an error, a text or a name.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16
"""[byte] of a block, of a key and of what a chain or a counter begins with."""
_SCHEDULES = 4096
"""Keys whose schedules are kept, the last ones used."""
_REDUCTION = 0x87


@lru_cache(maxsize=_SCHEDULES)
def _decryptor(key: bytes) -> Any:
    # Single blocks, each for itself: what is kept has no state but the key's schedule.
    return Cipher(algorithms.AES(key), modes.ECB()).decryptor()  # noqa: S305


@lru_cache(maxsize=_SCHEDULES)
def _encryptor(key: bytes) -> Any:
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305


def block_opener(key: bytes) -> Callable[[bytes], bytes]:
    """Give what decrypts whole blocks, each for itself."""
    work: Callable[[bytes], bytes] = _decryptor(key).update
    return work


def block_closer(key: bytes) -> Callable[[bytes], bytes]:
    """Give what encrypts whole blocks, each for itself."""
    work: Callable[[bytes], bytes] = _encryptor(key).update
    return work


def _combined(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))


def cbc_plain(key: bytes, first: bytes, secret: bytes) -> bytes:
    """Give what whole blocks say that were chained from `first`."""
    if not secret:
        return b""
    return _combined(_decryptor(key).update(secret), first + secret[:-BLOCK])


def cbc_secret(key: bytes, first: bytes, plain: bytes) -> bytes:
    """Give whole blocks encrypted and chained from `first`."""
    made, chain = bytearray(), first
    for at in range(0, len(plain), BLOCK):
        chain = _encryptor(key).update(_combined(chain, plain[at : at + BLOCK]))
        made += chain
    return bytes(made)


def ctr_other(key: bytes, first: bytes, text: bytes) -> bytes:
    """Give the plain text of a secret one, or the other way round, counted from `first`."""
    if not text:
        return b""
    start, count = int.from_bytes(first), -(-len(text) // BLOCK)
    counters = b"".join(((start + at) % (1 << 8 * BLOCK)).to_bytes(BLOCK) for at in range(count))
    return _combined(text, _encryptor(key).update(counters)[: len(text)])


def derived_key(key: bytes, seed: bytes) -> bytes:
    """Give the key that CMAC (NIST SP 800-38B) makes of a key and one block.

    Args:
        key: the device's own.
        seed: 16 bytes.
    """
    return bytes(_encryptor(key).update(_combined(seed, _subkey(key))))


@lru_cache(maxsize=_SCHEDULES)
def _subkey(key: bytes) -> bytes:
    """Give what the last whole block of a message is combined with."""
    doubled = int.from_bytes(_encryptor(key).update(bytes(BLOCK))) << 1
    carry = doubled >> 8 * BLOCK
    return (doubled & (1 << 8 * BLOCK) - 1 ^ (_REDUCTION if carry else 0)).to_bytes(BLOCK)
