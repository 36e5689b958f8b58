"""Frames that say nothing new: a device's very same bytes, with the device's own clock in them, once more.

The door knows a repeated exchange; this knows a repeated frame that came as a new exchange. Frames without a
clock of their own are never compared: a meter that stands still sends equal bytes and means them.
"""

import struct
from collections.abc import Sequence
from hashlib import blake2b
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

_KEPT = 4
_HEAD = struct.Struct("<4sIQI")
_MAGIC = b"NGRP"
_FORMAT_VERSION = 1


class Repeats:
    """The digests of the last frames of each device slot; it grows with the fleet, never with time."""

    def __init__(self) -> None:
        self._digests: NDArray[np.uint64] = np.zeros((0, _KEPT), np.uint64)
        self._next: NDArray[np.int64] = np.zeros(0, np.int64)

    def mark(self, slots: NDArray[np.int32], payloads: Sequence[bytes]) -> NDArray[np.bool_]:
        """Tell which frames were seen before, and remember all of them.

        Args:
            slots: (n,) device slots, >= 0, in arrival order.
            payloads: n frames that carry a clock of their own.

        Returns:
            (n,) true where the same bytes are among the device's last ones.
        """
        repeated = np.zeros(len(payloads), np.bool_)
        if len(payloads) == 0:
            return repeated
        self._grow(int(slots.max()) + 1)
        for row, (slot, payload) in enumerate(zip(slots.tolist(), payloads, strict=True)):
            digest = np.uint64(int.from_bytes(blake2b(payload, digest_size=8).digest(), "big"))
            if digest in self._digests[slot]:
                repeated[row] = True
                continue
            self._digests[slot, self._next[slot] % _KEPT] = digest
            self._next[slot] += 1
        return repeated

    def forget(self, slots: NDArray[np.int32]) -> None:
        """Let go of the frames of some devices."""
        known = slots[slots < len(self._next)]
        self._digests[known], self._next[known] = 0, 0

    def _grow(self, size: int) -> None:
        missing = size - len(self._next)
        if missing > 0:
            self._digests = np.pad(self._digests, ((0, missing), (0, 0)))
            self._next = np.pad(self._next, (0, missing))

    def snapshot(self) -> bytes:
        """Give the state as bytes."""
        body = self._digests.astype("<u8").tobytes() + self._next.astype("<i8").tobytes()
        return _HEAD.pack(_MAGIC, _FORMAT_VERSION, len(self._next), crc32(body)) + body

    def restore(self, snapshot: bytes) -> None:
        """Take a state given by `snapshot`; ValueError on other bytes, and the state is as before."""
        if len(snapshot) < _HEAD.size or snapshot[: len(_MAGIC)] != _MAGIC:
            raise ValueError("these bytes are no snapshot of repeated frames")
        _, version, slots, crc = _HEAD.unpack_from(snapshot)
        body = snapshot[_HEAD.size :]
        if version != _FORMAT_VERSION or crc != crc32(body) or len(body) != slots * (_KEPT + 1) * 8:
            raise ValueError("the snapshot of repeated frames is damaged or of another format")
        split = slots * _KEPT * 8
        self._digests = np.frombuffer(body[:split], "<u8").reshape(slots, _KEPT).astype(np.uint64)
        self._next = np.frombuffer(body[split:], "<i8").astype(np.int64)
